"""Asking for Credits by bank transfer, and what an operator does when the money comes, or doesn't."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.idempotency import check_key, once
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.deposits.models import Deposit, DepositEvent
from smmatic.deposits.queries import DepositRow, deposit, deposit_of
from smmatic.deposits.rules import (
    MAX_OPEN,
    MAX_UNITS,
    OPEN_STATES,
    check_money,
    check_units,
    money_for,
    units_for,
)
from smmatic.kernel.amounts import format_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text


@dataclass(frozen=True, slots=True)
class Requested:
    """A deposit that was asked for; `replayed` says that the same key had asked before."""

    deposit: DepositRow
    replayed: bool


def request_deposit(person: Person, units: int, key: str) -> Requested:
    """Asks to buy Credits: gives the reference to write on the bank transfer and the dong to send. Nothing is credited
    until an operator has seen the money.

    Args:
        person: the customer.
        units: Credit units to buy.
        key: idempotency key; the same request under it gives the same deposit.

    Raises:
        Refusal: `amount_malformed`, `deposit_range`, `deposit_limit`, `idempotency_key_*`, `busy`.
    """
    check_key(key)
    wanted = check_units(units)
    price = int(settings.SMMATIC_CREDIT_PRICE_VND)

    def work() -> dict[str, Any]:
        execute("SELECT pg_advisory_xact_lock(hashtextextended('smmatic.deposits', %s))", [person.id])
        if Deposit.objects.filter(customer_id=person.id, state__in=OPEN_STATES).count() >= MAX_OPEN:
            raise Refusal(RefusalCode.DEPOSIT_LIMIT, maximum=MAX_OPEN)
        row = _create(person.id, wanted, price)
        _record(row.id, "requested", "customer", person.id)
        return {"deposit": row.id}

    answer = once(person.id, key, ["deposit", wanted], work)
    return Requested(deposit_of(person, answer.body["deposit"]), answer.replayed)


def cancel_deposit(person: Person, deposit_id: int) -> DepositRow:
    """Takes back one's own request before money was seen.

    Raises:
        Refusal: `not_found`, `deposit_state`.
    """
    own = deposit_of(person, deposit_id)
    if own.customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    with atomic():
        _move(deposit_id, ("requested",), state="cancelled", ended_at=now(), ended_by_id=person.id)
        _record(deposit_id, "cancelled", "customer", person.id)
    return _reread(deposit_id)


def confirm_deposit(operator: Person, deposit_id: int, *, received: object, why: str = "") -> DepositRow:
    """Books the Credits of a deposit whose money has arrived, once.

    An amount that is not the one asked for is parked for a person, not credited: the answer's state is then 'parked'.
    With `why` the operator states that the received amount is right, and exactly its worth is credited, at the price
    pinned when the deposit was asked for.

    Args:
        operator: who saw the money on the bank statement; not the customer.
        deposit_id: the deposit.
        received: dong received.
        why: needed where `received` is not the amount asked for.

    Raises:
        Refusal: `role_missing`, `not_found`, `second_person_needed` for one's own deposit, `money_malformed`,
            `deposit_state` when somebody else ended it meanwhile, `deposit_range` when the money is worth less than a
            unit or more than a deposit may bring, `text_*`, `account_closed`, `busy`. Nothing was credited.
    """
    operator.need(Permission.DEPOSIT_CONFIRM)
    money = check_money(received)
    note = clean_text(why, "why", 500)
    row = deposit_of(operator, deposit_id)
    if row.customer_id == operator.id:
        raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, limit=format_credits(0))
    if money != row.money and not note:
        return _park(operator, row, money)
    units = row.units if money == row.money else _worth(money, row.price)
    with atomic():
        _move(
            deposit_id, OPEN_STATES, state="confirmed", received=money, credited_units=units, ended_at=now(),
            ended_by_id=operator.id, note=note,
        )  # fmt: skip
        post([
            Posting(
                account_id=row.customer_id, kind="deposit", amount=units, business_key=f"deposit:{deposit_id}",
                actor=f"staff:{operator.id}", reason=row.reference, deposit_id=deposit_id,
            )
        ])  # fmt: skip
        facts = {"received": money, "credited_units": units}
        _record(deposit_id, "confirmed", "staff", operator.id, note, facts, notify=True)
    return _reread(deposit_id)


def decline_deposit(operator: Person, deposit_id: int, *, why: str) -> DepositRow:
    """Ends a deposit without crediting it; the customer reads the reason.

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `text_*`, `deposit_state`.
    """
    operator.need(Permission.DEPOSIT_CONFIRM)
    note = clean_text(why, "why", 500)
    if not note:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    deposit_of(operator, deposit_id)
    with atomic():
        _move(deposit_id, OPEN_STATES, state="declined", ended_at=now(), ended_by_id=operator.id, note=note)
        _record(deposit_id, "declined", "staff", operator.id, note, notify=True)
    return _reread(deposit_id)


def _park(operator: Person, row: DepositRow, money: int) -> DepositRow:
    with atomic():
        _move(row.id, OPEN_STATES, state="parked", received=money)
        _record(row.id, "parked", "staff", operator.id, facts={"received": money, "expected": row.money}, notify=True)
    return _reread(row.id)


def _worth(money: int, price: int) -> int:
    units = units_for(money, price)
    if not 0 < units <= MAX_UNITS:
        raise Refusal(
            RefusalCode.DEPOSIT_RANGE, "received", minimum=format_credits(1), maximum=format_credits(MAX_UNITS)
        )
    return units


def _create(customer_id: int, units: int, price: int) -> Deposit:
    for _attempt in range(5):
        try:
            with atomic():
                return Deposit.objects.create(
                    customer_id=customer_id, units=units, money=money_for(units, price), price=price,
                    reference=f"SMM-{new_readable_code(6)}",
                )  # fmt: skip
        except IntegrityError as error:
            if "reference" not in str(error):
                raise
    raise Refusal(RefusalCode.BUSY)


def _move(deposit_id: int, from_states: tuple[str, ...], **columns: Any) -> None:
    """Changes a deposit if it still is in one of the states; the row count decides who won."""
    if Deposit.objects.filter(id=deposit_id, state__in=from_states).update(**columns):
        return
    raise Refusal(RefusalCode.DEPOSIT_STATE, state=_reread(deposit_id).state)


def _record(
    deposit_id: int, kind: str, actor_kind: str, actor_id: int, why: str = "", facts: dict[str, Any] | None = None, *,
    notify: bool = False,
) -> None:  # fmt: skip
    DepositEvent.objects.create(
        deposit_id=deposit_id, kind=kind, actor_kind=actor_kind, actor_id=actor_id, why=why, facts=facts or {},
        notify=notify,
    )  # fmt: skip


def _reread(deposit_id: int) -> DepositRow:
    row = deposit(deposit_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row
