"""Breaker, rate limit, words and balance of a provider, all on rows that every worker shares."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from smmatic.fulfilment import health_actions, steps, unknown_actions
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.balance_rules import Between, Verdict, verdict
from smmatic.fulfilment.calls import Made
from smmatic.fulfilment.models import Attempt, BalanceReading, CallMinute, Offer, Provider, ProviderEvent, ProviderWord
from smmatic.fulfilment.money import nano_of, text_of, units_of
from smmatic.fulfilment.protocol import Allegation, ProviderStatus, RemoteState
from smmatic.fulfilment.queries import ProviderRow, provider_by_code
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute
from tests.builders import begun, customer, new_key, reread

pytestmark = pytest.mark.django_db
WELL, FAILED = Made(False, 10), Made(True, 400)


@pytest.fixture
def provider() -> Iterator[ProviderRow]:
    Provider.objects.update(active=False)
    yield ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9", breaker_after=3)
    Provider.objects.update(active=False)


def again(provider: ProviderRow) -> ProviderRow:
    row = provider_by_code(provider.code)
    assert row is not None
    return row


def test_the_breaker_opens_lets_one_probe_through_and_closes(provider: ProviderRow) -> None:
    assert not health_actions.note_calls(provider, "submit", [FAILED, FAILED, WELL, FAILED, FAILED])
    assert health_actions.note_calls(again(provider), "submit", [FAILED])
    row = again(provider)
    assert row.waits > 20
    assert health_actions.take_calls(row, 5) == 0
    Provider.objects.filter(id=row.id).update(open_until=now() - timedelta(seconds=1))
    row = again(provider)
    assert (row.waits, row.limited) == (0.0, True)
    assert [health_actions.take_calls(row, 5), health_actions.take_calls(row, 5)] == [1, 0]
    health_actions.note_calls(row, "submit", [FAILED])
    assert again(provider).waits > 50  # the pause has doubled
    Provider.objects.filter(id=row.id).update(open_until=now() - timedelta(seconds=1))
    assert health_actions.take_calls(again(provider), 5) == 1
    assert not health_actions.note_calls(again(provider), "submit", [WELL])
    assert not again(provider).limited
    kinds = list(ProviderEvent.objects.filter(provider_id=row.id).order_by("id").values_list("kind", flat=True))
    assert kinds == ["breaker_opened", "breaker_closed"]
    counted = CallMinute.objects.filter(provider_id=row.id)
    assert sum(one.calls for one in counted) == 8
    assert sum(one.failures for one in counted) == 6


def test_a_rate_limit_is_shared_by_all_who_ask(provider: ProviderRow) -> None:
    Provider.objects.filter(id=provider.id).update(calls_per_minute=60, tokens=5, tokens_at=now())
    row = again(provider)
    given = [health_actions.take_calls(row, 3) for _ in range(4)]
    assert sum(given) in (5, 6)
    assert given[0] == 3
    Provider.objects.filter(id=provider.id).update(tokens_at=now() - timedelta(hours=1))
    assert health_actions.take_calls(row, 500) == 60


def test_words_are_counted_and_mean_what_a_person_said(provider: ProviderRow) -> None:
    told = ProviderStatus("1", RemoteState.FAILED, 0, words="Order 42:  Link NOT usable")
    assert steps.understood(told, provider) == told
    steps.understood(told, provider)
    word = ProviderWord.objects.get(provider_id=provider.id)
    assert (word.word, word.place, word.heard, word.meaning) == ("order #: link not usable", "end", 2, "")
    ProviderWord.objects.filter(id=word.id).update(meaning="wrong_information")
    assert steps.understood(told, again(provider)).alleges == Allegation.WRONG_INFORMATION
    odd = ProviderStatus("1", RemoteState.UNMAPPED, 0, words="status word: Baking")
    steps.understood(odd, provider)
    ProviderWord.objects.filter(provider_id=provider.id, place="state").update(meaning="working")
    assert steps.understood(odd, again(provider)).state == RemoteState.WORKING


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Between(1000, 1000, 100), Verdict.NEVER_ARRIVED),
        (Between(1000, 900, 100), Verdict.TAKEN),
        (Between(1000, 850, 100, [50, 0]), Verdict.TAKEN),
        (Between(1000, 950, 100, [50]), Verdict.NEVER_ARRIVED),
        (Between(1000, 950, 100, [None]), Verdict.OPEN),
        (Between(1000, 900, 100, unknown=2), Verdict.OPEN),
        (Between(1000, 1000, 100, returns=True), Verdict.OPEN),
        (Between(1000, 1000, None), Verdict.OPEN),
        (Between(1000, 1000, 0), Verdict.OPEN),
        (Between(1000, 930, 100), Verdict.OPEN),
    ],
)
def test_a_balance_settles_only_the_plain_case(seen: Between, said: Verdict) -> None:
    assert verdict(seen) == said


@pytest.mark.parametrize(("after", "state", "order_state"), [(500, "refused", None), (400, "unknown", "taken")])
def test_one_unknown_outcome_is_settled_by_two_quiet_readings(
    after: int, state: str, order_state: str | None, provider: ProviderRow
) -> None:
    order = begun(customer())
    out = Attempt.objects.create(
        order_id=order.id, provider_id=provider.id, number=1, reference=uuid.uuid4(), state="unknown", expected_nano=100,
    )  # fmt: skip
    read_after(provider, out, after)
    unknown_actions.settle_by_balance(out.id, again(provider))
    out.refresh_from_db()
    assert out.state == state
    row = reread(order.id)
    assert row.live
    assert row.next_check_at is not None
    assert (row.unknown_since is None) == (order_state is None)
    assert out.flags == (["taken_by_balance"] if order_state else [])


def read_after(provider: ProviderRow, out: Attempt, after: int) -> None:
    """A reading of 500 before the submission an hour ago, and one of `after` long after it."""
    execute(
        "UPDATE orders_order SET unknown_since = now(), unknown_deadline = now() + interval '1 day' WHERE id = %s",
        [out.order_id],
    )
    hour = now() - timedelta(hours=1)
    Attempt.objects.filter(id=out.id).update(sent_at=hour, unknown_at=hour)
    for amount, moment in ((500, hour - timedelta(minutes=5)), (after, now())):
        BalanceReading.objects.create(
            provider_id=provider.id, amount_nano=amount, currency="USD", quiet=True, asked_at=moment, at=moment
        )


def test_amounts_of_a_currency_are_exact() -> None:
    assert nano_of("0.27819") == 278_190_000
    assert text_of(278_190_000) == "0.27819"
    assert (text_of(0), text_of(-1_500_000_000)) == ("0.00", "-1.50")
    assert [nano_of(text) for text in ("", "1e5", "1,000", "0.0000000001", "NaN", "٣")] == [None] * 6
    assert units_of(278_190_000, 10_000) == 2782


def test_an_order_s_cost_is_known_when_it_is_handed_over(provider: ProviderRow) -> None:
    Offer.objects.create(provider_id=provider.id, service_code="TT-ADS", remote_service="771", cost_nano=900_000)
    row = again(provider)
    assert (row.remote_service("TT-ADS"), row.expected_nano("TT-ADS", 100)) == ("771", 90_000_000)
    assert (row.remote_service("GG-ADS"), row.expected_nano("GG-ADS", 1)) == ("GG-ADS", None)
