"""Orders through the worker's rounds against a real sandbox process: each behaviour ends in a true state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.queries import charge
from smmatic.fulfilment import actions, staff_actions
from smmatic.fulfilment.models import Attempt, Provider
from smmatic.fulfilment.protocol import ProviderStatus, RemoteState
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.kernel.refusals import Refusal
from smmatic.orders import steps as order_steps
from smmatic.orders.actions import accept_due
from smmatic.orders.queries import OrderRow, events_of
from smmatic.refunds.actions import ask_stop, end_order
from smmatic.refunds.queries import cases_of_order, claims_of
from tests.builders import customer, person, placed, reread
from tests.sandboxes import LONG, Shop, link

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    made = SandboxProcess(
        str(tmp_path_factory.mktemp("sandbox") / "truth.sqlite3"), options=("--seconds", str(LONG), "--stall", "3")
    )
    yield made
    made.stop()


@pytest.fixture
def shop(sandbox: SandboxProcess, settings: object, db: None) -> Iterator[Shop]:
    settings.SMMATIC_PROVIDER_PRIVATE_HOSTS = (f"127.0.0.1:{sandbox.port}",)  # type: ignore[attr-defined]
    made = Shop(sandbox)
    yield made
    made.close()


def bought(digits: str, quantity: int = 100) -> OrderRow:
    return placed(customer(5000), "TT-ADS", quantity, start_now=True, link=link(digits))


def back(order: OrderRow) -> int:
    found = charge(order.id)
    assert found is not None
    return found.returned


def kept(order: OrderRow) -> int:
    found = charge(order.id)
    assert found is not None
    return found.captured - found.refunded


def clause(order: OrderRow) -> tuple[str, str]:
    newest = cases_of_order(order.id)[-1]
    return newest.state, newest.clause


def test_delivered_in_full(shop: Shop) -> None:
    order = shop.follow(bought("00"), forward=LONG * 1.1)
    assert (order.status, order.delivered, back(order), kept(order)) == ("completed", 100, 0, order.amount)
    assert order.started_at is not None or order.status == "completed"
    assert shop.accepted(order) == 1
    assert [event.status_to for event in events_of(order.id) if event.status_to][:2] == ["pending", "processing"]


def test_progress_is_shown_and_only_rises(shop: Shop) -> None:
    order = bought("00")
    shop.follow(order)
    assert reread(order.id).status == "processing"
    seen = []
    for _ in range(4):
        shop.sandbox.forward(LONG / 5)
        shop.round.run()
        seen.append(reread(order.id).delivered)
    assert seen == sorted(seen)
    assert 0 < seen[-1] < 100
    assert reread(order.id).status == "in_progress"
    assert reread(order.id).started_at is not None


@pytest.mark.parametrize("digits", ["01", "02", "03", "04"])
def test_refused_at_submission_gives_everything_back_at_once(digits: str, shop: Shop) -> None:
    order = shop.follow(bought(digits))
    assert (order.status, order.delivered, back(order)) == ("rejected", 0, order.amount)
    assert clause(order) == ("settled", "2.2")
    assert shop.accepted(order) == 0


@pytest.mark.parametrize("digits", ["30", "31"])
def test_a_providers_verified_error_gives_back_what_was_not_delivered(digits: str, shop: Shop) -> None:
    order = shop.follow(bought(digits, 333), forward=LONG * 1.1)
    assert (order.status, order.delivered) == ("partial", 133)
    assert claims_of(order.id)["fulfilment_fault"].proof == "verified"
    assert clause(order) == ("settled", "2.1")
    assert back(order) == order.amount - order.amount * 133 // 333
    assert kept(order) + back(order) == order.amount


def test_condition_unmet_gives_everything_back(shop: Shop) -> None:
    order = shop.follow(bought("32"), forward=LONG * 1.1)
    assert (order.status, back(order), clause(order)) == ("failed", order.amount, ("settled", "2.1"))


@pytest.mark.parametrize(
    ("digits", "claim"), [("38", "wrong_information"), ("39", "third_party_violation"), ("33", None), ("37", None)]
)
def test_a_providers_word_alone_moves_nothing(digits: str, claim: str | None, shop: Shop) -> None:
    """Alleged against the customer, or stopped without a cause: a person looks, and no unit moves before."""
    order = shop.follow(bought(digits), forward=LONG * 1.1)
    assert order.status in ("failed", "partial")
    assert (back(order), kept(order)) == (0, 0)
    assert clause(order)[0] == "in_review"
    if claim is not None:
        assert claims_of(order.id)[claim].proof == "alleged"


@pytest.mark.parametrize("digits", ["10", "12", "14", "15", "17", "18", "20"])
def test_taken_without_an_answer_is_found_and_never_submitted_again(digits: str, shop: Shop) -> None:
    order = bought(digits)
    shop.work(lambda: shop.state(order) == "unknown")
    assert reread(order.id).unknown_since is not None
    assert reread(order.id).unknown_deadline is not None
    if digits == "20":
        shop.sandbox.forward(LONG)
    found = shop.follow(order, forward=LONG * 1.1)
    assert (found.status, found.delivered, found.unknown_since) == ("completed", 100, None)
    assert shop.accepted(order) == 1
    assert Attempt.objects.filter(order_id=order.id).count() == 1


@pytest.mark.parametrize("digits", ["11", "13", "16"])
def test_what_never_arrived_is_submitted_anew_once_that_is_certain(digits: str, shop: Shop) -> None:
    shop.believe(1.0)
    order = shop.follow(bought(digits), forward=LONG * 1.1)
    assert (order.status, order.delivered, shop.accepted(order)) == ("completed", 100, 1)
    codes = Attempt.objects.filter(order_id=order.id).order_by("number").values_list("state", "code")
    assert list(codes) in ([("refused", "never_arrived"), ("confirmed", "")], [("confirmed", "")])


def test_what_never_arrives_is_refused_in_the_end(shop: Shop) -> None:
    shop.believe(0.5)
    order = bought("21")
    shop.work(lambda: not reread(order.id).live)
    assert (reread(order.id).status, back(order), clause(order)) == ("rejected", order.amount, ("settled", "2.2"))
    assert Attempt.objects.filter(order_id=order.id, code="never_arrived").count() == 3
    assert shop.accepted(order) == 0


def test_unknown_for_good_moves_nothing_until_a_person_decides(shop: Shop) -> None:
    agent = person(Role.AGENT)
    order = bought("19")
    shop.work(lambda: shop.state(order) == "unknown")
    for _ in range(5):
        shop.round.run()
    assert reread(order.id).status == "processing"
    assert (back(order), kept(order)) == (0, 0)
    with pytest.raises(Refusal):
        staff_actions.presume_undelivered(agent, order.id, "Asked by mail; no trace of it.")
    past(order)
    shop.work(lambda: Attempt.objects.filter(order_id=order.id, flags=["overdue"]).exists())
    assert [event.kind for event in events_of(order.id)].count("unknown_overdue") == 1
    decided = staff_actions.presume_undelivered(agent, order.id, "Asked by mail; no trace of it.")
    assert decided is not None
    assert (reread(order.id).status, back(order), clause(order)) == ("failed", order.amount, ("settled", "2.1"))


def test_unknown_is_resolved_by_a_person_who_found_it(shop: Shop) -> None:
    order = bought("19")
    shop.work(lambda: shop.state(order) == "unknown")
    reference = str(Attempt.objects.get(order_id=order.id).reference)
    number = next(row["id"] for row in shop.sandbox.truth()["orders"] if row["reference"] == reference)
    staff_actions.resolve_found(person(Role.AGENT), order.id, str(number), "Seen on the provider's page.")
    found = shop.follow(order, forward=LONG * 1.1)
    assert (found.status, found.delivered, shop.accepted(order)) == ("completed", 100, 1)


@pytest.mark.parametrize("digits", ["50", "51", "52", "53", "55", "56", "60", "61", "62", "63", "64", "65"])
def test_a_lying_or_stuttering_provider_ends_true(digits: str, shop: Shop) -> None:
    order = bought(digits)
    shop.follow(order)
    seen = []
    for _ in range(4):
        shop.sandbox.forward(LONG / 5)
        shop.round.run()
        seen.append(reread(order.id).delivered)
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 100
    found = shop.follow(order, forward=LONG)
    assert (found.status, found.delivered, kept(order)) == ("completed", 100, order.amount)


def test_completed_but_short_is_partial(shop: Shop) -> None:
    order = shop.follow(bought("54"), forward=LONG * 1.1)
    assert (order.status, order.delivered) == ("partial", 70)
    assert clause(order)[0] == "in_review"


def test_a_stop_before_anything_left_is_confirmed_by_ourselves(shop: Shop) -> None:
    who = customer(5000)
    order = placed(who, "TT-ADS", 100, start_now=True, link=link("70"))
    shop.sandbox.kill()
    try:
        shop.work(lambda: reread(order.id).status == "processing" and shop.state(order) == "prepared")
        ask_stop(who, order.id)
        shop.work(lambda: not reread(order.id).live)
    finally:
        shop.sandbox.start(shop.sandbox.port)
    assert (reread(order.id).status, back(order), clause(order)) == ("cancelled", order.amount, ("settled", "4.2"))
    assert shop.accepted(order) == 0


@pytest.mark.parametrize(
    ("digits", "answer"), [("70", "confirmed"), ("74", "confirmed"), ("71", "refused"), ("73", "too_late")]
)
def test_stop_requests(digits: str, answer: str, shop: Shop) -> None:
    who = customer(5000)
    order = placed(who, "TT-ADS", 100, start_now=True, link=link(digits))
    shop.follow(order)
    shop.sandbox.forward(LONG * 20)
    shop.round.run()
    delivered = reread(order.id).delivered
    ask_stop(who, order.id)
    shop.work(lambda: reread(order.id).stop_status == answer)
    found = reread(order.id)
    if answer == "confirmed":
        assert (found.status, clause(order)) == ("partial", ("settled", "4.2"))
        assert delivered <= found.delivered < 100
        assert back(order) == order.amount - order.amount * found.delivered // 100
    else:
        assert (found.status, back(order)) == ("in_progress", 0)


def test_a_stop_without_an_answer_becomes_unknown_at_its_deadline(shop: Shop) -> None:
    who = customer(5000)
    order = placed(who, "TT-ADS", 100, start_now=True, link=link("72"))
    shop.follow(order)
    ask_stop(who, order.id)
    shop.work(lambda: Attempt.objects.filter(order_id=order.id, stop_sent_at__isnull=False).exists())
    past(order)
    shop.work(lambda: reread(order.id).stop_status == "unknown")
    assert back(order) == 0


def test_an_unreachable_provider_costs_nothing_and_the_order_goes_later(shop: Shop) -> None:
    port = shop.sandbox.port
    shop.sandbox.kill()
    order = bought("00")
    try:
        shop.work(lambda: Attempt.objects.filter(order_id=order.id, state="prepared", quiet__gt=2).exists())
        assert reread(order.id).unknown_since is None
    finally:
        shop.sandbox.start(port)
    found = shop.follow(order, forward=LONG * 1.1)
    assert (found.status, shop.accepted(order)) == ("completed", 1)


def test_a_provider_that_is_never_reached_is_given_up(sandbox: SandboxProcess, settings: object, db: None) -> None:
    settings.SMMATIC_PROVIDER_PRIVATE_HOSTS = ("127.0.0.1:9",)  # type: ignore[attr-defined]
    shop = Shop(sandbox, gives_up_after=0.2)
    Provider.objects.filter(id=shop.provider.id).update(base_url="http://127.0.0.1:9")
    order = bought("00")
    shop.work(lambda: not reread(order.id).live, rounds=5000)
    shop.close()
    assert (reread(order.id).status, back(order), clause(order)) == ("rejected", order.amount, ("settled", "2.2"))


def test_an_order_that_ended_meanwhile_is_not_submitted(shop: Shop) -> None:
    order = bought("00")
    assert order.id in accept_due()
    assert actions.prepare([(order.id, shop.provider)]) == []
    attempt = Attempt.objects.get(order_id=order.id)
    end_order(order.id, "rejected", actor=order_steps.SYSTEM, delivered=0)
    assert actions.begin_call(attempt.id) is None
    attempt.refresh_from_db()
    assert (attempt.state, attempt.code, shop.accepted(order)) == ("refused", "order_ended", 0)


def test_an_order_that_waits_for_its_customer_is_not_handed_over(shop: Shop) -> None:
    order, late = bought("00"), bought("00")
    waiting = datetime.now(UTC)
    assert order_steps.change(late.id, ("pending",), waiting_since=waiting)
    shop.work(lambda: reread(order.id).status == "processing")
    assert reread(late.id).status == "pending"
    order_steps.change(late.id, ("pending",), waiting_since=None)
    assert late.id in accept_due()
    order_steps.change(late.id, ("processing",), waiting_since=waiting)
    shop.follow(order, forward=LONG * 1.1)
    assert (reread(late.id).status, shop.state(late)) == ("processing", "")
    order_steps.change(late.id, ("processing",), waiting_since=None, next_check_at=waiting)
    assert shop.follow(late, forward=LONG * 1.1).status == "completed"


def test_late_news_change_nothing(shop: Shop) -> None:
    order = shop.follow(bought("00"), forward=LONG * 1.1)
    attempt = Attempt.objects.get(order_id=order.id)
    actions.record_status(attempt.id, ProviderStatus(attempt.remote_id, RemoteState.FAILED, 0, 100), shop.provider)
    assert reread(order.id) == order
    assert kept(order) == order.amount


def past(order: OrderRow) -> None:
    """Moves the order's deadlines into the past."""
    gone = datetime(2020, 1, 1, tzinfo=UTC)
    order_steps.change(order.id, ("processing", "in_progress"), unknown_deadline=gone, stop_deadline=gone)
