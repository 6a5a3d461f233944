"""Reads about providers for the desk: health, words, balance, cost and margin, callbacks, and what is owed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.fulfilment.models import BalanceReading, Callback, CallMinute, Provider, ProviderEvent, ProviderWord
from smmatic.fulfilment.money import margin_permille, units_of
from smmatic.fulfilment.queries import ProviderRow, provider_by_code
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import OrderRow, orders_by_id

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Health:
    """Calls to a provider within a time: how many, how many failed, and how long they took in milliseconds."""

    calls: int = 0
    failures: int = 0
    mean_ms: int = 0
    longest_ms: int = 0

    @property
    def failed_permille(self) -> int:
        """Failed calls in thousandths."""
        return self.failures * 1000 // self.calls if self.calls else 0


@dataclass(frozen=True, slots=True)
class KindHealth:
    """The same for one kind of call: 'submit', 'lookup', 'status', 'stop', 'balance'."""

    kind: str
    health: Health


@dataclass(frozen=True, slots=True)
class WordRow:
    """Words of a provider, how often they were heard, and their meaning: '' until a person has said it."""

    id: int
    place: str
    word: str
    meaning: str
    heard: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class EventRow:
    """What happened to a provider."""

    kind: str
    actor_id: int | None
    facts: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """A provider's delivered orders within a time: their price and what they cost us, both in Credit units."""

    orders: int
    price_units: int
    cost_units: int

    @property
    def margin(self) -> int | None:
        """What is left of the price, in thousandths."""
        return margin_permille(self.price_units, self.cost_units)


@dataclass(frozen=True, slots=True)
class Owed:
    """An order for which the provider has paid back more than its customer got back, in billionths of its currency."""

    order: OrderRow
    provider_id: int
    paid_back_nano: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Orders that are at a provider now: in work, on their way, of unknown outcome, waiting for a person."""

    in_work: int = 0
    under_way: int = 0
    unknown: int = 0
    flagged: int = 0


def provider_for_desk(person: Person, provider_id: int) -> ProviderRow:
    """A provider.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    person.need(Permission.DESK_READ)
    code = Provider.objects.filter(id=provider_id).values_list("code", flat=True).first()
    row = provider_by_code(code) if code else None
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def health_of(since: timedelta = DAY) -> dict[int, Health]:
    """The health of every provider that was called within a time, by provider."""
    rows = fetch_all(
        """SELECT provider_id, sum(calls)::bigint AS calls, sum(failures)::bigint AS failures,
               sum(total_ms)::bigint AS total, max(longest_ms) AS longest
           FROM fulfilment_call WHERE minute >= %s GROUP BY provider_id""",
        [now() - since],
    )
    return {row["provider_id"]: _health(row) for row in rows}


def health_by_kind(provider_id: int, since: timedelta = DAY) -> list[KindHealth]:
    """The health of a provider by kind of call."""
    rows = fetch_all(
        """SELECT kind, sum(calls)::bigint AS calls, sum(failures)::bigint AS failures,
               sum(total_ms)::bigint AS total, max(longest_ms) AS longest
           FROM fulfilment_call WHERE provider_id = %s AND minute >= %s GROUP BY kind ORDER BY kind""",
        [provider_id, now() - since],
    )
    return [KindHealth(row["kind"], _health(row)) for row in rows]


def calls_by_hour(provider_id: int) -> list[tuple[datetime, int, int]]:
    """Calls that went well and calls that failed in each of the last 24 hours, oldest first."""
    first = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    found = {hour: [0, 0] for hour in (first + timedelta(hours=at) for at in range(24))}
    for row in CallMinute.objects.filter(provider_id=provider_id, minute__gte=first):
        counts = found.get(row.minute.replace(minute=0))
        if counts is not None:
            counts[0] += row.calls - row.failures
            counts[1] += row.failures
    return [(hour, well, failed) for hour, (well, failed) in found.items()]


def words_of(provider_id: int) -> list[WordRow]:
    """A provider's words: those without a meaning first, then the most heard."""
    rows = ProviderWord.objects.filter(provider_id=provider_id).order_by("meaning", "-heard", "id")[:100]
    return [WordRow(row.id, row.place, row.word, row.meaning, row.heard, row.last_at) for row in rows]


def unmapped_counts() -> dict[int, int]:
    """How many different words of each provider nobody has said the meaning of."""
    rows = fetch_all("SELECT provider_id, count(*) AS n FROM fulfilment_word WHERE meaning = '' GROUP BY provider_id")
    return {row["provider_id"]: row["n"] for row in rows}


