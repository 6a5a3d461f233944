"""Reads of mails, for the desk and the development page, and of a customer's notices and choices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from smmatic.accounts.queries import Person
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.notices.draft import Topic
from smmatic.notices.models import Mail, Notice, Preference

OPTIONAL = (Topic.ORDERS, Topic.DEPOSITS, Topic.MESSAGES)
"""Topics that a customer may choose not to be mailed about. Decisions, and what waits for the customer, always are."""

MOST_UNREAD = 99


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail. `state` is kept, skipped, prepared, sending, sent, failed or uncertain."""

    id: int
    to: str
    subject: str
    text: str
    html: str
    language: str
    customer_id: int | None
    order_id: int | None
    case_id: int | None
    event_key: str | None
    state: str
    attempts: int
    error: str
    written_at: datetime
    sent_at: datetime | None
    topic: str
    reference: UUID
    conversation_id: int | None
    reply_to: str
    answers: str
    resend_of_id: int | None
    bounced_at: datetime | None

    @property
    def secret(self) -> bool:
        """Whether it may hold a link that gives access, so that staff neither read it nor send it again."""
        return self.event_key is None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """What a customer was told; subject and text in the language asked for, `path` is the page to open."""

    id: int
    topic: str
    subject: str
    text: str
    path: str
    at: datetime
    read_at: datetime | None


_FIELDS = tuple(MailRow.__dataclass_fields__)


def mails(*, to: str = "", states: Sequence[str] = (), before_id: int | None = None, limit: int = 50) -> list[MailRow]:
    """Mails to everybody or to one address, newest first, without those that were skipped.

    Mails that no event of ours asked for can hold a link that gives access, so their text is left out here.
    """
    rows = Mail.objects.exclude(state="skipped")
    if to:
        rows = rows.filter(to__iexact=to)
    if states:
        rows = rows.filter(state__in=states)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [_discreet(MailRow(**row)) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]


def mail(mail_id: int, *, with_secrets: bool = False) -> MailRow | None:
    """One mail, or None; a text that may give access only `with_secrets`, which is for the development page."""
    values = Mail.objects.filter(id=mail_id).values(*_FIELDS).first()
    if values is None:
        return None
    row = MailRow(**values)
    return row if with_secrets else _discreet(row)


def mails_of_order(order_id: int) -> list[MailRow]:
    """The mails about an order, oldest first."""
    rows = Mail.objects.filter(order_id=order_id).exclude(state="skipped").order_by("id")
    return [MailRow(**row) for row in rows.values(*_FIELDS)]


def counts() -> dict[str, int]:
    """How many mails are waiting, failed or uncertain: what an operator has to know."""
    states = ("prepared", "sending", "failed", "uncertain")
    return {state: Mail.objects.filter(state=state).count() for state in states}


def _discreet(row: MailRow) -> MailRow:
    return row if row.event_key else replace(row, text="", html="")


def wants_mail(customer_id: int, topic: Topic) -> bool:
    """Whether the customer is mailed about this topic."""
    return topic not in OPTIONAL or not Preference.objects.filter(customer_id=customer_id, topic=topic.value).exists()


def choices(person: Person) -> dict[str, bool]:
    """The topics that the person may choose, and whether they are mailed about each."""
    off = set(Preference.objects.filter(customer_id=person.id).values_list("topic", flat=True))
    return {topic.value: topic.value not in off for topic in OPTIONAL}


def notices(person: Person, language: str, *, before_id: int | None = None, limit: int = 20) -> list[NoticeRow]:
    """The person's notices, newest first, in a language."""
    rows = Notice.objects.filter(customer_id=person.id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [_notice(row, language) for row in rows.order_by("-id")[: max(1, min(limit, 100))]]


def notice_of(person: Person, notice_id: int, language: str) -> NoticeRow:
    """One of the person's own notices.

    Raises:
        Refusal: `not_found`, the same whether it is another's or does not exist.
    """
    row = Notice.objects.filter(id=notice_id, customer_id=person.id).first()
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return _notice(row, language)


def unread(customer_id: int) -> int:
    """How many notices the customer has not read; counted up to MOST_UNREAD + 1."""
    return Notice.objects.filter(customer_id=customer_id, read_at=None)[: MOST_UNREAD + 1].count()


def _notice(row: Notice, language: str) -> NoticeRow:
    said = row.words.get(language) or row.words.get("en") or {"subject": "", "text": ""}
    return NoticeRow(row.id, row.topic, said["subject"], said["text"], row.path, row.at, row.read_at)
