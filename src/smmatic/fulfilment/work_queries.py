"""Reads of staff work: the queue by promise, how much is in whose hands, and what was handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from smmatic.fulfilment.rework_queries import ReworkRow, open_reworks
from smmatic.kernel.clock import now
from smmatic.orders.queries import EventRow, FileRow, OrderRow, orders_by_id, staff_work
from smmatic.orders.staff_queries import StaffDone, staff_done, staff_loads

DONE_DAYS = 7
HANDOVERS = ("started", "progress", "completed", "rework_done")


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do. `kind`: 'stop' (a request to answer), 'rework', 'start', 'work' (begun) or 'waiting'.

    `due`: until when it was promised, None where nothing is promised or the clock stands still.
    """

    order: OrderRow
    rework: ReworkRow | None
    kind: str
    due: datetime | None
    staff_id: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """How much one person has (`staff_id` None: nobody yet), what of it is late, and what they finished lately."""

    staff_id: int | None
    orders: int
    reworks: int
    units_left: int
    late: int
    waiting: int
    oldest: datetime | None
    done: StaffDone | None

    @property
    def items(self) -> int:
        """Orders and reworks together."""
        return self.orders + self.reworks


@dataclass(frozen=True, slots=True)
class Given:
    """What was handed over at once, as customer and desk see it."""

    at: datetime
    kind: str
    note: str
    links: tuple[str, ...]
    files: tuple[FileRow, ...]
    proof: str
    proof_files: tuple[FileRow, ...]
    rework_id: int | None


def work_queue(limit: int = 500) -> list[WorkItem]:
    """Everything that staff have to do: what is due first comes first, then what nobody is promised, oldest first."""
    reworks = open_reworks(limit)
    orders = orders_by_id([row.order_id for row in reworks])
    items = [item_of(order) for order in staff_work(limit)]
    items += [WorkItem(orders[row.order_id], row, "rework", _rework_due(row), row.staff_id) for row in reworks]
    return sorted(items, key=_urgency)[:limit]


def item_of(order: OrderRow, rework: ReworkRow | None = None) -> WorkItem:
    """What there is to do for one order."""
    if rework is not None:
        return WorkItem(order, rework, "rework", _rework_due(rework), rework.staff_id)
    if order.stop_status == "asked" and order.stop_deadline is not None:
        return WorkItem(order, None, "stop", order.stop_deadline, order.staff_id)
    if order.waiting_since is not None:
        return WorkItem(order, None, "waiting", None, order.staff_id)
    if order.started_at is None:
        return WorkItem(order, None, "start", order.start_promised_at, order.staff_id)
    return WorkItem(order, None, "work", None, order.staff_id)


def loads() -> list[Load]:
    """How much is in whose hands: who is late first, then who has most; nobody's work on top."""
    moment = now()
    done = {row.staff_id: row for row in staff_done(moment - timedelta(days=DONE_DAYS))}
    orders = {row.staff_id: row for row in staff_loads()}
    again: dict[int | None, list[ReworkRow]] = {}
    for row in open_reworks():
        again.setdefault(row.staff_id, []).append(row)
    found = []
    for staff_id in {*orders, *again, *done}:
        mine, reworks = orders.get(staff_id), again.get(staff_id, [])
        late = sum(row.state == "pending" and row.start_by < moment for row in reworks)
        found.append(
            Load(
                staff_id,
                mine.orders if mine else 0,
                len(reworks),
                mine.units_left if mine else 0,
                late + (mine.late if mine else 0),
                mine.waiting if mine else 0,
                mine.oldest if mine else None,
                done.get(staff_id) if staff_id is not None else None,
            )
        )
    return sorted(found, key=lambda row: (row.staff_id is not None, -row.late, -row.items, row.staff_id or 0))


def handed_over(events: Sequence[EventRow], files: Sequence[FileRow]) -> list[Given]:
    """What was handed over by the history of an order, the newest first; `files` are all of the order."""
    by_id = {file.id: file for file in files}
    given = [_given(event, by_id) for event in events if event.kind in HANDOVERS]
    return [one for one in reversed(given) if one.note or one.links or one.files or one.proof or one.proof_files]


def _given(event: EventRow, files: dict[int, FileRow]) -> Given:
    facts = event.facts or {}
    proof = facts.get("proof") or {}
    by_staff = event.actor_kind == "staff"
    # The end of an order repeats the note of the last handover, which stands in the event before it.
    note = str(facts.get("note") or (event.why if event.kind in ("started", "progress") else ""))
    return Given(
        event.at,
        event.kind,
        note if by_staff else "",
        tuple(facts.get("links") or ()),
        tuple(files[number] for number in facts.get("files") or () if number in files),
        str(proof.get("text") or ""),
        tuple(files[number] for number in proof.get("files") or () if number in files),
        facts.get("rework"),
    )


def _rework_due(row: ReworkRow) -> datetime | None:
    return row.start_by if row.state == "pending" else None


def _urgency(item: WorkItem) -> tuple[bool, float, int]:
    since = item.due or item.order.started_at or item.order.placed_at
    return (item.due is None, since.timestamp(), item.order.id)
