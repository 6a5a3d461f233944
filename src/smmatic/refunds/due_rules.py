"""Due dates of cases, folded from what happened: the promise, the time that a case waited for its customer, and
declared incidents. Pure: the same events always give the same date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from smmatic.policy.business_time import (
    BusinessCalendar,
    DueDate,
    business_time,
    day_length,
    later_by,
    merged,
    skipped_days,
)
from smmatic.policy.shape import Times

Span = tuple[datetime, datetime]


class Warned(IntEnum):
    """How far a due date has been warned about."""

    NOT = 0
    HALF = 1
    LAST_DAY = 2
    LATE = 3


@dataclass(frozen=True, slots=True)
class Folded:
    """A due date with what moved it: business time that waiting and incidents took out of the promise."""

    due: DueDate
    waited: timedelta
    disturbed: timedelta


def fold(
    base: DueDate,
    opened_at: datetime,
    waits: Sequence[Span],
    incidents: Sequence[Span],
    calendar: BusinessCalendar,
    times: Times,
    *,
    incident_days: int,
) -> Folded:
    """The due date `base` of a case opened at `opened_at`, later by what did not count.

    Args:
        base: the promise by itself.
        opened_at: when the case was opened (aware).
        waits: from when to when it waited for its customer; all of that business time is taken out.
        incidents: from when to when an incident affected it; their business time is taken out too, but for what waiting
            took out already, and at most `incident_days` business days of it.
        calendar: the version pinned with the order.
        times: the hours of the governing policy.
        incident_days: the policy's limit for incidents.

    Never earlier than `base`, and monotone: more or longer spans never give an earlier date.
    """
    zone = ZoneInfo(times.zone)
    waiting = _sound(waits, zone)
    disturbing = _without(_sound(incidents, zone), waiting)
    opened, most = opened_at.astimezone(zone), day_length(times) * incident_days
    waited, disturbed = (_within(some, opened, base.at, calendar, times) for some in (waiting, disturbing))
    disturbed = min(most, disturbed)
    at, owed = base.at, waited + disturbed
    # What the promise still owes is made up for after its date, in the business time between the spans that come then.
    for start, end, waits_here in _in_order(waiting, disturbing):
        if end <= at:
            continue
        free = business_time(at, max(at, start), calendar, times)
        if owed <= free:
            break
        lost = business_time(max(at, start), end, calendar, times)
        if not waits_here:
            lost = min(lost, most - disturbed)
            disturbed += lost
        else:
            waited += lost
        owed -= free
        at = later_by(max(at, start), lost, calendar, times)
    at = later_by(at, owed, calendar, times)
    skipped = skipped_days(calendar, opened.date(), at.date())
    return Folded(DueDate(at, base.counted_from, skipped), waited, disturbed)


def warning_moments(
    opened_at: datetime, due_at: datetime, calendar: BusinessCalendar, times: Times
) -> tuple[tuple[datetime, Warned], ...]:
    """When a case is warned about: at half of its business time, when its last day begins, and when it is late."""
    zone = ZoneInfo(times.zone)
    opened, due = opened_at.astimezone(zone), due_at.astimezone(zone)
    whole = business_time(opened, due, calendar, times)
    half = later_by(opened, whole / 2, calendar, times) if whole else opened + (due - opened) / 2
    last = datetime.combine(due.date(), times.opens, zone)
    last_day = min(max(half, last), due)
    return (min(half, due), Warned.HALF), (last_day, Warned.LAST_DAY), (due, Warned.LATE)


def warned_at(moments: Sequence[tuple[datetime, Warned]], moment: datetime) -> tuple[Warned, datetime | None]:
    """How far a case is to be warned about at a moment, and when to look again (None: never by itself)."""
    reached = max((level for at, level in moments if at <= moment), default=Warned.NOT)
    return reached, min((at for at, _ in moments if at > moment), default=None)


def _sound(spans: Sequence[Span], zone: ZoneInfo) -> list[Span]:
    return merged([(start.astimezone(zone), end.astimezone(zone)) for start, end in spans if start < end])


def _in_order(waiting: Sequence[Span], disturbing: Sequence[Span]) -> list[tuple[datetime, datetime, bool]]:
    """All spans, none of which overlap, the earliest first; and whether each is one of waiting."""
    return sorted([(*span, True) for span in waiting] + [(*span, False) for span in disturbing])


def _without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What of `spans` lies outside `taken`; both are merged."""
    left = list(spans)
    for start, end in taken:
        cut: list[Span] = []
        for first, last in left:
            cut += [(a, b) for a, b in ((first, min(last, start)), (max(first, end), last)) if a < b]
        left = cut
    return left


def _within(
    spans: Sequence[Span], opened_at: datetime, until: datetime, calendar: BusinessCalendar, times: Times
) -> timedelta:
    parts = (business_time(max(start, opened_at), min(end, until), calendar, times) for start, end in spans)
    return sum(parts, timedelta())
