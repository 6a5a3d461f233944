"""Due dates in business days, by a calendar with its holidays, swap days, hours and time zone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .shape import Times

Words = Mapping[str, str]
"""The same words in each language, by its code."""

_WEEKEND: dict[int, Words] = {5: {"en": "Saturday", "vi": "thứ Bảy"}, 6: {"en": "Sunday", "vi": "Chủ nhật"}}
_LONGEST_WAIT = 3_660
_MOST_ROUNDS = 100


@dataclass(frozen=True)
class Day:
    """A day that differs from Monday to Friday: 'off' or 'worked', and why."""

    kind: str
    why: Words


@dataclass(frozen=True)
class BusinessCalendar:
    """Which days are business days: Monday to Friday, but for `days`."""

    days: Mapping[date, Day]

    def is_business_day(self, day: date) -> bool:
        """Whether people work on that day."""
        found = self.days.get(day)
        return found.kind == "worked" if found else day.weekday() not in _WEEKEND

    def why_off(self, day: date) -> Words | None:
        """Why that day is no business day, by language; None for a business day."""
        found = self.days.get(day)
        if found:
            return None if found.kind == "worked" else found.why
        return _WEEKEND.get(day.weekday())

    def next_business_day(self, day: date) -> date:
        """The first business day after that day. Raises ValueError when there is none within ten years."""
        for _ in range(_LONGEST_WAIT):
            day += timedelta(days=1)
            if self.is_business_day(day):
                return day
        raise ValueError("This calendar has no business day within ten years.")


@dataclass(frozen=True)
class DueDate:
    """Until when an answer is promised.

    at: the moment, in the policy's time zone; counted_from: the day that counts as the day of opening;
    skipped: the days between opening and `at` that did not count, each with its reason by language.
    """

    at: datetime
    counted_from: date
    skipped: tuple[tuple[date, Words], ...]


def due_at(opened_at: datetime, business_days: int, calendar: BusinessCalendar, times: Times) -> DueDate:
    """The due date of something opened at `opened_at` (aware) and answered within `business_days`.

    The day of opening does not count. After the cut-off, or on a day that is no business day, it counts as opened on
    the next business day. Due at `times.due_by` of the last day. Raises ValueError for a naive time or negative days.
    """
    if opened_at.tzinfo is None:
        raise ValueError("The time of opening needs its time zone.")
    if business_days < 0:
        raise ValueError(f"{business_days} business days cannot be promised.")
    zone = ZoneInfo(times.zone)
    local = opened_at.astimezone(zone)
    counted_from = local.date()
    if local.time() > times.cut_off or not calendar.is_business_day(counted_from):
        counted_from = calendar.next_business_day(counted_from)
    day = counted_from
    for _ in range(business_days):
        day = calendar.next_business_day(day)
    at = datetime.combine(day, times.due_by, zone)
    return DueDate(at, counted_from, _skipped(calendar, local.date(), day))


def extended(
    due: DueDate,
    opened_at: datetime,
    excluded: Sequence[tuple[datetime, datetime]],
    calendar: BusinessCalendar,
    times: Times,
    at_most_days: int | None = None,
) -> DueDate:
    """`due`, later by the business hours of the `excluded` spans (waiting for the customer, a declared incident).

    Only what lies between opening and the due date counts, overlapping spans once; at most `at_most_days` business
    days where given. The result is never earlier than `due`.
    """
    zone = ZoneInfo(times.zone)
    spans = _merged([(start.astimezone(zone), end.astimezone(zone)) for start, end in excluded if start < end])
    most = None if at_most_days is None else _day_length(times) * at_most_days
    at = due.at
    for _ in range(_MOST_ROUNDS):
        lost = timedelta()
        for start, end in spans:
            lost += business_time(max(start, opened_at), min(end, at), calendar, times)
        later = _later(due.at, lost if most is None else min(lost, most), calendar, times)
        if later <= at:
            break
        at = later
    skipped = _skipped(calendar, opened_at.astimezone(zone).date(), at.date())
    return DueDate(at, due.counted_from, skipped)


def business_time(start: datetime, end: datetime, calendar: BusinessCalendar, times: Times) -> timedelta:
    """How much time of business days, between opening and the due hour, lies between two moments."""
    zone = ZoneInfo(times.zone)
    start, end = start.astimezone(zone), end.astimezone(zone)
    total = timedelta()
    day = start.date()
    while start < end and day <= end.date():
        if calendar.is_business_day(day):
            opens, closes = datetime.combine(day, times.opens, zone), datetime.combine(day, times.due_by, zone)
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total


def _later(at: datetime, by: timedelta, calendar: BusinessCalendar, times: Times) -> datetime:
    while by > timedelta():
        closes = datetime.combine(at.date(), times.due_by, at.tzinfo)
        if calendar.is_business_day(at.date()) and at < closes:
            opens = datetime.combine(at.date(), times.opens, at.tzinfo)
            at = max(at, opens)
            step = min(by, closes - at)
            at, by = at + step, by - step
        else:
            at = datetime.combine(calendar.next_business_day(at.date()), times.opens, at.tzinfo)
    return at


def _day_length(times: Times) -> timedelta:
    def since_midnight(moment: time) -> timedelta:
        return timedelta(hours=moment.hour, minutes=moment.minute)

    return since_midnight(times.due_by) - since_midnight(times.opens)


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _skipped(calendar: BusinessCalendar, first: date, last: date) -> tuple[tuple[date, Words], ...]:
    found: list[tuple[date, Words]] = []
    day = first
    while day <= last:
        why = calendar.why_off(day)
        if why is not None:
            found.append((day, why))
        day += timedelta(days=1)
    return tuple(found)
