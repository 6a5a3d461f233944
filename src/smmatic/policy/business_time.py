"""Due dates in business days, by a calendar with its holidays, swap days, hours and time zone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .shape import Times

Words = Mapping[str, str]
"""The same words in each language, by its code."""

_WEEKEND: dict[int, Words] = {5: {"en": "Saturday", "vi": "thứ Bảy"}, 6: {"en": "Sunday", "vi": "Chủ nhật"}}
_LONGEST_WAIT = 3_660


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
    return DueDate(at, counted_from, skipped_days(calendar, local.date(), day))


def closes_after(opened_at: datetime, business_hours: int, calendar: BusinessCalendar, times: Times) -> datetime:
    """The moment at which so many business hours have passed since `opened_at` (aware): only time of business days
    counts, between opening and the due hour.
    """
    return later_by(opened_at.astimezone(ZoneInfo(times.zone)), timedelta(hours=business_hours), calendar, times)


def due_in_hours(opened_at: datetime, business_hours: int, calendar: BusinessCalendar, times: Times) -> DueDate:
    """As `due_at`, for a time in business hours: the cut-off does not matter, as every hour is counted."""
    at = closes_after(opened_at, business_hours, calendar, times)
    opened = opened_at.astimezone(ZoneInfo(times.zone)).date()
    counted_from = opened if calendar.is_business_day(opened) else calendar.next_business_day(opened)
    return DueDate(at, counted_from, skipped_days(calendar, opened, at.date()))


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


def later_by(at: datetime, by: timedelta, calendar: BusinessCalendar, times: Times) -> datetime:
    """The moment when `by` of business time has gone by since `at` (in the policy's zone)."""
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


def day_length(times: Times) -> timedelta:
    """How much business time a business day has."""

    def since_midnight(moment: time) -> timedelta:
        return timedelta(hours=moment.hour, minutes=moment.minute)

    return since_midnight(times.due_by) - since_midnight(times.opens)


def merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Spans in order, those that overlap or touch as one."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def skipped_days(calendar: BusinessCalendar, first: date, last: date) -> tuple[tuple[date, Words], ...]:
    """The days from `first` to `last` that are no business days, each with its reason."""
    found: list[tuple[date, Words]] = []
    day = first
    while day <= last:
        why = calendar.why_off(day)
        if why is not None:
            found.append((day, why))
        day += timedelta(days=1)
    return tuple(found)
