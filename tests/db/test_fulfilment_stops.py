"""Stop requests that used to wait for ever, and a worker that meets locked rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charge
from smmatic.fulfilment import actions
from smmatic.fulfilment.models import Attempt, Provider
from smmatic.fulfilment.protocol import ProviderStatus, RemoteState, StopState
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.fulfilment.worker import Worker
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as order_steps
from smmatic.orders.actions import accept_due
from smmatic.orders.queries import OrderRow, events_of
from smmatic.refunds.actions import ask_stop
from tests.builders import customer, placed, reread
from tests.sandboxes import LONG, Shop, link

pytestmark = pytest.mark.django_db
LIVE = ("processing", "in_progress")
GONE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    made = SandboxProcess(
        str(tmp_path_factory.mktemp("stops") / "truth.sqlite3"), options=("--seconds", str(LONG), "--stall", "3")
    )
    yield made
    made.stop()


@pytest.fixture
def shop(sandbox: SandboxProcess, settings: object, db: None) -> Iterator[Shop]:
    settings.SMMATIC_PROVIDER_PRIVATE_HOSTS = (f"127.0.0.1:{sandbox.port}",)  # type: ignore[attr-defined]
    made = Shop(sandbox)
    yield made
    made.close()


def processing(who: Person, digits: str = "70") -> OrderRow:
    order = placed(who, "TT-ADS", 100, start_now=True, link=link(digits))
    while reread(order.id).status == "pending":
        accept_due()
    return reread(order.id)


def stopped_for_nothing(order: OrderRow) -> None:
    found, money = reread(order.id), charge(order.id)
    assert money is not None
    assert (found.status, found.stop_status, found.delivered) == ("cancelled", "confirmed", 0)
    assert money.returned == order.amount


def test_without_any_provider_a_stop_is_confirmed_at_once(shop: Shop) -> None:
    who = customer(5000)
    order = processing(who)
    Provider.objects.update(active=False)
    shop.round.run()
    ask_stop(who, order.id)
    shop.round.run()
    stopped_for_nothing(order)
    shop.round.run()
    assert reread(order.id).next_check_at is None


@pytest.mark.parametrize("prepared", [False, True])
def test_while_it_waits_for_the_customer_a_stop_is_confirmed_at_once(prepared: bool, shop: Shop) -> None:
    who = customer(5000)
    order = processing(who)
    if prepared:
        assert actions.prepare([(order.id, shop.provider)]) == []
    order_steps.change(order.id, LIVE, waiting_since=GONE)
    ask_stop(who, order.id)
    shop.round.run()
    stopped_for_nothing(order)
    assert shop.accepted(order) == 0


def test_a_stop_that_was_said_to_be_unknown_is_confirmed_too_where_nothing_left(shop: Shop) -> None:
    who = customer(5000)
    order = processing(who)
    Provider.objects.update(active=False)
    ask_stop(who, order.id)
    order_steps.change(order.id, LIVE, stop_status="unknown")
    shop.round.run()
    stopped_for_nothing(order)


def test_the_deadline_is_watched_while_the_outcome_of_the_submission_is_unknown(shop: Shop) -> None:
    who = customer(5000)
    order = placed(who, "TT-ADS", 100, start_now=True, link=link("19"))
    shop.work(lambda: shop.state(order) == "unknown")
    order_steps.change(order.id, LIVE, stop_status="asked", stop_asked_at=GONE, stop_deadline=GONE)
    shop.work(lambda: reread(order.id).stop_status == "unknown", rounds=500)
    assert (reread(order.id).status, answers(order)) == ("processing", ["unknown"])


def test_a_second_request_goes_out_and_an_old_word_does_not_answer_it(shop: Shop) -> None:
    who = customer(5000)
    order = placed(who, "TT-ADS", 100, start_now=True, link=link("71"))
    shop.follow(order)
    ask_stop(who, order.id)
    shop.work(lambda: reread(order.id).stop_status == "refused", rounds=500)
    first = Attempt.objects.get(order_id=order.id)
    ask_stop(who, order.id)
    old = ProviderStatus(first.remote_id, RemoteState.WORKING, 0, 100, stop=StopState.REFUSED)
    actions.record_status(first.id, old, shop.provider)
    assert reread(order.id).stop_status == "asked"
    shop.work(lambda: reread(order.id).stop_status == "refused", rounds=500)
    second = Attempt.objects.get(order_id=order.id)
    assert first.stop_sent_at is not None
    assert second.stop_sent_at is not None
    assert second.stop_sent_at > first.stop_sent_at
    assert answers(order) == ["refused", "refused"]


@pytest.mark.parametrize("step", ["prepare", "give_back", "beat", "forget_workers"])
def test_a_worker_outlives_a_lock_that_it_can_not_have(step: str, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = processing(customer(5000), "00")
    failed = []

    def busy_first(do: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if not failed:
                failed.append(step)
                raise Refusal(RefusalCode.BUSY)
            return do(*arguments, **named)

        return call

    def record(*arguments: Any) -> None:
        real(*arguments)
        shop.round.stop.set()

    real = actions.record_submission
    monkeypatch.setattr(actions, "record_submission", record)
    monkeypatch.setattr(actions, step, busy_first(getattr(actions, step)))
    if step == "give_back":
        shop.round._held.add(order.id)
        shop.round.give_back()
        assert failed
        order_steps.change(order.id, LIVE, lease_until=None)
    assert Worker(shop.round, idle=0.01).run(once=False) == 0
    assert failed
    assert shop.accepted(order) == 1


def answers(order: OrderRow) -> list[str]:
    return [str(event.facts["answer"]) for event in events_of(order.id) if event.kind == "stop_answered"]
