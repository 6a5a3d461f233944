"""Which provider gets an order, and what an order in hand needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smmatic.fulfilment.protocol import Provider
from smmatic.fulfilment.queries import AttemptRow, ProviderRow
from smmatic.orders.queries import OrderRow


@dataclass(frozen=True, slots=True)
class Item:
    """An order that a round holds, with what is needed to ask about it."""

    order: OrderRow
    attempt: AttemptRow
    row: ProviderRow
    adapter: Provider

    @property
    def gives_up(self) -> bool:
        """Whether its prepared attempt has waited for as long as the provider may stay unreachable."""
        return self.attempt.prepared_for >= self.row.gives_up_after


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider for an order, or none: `blocked` where those that deliver it all have an open breaker."""

    provider: ProviderRow | None
    blocked: bool = False
    waits: float = 0.0


def choose(service_code: str, known: Iterable[ProviderRow]) -> Choice:
    """The first provider that delivers a service and takes calls. An only one is taken in any case, so that the clock
    of giving up runs; among several that are blocked the order waits for whichever is back first."""
    able = [row for row in known if row.delivers(service_code)]
    for row in able:
        if row.waits <= 0:
            return Choice(row)
    if len(able) == 1:
        return Choice(able[0])
    return Choice(None, bool(able), min((row.waits for row in able), default=0.0))


def stop_due(item: Item) -> bool:
    """Whether a stop request has to go out: for the customer, or since the order has ended without the provider."""
    order, sent = item.order, item.attempt.stop_sent_at
    asked = order.stop_asked_at if order.stop_status == "asked" else None
    if not order.live:
        asked = order.ended_at if item.adapter.abilities.stop else None
    return asked is not None and (sent is None or sent < asked)
