"""Orders that end while the provider is still at work: it is told, followed to its own end, and the loss is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charge
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.sandbox.adapter import SandboxProvider
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.fulfilment.sandbox.server import DEFAULT_KEY
from smmatic.orders import steps as order_steps
from smmatic.orders.queries import OrderRow, events_of
from smmatic.refunds.actions import request_refund
from tests.builders import customer, new_key, placed, reread
from tests.sandboxes import LONG, Shop, link

pytestmark = pytest.mark.django_db
LIVE = ("processing", "in_progress")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    made = SandboxProcess(
        str(tmp_path_factory.mktemp("late") / "truth.sqlite3"),
        key=DEFAULT_KEY,
        options=("--seconds", str(LONG), "--stall", "3"),
    )
    yield made
    made.stop()


@pytest.fixture
def shop(sandbox: SandboxProcess, settings: object, db: None) -> Iterator[Shop]:
    settings.SMMATIC_PROVIDER_PRIVATE_HOSTS = (f"127.0.0.1:{sandbox.port}",)  # type: ignore[attr-defined]
    made = Shop(sandbox)
    yield made
    made.close()


def refunded_as_not_started(who: Person, shop: Shop, digits: str, state: str = "confirmed") -> OrderRow:
    """An order that the provider has taken and that the policy refunds since it was not started as promised."""
    order = placed(who, "TT-ADS", 100, start_now=True, link=link(digits))
    shop.work(lambda: shop.state(order) == state)
    if state == "unknown":
        order_steps.change(order.id, LIVE, unknown_since=None, unknown_deadline=None)
    order_steps.change(order.id, LIVE, start_promised_at=datetime.now(UTC) - timedelta(hours=1))
    decided = request_refund(who, order.id, reason_code="not_started", key=new_key())
    assert (decided.state, decided.units_back) == ("settled", order.amount)
    ended = reread(order.id)
    assert (ended.status, ended.unknown_deadline) == ("failed", None)
    return ended


def late(order: OrderRow) -> list[dict[str, Any]]:
    return [event.facts for event in events_of(order.id, all_of_them=True) if event.kind == "late_answer"]


def closed(order: OrderRow) -> bool:
    return Attempt.objects.filter(order_id=order.id, closed_at__isnull=False).exists()


def at_provider(shop: Shop, order: OrderRow) -> dict[str, Any]:
    reference = str(Attempt.objects.get(order_id=order.id).reference)
    return next(row for row in shop.sandbox.truth()["orders"] if row["reference"] == reference)


def test_a_refund_by_policy_stops_the_provider(shop: Shop) -> None:
    order = refunded_as_not_started(customer(5000), shop, "70")
    shop.work(lambda: closed(order))
    assert at_provider(shop, order)["state"] == "stopped"
    assert [(fact["delivered"], fact["loss_units"]) for fact in late(order)] == [(0, 0)]
    found = reread(order.id)
    assert (found.status, found.delivered, found.next_check_at) == ("failed", 0, None)
    shop.sandbox.forward(LONG * 100)
    shop.round.run()
    assert at_provider(shop, order)["delivered"] == 0
    assert len(late(order)) == 1


def test_what_a_provider_delivers_after_the_refund_is_known_as_our_loss(shop: Shop) -> None:
    order = refunded_as_not_started(customer(5000), shop, "71")
    shop.work(lambda: Attempt.objects.filter(order_id=order.id, stop_sent_at__isnull=False).exists())
    assert not closed(order)
    shop.sandbox.forward(LONG * 50)
    shop.work(lambda: closed(order))
    assert at_provider(shop, order)["delivered"] == 100
    assert [(fact["delivered"], fact["loss_units"]) for fact in late(order)] == [(100, order.amount)]
    money = charge(order.id)
    assert money is not None
    assert (reread(order.id).status, money.returned) == ("failed", order.amount)
    assert not [event for event in events_of(order.id) if event.kind == "late_answer"], "staff only"


def test_a_provider_that_takes_no_stop_is_followed_all_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def abilities(self: SandboxProvider) -> Any:
        from dataclasses import replace

        return replace(self._abilities, stop=False)

    monkeypatch.setattr(SandboxProvider, "abilities", property(abilities))
    order = refunded_as_not_started(customer(5000), shop, "00")
    shop.round.run()
    shop.sandbox.forward(LONG * 1.1)
    shop.work(lambda: closed(order))
    assert [(fact["delivered"], fact["loss_units"]) for fact in late(order)] == [(100, order.amount)]
    assert Attempt.objects.get(order_id=order.id).stop_sent_at is None


def test_a_submission_of_unknown_outcome_is_found_and_stopped_after_the_end(shop: Shop) -> None:
    order = refunded_as_not_started(customer(5000), shop, "10", "unknown")
    shop.work(lambda: closed(order))
    assert at_provider(shop, order)["state"] == "stopped"
    assert (reread(order.id).status, shop.accepted(order), len(late(order))) == ("failed", 1, 1)


def test_an_end_that_the_provider_told_is_not_asked_about_again(shop: Shop) -> None:
    order = placed(customer(5000), "TT-ADS", 100, start_now=True, link=link("00"))
    found = shop.follow(order, forward=LONG * 1.1)
    assert (found.status, found.next_check_at, closed(order), late(order)) == ("completed", None, True, [])


def test_an_order_that_was_never_handed_over_is_let_go(shop: Shop) -> None:
    order = shop.follow(placed(customer(5000), "TT-ADS", 100, start_now=True, link=link("01")))
    assert (order.status, order.next_check_at, late(order)) == ("rejected", None, [])


def test_after_a_long_time_nobody_asks_any_more(shop: Shop) -> None:
    order = refunded_as_not_started(customer(5000), shop, "71")
    long_ago = datetime.now(UTC) - timedelta(days=31)
    order_steps.change(order.id, ("failed",), ended_at=long_ago)
    shop.work(lambda: closed(order))
    assert [(fact["delivered"], fact["loss_units"]) for fact in late(order)] == [(None, None)]
