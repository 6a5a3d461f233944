"""One round of a worker: accept what is due, lease what is to be checked, call the providers, record the answers.

Calls run side by side in threads that never touch the database; every read and write is made by the caller's thread,
for a block of orders at a time. What a round can't finish within its lease is given back. An order that fails is put
aside for a while, so that one bad row never stops the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from threading import Event
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError

from smmatic.fulfilment import actions, batch_actions, health_actions, unknown_actions
from smmatic.fulfilment.calls import Answered, Call, Calls
from smmatic.fulfilment.protocol import StopAnswer
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, live_attempts, providers
from smmatic.fulfilment.registry import adapter_of
from smmatic.fulfilment.routing import Item, choose, question_groups, stop_due
from smmatic.fulfilment.rules import AttemptState
from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.refusals import Refusal
from smmatic.orders import actions as orders
from smmatic.orders.queries import OrderRow, orders_by_id

log = structlog.get_logger("smmatic.worker")
PUT_ASIDE = 30.0
NO_PROVIDER = 60.0
WAITING = 10.0


@dataclass
class Round:
    """One worker's way of working. `lease` in seconds; `stop` ends a round early, giving leases back."""

    owner: str
    concurrency: int = 16
    accept: int = 500
    batch: int = 200
    lease: int = 60
    stop: Event = field(default_factory=Event)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._calls = Calls(self.concurrency, self.stop)
        self._held: set[int] = set()
        self._blocked: set[int] = set()

    def run(self) -> int:
        """Does what is due now; how many orders it touched. Raises what a lost database raises."""
        accepted = orders.accept_due(self.accept)
        self._count("accepted", len(accepted))
        known = {row.id: row for row in providers()}
        self._blocked = {row.id for row in known.values() if row.waits > 0}
        # A lease must outlive the longest call, or another worker takes the order over while one is out.
        lease = max([self.lease, *(ceil(row.timeout * 1.2) + 1 for row in known.values())])
        self._calls.ends = elapsed() + lease
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
        if held:
            try:
                batch_actions.give_back_many(held, 0)
            except Refusal:
                log.warning("leases could not be given back; they run out", orders=len(held))

    def close(self) -> None:
        """Ends the threads."""
        self._calls.close()

    def _work(self, leased: Sequence[int], known: Mapping[int, ProviderRow]) -> None:
        rows = orders_by_id(leased)
        live = [order for order in rows.values() if order.live and not self._by_staff(order)]
        items = self._items(live, known)
        items += self._after_end([order for order in rows.values() if not order.live], known)
        states = {state: [item for item in items if item.attempt.state == state] for state in AttemptState}
        for item in states[AttemptState.SENT]:
            self._guarded(item.order.id, actions.record_orphan, item.attempt.id, item.row)
            self._held.discard(item.order.id)
            self._count("orphans", 1)
        for row in known.values():
            self._submit(row, _of(row, states[AttemptState.PREPARED]))
            self._resolve(row, _of(row, states[AttemptState.UNKNOWN]))
            confirmed = _of(row, states[AttemptState.CONFIRMED])
            stopping = [item for item in confirmed if stop_due(item)]
            unheard = self._stop(row, stopping)
            self._poll(row, [item for item in confirmed if item not in stopping] + unheard)
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
        chosen = [(order, provider) for order in fresh if (provider := self._choose(order, known.values()))]
        for order_id in actions.prepare(chosen):
            self._guarded(order_id, actions.reject_unsubmitted, order_id)
        attempts |= live_attempts([order.id for order, _ in chosen])
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
        chosen = choose(order.service_code, known)
        if chosen.provider is None and not chosen.blocked:
            log.warning("no provider delivers this service", order=order.id, service=order.service_code)
        if chosen.provider is None:
            self._release(order.id, min(chosen.waits, NO_PROVIDER) if chosen.blocked else NO_PROVIDER)
        return chosen.provider

    def _submit(self, row: ProviderRow, items: Sequence[Item]) -> None:
        """Submits; the right to call is taken for as many as have a free thread, just before their calls."""

        def claim(block: Sequence[Item]) -> list[tuple[Item, Call]]:
            begun = batch_actions.begin_calls([item.attempt.id for item in block], {row.id: row})
            sent = [(item, begun[item.attempt.id]) for item in block if item.attempt.id in begun]
            return [(item, partial(item.adapter.submit, order)) for item, order in sent]

        def finish(done: Sequence[Answered[Item]]) -> None:
            answers = {one.about.attempt.id: one.answer for one in done}
            left = self._batched(answers, partial(batch_actions.record_submissions, answers, row))
            self._one_by_one(done, left, actions.record_submission, row)
            self._count("submitted", len(done))

        if items and items[0].adapter.abilities.balance and not items[0].adapter.abilities.lookup:
            self._guarded(items[0].order.id, unknown_actions.read_balance, row, items[0].adapter)
        self._make("submit", row, items, claim, finish)

    def _resolve(self, row: ProviderRow, items: Sequence[Item]) -> None:
        """Asks what became of submissions whose outcome is unknown; where that can't be asked, the balance may tell."""
        if items and not items[0].adapter.abilities.lookup:
            self._guarded(items[0].order.id, unknown_actions.read_balance, row, items[0].adapter)
            for item in items:
                self._guarded(item.order.id, unknown_actions.settle_by_balance, item.attempt.id, row)
                self._held.discard(item.order.id)
            return

        def claim(block: Sequence[Item]) -> list[tuple[Item, Call]]:
            return [(item, partial(item.adapter.lookup, str(item.attempt.reference))) for item in block]

        def finish(done: Sequence[Answered[Item]]) -> None:
            for one in done:
                self._guarded(one.about.order.id, actions.record_lookup, one.about.attempt, one.answer, row)
            self._count("looked_up", len(done))

        self._make("lookup", row, items, claim, finish)

    def _stop(self, row: ProviderRow, items: Sequence[Item]) -> list[Item]:
        """Sends stop requests; gives the orders whose answer could not be read: their status may tell it."""
        unheard = []

        def claim(block: Sequence[Item]) -> list[tuple[Item, Call]]:
            return [(item, partial(item.adapter.request_stop, item.attempt.remote_id)) for item in block]

        def finish(done: Sequence[Answered[Item]]) -> None:
            for one in done:
                self._guarded(one.about.order.id, actions.record_stop, one.about.attempt.id, one.answer, row)
                if not isinstance(one.answer, StopAnswer):
                    unheard.append(one.about)
            self._count("stops_asked", len(done))

        able = [item for item in items if item.adapter.abilities.stop]
        for item in items:
            if item not in able:
                self._guarded(item.order.id, actions.refuse_stop, item.order.id)
        self._make("stop", row, able, claim, finish)
        return unheard + [item for item in items if item not in able]

    def _poll(self, row: ProviderRow, items: Sequence[Item]) -> None:
        """Asks for many orders in one call, and records their answers in one batch."""
        if items and not items[0].adapter.abilities.polled:
            for item in items:
                self._release(item.order.id, row.poll_longest)
            return
        groups = question_groups(items, items[0].adapter.abilities.batch if items else 1)

        def claim(block: Sequence[tuple[Item, ...]]) -> list[tuple[tuple[Item, ...], Call]]:
            asked = [(group, [item.attempt.remote_id for item in group]) for group in block]
            return [(group, partial(group[0].adapter.status, ids)) for group, ids in asked]

        def finish(done: Sequence[Answered[tuple[Item, ...]]]) -> None:
            for one in done:
                told = [Answered(item, one.answer[item.attempt.remote_id], one.made) for item in one.about]
                answers = {each.about.attempt.id: each.answer for each in told}
                left = self._batched(answers, partial(batch_actions.record_statuses, answers, row))
                self._one_by_one(told, left, actions.record_status, row)
                self._count("polled", len(told))

        self._make("status", row, groups, claim, finish)

    def _make(
        self,
        kind: str,
        row: ProviderRow,
        work: Sequence[Any],
        claim: Callable[[Sequence[Any]], Sequence[tuple[Any, Call]]],
        finish: Callable[[Sequence[Answered[Any]]], None],
    ) -> None:
        """Makes calls of one kind to one provider, as far as its breaker and its rate limit let them through."""

        def allowed(block: Sequence[Any]) -> Sequence[tuple[Any, Call]]:
            given = len(block)
            if row.limited or row.id in self._blocked:
                given = health_actions.take_calls(row, len(block))
            self._wait(row, block[given:])
            begun: list[tuple[Any, Call]] = []
            if given:
                self._guarded(_orders(block)[0], lambda: begun.extend(claim(block[:given])))
            return begun

        def ended(done: Sequence[Answered[Any]]) -> None:
            if health_actions.note_calls(row, kind, [one.made for one in done]):
                self._blocked.add(row.id)
            finish(done)
            self._held.difference_update(*(_orders([one.about]) for one in done))

        self._calls.run(work, longest=row.timeout, claim=allowed, finish=ended)

    def _wait(self, row: ProviderRow, block: Sequence[Any]) -> None:
        """What may not be called now is looked at again when a call may go through; what waited too long is refused."""
        items = [item for one in block for item in (one if isinstance(one, tuple) else (one,))]
        late = [item for item in items if item.attempt.state == "prepared" and item.gives_up]
        for item in late:
            self._guarded(item.order.id, actions.reject_unreached, item.attempt.id, row)
        pause = max(row.waits, row.breaker_pause if row.id in self._blocked else 0.0, row.poll_shortest)
        ids = {item.order.id for item in items if item not in late}
        batch_actions.give_back_many(ids, min(pause, NO_PROVIDER))
        self._held -= ids

    def _batched(self, answers: Mapping[int, Any], record: Callable[[], list[int]]) -> list[int]:
        """Records a batch; gives the attempts that need their own way: all of them where the batch fails as one."""
        try:
            return record()
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("a batch failed; its answers are recorded one by one", size=len(answers))
            return list(answers)

    def _one_by_one(
        self, done: Sequence[Answered[Item]], left: Sequence[int], record: Callable[..., None], row: ProviderRow
    ) -> None:
        for one in done:
            if one.about.attempt.id in left:
                self._guarded(one.about.order.id, record, one.about.attempt.id, one.answer, row)

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
        try:
            actions.give_back(order_id, seconds)
        except Refusal:
            log.warning("a lease could not be given back; it runs out", order=order_id)

    def _count(self, name: str, number: int) -> None:
        if number:
            self.counts[name] = self.counts.get(name, 0) + number


def _of(row: ProviderRow, items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.row.id == row.id]


def _orders(work: Sequence[Any]) -> list[int]:
    return [item.order.id for one in work for item in (one if isinstance(one, tuple) else (one,))]
