"""What stands beside the order button is what the customer gets: the same plan, before and after."""

import pytest

from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.orders.actions import OrderRequest, place, quote
from smmatic.orders.sending import Quote
from smmatic.orders.steps import PROVIDER, SYSTEM, move
from smmatic.refunds.actions import cancel, end_order, preview_refund
from smmatic.refunds.foresight import Foresight, foresee
from smmatic.refunds.situations import ClaimInput
from tests.builders import ADS_ACCOUNT, change, customer, new_key, own_service

pytestmark = pytest.mark.django_db

PAGE = "https://www.facebook.com/yourpage"


def request(**cells: str) -> tuple[OrderRequest, int]:
    row = own_service(price_credits_per_unit="1.3333", **cells)
    runs = row.type == "counted_runs"
    asked = OrderRequest(
        row.id, quantity=None if runs else 7, runs=7 if runs else None, interval_minutes=60 if runs else None,
        link="https://www.myshop.example/",
    )  # fmt: skip
    return asked, row.id


def seen(who, asked: OrderRequest, *, start_now: bool = False) -> Foresight:
    quoted = quote(who, asked)
    assert isinstance(quoted, Quote)
    return foresee(who, quoted, start_now=start_now, moment=now())


def begun(who, asked: OrderRequest, delivered: int = 0) -> int:
    number = place(who, asked, key=new_key(), channel="page").order_id
    with atomic():
        assert move(number, ("pending",), "processing", actor=SYSTEM, kind="accepted")
        assert move(number, ("processing",), "in_progress", actor=SYSTEM, kind="started", delivered=delivered)
    return number


def test_an_undo_gives_what_was_foreseen():
    who, (asked, _) = customer(100), request()
    undo = seen(who, asked).undo
    done = cancel(who, place(who, asked, key=new_key(), channel="page").order_id, key=new_key())
    assert (done.units_back, done.clause) == (undo.units_back, undo.outcome.clause) == (93_331, "4.1")
    assert seen(who, asked, start_now=True).undo is None


@pytest.mark.parametrize("kind", ["counted", "counted_runs"])
def test_a_confirmed_stop_gives_what_was_foreseen_and_runs_that_did_not_run_come_back(kind):
    who, (asked, _) = customer(100), request(type=kind)
    foreseen = seen(who, asked)
    for delivered, plan in ((0, foreseen.stop), (foreseen.runs_done, foreseen.stop_between)):
        if plan is None:
            assert kind == "counted"
            continue
        number = begun(who, asked, delivered)
        change(number, ("in_progress",), stop_status="confirmed")
        done = end_order(number, "partial" if delivered else "cancelled", actor=PROVIDER, delivered=delivered)
        assert (done.units_back, done.clause) == (plan.units_back, plan.outcome.clause), delivered
    if kind == "counted_runs":
        assert (foreseen.runs_done, foreseen.stop_between.units_back) == (3, 93_331 - 93_331 * 3 // 7)


def test_a_change_of_mind_and_a_failure_give_what_was_foreseen():
    who, (asked, _) = customer(100), request(stop_rule="none")
    foreseen = seen(who, asked)
    assert foreseen.stop is None
    number = begun(who, asked)
    later = preview_refund(who, number, "not_as_expected").plan
    assert later.units_back == foreseen.change_of_mind.units_back == 0
    verified = ClaimInput("fulfilment_fault", "verified", "system", "our own log")
    done = end_order(number, "failed", actor=SYSTEM, delivered=0, claims=[verified])
    assert (done.units_back, done.clause) == (foreseen.failure.units_back, foreseen.failure.outcome.clause)


def test_foreseeing_is_for_every_type_and_needs_no_order():
    who = customer(1000)
    from smmatic.catalogue.queries import service_by_code

    asked = OrderRequest(service_by_code("TT-ADS").id, quantity=100, link=ADS_ACCOUNT)
    assert seen(who, asked).failure.units_back == 1_050_000
    texts = OrderRequest(service_by_code("FB-COPY").id, texts="a\nb\nc\nd\ne", link=PAGE)
    assert seen(who, texts).stop.units_back == 200_000
