"""A second, slow way to a due date: it walks minute by minute and shares nothing with the program.

The days are typed from the notices of the government, hours and limits from the policy as it is written. Run as a
program it prints the counted rows of `dated_cases.txt`: `python -m tests.unit.refunds.counting`.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone

Span = tuple[datetime, datetime]

VIETNAM = timezone(timedelta(hours=7))
OPENS, CUT_OFF, CLOSES = time(8), time(17), time(18)
INCIDENT_MINUTES = 2 * 10 * 60
"""A declared incident takes out at most two business days of ten hours."""
MINUTE = timedelta(minutes=1)
OFF = {
    *(date(2026, 1, day) for day in (1, 2)),
    *(date(2026, 2, day) for day in (16, 17, 18, 19, 20)),  # Tet: 17 February is the first day of the year
    date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1),
    date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24),
    date(2027, 1, 1),
    *(date(2027, 2, day) for day in (4, 5, 8, 9, 10)),  # Tet: 6 February, a Saturday, is the first day of the year
    date(2027, 4, 16), date(2027, 4, 30), date(2027, 5, 3), date(2027, 9, 2), date(2027, 9, 3), date(2027, 11, 24),
}  # fmt: skip
WORKED = {date(2026, 1, 10), date(2026, 8, 22)}


def works(day: date) -> bool:
    """Whether people work on that day."""
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def counted(opened: datetime, days: int, waits: Sequence[Span] = (), incidents: Sequence[Span] = ()) -> datetime:
    """When an answer is due: `days` business days after opening, later by every minute that does not count.

    `opened` as precise as a clock is; the spans in whole minutes. A minute that does not count before the promised date
    is owed, and made up for after it by a minute that counts.
    """
    local = opened.astimezone(VIETNAM)
    day = local.date()
    if local.time() > CUT_OFF or not works(day):
        day = _after(day)
    for _ in range(days):
        day = _after(day)
    due = datetime.combine(day, CLOSES, VIETNAM)
    minute = local.replace(second=0, microsecond=0)
    owed, left = 0, INCIDENT_MINUTES
    while minute < due or owed:
        if not works(minute.date()):
            minute = datetime.combine(minute.date() + timedelta(days=1), OPENS, VIETNAM)
            continue
        if OPENS <= minute.time() < CLOSES:
            if _in(minute, waits):
                owed += minute < due
            elif left and _in(minute, incidents):
                owed += minute < due
                left -= 1
            elif minute >= due:
                owed -= 1
            if minute >= due and not owed:
                return minute + MINUTE
        minute += MINUTE
        if minute >= due and not owed:
            return due
    return due


def _after(day: date) -> date:
    day += timedelta(days=1)
    while not works(day):
        day += timedelta(days=1)
    return day


def _in(minute: datetime, spans: Sequence[Span]) -> bool:
    return any(start <= minute < end for start, end in spans)


def line(by: str, opened: datetime, days: int, waits: Sequence[Span], incidents: Sequence[Span], what: str) -> str:
    """A row of the table, with the due date that is counted here."""
    due = counted(opened, days, waits, incidents)
    cells = (by, opened.isoformat(), str(days), _spans(waits), _spans(incidents), f"{due:%Y-%m-%dT%H:%M}", what)
    return " | ".join(cells)


def _spans(spans: Sequence[Span]) -> str:
    return ", ".join(f"{start:%Y-%m-%dT%H:%M}/{end:%Y-%m-%dT%H:%M}" for start, end in spans) or "-"


def rows() -> Iterator[str]:
    """The counted rows: around Tet, exchanged days and other holidays, with zones, waits and incidents."""
    dice = random.Random(2026)
    weeks = {
        "Tet 2026": (date(2026, 2, 9), 16), "Tet 2027": (date(2027, 1, 29), 16), "New Year 2026": (date(2025, 12, 30), 13),
        "National Day 2026": (date(2026, 8, 20), 16), "April 2026": (date(2026, 4, 22), 13),
        "spring 2027": (date(2027, 4, 13), 23), "November": (date(2026, 11, 20), 6),
    }  # fmt: skip
    for name, (first, length) in weeks.items():
        for day in (first + timedelta(days=number) for number in range(0, length, 2)):
            clock = dice.choice(
                (time(0, 0), time(7, 59), time(12, 30), time(16, 59, 59), time(17), time(17, 0, 1), time(23, 59))
            )
            yield line("counted", datetime.combine(day, clock, VIETNAM), dice.randint(0, 5), (), (), name)
        for _ in range(4):
            zone = timezone(timedelta(minutes=dice.choice((-480, -300, 0, 60, 330, 540, 765))))
            opened = datetime.combine(_day(dice, first, length), _clock(dice), VIETNAM).astimezone(zone)
            yield line("counted", opened, dice.randint(1, 3), (), (), f"{name}, another zone")
        for _ in range(6):
            opened = datetime.combine(_day(dice, first, length), _clock(dice), VIETNAM)
            waits = _some(dice, opened, dice.randint(1, 2))
            yield line("counted", opened, dice.randint(1, 3), waits, (), f"{name}, waited")
        for _ in range(6):
            opened = datetime.combine(_day(dice, first, length), _clock(dice), VIETNAM)
            yield line("counted", opened, dice.randint(1, 3), (), _some(dice, opened, 1), f"{name}, incident")
        for _ in range(4):
            opened = datetime.combine(_day(dice, first, length), _clock(dice), VIETNAM)
            both = _some(dice, opened, 1), _some(dice, opened, 2)
            yield line("counted", opened, dice.randint(1, 3), *both, f"{name}, waited, incidents")


def _day(dice: random.Random, first: date, length: int) -> date:
    return first + timedelta(days=dice.randrange(length))


def _clock(dice: random.Random) -> time:
    return time(dice.randrange(24), dice.choice((0, 1, 30, 59)))


def _some(dice: random.Random, opened: datetime, number: int) -> list[Span]:
    found = []
    for _ in range(number):
        start = opened.replace(second=0) + timedelta(minutes=dice.randint(-600, 5_000))
        found.append((start, start + timedelta(minutes=dice.choice((1, 45, 240, 1_500, 6_000, 12_000)))))
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
