"""Vietnam's business calendar: public holidays, days off in exchange, and the Saturdays worked for them.

Seeded from the `holidays` library and corrected by OVERRIDES. An installation stores it as a version; a later decision
of the government becomes a new version, and orders keep the one that they were placed under.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import holidays

from .business_time import BusinessCalendar, Day

YEARS = range(2025, 2029)
NAME = "vietnam"

OVERRIDES: dict[date, Day] = {
    # The day between New Year and the weekend, exchanged by the government for a working Saturday.
    date(2026, 1, 2): Day(
        "off",
        {"en": "New Year, day off in exchange for 2026-01-10", "vi": "Tết Dương lịch, nghỉ hoán đổi cho 10/01/2026"},
    ),
    date(2026, 1, 10): Day(
        "worked", {"en": "worked in exchange for 2026-01-02", "vi": "làm bù cho ngày nghỉ 02/01/2026"}
    ),
}
"""Days that the library does not know, or not yet."""

_SUBSTITUTED = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_TET = {"en": "Lunar New Year (Tết)", "vi": "Tết Nguyên Đán"}


def vietnam_days(years: range = YEARS) -> dict[date, Day]:
    """Every day of these years that differs from Monday to Friday, with its reason in English and Vietnamese."""
    english = holidays.country_holidays("VN", years=years, language="en_US")
    vietnamese = holidays.country_holidays("VN", years=years, language="vi")
    found = {day: Day("off", _words(name, vietnamese[day])) for day, name in english.items()}
    exchanged = {_exchanged(name): day for day, name in english.items() if _exchanged(name)}
    for day in english.weekend_workdays:
        if day.year in years:
            found[day] = Day("worked", _worked(exchanged.get(day)))
    found.update({day: override for day, override in OVERRIDES.items() if day.year in years})
    return dict(sorted(found.items()))


def vietnam_calendar(years: range = YEARS) -> BusinessCalendar:
    """The calendar as shipped."""
    return BusinessCalendar(vietnam_days(years))


def days_as_json(days: Mapping[date, Day]) -> dict[str, dict[str, str]]:
    """Days as stored with a calendar version: {'2026-01-02': {'kind': 'off', 'en': ..., 'vi': ...}}."""
    return {day.isoformat(): {"kind": item.kind, **item.why} for day, item in sorted(days.items())}


def calendar_of(stored: Mapping[str, Mapping[str, str]]) -> BusinessCalendar:
    """The calendar of a stored version. Raises ValueError for days that no calendar can have."""
    days: dict[date, Day] = {}
    for day, item in stored.items():
        if item["kind"] not in ("off", "worked"):
            raise ValueError(f"{day} is '{item['kind']}', neither off nor worked.")
        days[date.fromisoformat(day)] = Day(item["kind"], {key: word for key, word in item.items() if key != "kind"})
    return BusinessCalendar(days)


def _words(english: str, vietnamese: str) -> dict[str, str]:
    if "Lunar New Year" in english:
        return dict(_TET)
    worked = _exchanged(english)
    if worked:
        return {
            "en": f"day off in exchange for {worked.isoformat()}",
            "vi": f"nghỉ hoán đổi cho {worked:%d/%m/%Y}",
        }
    return {"en": english.replace("Liberation Day/", ""), "vi": vietnamese}


def _worked(day_off: date | None) -> dict[str, str]:
    if day_off is None:
        return {"en": "worked in exchange for a day off", "vi": "làm bù cho ngày nghỉ"}
    return {
        "en": f"worked in exchange for {day_off.isoformat()}",
        "vi": f"làm bù cho ngày nghỉ {day_off:%d/%m/%Y}",
    }


def _exchanged(name: str) -> date | None:
    """The day worked instead, from the library's English name 'Day off (substituted from 08/22/2026)'."""
    match = _SUBSTITUTED.search(name)
    return date(int(match.group(3)), int(match.group(1)), int(match.group(2))) if match else None
