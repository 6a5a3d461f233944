"""Gifts and corrections above what one person may give: asked by one, approved by another, bound to the amount."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.actions import KINDS_GIVEN, GiftLimits, checked_gift, gift_posting, give_credits
from smmatic.credits.idempotency import once
from smmatic.credits.models import Approval
from smmatic.credits.steps import post
from smmatic.kernel.amounts import format_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text


@dataclass(frozen=True, slots=True)
class Given:
    """What became of a gift or correction: booked, or asked of a second person under `approval_id`."""

    approval_id: int | None
    replayed: bool


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A request for a second person. `units` in Credit units, `days` until what is given expires (None: never)."""

    id: int
    customer_id: int
    kind: str
    units: int
    days: int | None
    reason: str
    state: str
    asked_by_id: int
    asked_at: datetime
    decided_by_id: int | None
    decided_at: datetime | None
    why: str


_FIELDS = tuple(ApprovalRow.__dataclass_fields__)


def give_or_ask(
    actor: Person, customer_id: int, *, kind: str, units: int, reason: str, key: str, limits: GiftLimits,
    days: int | None = None,
) -> Given:  # fmt: skip
    """Gives or corrects Credits within what one person may do alone; above it, asks for a second person.

    Raises:
        Refusal: as `give_credits`, but for `second_person_needed`.
    """
    try:
        done = give_credits(
            actor, customer_id, kind=kind, units=units, reason=reason, key=key, limits=limits, days=days
        )
    except Refusal as refusal:
        if refusal.code is not RefusalCode.SECOND_PERSON_NEEDED:
            raise
        words = checked_gift(actor, customer_id, kind=kind, units=units, reason=reason, days=days)

        def ask() -> dict[str, object]:
            row = Approval.objects.create(
                customer_id=customer_id, kind=kind, units=units, days=days, reason=words, asked_by_id=actor.id
            )
            return {"approval": row.id}

        asked = once(customer_id, f"ask:{actor.id}:{key}"[:120], ["ask", actor.id, kind, units, words, days], ask)
        return Given(int(asked.body["approval"]), asked.replayed)
    return Given(None, done.replayed)


def approve_gift(second: Person, approval_id: int, *, units: int) -> ApprovalRow:
    """The second person's yes: books exactly what was asked, if that is the amount that they saw.

    Raises:
        Refusal: `role_missing`, `second_person_needed` for who asked, `not_found`, `approval_closed`, `approval_stale`,
            `not_enough_credits` for a correction downwards, `account_closed`.
    """
    with atomic():
        row = _locked(second, approval_id)
        if row.asked_by_id == second.id:
            raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, limit=format_credits(0))
        if row.units != units:
            raise Refusal(RefusalCode.APPROVAL_STALE)
        expires_at = now() + timedelta(days=row.days) if row.days else None
        actor = f"staff:{row.asked_by_id}+{second.id}"
        post([gift_posting(row.customer_id, row.kind, row.units, f"approval:{row.id}", actor, row.reason, expires_at)])
        _end(row, "approved", second)
    return _row(approval_id)


def refuse_gift(second: Person, approval_id: int, *, why: str) -> ApprovalRow:
    """The second person's no, with a reason; who asked may take the request back the same way. Nothing moves.

    Raises:
        Refusal: `role_missing`, `not_found`, `approval_closed`, `reason_missing`, `text_*`.
    """
    words = clean_text(why, "why", 500)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    with atomic():
        row = _locked(second, approval_id)
        _end(row, "withdrawn" if row.asked_by_id == second.id else "refused", second, words)
    return _row(approval_id)


def approvals(*, customer_id: int | None = None, limit: int = 50) -> list[ApprovalRow]:
    """Requests that wait, the oldest first; of one customer, all of theirs, the newest first."""
    rows = Approval.objects.filter(state="asked").order_by("id")
    if customer_id is not None:
        rows = Approval.objects.filter(customer_id=customer_id).order_by("-id")
    return [ApprovalRow(**values) for values in rows.values(*_FIELDS)[:limit]]


def _locked(second: Person, approval_id: int) -> ApprovalRow:
    second.need(Permission.CREDITS_GRANT)
    values = Approval.objects.select_for_update(no_key=True).filter(id=approval_id).values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    row = ApprovalRow(**values)
    if row.customer_id == second.id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if row.state != "asked":
        raise Refusal(RefusalCode.APPROVAL_CLOSED)
    return row


def _end(row: ApprovalRow, state: str, by: Person, why: str = "") -> None:
    ended = Approval.objects.filter(id=row.id, state="asked").update(
        state=state, decided_by_id=by.id, decided_at=now(), why=why
    )
    if not ended:
        raise Refusal(RefusalCode.APPROVAL_CLOSED)


def _row(approval_id: int) -> ApprovalRow:
    return ApprovalRow(**Approval.objects.values(*_FIELDS).get(id=approval_id))


__all__ = [
    "KINDS_GIVEN", "ApprovalRow", "Given", "approvals", "approve_gift", "give_or_ask", "refuse_gift",
]  # fmt: skip
