"""A second open order of a service for one link: warned, refused or allowed, as the service's terms say."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from smmatic.catalogue.queries import ServiceRow
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, overlapping, place
from smmatic.orders.queries import orders_of
from smmatic.refunds.actions import cancel
from tests.builders import customer, ledger_of, new_key, own_service, placed

pytestmark = pytest.mark.django_db

SITE = "https://www.myshop.example/"


def order(who, row: ServiceRow, link: str = SITE) -> int:
    return place(who, OrderRequest(row.id, quantity=1, link=link), key=new_key(), channel="page").order_id


def test_the_second_is_refused_while_the_first_is_open_and_nothing_is_charged():
    who, row = customer(50), own_service(overlap="refuse")
    first = order(who, row)
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        order(who, row, "HTTPS://www.myshop.example/?utm_source=x")
    assert (refused.value.code, refused.value.field, refused.value.facts["number"]) == (
        RefusalCode.ORDER_OVERLAPS, "link", first,
    )  # fmt: skip
    assert f"#{first}" in refused.value.sentence
    assert ledger_of(who) == before
    order(who, row, "https://other.example/")
    order(customer(50), row)
    cancel(who, first)
    order(who, row)


def test_a_warning_names_the_open_order_and_lets_it_pass():
    who, row = customer(50), own_service()
    first = order(who, row)
    assert overlapping(who, row, SITE) == first
    second = order(who, row)
    assert overlapping(who, row, SITE) == second
    allowed = own_service(overlap="allow")
    order(who, allowed)
    assert overlapping(who, allowed, SITE) is None


def test_of_many_at_once_one_is_placed():
    """A race: the check of each passes before any is there; the database lets one in."""
    who, row = customer(100), own_service(overlap="refuse")
    outcomes: list[str] = []
    gate = threading.Barrier(6)

    def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("smmatic.orders.actions.overlapping", lambda *_: None)
            gate.wait()
            try:
                order(who, row)
                outcomes.append("placed")
            except Refusal as refusal:
                outcomes.append(refusal.code.value)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["order_overlaps"] * 5 + ["placed"]
    assert len(orders_of(who.id)) == 1


def test_control_without_the_rule_all_of_them_are_placed():
    who, row = customer(100), own_service()
    assert len({order(who, row) for _ in range(6)}) == 6


def test_a_customers_first_order_of_a_day_is_found_by_halving():
    who = customer(100)
    ids = [placed(who, "SP-LIST", 5, link="https://shopee.vn/tiemhoacuanho").id for _ in range(5)]

    def first(since) -> int:
        row = fetch_one("SELECT orders_first_since_v1(%s, %s) AS id", [who.id, since])
        return row["id"]

    assert first(now() - timedelta(days=1)) == ids[0]
    assert first(now() + timedelta(days=1)) == ids[-1] + 1
    assert first(now()) == ids[0], "an hour earlier, so that two placed at once are both in"
