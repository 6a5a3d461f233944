"""The due date of a case, folded from its events and the declared incidents; it can be recomputed at any time."""

from datetime import datetime

from smmatic.kernel.clock import now
from smmatic.orders.queries import order
from smmatic.orders.rows import OrderRow
from smmatic.policy import queries as policy
from smmatic.policy.business_time import BusinessCalendar
from smmatic.policy.promises import promised_at
from smmatic.policy.shape import BUSINESS_DAYS, Times
from smmatic.refunds import queries
from smmatic.refunds.due_rules import Folded, Warned, fold, warned_at, warning_moments
from smmatic.refunds.incident_rules import IncidentRow, affects
from smmatic.refunds.incidents import incidents_since
from smmatic.refunds.queries import CaseEventRow, CaseRow

WAITING, RESUMED = "waiting", "resumed"


def folded(case: CaseRow, moment: datetime | None = None) -> Folded | None:
    """When a case is due by everything that happened up to a moment (now); None where it was never promised.

    Uses the calendar pinned with the order and the policy version that governs the case.
    """
    found = order(case.order_id)
    if case.due_at is None or found is None:
        return None
    until = moment or now()
    row = policy.policy(case.policy_version_id)
    asked = row.compiled.outcome_of(case.cell) if case.cell is not None and case.cell >= 0 else None
    promise = asked.due if asked and asked.decision == "review" else BUSINESS_DAYS
    calendar = calendar_of(found)
    base = promised_at(row.document, promise, found.service_class, case.opened_at, calendar)
    waits = waiting_spans(queries.events_of_case(case.id, all_of_them=True), until)
    spans = [one.span(until) for one in disturbing(found, case.opened_at)]
    days = row.document.incident.at_most_days
    return fold(base, case.opened_at, waits, spans, calendar, row.document.times, incident_days=days)


def disturbing(found: OrderRow, since: datetime) -> list[IncidentRow]:
    """Incidents that disturbed an order at any time since a moment."""
    return [one for one in incidents_since(since) if affects(one, found)]


def warning_of(
    opened_at: datetime, due_at: datetime | None, times: Times, calendar: BusinessCalendar, moment: datetime
) -> tuple[Warned, datetime | None]:
    """How far a case is to be warned about now, and when to look again."""
    if due_at is None:
        return Warned.NOT, None
    return warned_at(warning_moments(opened_at, due_at, calendar, times), moment)


def calendar_of(found: OrderRow) -> BusinessCalendar:
    """The calendar that was pinned with an order."""
    return policy.calendar(found.calendar_version_id).calendar


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
