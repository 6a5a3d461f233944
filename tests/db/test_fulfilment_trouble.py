"""Provider orders that no rule can finish: the desk sees why and since when, and can end them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.queries import charge
from smmatic.fulfilment import actions, staff_actions
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.models import Attempt, Provider
from smmatic.fulfilment.protocol import NotFound, ProviderStatus, RemoteState, StatusAnswer, Unknown, UnknownWhy
from smmatic.fulfilment.queries import ProviderRow, Trouble, troubled
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as order_steps
from smmatic.orders.actions import accept_due
from smmatic.orders.queries import OrderRow
from smmatic.refunds.actions import ask_stop
from smmatic.refunds.queries import cases_of_order, claims_of
from tests.builders import begun, customer, new_key, person, placed, reread
from tests.sandboxes import park
from tests.web.desk.builders import browser, words

pytestmark = pytest.mark.django_db
LIVE = ("processing", "in_progress")


@pytest.fixture
def provider(db: None) -> Iterator[ProviderRow]:
    Provider.objects.update(active=False)
    park()
    yield ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9")
    Provider.objects.update(active=False)
    park()


def trouble_of(order: OrderRow) -> Trouble | None:
    return next((found for found in troubled(100_000) if found.order.id == order.id), None)


def confirmed(order: OrderRow, provider: ProviderRow, state: str = "confirmed") -> Attempt:
    sent = {} if state == "prepared" else {"remote_id": new_key(), "sent_at": order.placed_at}
    return Attempt.objects.create(
        order_id=order.id, provider_id=provider.id, number=1, reference=uuid4(), state=state, **sent
    )


def processing(quantity: int = 100) -> OrderRow:
    order = placed(customer(5000), "TT-ADS", quantity, start_now=True)
    while reread(order.id).status == "pending":
        accept_due()
    return reread(order.id)


def back(order: OrderRow) -> int:
    found = charge(order.id)
    assert found is not None
    return found.returned


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NotFound(), "vanished"),
        (ProviderStatus("", RemoteState.UNMAPPED, 40, 60, "Mercury in retrograde"), "unmapped_word"),
        (ProviderStatus("", RemoteState.PARTIAL), "ended_without_count"),
    ],
)
def test_odd_answers_are_trouble_until_they_are_gone(answer: StatusAnswer, why: str, provider: ProviderRow) -> None:
    order = begun(customer())
    attempt = confirmed(order, provider)
    assert trouble_of(order) is None
    actions.record_status(attempt.id, answer, provider)
    first = trouble_of(order)
    assert first is not None
    assert first.why == why
    actions.record_status(attempt.id, Unknown(UnknownWhy.TIMEOUT), provider)
    actions.record_status(attempt.id, answer, provider)
    again = trouble_of(order)
    assert again is not None
    assert (again.why, again.since) == (why, first.since)
    actions.record_status(attempt.id, ProviderStatus(attempt.remote_id, RemoteState.WORKING, 10, 90), provider)
    assert trouble_of(order) is None


def test_an_order_without_a_provider_and_a_stop_without_an_answer_are_trouble(provider: ProviderRow) -> None:
    order = processing()
    assert trouble_of(order) is None
    Provider.objects.filter(id=provider.id).update(services=["SP-LIST"])
    found = trouble_of(order)
    assert found is not None
    assert (found.why, found.since) == ("no_provider", order.accepted_at)
    confirmed(order, provider)
    assert trouble_of(order) is None
    order_steps.change(order.id, LIVE, stop_status="unknown", stop_asked_at=order.placed_at)
    found = trouble_of(order)
    assert found is not None
    assert (found.why, found.since) == ("stop_unknown", order.placed_at)


def test_an_order_that_nobody_delivers_is_refused_at_the_desk(provider: ProviderRow) -> None:
    agent = browser()
    order, taken = processing(), processing()
    confirmed(order, provider, "prepared")
    confirmed(taken, provider)
    Provider.objects.update(active=False)
    assert "Nobody delivers it" in words(agent.get("/desk/orders", show="trouble"))
    assert 'id="form-refuse"' in agent.get(f"/desk/orders/{order.id}")
    assert 'id="form-refuse"' not in agent.get(f"/desk/orders/{taken.id}")
    agent.post(f"/desk/orders/{order.id}/refuse", 422, why=" ")
    agent.post(f"/desk/orders/{taken.id}/refuse", 409, why="Nobody delivers it.")
    page = agent.post(f"/desk/orders/{order.id}/refuse", why="Our partner has left us.")
    assert "105.00 Credits went back" in words(page)
    assert (reread(order.id).status, back(order), back(taken)) == ("rejected", order.amount, 0)
    assert cases_of_order(order.id)[-1].clause == "2.2"
    assert Attempt.objects.get(order_id=order.id).state == "refused"


def test_an_order_that_its_provider_lost_is_given_up_and_the_provider_followed(provider: ProviderRow) -> None:
    agent = browser()
    order = begun(customer(), delivered=40)
    attempt = confirmed(order, provider)
    actions.record_status(attempt.id, NotFound(), provider)
    assert "Vanished at the delivery partner" in words(agent.get("/desk/orders", show="trouble"))
    assert "Orders in trouble" in words(agent.get("/desk/"))
    agent.post(f"/desk/orders/{order.id}/give-up", 422, why="")
    agent.post(f"/desk/orders/{order.id}/give-up", why="They have no such order any more.")
    ended = reread(order.id)
    assert (ended.status, ended.delivered) == ("partial", 40)
    assert claims_of(order.id)["fulfilment_fault"].proof == "verified"
    assert back(order) == order.amount - order.amount * 40 // 100
    assert ended.next_check_at is not None, "the provider may not know yet"
    late = ProviderStatus(attempt.remote_id, RemoteState.COMPLETED, 100, 0)
    actions.record_status(attempt.id, late, provider)
    loss = order.amount - order.amount * 40 // 100
    assert f"100 of 100 delivered; our loss is {loss / UNITS:.2f} Credits" in words(
        agent.get(f"/desk/orders/{order.id}")
    )
    assert (reread(order.id).delivered, trouble_of(order)) == (40, None)


def test_giving_up_above_the_limit_waits_for_a_second_person(provider: ProviderRow) -> None:
    order = processing(600)
    assert order.amount > 500 * UNITS
    confirmed(order, provider)
    staff_actions.give_up(person(Role.AGENT), order.id, "They don't answer.")
    assert (cases_of_order(order.id)[-1].state, back(order)) == ("approved", 0)


def test_who_may_not_and_what_can_not_be_ended(provider: ProviderRow) -> None:
    who, agent = customer(), person(Role.AGENT)
    order, photo = begun(who), placed(who, "ANY-PHOTO", 5, link="", brief="Remove the background, please.")
    for nobody in (who, person(Role.AUDITOR)):
        for do in (staff_actions.give_up, staff_actions.refuse_unsent):
            assert refusal(do, nobody, order.id, "x") == RefusalCode.ROLE_MISSING
    assert refusal(staff_actions.give_up, agent, photo.id, "x") == RefusalCode.NOT_FOUND
    assert refusal(staff_actions.give_up, agent, placed(who).id, "x") == RefusalCode.ORDER_STATUS
    assert refusal(staff_actions.refuse_unsent, agent, order.id, "x") == RefusalCode.ORDER_STATUS
    order_steps.change(order.id, LIVE, unknown_since=order.placed_at)
    assert refusal(staff_actions.give_up, agent, order.id, "x") == RefusalCode.OUTCOME_UNKNOWN
    order_steps.change(order.id, LIVE, unknown_since=None)
    ask_stop(who, order.id)
    assert trouble_of(order) is not None
    staff_actions.give_up(agent, order.id, "x")
    assert refusal(staff_actions.give_up, agent, order.id, "x") == RefusalCode.ORDER_ENDED


def refusal(do: object, *arguments: object) -> RefusalCode:
    with pytest.raises(Refusal) as caught:
        do(*arguments)  # type: ignore[operator]
    return caught.value.code
