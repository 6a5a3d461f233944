"""The order list: pages by key, filters, search by number and link, views of one's own, and how it is read."""

from datetime import timedelta

import pytest
from django.db import connection

from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.list_queries import ListFilter, every_order, order_list, views_of
from smmatic.orders.view_actions import MAX_VIEWS, delete_view, save_view
from smmatic.refunds.actions import cancel
from tests.builders import ADS_ACCOUNT, customer, placed

pytestmark = pytest.mark.django_db

SHOP = "https://shopee.vn/tiemhoacuanho"


@pytest.fixture
def shopper():
    who = customer(5000)
    made = [placed(who, "SP-LIST" if n % 2 else "TT-ADS", 50, link=SHOP if n % 2 else ADS_ACCOUNT) for n in range(7)]
    for order in made[:3]:
        cancel(who, order.id)
    placed(customer(500), "SP-LIST", 5, link=SHOP)
    return who, [order.id for order in made]


def ids(who, wanted: ListFilter, **options) -> list[int]:
    return [row.id for row in order_list(who.id, wanted, **options).rows]


def pages(who, wanted: ListFilter, **options) -> list[int]:
    found, before = [], None
    while True:
        page = order_list(who.id, wanted, before_id=before, **options)
        found += [row.id for row in page.rows]
        if page.next_id is None:
            return found
        before = page.next_id


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
def test_all_pages_together_are_all_orders_once(shopper, limit):
    who, made = shopper
    assert pages(who, ListFilter(), limit=limit) == made[::-1]
    both = ListFilter(statuses=("pending", "cancelled"))
    assert pages(who, both, limit=limit) == made[::-1]
    assert pages(who, ListFilter(statuses=("cancelled",)), limit=limit) == made[2::-1]
    assert pages(who, ListFilter(service_code="SP-LIST"), limit=limit) == made[5::-2]
    assert [row.id for row in every_order(who.id, both)] == made[::-1]


@pytest.mark.parametrize("window", [1, 2, 3, 100])
def test_what_no_index_has_is_looked_for_window_by_window_and_nothing_is_missed(shopper, window):
    who, made = shopper
    for wanted in (ListFilter(search="tiemhoa"), ListFilter(service_code="SP-LIST"), ListFilter(search="sp-list")):
        assert pages(who, wanted, limit=2, window=window) == made[5::-2], wanted
    stopped = ListFilter(service_code="SP-LIST", statuses=("cancelled",))
    assert pages(who, stopped, limit=2, window=window) == [made[1]]
    page = order_list(who.id, ListFilter(search="nowhere"), limit=2, window=3)
    assert page.rows == []
    assert page.looked_back_to is not None


@pytest.mark.parametrize("search", [SHOP, "shopee.vn/tiemhoacuanho", "https://shopee.vn/tiemhoacuanho?utm_source=a"])
def test_a_whole_link_is_found_in_whatever_form_it_is_pasted(shopper, search):
    who, made = shopper
    assert ids(who, ListFilter(search=search)) == made[5::-2]
    assert ids(who, ListFilter(search=search, statuses=("cancelled",))) == [made[1]]


def test_a_number_is_an_order_or_an_ad_account(shopper):
    who, made = shopper
    assert ids(who, ListFilter(search=f"#{made[4]}")) == [made[4]]
    assert ids(who, ListFilter(search=ADS_ACCOUNT)) == made[::-2]
    others = placed(customer(500), "SP-LIST", 5, link=SHOP).id
    assert ids(who, ListFilter(search=str(others))) == []


def test_dates_bound_the_moment_of_placing(shopper):
    who, made = shopper
    today, tomorrow = now() - timedelta(hours=3), now() + timedelta(hours=3)
    assert ids(who, ListFilter(since=today, until=tomorrow)) == made[::-1]
    assert ids(who, ListFilter(since=tomorrow)) == ids(who, ListFilter(until=today)) == []
    middle = fetch_all("SELECT placed_at FROM orders_order WHERE id = %s", [made[3]])[0]["placed_at"]
    assert ids(who, ListFilter(since=middle)) == made[:2:-1]
    assert ids(who, ListFilter(until=middle)) == made[2::-1]


def test_each_page_is_read_by_an_index_and_never_by_an_offset(shopper):
    """With sequential reads forbidden no plan may need one, and none sorts the customer's orders."""
    who, _made = shopper
    seen: list[str] = []

    def watch(execute, sql, parameters, many, context):
        if sql.lstrip().startswith("SELECT") and "orders_order" in sql and "EXPLAIN" not in sql:
            seen.append(context["cursor"].mogrify(sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(watch):
        for wanted in (ListFilter(), ListFilter(statuses=("failed", "completed")), ListFilter(search=SHOP)):
            order_list(who.id, wanted, before_id=10**9)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        for statement in seen:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line[0] for line in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            assert "orders_order" in plan
            assert "OFFSET" not in statement
        cursor.execute("RESET enable_seqscan")
        cursor.execute("RESET enable_bitmapscan")
    assert len(seen) >= 4


def test_views_are_ones_own_and_named_once():
    who, other = customer(0), customer(0)
    save_view(who, "Late", "show=live")
    save_view(who, "Late", "show=done")
    assert [(view.name, view.query) for view in views_of(who.id)] == [("Late", "show=done")]
    with pytest.raises(Refusal) as refused:
        delete_view(other, views_of(who.id)[0].id)
    assert refused.value.code == RefusalCode.NOT_FOUND
    for name in ("", "x" * 41, "a\u202eb"):
        with pytest.raises(Refusal):
            save_view(who, name, "")
    for number in range(MAX_VIEWS - 1):
        save_view(who, f"View {number}", "")
    with pytest.raises(Refusal) as refused:
        save_view(who, "One more", "")
    assert refused.value.code == RefusalCode.VIEW_TOO_MANY
    delete_view(who, views_of(who.id)[0].id)
    save_view(who, "One more", "")
