"""Money that has arrived is credited once, by an operator, as it arrived; anything else is parked or refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import wallet
from smmatic.deposits import actions
from smmatic.deposits.actions import cancel_deposit, confirm_deposit, decline_deposit, request_deposit
from smmatic.deposits.proof import prove_deposits
from smmatic.deposits.queries import (
    DepositRow,
    deposit,
    deposit_of,
    deposits_ended,
    deposits_of,
    deposits_to_confirm,
    events_of_deposit,
)
from smmatic.deposits.rules import MAX_OPEN
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from tests.builders import customer, give, ledger_of, new_key, person

pytestmark = pytest.mark.django_db


def asked(who: Person, credits: int = 100) -> DepositRow:
    return request_deposit(who, credits * UNITS, new_key()).deposit


def everything_of(who: Person) -> dict[str, Any]:
    return ledger_of(who) | {
        "deposits": fetch_all("SELECT * FROM deposits_deposit WHERE customer_id = %s ORDER BY id", [who.id]),
        "events": fetch_all(
            "SELECT e.* FROM deposits_event e JOIN deposits_deposit d ON d.id = e.deposit_id"
            " WHERE d.customer_id = %s ORDER BY e.id",
            [who.id],
        ),
    }


def refused(who: Person, code: str, attempt: Callable[[], object]) -> Refusal:
    """The refusal of an attempt that changes nothing of this customer."""
    before = everything_of(who)
    with pytest.raises(Refusal) as caught:
        attempt()
    assert caught.value.code == code
    assert "%(" not in caught.value.sentence + caught.value.next_step
    assert everything_of(who) == before
    return caught.value


def test_asking_gives_a_reference_and_the_money_to_send_and_credits_nothing():
    who = customer(0)
    row = asked(who, 100)
    assert (row.state, row.units, row.money, row.price, row.currency) == (
        "requested", 100 * UNITS, 2_500_000, 25_000, "VND",
    )  # fmt: skip
    assert row.reference.startswith("SMM-")
    assert len(row.reference) == 10
    assert wallet(who.id).available == 0
    assert [event.kind for event in events_of_deposit(row.id)] == ["requested"]
    assert row in deposits_to_confirm()
    assert deposits_to_confirm(f"chuyen khoan {row.reference.replace('-', '')}") == [row]


def test_a_confirmed_deposit_is_in_the_wallet_with_its_transfer():
    who, operator = customer(0), person(Role.OPERATOR)
    row = confirm_deposit(operator, asked(who).id, received="2500000")
    assert (row.state, row.received, row.credited_units, row.ended_by_id) == (
        "confirmed", 2_500_000, 100 * UNITS, operator.id,
    )  # fmt: skip
    assert wallet(who.id).available == 100 * UNITS
    transfers = ledger_of(who)["transfers"]
    assert [(t["kind"], t["deposit_id"], t["reason"], t["actor"]) for t in transfers] == [
        ("deposit", row.id, row.reference, f"staff:{operator.id}")
    ]
    assert prove_account(who.id)[1] == []
    assert row in deposits_ended()
    assert row not in deposits_to_confirm(row.reference)


def test_fifty_confirmations_at_once_credit_once():
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)

    def confirm(_turn: int) -> str:
        try:
            return confirm_deposit(operator, row.id, received=row.money).state
        except Refusal as refusal:
            return refusal.code.value
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(confirm, range(50)))
    assert answers.count("confirmed") == 1
    assert answers.count("deposit_state") == 49
    assert wallet(who.id).available == 100 * UNITS
    assert len(ledger_of(who)["transfers"]) == 1


def test_confirming_and_cancelling_at_once_have_one_winner_each_time():
    operator = person(Role.OPERATOR)
    wins = {"confirmed": 0, "cancelled": 0}

    def attempt(work: Callable[[], DepositRow]) -> str:
        try:
            return work().state
        except Refusal as refusal:
            return "" if refusal.code == RefusalCode.DEPOSIT_STATE else str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for turn in range(30):
            who = customer(0)
            row = asked(who)
            sides = [
                lambda row=row: confirm_deposit(operator, row.id, received=row.money),
                lambda row=row, who=who: cancel_deposit(who, row.id),
            ]
            states = [s for s in pool.map(attempt, sides if turn % 2 else sides[::-1]) if s]
            assert len(states) == 1
            wins[states[0]] += 1
            assert wallet(who.id).available == (100 * UNITS if states == ["confirmed"] else 0)
    assert sum(wins.values()) == 30
    assert min(wins.values()) >= 3, f"the race was none: {wins}"


def test_an_amount_unlike_the_request_is_parked_and_not_credited():
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    parked = confirm_deposit(operator, row.id, received=2_400_000)
    assert (parked.state, parked.received, parked.credited_units) == ("parked", 2_400_000, None)
    assert wallet(who.id).available == 0
    assert parked in deposits_to_confirm(row.reference)
    refused(who, "deposit_state", lambda: cancel_deposit(who, row.id))


def test_a_stated_amount_is_credited_at_the_price_of_the_request(settings):
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    settings.SMMATIC_CREDIT_PRICE_VND = 50_000
    confirm_deposit(operator, row.id, received=2_400_000)
    done = confirm_deposit(operator, row.id, received=2_400_000, why="The bank kept its fee; the customer agrees.")
    assert (done.state, done.credited_units, done.note[:8]) == ("confirmed", 96 * UNITS, "The bank")
    assert wallet(who.id).available == 96 * UNITS
    assert [event.kind for event in events_of_deposit(row.id)] == ["requested", "parked", "confirmed"]


def test_the_same_key_asks_once_and_another_request_under_it_is_refused():
    who, key = customer(0), new_key()
    first = request_deposit(who, 100 * UNITS, key)
    again = request_deposit(who, 100 * UNITS, key)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.deposit == again.deposit
    refused(who, "idempotency_key_reused", lambda: request_deposit(who, 200 * UNITS, key))


def test_fifty_requests_at_once_under_one_key_are_one_deposit():
    who, key = customer(0), new_key()

    def ask(_turn: int) -> int:
        try:
            return request_deposit(who, 100 * UNITS, key).deposit.id
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(50)))) == 1
    assert len(deposits_of(who.id)) == 1


def test_a_customer_has_a_few_open_deposits_at_a_time_however_fast_they_ask():
    who = customer(0)

    def ask(_turn: int) -> str:
        try:
            return asked(who).state
        except Refusal as refusal:
            return refusal.code.value
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(16))) == ["deposit_limit"] * (16 - MAX_OPEN) + ["requested"] * MAX_OPEN
    cancel_deposit(who, deposits_of(who.id, open_only=True)[0].id)
    assert asked(who).state == "requested"


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT, Role.APPROVER, Role.AUDITOR])
def test_only_operators_confirm_and_decline(role: Role):
    who, other = customer(0), person(role)
    row = asked(who)
    refused(who, "role_missing", lambda: confirm_deposit(other, row.id, received=row.money))
    refused(who, "role_missing", lambda: decline_deposit(other, row.id, why="no money came"))
    refused(who, "role_missing", lambda: confirm_deposit(who, row.id, received=row.money))


def test_nobody_confirms_their_own_deposit():
    operator = person(Role.OPERATOR)
    row = asked(operator)
    refused(operator, "second_person_needed", lambda: confirm_deposit(operator, row.id, received=row.money))


def test_each_wrong_field_is_refused_by_itself():
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    refused(who, "money_malformed", lambda: confirm_deposit(operator, row.id, received="２５００"))
    refused(who, "text_forbidden_characters", lambda: confirm_deposit(operator, row.id, received=1, why="a\x00b"))
    refused(who, "deposit_range", lambda: confirm_deposit(operator, row.id, received=10**13, why="typing error"))
    refused(who, "deposit_range", lambda: confirm_deposit(operator, row.id, received=1, why="one dong came"))
    refused(who, "reason_missing", lambda: decline_deposit(operator, row.id, why="  "))
    refused(who, "deposit_range", lambda: request_deposit(who, 1, new_key()))
    refused(who, "amount_malformed", lambda: request_deposit(who, True, new_key()))
    refused(who, "idempotency_key_missing", lambda: request_deposit(who, UNITS, ""))
    refused(who, "idempotency_key_malformed", lambda: request_deposit(who, UNITS, "x"))


@pytest.mark.parametrize("end", ["confirmed", "declined", "cancelled"])
def test_an_ended_deposit_stays_as_it_is(end: str):
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    {
        "confirmed": lambda: confirm_deposit(operator, row.id, received=row.money),
        "declined": lambda: decline_deposit(operator, row.id, why="No money came in ten days."),
        "cancelled": lambda: cancel_deposit(who, row.id),
    }[end]()
    assert deposit_of(who, row.id).state == end
    for attempt in (
        lambda: confirm_deposit(operator, row.id, received=row.money),
        lambda: confirm_deposit(operator, row.id, received=1_000_000, why="again"),
        lambda: confirm_deposit(operator, row.id, received=1_000_000),
        lambda: decline_deposit(operator, row.id, why="again"),
        lambda: cancel_deposit(who, row.id),
    ):
        assert refused(who, "deposit_state", attempt).facts["state"] == end


def test_another_customers_deposit_does_not_exist():
    who, other, operator = customer(0), customer(0), person(Role.OPERATOR)
    row = asked(who)
    refused(who, "not_found", lambda: deposit_of(other, row.id))
    refused(who, "not_found", lambda: cancel_deposit(other, row.id))
    refused(who, "not_found", lambda: cancel_deposit(operator, row.id))
    refused(who, "not_found", lambda: confirm_deposit(operator, 2**40, received=1))
    assert deposits_of(other.id) == []


def test_a_taken_reference_is_made_anew(monkeypatch):
    who = customer(0)
    taken = asked(who).reference.removeprefix("SMM-")
    codes = iter([taken, taken, "222222"])
    monkeypatch.setattr(actions, "new_readable_code", lambda _length: next(codes))
    assert asked(who).reference == "SMM-222222"


def test_the_database_refuses_what_the_code_would_not_do(database_addresses):
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    before = everything_of(who)
    for change in (
        "units = 1",
        "money = 1",
        "reference = 'SMM-X'",
        "state = 'paid'",
        "state = 'confirmed', ended_at = now()",
        "credited_units = 5",
        "state = 'cancelled'",
    ):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"UPDATE deposits_deposit SET {change} WHERE id = %s", [row.id])
    assert everything_of(who) == before
    confirm_deposit(operator, row.id, received=row.money)
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for statement in (
            "UPDATE deposits_deposit SET state = 'requested', ended_at = NULL, credited_units = NULL WHERE id = %s",
            "DELETE FROM deposits_deposit WHERE id = %s",
            "UPDATE deposits_event SET why = 'x' WHERE deposit_id = %s",
            "DELETE FROM deposits_event WHERE deposit_id = %s",
        ):
            with pytest.raises(psycopg.DatabaseError):
                owner.execute(statement, [row.id])
    after = deposit(row.id)
    assert after is not None
    assert after.state == "confirmed"


def test_the_proof_finds_credits_that_nobody_confirmed():
    who, operator = customer(0), person(Role.OPERATOR)
    row = asked(who)
    confirm_deposit(operator, row.id, received=row.money)
    assert f"deposit {row.id}" not in [difference.where for difference in prove_deposits()[1]]
    made_up = asked(who)
    with transaction.atomic():
        give(who, UNITS, deposit_id=made_up.id)
        give(who, UNITS, deposit_id=row.id)
        give(who, UNITS, deposit_id=2**40)
        found = {difference.where: str(difference) for difference in prove_deposits()[1]}
        transaction.set_rollback(True)
    assert {f"deposit {number}" for number in (row.id, made_up.id, 2**40)} <= found.keys()
    assert "nothing: it is not confirmed, and the transfers say 10000" in found[f"deposit {made_up.id}"]
