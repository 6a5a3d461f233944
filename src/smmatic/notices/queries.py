"""Reads of mails, for the desk and for the development page."""

from dataclasses import dataclass
from datetime import datetime

from smmatic.notices.models import Mail


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


_FIELDS = tuple(MailRow.__dataclass_fields__)


def mails(*, to: str = "", before_id: int | None = None, limit: int = 50) -> list[MailRow]:
    """Mails to everybody or to one address, newest first, without those that were skipped."""
    rows = Mail.objects.exclude(state="skipped")
    if to:
        rows = rows.filter(to__iexact=to)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [MailRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]


def mail(mail_id: int) -> MailRow | None:
    """One mail, or None."""
    values = Mail.objects.filter(id=mail_id).values(*_FIELDS).first()
    return MailRow(**values) if values else None


def mails_of_order(order_id: int) -> list[MailRow]:
    """The mails about an order, oldest first."""
    rows = Mail.objects.filter(order_id=order_id).exclude(state="skipped").order_by("id")
    return [MailRow(**row) for row in rows.values(*_FIELDS)]


def counts() -> dict[str, int]:
    """How many mails are waiting, failed or uncertain: what an operator has to know."""
    states = ("prepared", "sending", "failed", "uncertain")
    return {state: Mail.objects.filter(state=state).count() for state in states}
