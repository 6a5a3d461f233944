"""Correcting the business calendar: a new version with one day changed; orders placed before keep the one they have."""

from __future__ import annotations

from datetime import date

from smmatic.accounts.queries import Person
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line

from . import queries
from .actions import add_calendar
from .business_time import Day
from .queries import CalendarRow

KINDS = ("off", "worked", "usual")
"""Nobody works; people work; as its weekday says."""


def set_day(person: Person, day: date, *, kind: str, why_en: str, why_vi: str, reason: str) -> CalendarRow:
    """Makes a version of the calendar in force in which one day is off, worked, or as usual.

    `why_en` and `why_vi` are what customers read where the day is skipped; `reason` stays with the version.

    Raises:
        Refusal: `role_missing`, `field_invalid` (kind), `field_missing`, `reason_missing`, `text_*`.
    """
    if kind not in KINDS:
        raise Refusal(RefusalCode.FIELD_INVALID, "kind")
    words = {"en": clean_line(why_en, "why_en", 120), "vi": clean_line(why_vi, "why_vi", 120)}
    if kind != "usual" and not all(words.values()):
        raise Refusal(RefusalCode.FIELD_MISSING, "why_vi" if words["en"] else "why_en")
    days = dict(queries.current_calendar().calendar.days)
    days.pop(day, None)
    if kind != "usual":
        days[day] = Day(kind, words)
    return add_calendar(days, person, reason)