def events_of_provider(provider_id: int, limit: int = 30) -> list[EventRow]:
    """What happened to a provider, newest first."""
    rows = ProviderEvent.objects.filter(provider_id=provider_id).order_by("-at", "-id")[:limit]
    return [EventRow(row.kind, row.actor_id, row.facts, row.at) for row in rows]


def callback_counts(provider_id: int, since: timedelta = DAY) -> dict[str, int]:
    """Callbacks of a provider within a time, by what became of them."""
    rows = fetch_all(
        """SELECT outcome, count(*) AS n FROM fulfilment_callback WHERE provider_id = %s AND at >= %s
           GROUP BY outcome ORDER BY outcome""",
        [provider_id, now() - since],
    )
    return {row["outcome"]: row["n"] for row in rows}


def balances_of(provider_id: int, limit: int = 30) -> list[tuple[datetime, int]]:
    """The newest readings of our balance at a provider, oldest of them first, in billionths of its currency."""
    rows = BalanceReading.objects.filter(provider_id=provider_id).order_by("-at")[:limit]
    return [(row.at, row.amount_nano) for row in rows][::-1]


def outstanding() -> dict[int, Outstanding]:
    """What is at each provider now."""
    rows = fetch_all(
        """SELECT provider_id, count(*) FILTER (WHERE state = 'confirmed') AS in_work,
               count(*) FILTER (WHERE state IN ('prepared', 'sent')) AS under_way,
               count(*) FILTER (WHERE state = 'unknown') AS unknown,
               count(*) FILTER (WHERE flagged_at IS NOT NULL) AS flagged
           FROM fulfilment_attempt WHERE closed_at IS NULL AND state <> 'refused' GROUP BY provider_id"""
    )
    return {
        row["provider_id"]: Outstanding(row["in_work"], row["under_way"], row["unknown"], row["flagged"])
        for row in rows
    }


def cost_of(row: ProviderRow, since: timedelta = timedelta(days=30)) -> Cost | None:
    """Price and cost of the orders that a provider ended within a time and whose cost is known; None without a rate."""
    if row.currency_units is None:
        return None
    ended = fetch_all(
        """SELECT order_id, coalesce(charged_nano, expected_nano) AS nano FROM fulfilment_attempt
           WHERE provider_id = %s AND closed_at >= %s AND coalesce(charged_nano, expected_nano) IS NOT NULL
           ORDER BY closed_at DESC LIMIT 5000""",
        [row.id, now() - since],
    )
    orders = orders_by_id([one["order_id"] for one in ended])
    price = sum(order.amount * order.delivered // order.quantity for order in orders.values())
    return Cost(len(ended), price, sum(units_of(one["nano"], row.currency_units) for one in ended))


def margins(row: ProviderRow, prices: Mapping[str, int]) -> dict[str, tuple[int, int | None]]:
    """For each service of ours with a known cost there: cost of one unit in Credit units and what is left of its price,
    in thousandths. `prices` are Credit units a unit, by code."""
    if row.currency_units is None:
        return {}
    found = {}
    for code, offer in row.offers.items():
        if offer.cost_nano is not None:
            cost = units_of(offer.cost_nano, row.currency_units)
            found[code] = (cost, margin_permille(prices.get(code, 0), cost))
    return found


def owed(limit: int = 100) -> list[Owed]:
    """Orders whose provider has paid us back and whose customer has not got as much back: the oldest first."""
    rows = fetch_all(
        """SELECT order_id, provider_id, expected_nano - charged_nano AS nano, owed_at FROM fulfilment_attempt
           WHERE owed_at IS NOT NULL ORDER BY owed_at LIMIT %s""",
        [limit],
    )
    orders = orders_by_id([row["order_id"] for row in rows])
    return [Owed(orders[row["order_id"]], row["provider_id"], row["nano"], row["owed_at"]) for row in rows]


def callbacks_of_order(order_id: int) -> list[tuple[datetime, str]]:
    """The callbacks about an order, oldest first: when, and what became of each."""
    rows = Callback.objects.filter(order_id=order_id).order_by("id")
    return [(row.at, row.outcome) for row in rows]


def _health(row: Mapping[str, Any]) -> Health:
    calls = int(row["calls"])
    return Health(calls, int(row["failures"]), int(row["total"]) // max(1, calls), int(row["longest"]))
