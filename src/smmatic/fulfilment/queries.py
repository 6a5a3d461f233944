"""Reads of providers, attempts and workers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.queries import services
from smmatic.fulfilment.models import LIVE_STATES, Provider, WorkerHeartbeat
from smmatic.fulfilment.rules import NEEDS_PERSON
from smmatic.kernel.database import fetch_all
from smmatic.orders.queries import OrderRow, orders_besides, orders_by_id, troubled_orders


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider; its times in seconds. `api_key` is never shown to anybody."""

    id: int
    code: str
    adapter: str
    base_url: str
    api_key: str
    services: tuple[str, ...]
    priority: int
    timeout: float
    settles_after: float | None
    gives_up_after: float
    poll_shortest: float
    poll_longest: float
    max_attempts: int
    active: bool

    def delivers(self, service_code: str) -> bool:
        """Whether orders for this service go to it."""
        return self.active and (not self.services or service_code in self.services)

    def __repr__(self) -> str:
        return f"ProviderRow({self.code!r})"


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One submission of an order; times are aware UTC datetimes.

    `prepared_for` and `unknown_for` are the seconds since then by the database's clock, 0 where it never was.
    """

    id: int
    order_id: int
    provider_id: int
    number: int
    reference: UUID
    state: str
    remote_id: str
    code: str
    answer: dict[str, Any]
    flags: tuple[str, ...]
    quiet: int
    prepared_at: datetime
    sent_at: datetime | None
    unknown_at: datetime | None
    answered_at: datetime | None
    stop_sent_at: datetime | None
    flagged_at: datetime | None
    closed_at: datetime | None
    prepared_for: float
    unknown_for: float

    @property
    def sent(self) -> bool:
        """Whether it may ever have reached the provider."""
        return self.sent_at is not None or self.state in ("sent", "confirmed", "unknown")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An order that no rule can finish: why, and since when. A person has to decide.

    `why`: 'unknown', 'stop_asked', 'stop_unknown', 'no_provider', or a flag: 'vanished', 'unmapped_word',
    'ended_without_count'.
    """

    order: OrderRow
    why: str
    since: datetime


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker process; `counts` is what it has done since its start."""

    name: str
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    counts: dict[str, int]


_PROVIDER = tuple(ProviderRow.__dataclass_fields__)
_WORKER = tuple(WorkerRow.__dataclass_fields__)
_COLUMNS = tuple(name for name in AttemptRow.__dataclass_fields__ if not name.endswith("_for"))
_SELECT = f"""
    SELECT {", ".join(_COLUMNS)}, extract(epoch FROM clock_timestamp() - prepared_at)::float8 AS prepared_for,
        coalesce(extract(epoch FROM clock_timestamp() - unknown_at), 0)::float8 AS unknown_for
    FROM fulfilment_attempt
"""  # noqa: S608  # the columns are our own names


def providers() -> list[ProviderRow]:
    """Every provider, in the order in which they are chosen."""
    return [_provider(row) for row in Provider.objects.order_by("priority", "id").values(*_PROVIDER)]


def provider_by_code(code: str) -> ProviderRow | None:
    """The provider with this code, or None."""
    row = Provider.objects.filter(code=code).values(*_PROVIDER).first()
    return _provider(row) if row else None


def attempt(attempt_id: int) -> AttemptRow | None:
    """An attempt, or None."""
    rows = _attempts("WHERE id = %s", [attempt_id])
    return rows[0] if rows else None


def live_attempts(order_ids: Sequence[int]) -> dict[int, AttemptRow]:
    """The attempt that is neither refused nor known to have ended, by order: the database allows one."""
    where = "WHERE order_id = ANY (%s) AND state = ANY (%s) AND closed_at IS NULL"
    rows = _attempts(where, [list(order_ids), list(LIVE_STATES)])
    return {row.order_id: row for row in rows}


def attempts_of(person: Person, order_id: int) -> list[AttemptRow]:
    """Every attempt of an order, oldest first, for the desk.

    Raises:
        Refusal: `role_missing`.
    """
    person.need(Permission.DESK_READ)
    return attempts_of_order(order_id)


def attempts_of_order(order_id: int) -> list[AttemptRow]:
    """Every attempt of an order, oldest first."""
    return _attempts("WHERE order_id = %s ORDER BY number", [order_id])


def attempt_counts(order_ids: Sequence[int]) -> dict[int, int]:
    """How many attempts each of these orders has had."""
    rows = fetch_all(
        "SELECT order_id, max(number) AS n FROM fulfilment_attempt WHERE order_id = ANY (%s) GROUP BY order_id",
        [list(order_ids)],
    )
    return {row["order_id"]: row["n"] for row in rows}


def flagged_attempts(limit: int = 100) -> list[AttemptRow]:
    """Attempts under way whose answers need a person, the oldest first."""
    return _attempts("WHERE flagged_at IS NOT NULL AND closed_at IS NULL ORDER BY flagged_at LIMIT %s", [limit])


def troubled(limit: int = 100) -> list[Trouble]:
    """Orders that wait for a person at the desk, whatever the reason: the oldest trouble first."""
    found: dict[int, Trouble] = {}
    flagged = flagged_attempts(limit)
    rows = orders_by_id([row.order_id for row in flagged])
    for row in flagged:
        order, why = rows[row.order_id], [flag for flag in row.flags if flag in NEEDS_PERSON]
        if order.live and why and row.flagged_at is not None:
            found[order.id] = Trouble(order, why[0], row.flagged_at)
    for order in _without_provider(limit):
        found[order.id] = Trouble(order, "no_provider", order.accepted_at or order.placed_at)
    for order in troubled_orders(limit):
        since = order.unknown_since or order.stop_asked_at or order.placed_at
        found[order.id] = Trouble(order, "unknown" if order.unknown_since else f"stop_{order.stop_status}", since)
    return sorted(found.values(), key=lambda trouble: trouble.since)[:limit]


def delivered_services() -> set[str] | None:
    """The codes of the services that an active provider delivers; None for all of them."""
    active = [row for row in providers() if row.active]
    if any(not row.services for row in active):
        return None
    return {code for row in active for code in row.services}


def unserved_services() -> list[str]:
    """The codes of services on sale that a provider should deliver and no active one does."""
    served = delivered_services()
    if served is None:
        return []
    return [row.code for row in services() if row.delivery != "staff" and row.code not in served]


def _without_provider(limit: int) -> list[OrderRow]:
    """Orders that nobody delivers: never handed over, and no active provider for their service."""
    codes = delivered_services()
    if codes is None:
        return []
    rows = orders_besides(sorted(codes), limit)
    out = live_attempts([row.id for row in rows])
    return [row for row in rows if row.id not in out or out[row.id].state == "prepared"]


def workers() -> list[WorkerRow]:
    """Workers that were alive at some time, the latest sign of life first."""
    return [WorkerRow(**row) for row in WorkerHeartbeat.objects.order_by("-seen_at").values(*_WORKER)[:100]]


def _provider(row: dict[str, Any]) -> ProviderRow:
    return ProviderRow(**{**row, "services": tuple(row["services"])})


def _attempts(where: str, parameters: Sequence[Any]) -> list[AttemptRow]:
    rows = fetch_all(_SELECT + where, parameters)
    return [AttemptRow(**{**row, "flags": tuple(_json(row["flags"])), "answer": _json(row["answer"])}) for row in rows]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
