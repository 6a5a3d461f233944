"""Mass orders: one statement, one key, and of every row an order or a reason."""

import pytest

from smmatic.catalogue.queries import service_by_code
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, Refusals
from smmatic.orders import actions
from smmatic.orders.actions import OrderRequest, keep_file, place, place_many
from smmatic.refunds.actions import cancel
from tests.builders import ADS_ACCOUNT, customer, give, ledger_of, new_key, reread

pytestmark = pytest.mark.django_db

PRICE = 10_500
"""Units for one unit of TT-ADS."""


def row(quantity=100, code="TT-ADS", link=ADS_ACCOUNT, **fields):
    return OrderRequest(service_by_code(code).id, quantity=quantity, link=link, **fields)


def many(who, rows, *, together=False, key=None):
    return place_many(who, rows, key=key or new_key(), channel="page", all_or_nothing=together)


def codes(answer):
    return [
        one.refusal.code.value if isinstance(one.refusal, Refusal) else one.refusal and "several" for one in answer.rows
    ]


@pytest.mark.parametrize("together", [True, False])
def test_every_row_becomes_an_order_with_its_own_charge(together):
    who = customer(1000)
    give(who, 50 * UNITS, "bonus", priority=10)
    answer = many(who, [row(100), row(200), row(300, start_now=True)], together=together)
    assert [one.charged for one in answer.rows] == [PRICE * n for n in (100, 200, 300)]
    assert (answer.placed, answer.charged) == (3, PRICE * 600)
    assert answer.available_after == 1050 * UNITS - PRICE * 600 == wallet(who.id).available
    orders = [reread(one.order_id) for one in answer.rows]
    assert [order.quantity for order in orders] == [100, 200, 300]
    assert {order.status for order in orders} == {"pending"}
    events = fetch_all("SELECT order_id, kind FROM orders_event WHERE order_id = ANY(%s)", [[o.id for o in orders]])
    assert sorted(one["order_id"] for one in events) == sorted(order.id for order in orders)
    assert prove_account(who.id)[1] == []


def test_a_row_alone_is_the_same_as_a_single_order():
    one, other = customer(1000), customer(1000)
    give(one, 7 * UNITS, "bonus", priority=1)
    give(other, 7 * UNITS, "bonus", priority=1)
    place(one, row(100), key=new_key(), channel="page")
    many(other, [row(100)], together=True)
    left, right = ledger_of(one), ledger_of(other)
    for rows in (left["transfers"], right["transfers"]):
        for line in rows:
            for name in (
                "id",
                "account_id",
                "business_key",
                "order_id",
                "actor",
                "hash",
                "effective_at",
                "recorded_at",
            ):
                del line[name]
    assert left["transfers"] == right["transfers"]
    assert [(g["origin"], g["remaining"]) for g in left["grants"]] == [
        (g["origin"], g["remaining"]) for g in right["grants"]
    ]


def test_credits_go_to_the_first_rows_as_far_as_they_reach():
    who = customer(300)
    answer = many(who, [row(100), row(150), row(200), row(50)])
    # 105 + 157.50 = 262.50; 210 is too much for what is left, and so is 52.50.
    assert codes(answer) == [None, None, "not_enough_credits", "not_enough_credits"]
    assert answer.rows[2].refusal.facts["available"] == "37.50"
    assert answer.charged == 250 * PRICE
    assert prove_account(who.id)[1] == []


def test_all_or_nothing_places_nothing_when_the_sum_is_too_much():
    who = customer(300)
    before, key = ledger_of(who), new_key()
    for _again in range(2):
        with pytest.raises(Refusal) as caught:
            many(who, [row(100), row(100), row(100)], together=True, key=key)
        assert caught.value.code == "not_enough_credits"
        assert caught.value.facts["needed"] == "315.00"
    assert ledger_of(who) == before


