"""A policy's own facts worked out again in SQL, from what was recorded of an order when a case was judged.

Each case keeps its raw facts (`described`): the moments and attributes of the order, the moment of asking and the
calendar. From them a window or an attribute that another version defines differently is derived, as
`smmatic.policy.facts` does it in Python; a test holds both together. '' is what cannot be derived.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from smmatic.policy.business_time import BusinessCalendar
from smmatic.policy.compiler import CompiledPolicy
from smmatic.policy.shape import Fact, Times
from smmatic.policy.terms import BUSINESS, BUSINESS_HOURS, HOURS, Window

FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2045, 12, 31)
"""Days that business windows can be worked out for; outside of them a case is undecidable."""

_ASKED = "(c.described ->> 'asked_at')::timestamptz"
_KNOWN = "c.described ? 'asked_at'"


@dataclass
class Derived:
    """The own facts of both judging versions as SQL: one expression each, and the parameters that they name."""

    expressions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[object, ...], int] = field(default_factory=dict)
    business: bool = False
    """Whether any of them needs the calendars."""

    def place(self, one: CompiledPolicy, fact: Fact, recorded: Mapping[int, CompiledPolicy]) -> int:
        """The place (from 1) of the fact's value in the derived array of a case; '' where it was recorded alike."""
        times = one.document.times
        key = (definition(one, fact), fact.id)
        if key not in self.places:
            alike = [version for version, other in recorded.items() if recorded_alike(one, fact, other)]
            number = len(self.expressions) + 1
            self.parameters[f"alike_{number}"] = alike
            said = f"CASE WHEN c.policy_version_id = ANY (%(alike_{number})s::bigint[]) THEN NULL"
            self.expressions.append(f"{said} ELSE {self._value(fact, times, number)} END")
            self.places[key] = number
        return self.places[key]

    def _value(self, fact: Fact, times: Times, number: int) -> str:
        self.parameters[f"default_{number}"] = fact.default
        default = f"%(default_{number})s::text"
        if fact.window is not None:
            return self._window(fact.window, times, default, number)
        if fact.attribute is None:
            return "''"
        name = f"c.described ->> '{fact.attribute.name}'"
        if fact.attribute.at_least is not None:
            enough = f"CASE WHEN ({name})::bigint >= {fact.attribute.at_least:d} THEN 'yes' ELSE 'no' END"
            value = f"CASE WHEN c.described ? '{fact.attribute.name}' THEN {enough} ELSE {default} END"
        else:
            self.parameters[f"values_{number}"] = json.dumps(dict(fact.attribute.values))
            value = f"coalesce(%(values_{number})s::jsonb ->> ({name}), {default})"
        return f"CASE WHEN {_KNOWN} THEN {value} ELSE '' END"

    def _window(self, window: Window, times: Times, default: str, number: int) -> str:
        since = f"(c.described ->> '{window.since}')::timestamptz"
        self.parameters[f"zone_{number}"] = times.zone
        closes = self._closes(window, times, since, f"%(zone_{number})s::text")
        return (
            f"CASE WHEN NOT {_KNOWN} THEN '' WHEN NOT c.described ? '{window.since}' THEN {default} "
            f"ELSE CASE {_ASKED} <= {closes} WHEN true THEN 'yes' WHEN false THEN 'no' ELSE '' END END"
        )

    def _closes(self, window: Window, times: Times, since: str, zone: str) -> str:
        """The last moment of a window, as `facts.closes_at` gives it."""
        span, local = window.at_most, f"({since} AT TIME ZONE {zone})"
        if span.unit == HOURS:
            return f"{since} + interval '{span.number:d} hours'"
        if span.unit not in (BUSINESS, BUSINESS_HOURS):
            midnight = f"({local}::date + {span.number + 1:d})::timestamp AT TIME ZONE {zone}"
            return f"{midnight} - interval '1 microsecond'"
        self.business = True
        day = f"({local}::date - DATE '{FIRST_DAY}')"
        if span.unit == BUSINESS:
            late = f"({local}::time > TIME '{times.cut_off}')::int"
            index = f"k.ahead[{day} + 1 + {late}] + {span.number:d}"
            return f"(DATE '{FIRST_DAY}' + k.days[{index}] + TIME '{times.due_by}') AT TIME ZONE {zone}"
        # All business seconds since the first day, plus those of the window: the day in which they end, and where.
        length = f"extract(epoch FROM TIME '{times.due_by}' - TIME '{times.opens}')::numeric"
        worked = f"greatest(0, least({length}, extract(epoch FROM {local}::time - TIME '{times.opens}')::numeric))"
        today = f"CASE WHEN k.days[k.ahead[{day} + 1]] = {day} THEN {worked} ELSE 0 END"
        total = f"((k.ahead[{day} + 1] - 1) * {length} + {today} + {span.number * 3600:d})"
        ends = f"(ceil({total} / {length})::int)"
        rest = f"({total} - ({ends} - 1) * {length}) * interval '1 second'"
        opens = f"(DATE '{FIRST_DAY}' + k.days[{ends}] + TIME '{times.opens}')"
        return f"({opens} + {rest}) AT TIME ZONE {zone}"


def definition(one: CompiledPolicy, fact: Fact) -> tuple[object, ...]:
    """What makes a fact's value: where it comes from, its default, and for business time the hours of the day."""
    times = one.document.times
    attribute = fact.attribute and (fact.attribute.name, fact.attribute.at_least, tuple(fact.attribute.values.items()))
    hours: tuple[object, ...] = ()
    if fact.window and fact.window.at_most.unit != HOURS:
        hours = (times.zone, times.opens, times.cut_off, times.due_by)
    return fact.window, attribute, fact.default, hours


def recorded_alike(one: CompiledPolicy, fact: Fact, other: CompiledPolicy) -> bool:
    """Whether cases of the version `other` recorded this very fact of the version `one`."""
    return any(
        fact.id == own.id and definition(one, fact) == definition(other, own) for own in other.document.own_facts
    )


def calendar_arrays(calendar: BusinessCalendar) -> tuple[list[int], list[int]]:
    """For SQL: the business days as days since FIRST_DAY; for each day, the place (from 1) of the next that is one."""
    every = range((LAST_DAY - FIRST_DAY).days + 1)
    days = [number for number in every if calendar.is_business_day(FIRST_DAY + timedelta(days=number))]
    ahead: list[int] = []
    place = 0
    for number in every:
        while place < len(days) and days[place] < number:
            place += 1
        ahead.append(place + 1)
    return days, ahead
