"""The one statement of a back-test: which parts of a charge it sums, and how it finds a case's cell."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from smmatic.kernel.database import sql
from smmatic.policy.business_time import BusinessCalendar
from smmatic.policy.compiler import CompiledPolicy, Outcome
from smmatic.policy.terms import Share
from smmatic.refunds.deriving import Derived, calendar_arrays, definition

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

_CALENDARS = """calendars AS MATERIALIZED (
    SELECT id, days, ahead FROM unnest(%(calendars)s::bigint[]) WITH ORDINALITY AS i (id, n)
    JOIN LATERAL (SELECT array_agg(d::int) AS days FROM jsonb_array_elements_text(%(days)s::jsonb -> (n - 1)::int) d) x
         ON true
    JOIN LATERAL (SELECT array_agg(a::int) AS ahead FROM jsonb_array_elements_text(%(ahead)s::jsonb -> (n - 1)::int) a)
         y ON true
),"""
_JOIN = "LEFT JOIN calendars k ON k.id = (c.described ->> 'calendar')::bigint"
_CELL = """
               SELECT CASE WHEN bool_and(coalesce(w.value -> 'of' ? said, false))
                           THEN sum((w.value -> 'of' ->> said)::int)::int END
               FROM jsonb_each(%(weights_{name})s::jsonb) w,
                    LATERAL (SELECT coalesce(g.own[(w.value ->> 'place')::int],
                        k.space #>> ARRAY[w.key, 'values', (g.cell / (k.space #>> ARRAY[w.key, 'stride'])::int
                                          %% (k.space #>> ARRAY[w.key, 'size'])::int)::text]) AS said) s"""


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
    parameters: dict[str, Any] = {
        "versions": list(recorded),
        "since": since,
        "until": until,
        "spaces": [json.dumps(_space(other)) for other in recorded.values()],
    }
    shares = list(dict.fromkeys(share_of(one, outcome) for _, one in _both(before, after) for outcome in one.outcomes))
    text = sql("refunds/backtest.sql").replace("/* sums */", ",\n           ".join(_sum(share) for share in shares))
    for name, one in _both(before, after):
        places = {} if all(same[name]) else {fact.id: derived.place(one, fact, recorded) for fact in _own(one)}
        text = text.replace(f"/* {name} */", _CELL.format(name=name))
        parameters |= {
            f"same_{name}": same[name],
            f"table_{name}": one.table,
            f"weights_{name}": json.dumps(_weights(one, places)),
            f"share_{name}": [1 + shares.index(share_of(one, outcome)) for outcome in one.outcomes],
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


def _own(compiled: CompiledPolicy) -> tuple[Any, ...]:
    return compiled.document.own_facts


def _same(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    """Whether a cell of one version is the same combination under the other."""
    return one.space.weights == other.space.weights and _sources(one) == _sources(other)


def _sources(compiled: CompiledPolicy) -> dict[str, tuple[object, ...]]:
    return {fact.id: definition(compiled, fact) for fact in compiled.document.own_facts}


def _space(compiled: CompiledPolicy) -> dict[str, dict[str, Any]]:
    """How a stored cell is read: for each fact that the software says, and those of its own, stride and values."""
    space = compiled.space
    return {
        name: {"stride": space.strides[name], "size": len(space.values[name]), "values": list(space.values[name])}
        for name in space.names
    }


def _weights(compiled: CompiledPolicy, places: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """The weights of every value of every fact, and for facts of its own where the derived value stands."""
    return {fact: {"of": dict(values), "place": places.get(fact)} for fact, values in compiled.space.weights.items()}


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
