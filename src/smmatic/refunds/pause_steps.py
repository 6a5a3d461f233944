"""A case waits for its customer: the clock stands still from the question to the answer, by the business calendar.

The due date is folded from the case's events, so that it can be recomputed at any time; it never moves earlier.
"""

from datetime import datetime

from smmatic.kernel.clock import now
from smmatic.orders.queries import order
from smmatic.orders.steps import Actor
from smmatic.policy import queries as policy
from smmatic.policy.business_time import extended
from smmatic.policy.promises import promised_at
from smmatic.policy.shape import BUSINESS_DAYS
from smmatic.refunds import queries, steps
from smmatic.refunds.queries import CaseEventRow, CaseRow

WAITING, RESUMED = "waiting", "resumed"


def pause_case(case: CaseRow, actor: Actor) -> None:
    """Stops the clock of a locked case that is in review; does nothing in any other state."""
    if case.state == "in_review":
        steps.touch_case(case, state="waiting")
        steps.record_case(case.id, WAITING, actor=actor)


def resume_case(order_id: int, actor: Actor) -> None:
    """Lets the clock of the order's locked waiting case go on, its due date later by the business time it waited."""
    case = queries.open_case(order_id)
    if case is None or case.state != "waiting":
        return
    steps.record_case(case.id, RESUMED, actor=actor)
    due = due_of(case)
    steps.touch_case(case, state="in_review", due_at=due)
    if due is not None and case.due_at is not None and due > case.due_at:
        steps.record_case(case.id, "due_moved", actor=actor, facts={"due_at": due.isoformat()})


def due_of(case: CaseRow) -> datetime | None:
    """When a case is due, recomputed from when it was opened and how long it waited for its customer."""
    found = order(case.order_id)
    if case.due_at is None or found is None:
        return case.due_at
    row = policy.policy(case.policy_version_id)
    asked = row.compiled.outcome_of(case.cell) if case.cell is not None and case.cell >= 0 else None
    promise = asked.due if asked and asked.decision == "review" else BUSINESS_DAYS
    calendar = policy.calendar(found.calendar_version_id).calendar
    base = promised_at(row.document, promise, found.service_class, case.opened_at, calendar)
    spans = waiting_spans(queries.events_of_case(case.id, all_of_them=True), now())
    moved = extended(base, case.opened_at, spans, calendar, row.document.times).at
    return max(case.due_at, moved)


def waiting_spans(events: list[CaseEventRow], until: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when a case waited for its customer; a span that still runs ends at `until`."""
    spans: list[tuple[datetime, datetime]] = []
    began: datetime | None = None
    for event in events:
        if event.kind == WAITING and began is None:
            began = event.at
        elif event.kind == RESUMED and began is not None:
            spans.append((began, event.at))
            began = None
    return [*spans, (began, until)] if began is not None else spans
