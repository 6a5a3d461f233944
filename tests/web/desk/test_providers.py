"""The providers' room: health, words, balance and margin are seen by all staff, and changed by operators."""

import uuid

import pytest

from smmatic.accounts.rules import Role
from smmatic.catalogue.steps import keep_deliverable
from smmatic.fulfilment import health_actions, upkeep_actions
from smmatic.fulfilment.calls import Made
from smmatic.fulfilment.models import Attempt, Offer, Provider, ProviderWord
from smmatic.fulfilment.queries import ProviderRow, provider_by_code
from smmatic.fulfilment.rules import owes
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.orders.queries import events_of
from smmatic.orders.steps import SYSTEM
from smmatic.refunds.actions import end_order
from tests.builders import begun, customer, new_key, reread
from tests.web.desk.builders import a_provider, browser, words

pytestmark = pytest.mark.django_db


def again(row: ProviderRow) -> ProviderRow:
    found = provider_by_code(row.code)
    assert found is not None
    return found


def test_the_page_of_a_provider_shows_how_it_does() -> None:
    row = a_provider()
    health_actions.note_calls(row, "submit", [Made(False, 120), Made(True, 400)])
    Provider.objects.filter(id=row.id).update(
        balance_nano=4_500_000_000,
        low_balance_nano=5_000_000_000,
        currency="USD",
        currency_units=10_000,
        balance_at=now(),
    )
    Offer.objects.create(provider_id=row.id, service_code="TT-ADS", remote_service="771", cost_nano=500_000_000)
    ProviderWord.objects.create(provider_id=row.id, place="end", word="link broken")
    agent = browser(Role.AGENT)
    listed = words(agent.get("/desk/providers"))
    assert row.code in listed
    page = words(agent.get(f"/desk/providers/{row.id}"))
    for text in ("2", "260 ms", "4.50 USD", "below the alarm", "771", "link broken", "a person decides"):
        assert text in page
    assert "Give it new orders" not in page  # only operators switch


def test_an_operator_says_what_words_mean_sets_limits_and_switches() -> None:
    row = a_provider()
    word = ProviderWord.objects.create(provider_id=row.id, place="end", word="link broken")
    operator = browser(Role.OPERATOR)
    address = f"/desk/providers/{row.id}"
    assert "read like that" in words(operator.post(f"{address}/word", word=str(word.id), meaning="wrong_information"))
    assert list(again(row).meanings.values()) == ["wrong_information"]
    operator.post(f"{address}/word", 422, word=str(word.id), meaning="paid_out")
    operator.post(f"{address}/limits", calls_per_minute="90", low_balance="12.5", currency="25")
    set_ = again(row)
    assert (set_.calls_per_minute, set_.low_balance_nano, set_.currency_units) == (90, 12_500_000_000, 250_000)
    operator.post(f"{address}/limits", 422, calls_per_minute="90", low_balance="much", currency="")
    operator.post(f"{address}/offer", service="TT-ADS", remote_service="771", unit_cost="0.9")
    assert again(row).expected_nano("TT-ADS", 10) == 9_000_000_000
    first = operator.post(f"{address}/secret", 200)
    second = operator.post(f"{address}/secret", 200)
    assert "whsec_" in first
    assert first != second
    assert len(again(row).secrets) == 2
    operator.post(f"{address}/switch", on="1")
    assert again(row).active
    operator.post(f"{address}/switch", on="0")
    assert not again(row).active
    keep_deliverable(None)
    history = words(operator.get(address))
    for text in ("Switched on", "Switched off", "Words were given a meaning", "The secret was renewed"):
        assert text in history


def test_who_looks_into_an_unknown_outcome_is_seen_by_both_sides() -> None:
    row, who = a_provider(), customer()
    order = begun(who)
    Attempt.objects.create(order_id=order.id, provider_id=row.id, number=1, reference=uuid.uuid4(), state="unknown")
    execute(
        "UPDATE orders_order SET unknown_since = now(), unknown_deadline = now() + interval '1 day' WHERE id = %s",
        [order.id],
    )
    agent = browser(Role.AGENT)
    assert "Nobody has taken it on" in words(agent.get(f"/desk/orders/{order.id}"))
    assert "looks into it" in words(agent.post(f"/desk/orders/{order.id}/look"))
    seen = [event for event in events_of(order.id) if event.kind == "unknown_taken"]
    assert len(seen) == 1
    assert seen[0].facts["until"]
    execute("UPDATE orders_order SET unknown_since = NULL, unknown_deadline = NULL WHERE id = %s", [order.id])
    agent.post(f"/desk/orders/{order.id}/look", 409)


def test_what_the_provider_paid_back_and_the_customer_did_not_get_is_shown() -> None:
    row, who = a_provider(), customer()
    order = begun(who, delivered=100)
    with atomic():
        end_order(order.id, "completed", actor=SYSTEM)
    out = Attempt.objects.create(
        order_id=order.id, provider_id=row.id, number=1, reference=uuid.uuid4(), state="confirmed", remote_id=new_key(),
        expected_nano=100, charged_nano=40, closed_at=now(),
    )  # fmt: skip
    assert upkeep_actions.mark_owed(Attempt.objects.filter(id=out.id)) == 1
    assert f"#{order.id}" in words(browser(Role.AUDITOR).get("/desk/providers"))
    assert reread(order.id).status == "completed"  # nothing moves by itself
    Attempt.objects.filter(id=out.id).update(charged_nano=100)
    upkeep_actions.mark_owed(Attempt.objects.filter(id=out.id))
    out.refresh_from_db()
    assert out.owed_at is None


@pytest.mark.parametrize(
    ("expected", "charged", "amount", "returned", "due"),
    [(100, 100, 1000, 0, False), (100, 40, 1000, 0, True), (100, 40, 1000, 600, False), (100, 40, 1000, 599, False),
     (100, 40, 1000, 500, True), (100, 0, 1000, 1000, False), (0, 0, 1000, 0, False), (100, 120, 1000, 0, False)],
)  # fmt: skip
def test_a_customer_is_owed_what_was_paid_back_beyond_their_share(
    expected: int, charged: int, amount: int, returned: int, due: bool
) -> None:
    assert owes(expected, charged, amount, returned) is due
