"""A deposit whose money the bank takes back: its Credits are frozen, then given back or removed, by two people.

What was spent meanwhile can't be frozen: it becomes a debt that blocks spending and that the next Credits pay first. No
balance goes below zero.
"""

from dataclasses import dataclass
from datetime import datetime

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.deposits.models import Dispute
from smmatic.deposits.queries import deposit_of
from smmatic.kernel.amounts import format_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line, clean_text

ENDS = ("restored", "removed")


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute; `units` of the deposit, `frozen` now, `removed` and `debt` at its end, all in Credit units."""

    id: int
    deposit_id: int
    customer_id: int
    units: int
    frozen: int
    state: str
    document: str
    why: str
    opened_by_id: int
    opened_at: datetime
    proposed: str
    proposed_by_id: int | None
    ended_by_id: int | None
    ended_at: datetime | None
    removed: int
    debt: int

    @property
    def shortfall(self) -> int:
        """Units of the deposit that were spent before they could be frozen."""
        return self.units - self.frozen


_FIELDS = tuple(DisputeRow.__dataclass_fields__)


def open_dispute(operator: Person, deposit_id: int, *, document: str, why: str) -> DisputeRow:
    """Freezes what is left of a confirmed deposit's Credits, its own first, until the dispute ends.

    Raises:
        Refusal: `role_missing`, `not_found`, `deposit_state` unless it is confirmed, `document_missing`,
            `reason_missing`, `text_*`, `dispute_open`, `second_person_needed` for one's own deposit.
    """
    operator.need(Permission.DEPOSIT_CONFIRM)
    paper, words = clean_line(document, "document", 200), clean_text(why, "why", 500)
    if not paper:
        raise Refusal(RefusalCode.DOCUMENT_MISSING, "document")
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    deposit = deposit_of(operator, deposit_id)
    if deposit.customer_id == operator.id:
        raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, limit=format_credits(0))
    if deposit.state != "confirmed" or not deposit.credited_units:
        raise Refusal(RefusalCode.DEPOSIT_STATE, state=deposit.state)
    with atomic():
        if Dispute.objects.filter(deposit_id=deposit_id, state="removed").exists():
            raise Refusal(RefusalCode.DISPUTE_CLOSED)  # its Credits are gone: they can't be removed twice
        frozen = min(deposit.credited_units, _available(deposit.customer_id))
        row = Dispute.objects.create(
            deposit_id=deposit_id, customer_id=deposit.customer_id, units=deposit.credited_units, frozen=frozen,
            document=paper, why=words, opened_by_id=operator.id,
        )  # fmt: skip
        _post(operator, _read(row.id), [("dispute_freeze", frozen)], "open")
    return _read(row.id)


def propose_end(operator: Person, dispute_id: int, *, end: str) -> DisputeRow:
    """Proposes how a dispute ends; another person confirms exactly that. A new proposal takes the place of the last.

    Raises:
        Refusal: `role_missing`, `field_invalid`, `not_found`, `dispute_closed`.
    """
    operator.need(Permission.DEPOSIT_CONFIRM)
    if end not in ENDS:
        raise Refusal(RefusalCode.FIELD_INVALID, "end")
    with atomic():
        dispute = _locked(operator, dispute_id)
        Dispute.objects.filter(id=dispute.id, state="open").update(proposed=end, proposed_by_id=operator.id)
    return _read(dispute_id)


def confirm_end(second: Person, dispute_id: int, *, end: str) -> DisputeRow:
    """Ends a dispute as another person proposed it: the frozen Credits come back, or are removed with what came since;
    what is still missing becomes a debt.

    Raises:
        Refusal: `role_missing`, `not_found`, `second_person_needed` for who proposed it, `dispute_closed`.
    """
    second.need(Permission.DEPOSIT_CONFIRM)
    with atomic():
        dispute = _locked(second, dispute_id)
        if end not in ENDS or dispute.proposed != end:
            raise Refusal(RefusalCode.DISPUTE_CLOSED)
        if dispute.proposed_by_id == second.id:
            raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, limit=format_credits(0))
        steps, frozen, debt = _end_steps(dispute, end)
        Dispute.objects.filter(id=dispute.id).update(
            state=end, ended_by_id=second.id, ended_at=now(), frozen=0, removed=frozen if end == "removed" else 0,
            debt=debt,
        )  # fmt: skip
        _post(second, dispute, steps, end)
    return _read(dispute_id)


def disputes(*, customer_id: int | None = None, limit: int = 50) -> list[DisputeRow]:
    """Open disputes, the oldest first; of one customer, all of theirs, the newest first."""
    rows = Dispute.objects.filter(state="open").order_by("id")
    if customer_id is not None:
        rows = Dispute.objects.filter(customer_id=customer_id).order_by("-id")
    return [DisputeRow(**values) for values in rows.values(*_FIELDS)[:limit]]


def _end_steps(dispute: DisputeRow, end: str) -> tuple[list[tuple[str, int]], int, int]:
    """The bookings that end a dispute, the units that are removed by them, and the debt that remains."""
    if end == "restored":
        return [("dispute_restore", dispute.frozen)], 0, 0
    more = min(dispute.shortfall, _available(dispute.customer_id))
    removed = dispute.frozen + more
    debt = dispute.units - removed
    return [("dispute_freeze", more), ("dispute_remove", removed), ("dispute_debt", debt)], removed, debt


def _post(actor: Person, dispute: DisputeRow, steps: list[tuple[str, int]], moment: str) -> None:
    post([
        Posting(
            account_id=dispute.customer_id, kind=kind, amount=units, business_key=f"{kind}:{dispute.id}:{moment}",
            actor=f"staff:{actor.id}", reason=f"dispute:{dispute.id}", words=dispute.document,
            deposit_id=dispute.deposit_id,
        )
        for kind, units in steps if units > 0
    ])  # fmt: skip


def _available(customer_id: int) -> int:
    """Units that the customer may spend; locks their account until the transaction ends."""
    row = fetch_one("SELECT available FROM credits_locked_v2(%s)", [customer_id])
    return int(row["available"]) if row else 0


def _locked(person: Person, dispute_id: int) -> DisputeRow:
    values = Dispute.objects.select_for_update(no_key=True).filter(id=dispute_id).values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    row = DisputeRow(**values)
    if row.customer_id == person.id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if row.state != "open":
        raise Refusal(RefusalCode.DISPUTE_CLOSED)
    return row


def _read(dispute_id: int) -> DisputeRow:
    return DisputeRow(**Dispute.objects.values(*_FIELDS).get(id=dispute_id))
