"""Reads of deposits. A customer reaches a deposit only through `deposit_of`, which checks whose it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.deposits.models import Deposit, DepositEvent
from smmatic.deposits.rules import OPEN_STATES, reference_in
from smmatic.kernel.refusals import Refusal, RefusalCode


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A deposit. `units` and `credited_units` in Credit units; `money`, `price` and `received` in dong."""

    id: int
    customer_id: int
    units: int
    money: int
    price: int
    currency: str
    method: str
    reference: str
    state: str
    requested_at: datetime
    received: int | None
    credited_units: int | None
    ended_at: datetime | None
    ended_by_id: int | None
    note: str

    @property
    def open(self) -> bool:
        """Whether the money is still expected or being looked into."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class DepositEventRow:
    """One line of a deposit's history."""

    id: int
    deposit_id: int
    kind: str
    actor_kind: str
    actor_id: int | None
    why: str
    facts: dict[str, Any]
    at: datetime


_FIELDS = tuple(DepositRow.__dataclass_fields__)
_EVENT_FIELDS = tuple(DepositEventRow.__dataclass_fields__)


def deposit_of(person: Person, deposit_id: int) -> DepositRow:
    """One of the person's own deposits; staff who may read the desk reach every deposit.

    Raises:
        Refusal: `not_found`, the same whether the deposit is another's or does not exist.
    """
    rows = Deposit.objects.filter(id=deposit_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(customer_id=person.id)
    values = rows.values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return DepositRow(**values)


def deposit(deposit_id: int) -> DepositRow | None:
    """Any deposit, for code that acts for the system."""
    values = Deposit.objects.filter(id=deposit_id).values(*_FIELDS).first()
    return DepositRow(**values) if values else None


def deposits_of(
    customer_id: int, *, open_only: bool = False, before_id: int | None = None, limit: int = 25
) -> list[DepositRow]:
    """A customer's deposits, newest first."""
    rows = Deposit.objects.filter(customer_id=customer_id)
    if open_only:
        rows = rows.filter(state__in=OPEN_STATES)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [DepositRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]


def deposits_to_confirm(search: str = "", limit: int = 500) -> list[DepositRow]:
    """Open deposits for the desk, the oldest first; `search` is a reference or a bank's transfer text."""
    rows = Deposit.objects.filter(state__in=OPEN_STATES)
    reference = reference_in(search)
    if search.strip():
        rows = rows.filter(reference=reference or search.strip().upper()[:12].replace("\x00", ""))
    return [DepositRow(**row) for row in rows.order_by("id").values(*_FIELDS)[:limit]]


def deposits_ended(*, before_id: int | None = None, limit: int = 50) -> list[DepositRow]:
    """Deposits that are confirmed, declined or cancelled, newest first, for the desk."""
    rows = Deposit.objects.exclude(state__in=OPEN_STATES)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [DepositRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]


def events_of_deposit(deposit_id: int) -> list[DepositEventRow]:
    """A deposit's history, oldest first."""
    rows = DepositEvent.objects.filter(deposit_id=deposit_id).order_by("id")
    return [DepositEventRow(**row) for row in rows.values(*_EVENT_FIELDS)]


def event(event_id: int) -> DepositEventRow | None:
    """One event of any deposit, for the notices."""
    values = DepositEvent.objects.filter(id=event_id).values(*_EVENT_FIELDS).first()
    return DepositEventRow(**values) if values else None
