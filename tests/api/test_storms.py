"""Many requests at the same moment: one key has one effect, one balance is never overspent, nothing is lost."""

import threading

import psycopg
import pytest

from smmatic.credits.queries import statement, wallet
from smmatic.kernel.amounts import UNITS
from tests.api.clients import Api, order_body, place, rich, storm
from tests.builders import accept_due, begun, ledger_of, new_key

pytestmark = pytest.mark.django_db

SAME = 50
CLIENTS = 16


def copies(api: Api, count: int) -> list[Api]:
    made = []
    for _ in range(count):
        copy = Api()
        copy.client.defaults.update(api.client.defaults)
        made.append(copy)
    return made


def orders_of(who) -> int:
    return len(ledger_of(who)["orders"])


def check_one_effect(answers, who, price: int) -> None:
    """The checker: every answer the same, one order, one charge."""
    assert {answer.status for answer in answers} == {201}
    assert len({str(answer.body) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert orders_of(who) == 1
    assert wallet(who.id).held == price


def test_the_same_order_50_times_at_once_under_one_key_is_one_order_with_one_answer():
    who, api = rich(10_000)
    key, body = new_key(), order_body()
    answers = storm([lambda c=c: c.post("/orders", body, key=key) for c in copies(api, SAME)])
    check_one_effect(answers, who, 105 * UNITS)
    other = api.post("/orders", order_body(quantity=101), key=key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert api.post("/orders", body, key=key).body == answers[0].body
    check_one_effect(answers, who, 105 * UNITS)


def test_the_control_50_keys_are_50_orders_and_the_checker_sees_it():
    who, api = rich(10_000)
    answers = storm([lambda c=c: c.post("/orders", order_body(), key=new_key()) for c in copies(api, SAME)])
    assert orders_of(who) == SAME
    with pytest.raises(AssertionError):
        check_one_effect(answers, who, 105 * UNITS)


def test_two_different_bodies_racing_for_one_key_leave_one_order():
    who, api = rich(10_000)
    key = new_key()
    answers = storm(
        [
            lambda c=c, n=n: c.post("/orders", order_body(quantity=100 + n % 2), key=key)
            for n, c in enumerate(copies(api, 20))
        ]
    )
    placed = [answer for answer in answers if answer.status == 201]
    assert len(placed) == 10
    assert {answer.code for answer in answers if answer.status != 201} == {"idempotency_key_reused"}
    assert orders_of(who) == 1


def test_a_refused_order_is_refused_50_times_the_same_and_stays_refused_under_its_key():
    who, api = rich(10)
    key = new_key()
    answers = storm([lambda c=c: c.post("/orders", order_body(), key=key) for c in copies(api, SAME)])
    assert {(answer.status, answer.code) for answer in answers} == {(402, "not_enough_credits")}
    assert orders_of(who) == 0


def check_exact(who, placed: int, price: int, start: int) -> None:
    """The checker: nothing below zero at any line, and what is there is what was there less what was spent."""
    lines = statement(who.id, limit=500)
    assert all(line.available_after >= 0 for line in lines)
    assert wallet(who.id).available == start - placed * price
    assert wallet(who.id).held == placed * price
    assert sum(line.change for line in lines) == wallet(who.id).available


def test_16_clients_spending_one_balance_never_go_below_zero_and_lose_no_unit():
    start, price, each = 1_000 * UNITS, 105 * UNITS, 3
    who, api = rich(1_000)
    answers = [
        answer
        for group in storm(
            [
                lambda c=c: [c.post("/orders", order_body(), key=new_key()) for _ in range(each)]
                for c in copies(api, CLIENTS)
            ]
        )
        for answer in group
    ]
    placed = sum(answer.status == 201 for answer in answers)
    assert placed == 9, "all that the balance is worth, and not one more"
    assert {answer.code for answer in answers if answer.status != 201} == {"not_enough_credits"}
    assert orders_of(who) == placed
    check_exact(who, placed, price, start)


def test_the_control_the_checker_fails_on_one_unit_lost_and_the_storm_really_races(database_addresses):
    who, api = rich(1_000)
    place(api)
    with pytest.raises(AssertionError):
        check_exact(who, 1, 105 * UNITS, 1_000 * UNITS + 1)
    # The same storm against a balance that is read and then written without a lock does go below zero.
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS naive (balance int)")
        owner.execute("DELETE FROM naive")
        owner.execute("INSERT INTO naive VALUES (1000)")
        together = threading.Barrier(CLIENTS)

        def spend() -> None:
            with psycopg.connect(database_addresses.owner, autocommit=True) as mine:
                together.wait(timeout=60)
                row = mine.execute("SELECT balance FROM naive").fetchone()
                together.wait(timeout=60)
                if row and row[0] >= 105:
                    mine.execute("UPDATE naive SET balance = balance - 105")

        storm([spend] * CLIENTS)
        left = owner.execute("SELECT balance FROM naive").fetchone()
        owner.execute("DROP TABLE naive")
    assert left is not None
    assert left[0] < 0


def test_cancel_against_acceptance_over_the_api_one_wins_each_time_and_the_money_is_right():
    who, api = rich(10_000)
    won = {"cancel": 0, "accept": 0}
    for _ in range(20):
        number = place(api, start_now=True)
        cancelled, accepted = storm([lambda n=number: api.post(f"/orders/{n}/cancel"), accept_due])
        status = api.get(f"/orders/{number}").body["status"]
        if cancelled.status == 200:
            assert (status, number in accepted) == ("cancelled", False)
            won["cancel"] += 1
        else:
            assert (cancelled.code, status, number in accepted) == ("order_accepted", "processing", True)
            won["accept"] += 1
    assert wallet(who.id).available == 10_000 * UNITS - won["accept"] * 105 * UNITS
    assert wallet(who.id).held == won["accept"] * 105 * UNITS


def test_a_refund_asked_50_times_at_once_is_one_case():
    who, api = rich()
    row = begun(who, delivered=40)
    key, body = new_key(), {"reason": "not_delivered", "words": "60 are missing"}
    answers = storm([lambda c=c: c.post(f"/orders/{row.id}/refunds", body, key=key) for c in copies(api, 20)])
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["case_id"] for answer in answers}) == 1
    others = storm([lambda c=c: c.post(f"/orders/{row.id}/refunds", body, key=new_key()) for c in copies(api, 20)])
    assert {answer.code for answer in others} == {"case_open"}
    assert len(ledger_of(who)["cases"]) == 1
