"""A case waits for its customer: the clock stands still from the question to the answer, by the business calendar.

The due date is folded from the case's events (`due_dates.py`), so that it can be recomputed; it never moves earlier.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from smmatic.kernel.clock import now
from smmatic.orders.queries import order
from smmatic.orders.steps import Actor
from smmatic.policy import queries as policy
from smmatic.refunds import queries, steps
from smmatic.refunds.due_dates import RESUMED, WAITING, calendar_of, folded, warning_of
from smmatic.refunds.due_rules import Warned
from smmatic.refunds.models import Case
from smmatic.refunds.queries import CaseRow

LEAST_MOVE = timedelta(minutes=1)
"""A due date that would move by less stays where it is."""


def pause_case(case: CaseRow, actor: Actor) -> None:
    """Stops the clock of a locked case that is in review; does nothing in any other state."""
    if case.state == "in_review":
        steps.touch_case(case, state="waiting", warn_at=None)
        steps.record_case(case.id, WAITING, actor=actor)


def resume_case(order_id: int, actor: Actor, *, why: str = "") -> None:
    """Lets the clock of the order's locked waiting case go on, its due date later by the business time it waited."""
    case = queries.open_case(order_id)
    if case is None or case.state != "waiting":
        return
    steps.record_case(case.id, RESUMED, actor=actor, why=why)
    steps.touch_case(case, state="in_review")
    move_due(case, actor)


def move_due(
    case: CaseRow, actor: Actor, *, facts: Mapping[str, Any] | None = None, notify: bool = False
) -> tuple[Warned, datetime | None]:
    """Moves the due date of a locked case to what its events and the incidents make of it, recorded; never earlier.

    Gives how far the case is to be warned about at its date, and when to look again; the next look is stored.
    """
    moment, found = now(), order(case.order_id)
    fold = folded(case, moment)
    if fold is None or found is None or case.due_at is None:
        return Warned.NOT, None
    due, columns = case.due_at, {}
    if fold.due.at - case.due_at >= LEAST_MOVE:
        due = fold.due.at
        columns = {"due_at": due, "due_skipped": steps.skipped_json(fold.due)}
        told = {
            "due_at": due.isoformat(),
            "was": case.due_at.isoformat(),
            "waited_minutes": int(fold.waited.total_seconds() // 60),
            "incident_minutes": int(fold.disturbed.total_seconds() // 60),
        }
        steps.record_case(case.id, "due_moved", actor=actor, facts=told | dict(facts or {}), notify=notify)
    times = policy.policy(case.policy_version_id).document.times
    level, again = warning_of(case.opened_at, due, times, calendar_of(found), moment)
    Case.objects.filter(id=case.id).update(warn_at=again, **columns)
    return level, again
