"""Writes mails and notices as rows, inside whatever transaction is open."""

from django.conf import settings

from smmatic.kernel.ids import new_reference
from smmatic.notices.draft import Draft, Letter, Thread
from smmatic.notices.models import Mail, Notice


def mail_is_set_up() -> bool:
    """Whether mails leave this machine: a mail server or a mail service is configured."""
    return bool(settings.EMAIL_HOST or settings.SMMATIC_EMAIL_SERVICE)


def write_mail(
    *, to: str, subject: str, text: str, html: str = "", language: str = "en", customer_id: int | None = None,
    order_id: int | None = None, case_id: int | None = None, event_key: str | None = None, topic: str = "",
    thread: Thread | None = None, automatic: bool = True, skip: str | None = None, resend_of: int | None = None,
) -> bool:  # fmt: skip
    """Writes one mail; whether it was written: an event that has its mail gets no second one.

    Where no mail server is set up the mail is only kept, and never sent later. `skip` says why the event gets no mail
    ('' where it needs none): then it only records that.
    """
    state = "skipped" if skip is not None else ("prepared" if mail_is_set_up() else "kept")
    mail = Mail(
        to=one_line(to, 320), subject=one_line(subject, 200), text=text.replace("\x00", ""),
        html=html.replace("\x00", ""), language=language, customer_id=customer_id, order_id=order_id, case_id=case_id,
        event_key=event_key, topic=topic,
        reference=new_reference(), state=state, error=skip or "", automatic=automatic, resend_of_id=resend_of,
        conversation_id=thread.conversation_id if thread else None,
        reply_to=one_line(thread.reply_to, 320) if thread else "",
        answers=one_line(thread.answers, 998) if thread else "",
    )  # fmt: skip
    if event_key is None:
        mail.save(force_insert=True)
        return True
    before = Mail.objects.filter(event_key=event_key).exists()
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    return not before and Mail.objects.filter(event_key=event_key, reference=mail.reference).exists()


def write_notice(draft: Draft, letters: list[Letter], event_key: str) -> None:
    """Tells the customer in the dashboard; an event that has its notice gets no second one."""
    if draft.customer_id is None:
        return
    words = {letter.language: {"subject": letter.subject, "text": letter.preview} for letter in letters}
    notice = Notice(
        customer_id=draft.customer_id, event_key=event_key, topic=draft.topic.value, words=words, path=letters[0].path
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)


def one_line(text: str, maximum: int) -> str:
    """Without line breaks, so that nothing can add a header."""
    return " ".join(text.replace("\x00", "").split())[:maximum]
