"""Every pair of a state and a provider's answer is in one table, docs/reference/provider-answers.md, and is visited here.

After each pair the order has ended, or is looked at again, or waits for a person, or nothing has changed: never an
exception, never silence. `SMMATIC_WRITE_ANSWERS=1` writes the table anew, to be read and committed.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smmatic.fulfilment import actions, batch_actions
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.models import Attempt, Provider
from smmatic.fulfilment.protocol import (
    Allegation,
    Fault,
    NotFound,
    NotReached,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
    StopAnswer,
    StopState,
    Submitted,
    Unknown,
    UnknownWhy,
)
from smmatic.fulfilment.queries import ProviderRow, attempt
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.orders.queries import OrderRow, events_of
from smmatic.orders.steps import SYSTEM, change, move
from smmatic.refunds.actions import end_order
from tests.builders import begun, customer, new_key, placed, reread

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parents[2] / "docs" / "reference" / "provider-answers.md"
QUANTITY = 100
DONE = 40


@dataclass
class Pair:
    """An order in a state, its attempt, and what will be answered."""

    order: OrderRow
    attempt_id: int
    remote_id: str
    provider: ProviderRow


def status(state: RemoteState, delivered: int | None = None, remains: int | None = None, **more: Any) -> Any:
    return lambda pair: ProviderStatus(pair.remote_id, state, delivered, remains, **more)


COUNTED = {
    "": DONE,
    " all": QUANTITY,
    " above": QUANTITY + 1,
    " negative": -1,
    " fallen": DONE - 10,
    " uncounted": None,
}
ANSWERS: dict[str, tuple[str, Callable[[Pair], Any]]] = {
    "submit: taken": ("submit", lambda pair: Submitted(pair.remote_id)),
    "submit: refused, bad link": ("submit", lambda pair: RefusedBeforeWork(RefusalWord.BAD_LINK, "Incorrect link")),
    "submit: refused, no words": ("submit", lambda pair: RefusedBeforeWork(RefusalWord.OTHER)),
    "submit: not reached": ("submit", lambda pair: NotReached("no connection")),
    **{f"submit: unknown, {why.value}": ("submit", lambda pair, why=why: Unknown(why)) for why in UnknownWhy},
    "lookup: found, working": ("lookup", status(RemoteState.WORKING, DONE, QUANTITY - DONE)),
    "lookup: no such order": ("lookup", lambda pair: NotFound()),
    "lookup: not reached": ("lookup", lambda pair: NotReached("no connection")),
    "lookup: unknown": ("lookup", lambda pair: Unknown(UnknownWhy.TIMEOUT)),
    **{
        f"status: {state.value}{how}": ("status", status(state, count))
        for state in RemoteState
        for how, count in COUNTED.items()
    },
    "status: failed, its own error": ("status", status(RemoteState.FAILED, DONE, fault=Fault.OWN_ERROR)),
    "status: failed, wrong link alleged": (
        "status", status(RemoteState.FAILED, DONE, alleges=Allegation.WRONG_INFORMATION)
    ),
    "status: no such order": ("status", lambda pair: NotFound()),
    "status: not reached": ("status", lambda pair: NotReached("no connection")),
    "status: unknown": ("status", lambda pair: Unknown(UnknownWhy.UNREADABLE)),
    **{
        f"stop: {state.value}{how}": ("stop", lambda pair, state=state, told=told: StopAnswer(state, "", told(pair)))
        for state in StopState
        for how, told in {
            "": lambda pair: None,
            ", stopped": status(RemoteState.STOPPED, DONE),
            ", working": status(RemoteState.WORKING, DONE),
        }.items()
    },
    "stop: no such order": ("stop", lambda pair: NotFound()),
    "stop: unknown": ("stop", lambda pair: Unknown(UnknownWhy.TIMEOUT)),
}  # fmt: skip


def _attempt(order: OrderRow, provider: ProviderRow, state: str, **columns: Any) -> Pair:
    number = new_key()
    if state == "confirmed":
        columns["remote_id"] = number
    if state in ("sent", "unknown"):
        columns["sent_at"] = now()
    if state == "unknown":
        columns["unknown_at"] = now()
        change(order.id, ("in_progress", "processing"), unknown_since=now(), unknown_deadline=now())
    made = Attempt.objects.create(
        order_id=order.id, provider_id=provider.id, number=1, reference=uuid.uuid4(), state=state, **columns
    )
    return Pair(reread(order.id), made.id, number, provider)


def _accepted(who: Any) -> OrderRow:
    order = placed(who, start_now=True)
    with atomic():
        assert move(order.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
    return reread(order.id)


def _fresh(who: Any, provider: ProviderRow, state: str) -> Pair:
    return _attempt(_accepted(who), provider, state)


def _working(who: Any, provider: ProviderRow, **columns: Any) -> Pair:
    order = begun(who, delivered=DONE)
    if columns:
        change(order.id, ("in_progress",), **columns)
    return _attempt(order, provider, "confirmed")


def _ended(who: Any, provider: ProviderRow, how: str) -> Pair:
    order = begun(who, delivered=DONE)
    pair = _attempt(order, provider, "confirmed")
    with atomic():
        end_order(order.id, how, actor=SYSTEM, delivered=DONE)
    return Pair(reread(order.id), pair.attempt_id, pair.remote_id, provider)


def _refused(who: Any, provider: ProviderRow) -> Pair:
    pair = _fresh(who, provider, "sent")
    actions.record_submission(pair.attempt_id, RefusedBeforeWork(RefusalWord.BAD_LINK, "Incorrect link"), provider)
    return Pair(reread(pair.order.id), pair.attempt_id, pair.remote_id, provider)


def _never_learnt(who: Any, provider: ProviderRow) -> Pair:
    pair = _fresh(who, provider, "unknown")
    with atomic():
        end_order(pair.order.id, "failed", actor=SYSTEM, delivered=0)
    return Pair(reread(pair.order.id), pair.attempt_id, pair.remote_id, provider)


STATES: dict[str, Callable[[Any, ProviderRow], Pair]] = {
    "prepared": lambda who, provider: _fresh(who, provider, "prepared"),
    "sent": lambda who, provider: _fresh(who, provider, "sent"),
    "unknown": lambda who, provider: _fresh(who, provider, "unknown"),
    "in work": lambda who, provider: _working(who, provider),
    "in work, stop asked": lambda who, provider: _working(
        who, provider, stop_status="asked", stop_asked_at=now(), stop_deadline=now()
    ),
    "in work, stop unanswered": lambda who, provider: _working(
        who, provider, stop_status="unknown", stop_asked_at=now(), stop_deadline=now()
    ),
    "completed": lambda who, provider: _ended(who, provider, "completed"),
    "failed": lambda who, provider: _ended(who, provider, "partial"),
    "refused": lambda who, provider: _refused(who, provider),
    "ended while unknown": lambda who, provider: _never_learnt(who, provider),
}


def record(pair: Pair, kind: str, answer: Any) -> None:
    """As the worker does: in the batch where it takes the answer, else by itself."""
    if kind == "submit":
        left = batch_actions.record_submissions({pair.attempt_id: answer}, pair.provider)
        for number in left:
            actions.record_submission(number, answer, pair.provider)
    elif kind == "status":
        left = batch_actions.record_statuses({pair.attempt_id: answer}, pair.provider)
        for number in left:
            actions.record_status(number, answer, pair.provider)
    elif kind == "lookup":
        row = attempt(pair.attempt_id)
        assert row is not None
        actions.record_lookup(row, answer, pair.provider)
    else:
        actions.record_stop(pair.attempt_id, answer, pair.provider)


def outcome(pair: Pair) -> str:
    """What a pair led to, in a few words."""
    order, row = reread(pair.order.id), attempt(pair.attempt_id)
    assert row is not None
    told = [f"{order.status} {order.delivered}/{order.quantity}", f"attempt {row.state}"]
    if order.unknown_since:
        told.append("outcome unknown")
    if order.stop_status:
        told.append(f"stop {order.stop_status}")
    if row.flags:
        told.append(" ".join(row.flags))
    if not order.live:
        open_there = row.state != "refused" and row.closed_at is None
        told.append("followed" if open_there and order.next_check_at is not None else "closed")
    elif row.flagged_at is not None:
        told.append("a person, and asked again")
    else:
        told.append("asked again" if order.next_check_at is not None else "unchanged")
    return ", ".join(told)


def silent(pair: Pair, before: tuple[Any, ...]) -> bool:
    """Whether an order in work is left without anybody who looks at it again, though something was heard of it."""
    order, row = reread(pair.order.id), attempt(pair.attempt_id)
    assert row is not None
    return order.live and order.next_check_at is None and (order, row.state, row.flags) != before


@pytest.fixture
def provider() -> Iterator[ProviderRow]:
    Provider.objects.update(active=False)
    made = ensure_provider(
        f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9", settles_after=None, gives_up_after=0.0
    )
    yield made
    Provider.objects.update(active=False)
    # Nothing of it is left on the desk or on the clock for the tests after it.
    Attempt.objects.filter(provider_id=made.id).update(flagged_at=None)
    execute(
        "UPDATE orders_order SET unknown_since = NULL, unknown_deadline = NULL, stop_status = '', next_check_at = NULL"
        " WHERE id IN (SELECT order_id FROM fulfilment_attempt WHERE provider_id = %s)",
        [made.id],
    )


@pytest.mark.parametrize("state", STATES)
def test_every_pair_of_a_state_and_an_answer_is_in_the_table(state: str, provider: ProviderRow) -> None:
    who = customer(1_000_000)
    found = {}
    for name, (kind, answer) in ANSWERS.items():
        pair = STATES[state](who, provider)
        row = attempt(pair.attempt_id)
        assert row is not None
        before = (pair.order, row.state, row.flags)
        record(pair, kind, answer(pair))
        assert not silent(pair, before), f"{state}, {name}"
        found[name] = outcome(pair)
        if not pair.order.live:
            now_row = reread(pair.order.id)
            assert (now_row.status, now_row.delivered) == (pair.order.status, pair.order.delivered), f"late: {name}"
    if os.environ.get("SMMATIC_WRITE_ANSWERS"):
        write(state, found)
    assert found == read(state)


def test_what_is_odd_stands_in_the_order_s_history(provider: ProviderRow) -> None:
    pair = STATES["in work"](customer(), provider)
    record(pair, "status", ProviderStatus(pair.remote_id, RemoteState.WORKING, -7))
    kinds = {event.kind: event for event in events_of(pair.order.id, all_of_them=True)}
    assert kinds["flagged"].facts["flags"] == ["count_negative"]
    assert kinds["flagged"].facts["answer"]["delivered"] == -7
    assert reread(pair.order.id).delivered == DONE


def read(state: str) -> dict[str, str]:
    """The rows of a state in the committed table."""
    rows = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0] == state:
            rows[cells[1]] = cells[2]
    return rows


def write(state: str, found: dict[str, str]) -> None:
    """Puts a state's rows into the table, in place of those that were there."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"| {state} |")]
    rows = [f"| {state} | {name} | {told} |" for name, told in found.items()]
    TABLE.write_text("\n".join(kept + rows) + "\n", encoding="utf-8")