def test_a_wrong_row_says_all_that_is_wrong_with_it_and_the_others_are_placed():
    who, key = customer(1000), new_key()
    rows = [row(100), row(1, link="nonsense"), row(120)]
    answer = many(who, rows, key=key)
    assert codes(answer) == [None, "several", None]
    assert isinstance(answer.rows[1].refusal, Refusals)
    assert {one.field for one in answer.rows[1].refusal.refusals} == {"link", "quantity"}
    again = many(who, rows, key=key)
    assert again.replayed
    assert codes(again) == codes(answer)
    assert [one.order_id for one in again.rows] == [one.order_id for one in answer.rows]
    assert [one.field for one in again.rows[1].refusal.refusals] == [
        one.field for one in answer.rows[1].refusal.refusals
    ]


def test_all_or_nothing_with_a_wrong_row_places_nothing_and_takes_no_key():
    who, key = customer(1000), new_key()
    before = ledger_of(who)
    answer = many(who, [row(100), row(1)], together=True, key=key)
    assert (answer.placed, answer.charged, answer.available_after) == (0, 0, None)
    assert [one.refusal is not None for one in answer.rows] == [False, True]
    assert ledger_of(who) == before
    assert many(who, [row(100), row(150)], together=True, key=key).placed == 2


def test_the_same_rows_under_the_same_key_charge_once_and_other_rows_are_refused():
    who, key = customer(1000), new_key()
    first = many(who, [row(100), row(200)], key=key)
    before = ledger_of(who)
    again = many(who, [row(100), row(200)], key=key)
    assert (again.rows, again.charged, again.available_after) == (first.rows, first.charged, first.available_after)
    assert again.replayed
    for other in ([row(100)], [row(200), row(100)]):
        with pytest.raises(Refusal) as caught:
            many(who, other, key=key)
        assert caught.value.code == "idempotency_key_reused"
    assert ledger_of(who) == before


@pytest.mark.parametrize(("together", "placed"), [(False, 1), (True, 0)])
def test_a_service_that_changed_since_it_was_read_refuses_its_own_rows(monkeypatch, together, placed):
    who = customer(1000)
    known = service_by_code("FB-ADS")
    from dataclasses import replace

    monkeypatch.setattr(
        actions.catalogue, "offered",
        lambda number: replace(known, version=known.version + 5) if number == known.id else service_by_code("TT-ADS"),
    )  # fmt: skip
    before = ledger_of(who)
    answer = many(who, [row(100), OrderRequest(known.id, quantity=100, link="7012345678901234")], together=together)
    assert answer.placed == placed
    assert codes(answer)[1] == "terms_changed"
    if together:
        assert ledger_of(who) == before


def test_files_belong_to_the_first_row_that_names_them():
    who = customer(2000)
    file = keep_file(who, name="brief.txt", content=b"Make it blue.")
    rows = [row(5, "ANY-PHOTO", "", file_ids=[file.id]), row(5, "ANY-PHOTO", "", file_ids=[file.id])]
    answer = many(who, rows)
    assert codes(answer) == [None, "not_found"]
    attached = fetch_all("SELECT order_id FROM orders_file WHERE id = %s", [file.id])
    assert [one["order_id"] for one in attached] == [answer.rows[0].order_id]


def test_a_list_of_which_every_row_is_wrong_is_answered_row_by_row():
    who = customer(1000)
    before = ledger_of(who)
    answer = many(who, [row(1), row(2)])
    assert (answer.placed, answer.charged, answer.available_after) == (0, 0, None)
    assert codes(answer) == ["several", "several"]
    assert ledger_of(who) == before


def test_a_list_without_rows_or_with_too_many_is_refused():
    who = customer(0)
    for rows in ([], [row(100)] * (actions.MAX_ROWS + 1)):
        with pytest.raises(Refusal) as caught:
            many(who, rows)
        assert caught.value.code == "orders_too_many"


def test_orders_of_a_list_can_be_cancelled_one_by_one():
    who = customer(1000)
    answer = many(who, [row(100), row(200)])
    cancel(who, answer.rows[0].order_id)
    assert wallet(who.id).available == 1000 * UNITS - 200 * PRICE
    assert prove_account(who.id)[1] == []
