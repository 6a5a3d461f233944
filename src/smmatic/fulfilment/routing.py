"""Which provider gets an order, and what an order in hand needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smmatic.fulfilment.protocol import Provider
from smmatic.fulfilment.queries import AttemptRow, ProviderRow
from smmatic.fulfilment.rules import Flag
from smmatic.orders.queries import OrderRow

DIVIDED = 12
"""By how much smaller a group is where the last question brought no answer."""
ALONE = 8
"""How many of those are asked for one by one in a round."""


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


def question_groups(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    """The groups in which a provider is asked for the status of many orders, up to `size` in one call.

    One order can spoil the answer about all that are asked for with it, and would hide them for ever. So those about
    which the last question brought no answer are asked for apart from the others, in smaller groups, and a few of them
    alone, each time others: the innocent are answered then. After an outage most are still asked for in groups.
    """
    doubtful = [item for item in items if Flag.NO_ANSWER in item.attempt.flags]
    clear = [item for item in items if Flag.NO_ANSWER not in item.attempt.flags]
    doubtful.sort(key=lambda item: hash((item.attempt.id, item.attempt.quiet)))
    return [*_cut(clear, size), *_cut(doubtful[:ALONE], 1), *_cut(doubtful[ALONE:], max(1, size // DIVIDED))]


def _cut(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]


def stop_due(item: Item) -> bool:
    """Whether a stop request has to go out: for the customer, or since the order has ended without the provider."""
    order, sent = item.order, item.attempt.stop_sent_at
    asked = order.stop_asked_at if order.stop_status == "asked" else None
    if not order.live:
        asked = order.ended_at if item.adapter.abilities.stop else None
    return asked is not None and (sent is None or sent < asked)
