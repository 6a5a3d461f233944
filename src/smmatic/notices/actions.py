"""What customers do with their notices, and what staff do with a mail that did not arrive."""

from collections.abc import Collection

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import one_of
from smmatic.notices.draft import Thread
from smmatic.notices.models import Mail, Notice, Preference
from smmatic.notices.queries import OPTIONAL, MailRow, mail
from smmatic.notices.steps import write_mail

RESENDABLE = ("sent", "failed", "uncertain", "kept")


def choose(person: Person, wanted: Collection[str]) -> None:
    """Sets the topics that the person is mailed about; the others are told in the dashboard only.

    Raises:
        Refusal: `field_invalid` for a topic that there is not.
    """
    for word in wanted:
        one_of(word, "topics", [topic.value for topic in OPTIONAL])
    off = [topic.value for topic in OPTIONAL if topic.value not in wanted]
    with atomic():
        Preference.objects.filter(customer_id=person.id).exclude(topic__in=off).delete()
        rows = [Preference(customer_id=person.id, topic=topic) for topic in off]
        Preference.objects.bulk_create(rows, ignore_conflicts=True)


def read_notice(person: Person, notice_id: int) -> None:
    """Notes that the person has read one of their notices."""
    Notice.objects.filter(id=notice_id, customer_id=person.id, read_at=None).update(read_at=now())


def read_all(person: Person) -> int:
    """Notes that the person has read everything; how many were new."""
    return Notice.objects.filter(customer_id=person.id, read_at=None).update(read_at=now())


def resend(agent: Person, mail_id: int) -> MailRow:
    """Sends the same words once more, as a mail of its own that names the first; the new mail.

    Two people who press the button at once send one.

    Raises:
        Refusal: `role_missing`, `not_found`, `mail_not_resendable` for one that is still on its way, was never to be
            sent, or may hold a link that gives access.
    """
    agent.need(Permission.CASE_WORK)
    with atomic():
        first = Mail.objects.select_for_update(no_key=True).filter(id=mail_id).first()
        if first is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        again = Mail.objects.filter(resend_of_id=mail_id)
        if first.event_key is None or first.state not in RESENDABLE or again.filter(state="prepared").exists():
            raise Refusal(RefusalCode.MAIL_NOT_RESENDABLE)
        key = f"again:{first.id}:{again.count() + 1}"
        thread = Thread(first.conversation_id, first.reply_to, first.answers) if first.conversation_id else None
        write_mail(
            to=first.to, subject=first.subject, text=first.text, html=first.html, language=first.language,
            customer_id=first.customer_id, order_id=first.order_id, case_id=first.case_id, event_key=key,
            topic=first.topic, thread=thread, automatic=first.automatic, resend_of=first.id,
        )  # fmt: skip
        written = mail(Mail.objects.values_list("id", flat=True).get(event_key=key))
    if written is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return written
