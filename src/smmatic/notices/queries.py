"""Reads of mails, for the desk and for the development page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
