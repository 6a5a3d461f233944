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
_MOST_ROUNDS = 100


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
    most = day_length(times) * incident_days
    at = base.at
    waited = disturbed = timedelta()
    for _ in range(_MOST_ROUNDS):
        waited = _within(waiting, opened_at, at, calendar, times)
        disturbed = min(most, _within(disturbing, opened_at, at, calendar, times))
        later = later_by(base.at, waited + disturbed, calendar, times)
        if later <= at:
            break
        at = later
    skipped = skipped_days(calendar, opened_at.astimezone(zone).date(), at.date())
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
