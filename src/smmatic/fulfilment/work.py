"""One round of a worker: accept what is due, lease what is to be checked, call the providers, record the answers.

Calls run side by side in threads that never touch the database; every read and write is made by the caller's thread.
What a round can't finish within its lease is given back. An order that fails is put aside for a while, so that one
bad row never stops the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil
from threading import Event
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError

from smmatic.fulfilment import actions
from smmatic.fulfilment.protocol import Provider, StopAnswer
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, live_attempts, providers
from smmatic.fulfilment.registry import adapter_of
from smmatic.fulfilment.rules import AttemptState
from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.refusals import Refusal
from smmatic.orders import actions as orders
from smmatic.orders.queries import OrderRow, orders_by_id

log = structlog.get_logger("smmatic.worker")
PUT_ASIDE = 30.0
NO_PROVIDER = 60.0
WAITING = 10.0


@dataclass(frozen=True, slots=True)
class Item:
    """An order that this round holds, with what is needed to ask about it."""

    order: OrderRow
    attempt: AttemptRow
    row: ProviderRow
    adapter: Provider


@dataclass
class Round:
    """One worker's way of working. `lease` in seconds; `stop` ends a round early, giving leases back."""

    owner: str
    concurrency: int = 8
    accept: int = 500
    batch: int = 100
    lease: int = 60
    stop: Event = field(default_factory=Event)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="call")
        self._held: set[int] = set()
        self._lease_ends = 0.0

    def run(self) -> int:
        """Does what is due now; how many orders it touched. Raises what a lost database raises."""
        accepted = orders.accept_due(self.accept)
        self._count("accepted", len(accepted))
        known = {row.id: row for row in providers()}
        # A lease must outlive the longest call, or another worker takes the order over while one is out.
        lease = max([self.lease, *(ceil(row.timeout * 1.2) + 1 for row in known.values())])
        self._lease_ends = elapsed() + lease
        leased = orders.lease_due(self.owner, limit=self.batch, seconds=lease)
        self._held = set(leased)
        try:
            if leased:
                self._work(leased, known)
        finally:
            self.give_back()
        return len(accepted) + len(leased)

    def give_back(self) -> None:
        """Gives back the leases that this round still holds, so that nobody waits for them to run out."""
        held, self._held = sorted(self._held), set()
        for order_id in held:
            self._give_back(order_id, 0)

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, leased: Sequence[int], known: Mapping[int, ProviderRow]) -> None:
        rows = orders_by_id(leased)
        live = [order for order in rows.values() if order.live and not self._by_staff(order)]
        items = self._items(live, known)
        items += self._after_end([order for order in rows.values() if not order.live], known)
        states = {state: [item for item in items if item.attempt.state == state] for state in AttemptState}
        for item in states[AttemptState.SENT]:
            self._held.discard(item.order.id)
            self._guarded(item.order.id, actions.record_orphan, item.attempt.id, item.row)
            self._count("orphans", 1)
        self._submit(states[AttemptState.PREPARED])
        self._lookup(states[AttemptState.UNKNOWN])
        confirmed = states[AttemptState.CONFIRMED]
        stopping = [item for item in confirmed if _stop_due(item)]
        unheard = self._stop(stopping)
        self._poll([item for item in confirmed if item not in stopping] + unheard)
        self._expire_stops(rows.values())

    def _by_staff(self, order: OrderRow) -> bool:
        """Staff deliver it: nothing is asked of anybody, only the deadline of a stop request is watched."""
        if order.terms.get("delivery") != "staff":
            return False
        self._guarded(order.id, self._release, order.id, None)
        return True

    def _expire_stops(self, rows: Iterable[OrderRow]) -> None:
        """Watches the deadlines of stop requests, whatever else happened to their orders in this round."""
        for order in rows:
            deadline = order.stop_deadline
            if order.live and order.stop_status == "asked" and deadline is not None and deadline <= now():
                self._guarded(order.id, actions.expire_stop, order.id)

    def _after_end(self, ended: Sequence[OrderRow], known: Mapping[int, ProviderRow]) -> list[Item]:
        """Ended orders that a provider may still be delivering, with their attempts; the others are let go."""
        attempts = live_attempts([order.id for order in ended])
        for order in ended:
            if order.id not in attempts and self._guarded(order.id, actions.let_go, order.id):
                self._held.discard(order.id)
        return self._paired(ended, attempts, known)

    def _items(self, remote: Sequence[OrderRow], known: Mapping[int, ProviderRow]) -> list[Item]:
        """The orders with their attempts; those that have none under way get one, committed before any call."""
        attempts = live_attempts([order.id for order in remote])
        remote = [order for order in remote if not self._unsent(order, attempts.get(order.id))]
        remote = [order for order in remote if not self._waits(order, attempts.get(order.id))]
        fresh = [order for order in remote if order.id not in attempts]
        chosen = [(order.id, provider) for order in fresh if (provider := self._choose(order, known.values()))]
        for order_id in actions.prepare(chosen):
            self._guarded(order_id, actions.reject_unsubmitted, order_id)
        attempts |= live_attempts([order_id for order_id, _ in chosen])
        return self._paired(remote, attempts, known)

    def _paired(
        self, rows: Sequence[OrderRow], attempts: Mapping[int, AttemptRow], known: Mapping[int, ProviderRow]
    ) -> list[Item]:
        adapters = {row.id: adapter_of(row) for row in known.values()}
        paired = [(order, attempts[order.id]) for order in rows if order.id in attempts]
        return [Item(order, row, known[row.provider_id], adapters[row.provider_id]) for order, row in paired]

    def _unsent(self, order: OrderRow, attempt: AttemptRow | None) -> bool:
        """An order that was never handed over and is to be stopped: it stops here and now."""
        if order.stop_status not in ("asked", "unknown"):
            return False
        if attempt is not None and attempt.state != AttemptState.PREPARED:
            return False
        self._guarded(order.id, actions.stop_unsent, order.id)
        return True

    def _waits(self, order: OrderRow, attempt: AttemptRow | None) -> bool:
        """An order that waits for its customer is not handed over; one that is out already is followed."""
        if order.waiting_since is None or (attempt is not None and attempt.state != AttemptState.PREPARED):
            return False
        self._release(order.id, WAITING)
        return True

    def _choose(self, order: OrderRow, known: Iterable[ProviderRow]) -> ProviderRow | None:
        for provider in known:
            if provider.delivers(order.service_code):
                return provider
        log.warning("no provider delivers this service", order=order.id, service=order.service_code)
        self._release(order.id, NO_PROVIDER)
        return None

    def _submit(self, items: Sequence[Item]) -> None:
        """Submits one by one in each thread: the right to call is taken just before the call, never in advance."""

        def start(item: Item) -> Future[Any] | None:
            submission = actions.begin_call(item.attempt.id)
            if submission is None:
                return None
            return self._pool.submit(item.adapter.submit, submission)

        def finish(item: Item, answer: Any) -> None:
            actions.record_submission(item.attempt.id, answer, item.row)
            self._count("submitted", 1)

        self._side_by_side(items, start, finish)

    def _lookup(self, items: Sequence[Item]) -> None:
        def start(item: Item) -> Future[Any]:
            return self._pool.submit(item.adapter.lookup, str(item.attempt.reference))

        def finish(item: Item, answer: Any) -> None:
            actions.record_lookup(item.attempt, answer, item.row)
            self._count("looked_up", 1)

        self._side_by_side(items, start, finish)

    def _stop(self, items: Sequence[Item]) -> list[Item]:
        """Sends stop requests; gives the orders whose answer could not be read: their status may tell it."""
        unheard = []

        def start(item: Item) -> Future[Any] | None:
            if not item.adapter.abilities.stop:
                actions.refuse_stop(item.order.id)
                return None
            return self._pool.submit(item.adapter.request_stop, item.attempt.remote_id)

        def finish(item: Item, answer: Any) -> None:
            actions.record_stop(item.attempt.id, answer, item.row)
            self._count("stops_asked", 1)
            if not isinstance(answer, StopAnswer):
                unheard.append(item)

        self._side_by_side(items, start, finish)
        return unheard

    def _poll(self, items: Sequence[Item]) -> None:
        """Asks for many orders of a provider in one call."""
        groups = []
        for _, same in groupby(sorted(items, key=lambda item: item.row.id), key=lambda item: item.row.id):
            group = list(same)
            size = group[0].adapter.abilities.batch
            groups += [tuple(group[at : at + size]) for at in range(0, len(group), size)]

        def start(group: tuple[Item, ...]) -> Future[Any]:
            return self._pool.submit(group[0].adapter.status, [item.attempt.remote_id for item in group])

        def finish(group: tuple[Item, ...], answers: Any) -> None:
            for item in group:
                answer = answers[item.attempt.remote_id]
                self._guarded(item.order.id, actions.record_status, item.attempt.id, answer, item.row)
                self._count("polled", 1)

        self._side_by_side(groups, start, finish)

    def _side_by_side(
        self, work: Sequence[Any], start: Callable[[Any], Future[Any] | None], finish: Callable[[Any, Any], None]
    ) -> None:
        """Keeps up to `concurrency` calls going; starts none that might outlive the lease or the worker."""
        waiting = list(reversed(work))
        going: dict[Future[Any], Any] = {}
        while waiting or going:
            while waiting and len(going) < self.concurrency and not self.stop.is_set():
                one = waiting.pop()
                if self._lease_ends - elapsed() < _first(one).row.timeout * 1.1:
                    continue
                future = self._attempted(one, start)
                if future is not None:
                    going[future] = one
            if self.stop.is_set():
                waiting.clear()
            if going:
                done, _ = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    self._finished(going.pop(future), future, finish)

    def _attempted(self, one: Any, start: Callable[[Any], Future[Any] | None]) -> Future[Any] | None:
        made: list[Future[Any] | None] = []
        self._guarded(_first(one).order.id, lambda: made.append(start(one)))
        return made[0] if made else None

    def _finished(self, one: Any, future: Future[Any], finish: Callable[[Any, Any], None]) -> None:
        for item in one if isinstance(one, tuple) else (one,):
            self._held.discard(item.order.id)
        self._guarded(_first(one).order.id, lambda: finish(one, future.result()))

    def _guarded(self, order_id: int, do: Callable[..., Any], *arguments: Any) -> bool:
        """Runs one step for an order; whether it went well. Only a lost database gets through."""
        try:
            do(*arguments)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("a step failed; the order is put aside", order=order_id, step=getattr(do, "__name__", ""))
            self._count("failed", 1)
            self._release(order_id, PUT_ASIDE)
            return False
        return True

    def _release(self, order_id: int, seconds: float | None) -> None:
        self._held.discard(order_id)
        self._give_back(order_id, seconds)

    def _give_back(self, order_id: int, seconds: float | None) -> None:
        try:
            actions.give_back(order_id, seconds)
        except Refusal:
            log.warning("a lease could not be given back; it runs out", order=order_id)

    def _count(self, name: str, number: int) -> None:
        if number:
            self.counts[name] = self.counts.get(name, 0) + number


def _stop_due(item: Item) -> bool:
    """Whether a stop request has to go out: for the customer, or since the order has ended without the provider."""
    order, sent = item.order, item.attempt.stop_sent_at
    asked = order.stop_asked_at if order.stop_status == "asked" else None
    if not order.live:
        asked = order.ended_at if item.adapter.abilities.stop else None
    return asked is not None and (sent is None or sent < asked)


def _first(one: Item | tuple[Item, ...]) -> Item:
    return one[0] if isinstance(one, tuple) else one
