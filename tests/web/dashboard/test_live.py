"""Open pages follow their orders: news where there are any, 204 where not, and no more asking after the end."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from smmatic.orders.steps import SYSTEM
from smmatic.refunds.actions import end_order
from tests.builders import begun, change, customer, placed
from tests.web.desk.builders import Browser

pytestmark = pytest.mark.django_db
ASKS = {"headers": {"hx-request": "true"}}


def poll_address(page: str, part: str) -> str | None:
    """Where a part of a page asks for its news, or None where it has stopped asking."""
    found = re.search(rf'id="{part}"[^>]*?hx-get="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def test_an_order_page_is_told_only_what_is_new_and_stops_at_the_end():
    who = customer()
    row, mine = begun(who, delivered=10), Browser(who)
    address = poll_address(mine.get(f"/orders/{row.id}"), "order-status")
    assert address
    first = mine.client.get(address, **ASKS)
    if first.status_code == 200:  # a minute ended between the two
        address = poll_address(first.content.decode(), "order-status")
        first = mine.client.get(address, **ASKS)
    assert (first.status_code, first.content) == (204, b"")
    assert change(row.id, ("in_progress",), delivered=40)
    news = mine.client.get(address, **ASKS)
    assert news.status_code == 200
    assert "40" in news.content.decode()
    again = poll_address(news.content.decode(), "order-status")
    assert again != address
    end_order(row.id, "completed", actor=SYSTEM)
    last = mine.client.get(again, **ASKS).content.decode()
    assert "Completed" in last
    assert poll_address(last, "order-status") is None


def test_a_message_of_the_timeline_is_news_too():
    from smmatic.kernel.database import atomic
    from smmatic.orders.steps import record

    who = customer()
    row, mine = begun(who), Browser(who)
    address = poll_address(mine.get(f"/orders/{row.id}"), "order-status")
    with atomic():
        record(row.id, "note", actor=SYSTEM, why="Half of it is done.")
    assert mine.client.get(address, **ASKS).status_code == 200


def test_the_list_is_told_only_what_is_new_and_asks_only_while_an_order_is_live():
    who = customer()
    mine = Browser(who)
    assert poll_address(mine.get("/orders"), "order-rows") is None
    row = placed(who)
    page = mine.get("/orders")
    address = "/orders" + poll_address(page, "order-rows").removeprefix("/orders")
    assert mine.client.get(address, **ASKS).status_code == 204
    end_order(row.id, "rejected", actor=SYSTEM)
    news = mine.client.get(address, **ASKS)
    assert news.status_code == 200
    assert "Rejected" in news.content.decode()
    assert poll_address(news.content.decode(), "order-rows") is None


def test_a_list_with_a_filter_follows_that_filter():
    who = customer()
    placed(who)
    mine = Browser(who)
    assert "show=live" in poll_address(mine.get("/orders", show="live"), "order-rows")


def test_nothing_new_costs_few_reads_and_a_reload_is_never_answered_with_nothing():
    who = customer()
    row, mine = begun(who), Browser(who)
    page = mine.get(f"/orders/{row.id}")
    address = poll_address(page, "order-status")
    with CaptureQueriesContext(
        connection,
    ) as whole:
        mine.client.get(f"/orders/{row.id}")
    with CaptureQueriesContext(connection) as asked:
        mine.client.get(address, **ASKS)
    assert len(asked) <= 8
    assert len(asked) < len(whole) / 2
    assert mine.client.get(address).status_code == 200


def test_another_customers_order_is_not_followed():
    theirs = placed(customer())
    assert Browser(customer()).client.get(f"/orders/{theirs.id}/live", **ASKS).status_code == 404
