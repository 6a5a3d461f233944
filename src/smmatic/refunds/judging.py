"""The one statement of a back-test: which parts of a charge it sums, and how it finds a case's cell."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from smmatic.kernel.database import sql
from smmatic.policy.business_time import BusinessCalendar
from smmatic.policy.compiler import CompiledPolicy, Outcome
from smmatic.policy.terms import Share
from smmatic.refunds.deriving import Derived, calendar_arrays, definition, recorded_alike

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

_CALENDARS = """calendars AS MATERIALIZED (
    SELECT id, days, ahead FROM unnest(%(calendars)s::bigint[]) WITH ORDINALITY AS i (id, n)
    JOIN LATERAL (SELECT array_agg(d::int) AS days FROM jsonb_array_elements_text(%(days)s::jsonb -> (n - 1)::int) d) x
         ON true
    JOIN LATERAL (SELECT array_agg(a::int) AS ahead FROM jsonb_array_elements_text(%(ahead)s::jsonb -> (n - 1)::int) a)
         y ON true
),"""
_JOIN = "LEFT JOIN calendars k ON k.id = (c.described ->> 'calendar')::bigint"
LACKING = -10_000_000
"""In place of a weight: the value is none that the judging version knows, so the sum falls below every cell."""


def statement_of(
    before: CompiledPolicy,
    after: CompiledPolicy,
    recorded: Mapping[int, CompiledPolicy],
    *,
    calendars: Mapping[int, BusinessCalendar] | None = None,
    since: datetime = FIRST,
    until: datetime = LAST,
) -> tuple[str, dict[str, Any]]:
    """The one statement and its parameters; `recorded` are the versions that cases may have been judged under,
    `calendars` those that business time may be counted by.
    """
    same = {name: [_same(one, other) for other in recorded.values()] for name, one in _both(before, after)}
    derived = Derived()
    parameters: dict[str, Any] = {"versions": list(recorded), "since": since, "until": until}
    shares = list(dict.fromkeys(share_of(one, outcome) for _, one in _both(before, after) for outcome in one.outcomes))
    text = sql("refunds/backtest.sql").replace("/* sums */", ",\n           ".join(_sum(share) for share in shares))
    for name, one in _both(before, after):
        own_facts = () if all(same[name]) else one.document.own_facts
        places = {fact.id: derived.place(one, fact, recorded) for fact in own_facts}
        terms = [_term(name, fact, place) for fact, place in places.items()]
        text = text.replace(f"/* {name} */", "".join(terms))
        base, offsets = _bases(one, recorded.values(), same[name])
        parameters |= {
            f"same_{name}": same[name],
            f"base_{name}": base,
            f"offset_{name}": offsets,
            f"table_{name}": one.table,
            f"share_{name}": [1 + shares.index(share_of(one, outcome)) for outcome in one.outcomes],
            **{f"weights_{name}_{fact}": json.dumps(one.space.weights[fact]) for fact in places},
        }
    own = ", ".join(derived.expressions)
    text = text.replace("/* own */", f"ARRAY[{own}]::text[]" if own else "NULL::text[]")
    text = text.replace("/* calendars */", _CALENDARS if derived.business else "")
    text = text.replace("/* join */", _JOIN if derived.business else "")
    if derived.business:
        arrays = [calendar_arrays(calendar) for calendar in (calendars or {}).values()]
        parameters |= {
            "calendars": list(calendars or {}),
            "days": json.dumps([days for days, _ in arrays]),
            "ahead": json.dumps([ahead for _, ahead in arrays]),
        }
    return text, parameters | derived.parameters


def _both(before: CompiledPolicy, after: CompiledPolicy) -> tuple[tuple[str, CompiledPolicy], ...]:
    return ("before", before), ("after", after)


def _term(name: str, fact: str, place: int) -> str:
    """What a derived fact adds to a cell; nothing where the stored cell has it already."""
    weight = f"coalesce((%(weights_{name}_{fact})s::jsonb ->> g.own[{place}])::int, {LACKING})"
    return f"\n               + CASE WHEN g.own[{place}] IS NULL THEN 0 ELSE {weight} END"


def _bases(one: CompiledPolicy, recorded: Iterable[CompiledPolicy], same: list[bool]) -> tuple[list[int], list[int]]:
    """For every cell of the recorded versions what its facts add up to under `one`, one version after the other, and
    where each begins; derived facts are left out.
    """
    base: list[int] = []
    offsets: list[int] = []
    for other, alike in zip(recorded, same, strict=True):
        offsets.append(len(base))
        if not alike:
            base += _base(one, other)
    return base, offsets


def _base(one: CompiledPolicy, other: CompiledPolicy) -> list[int]:
    derived = {fact.id for fact in one.document.own_facts if not recorded_alike(one, fact, other)}
    missing = [name for name in one.space.names if name not in derived and name not in other.space.names]
    sums = [LACKING if missing else 0]
    for name in other.space.names:  # the first has the largest stride: the sums come in the order of the cells
        weights = {} if name in derived else one.space.weights.get(name)
        values = other.space.values[name]
        adds = [weights.get(value, LACKING) for value in values] if weights else [0] * len(values)
        sums = [known + add for known in sums for add in adds]
    return [max(found, LACKING) for found in sums]


def _same(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    """Whether a cell of one version is the same combination under the other."""
    return one.space.weights == other.space.weights and _sources(one) == _sources(other)


def _sources(compiled: CompiledPolicy) -> dict[str, tuple[object, ...]]:
    return {fact.id: definition(compiled, fact) for fact in compiled.document.own_facts}


def share_of(compiled: CompiledPolicy, outcome: Outcome) -> Share:
    """What an answer gives back by itself; a review gives nothing before a person has looked."""
    return compiled.document.share(outcome.credits if outcome.decision == "approve" else "none")


def _sum(share: Share) -> str:
    """The SQL sum of what a share gives back; made of whole numbers only, in the order that avoids overflow."""
    if share.of == "none":
        return "0::numeric"
    charge, delivered, ordered = "c.charged", "c.delivered", "c.ordered"
    base = charge
    if share.of == "undelivered":
        base = f"{charge} - {charge} / {ordered} * {delivered} - {charge} %% {ordered} * {delivered} / {ordered}"
    kept = ""
    if share.percent < 100:
        kept += f" - ({base}) * {100 - share.percent} / 100"
    if share.withheld:
        kept += f" - {charge} * {share.withheld} / 100"
    return f"sum(greatest(0, {base}{kept} - c.back))"
