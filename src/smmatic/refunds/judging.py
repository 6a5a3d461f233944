"""The one statement of a back-test: which parts of a charge it sums, and how it finds a case's cell."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from smmatic.kernel.database import sql
from smmatic.policy.compiler import CompiledPolicy, Outcome
from smmatic.policy.shape import Fact
from smmatic.policy.terms import Share

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_NUMBER = "(c.arithmetic ->> '{}')::bigint"


def statement_of(
    before: CompiledPolicy,
    after: CompiledPolicy,
    recorded: Mapping[int, CompiledPolicy],
    *,
    since: datetime = FIRST,
    until: datetime = LAST,
) -> tuple[str, dict[str, Any]]:
    """The one statement and its parameters; `recorded` are the versions that cases may have been judged under."""
    same = {name: [_same(one, other) for other in recorded.values()] for name, one in _both(before, after)}
    alike = all(all(found) for found in same.values())
    shares = list(dict.fromkeys(share_of(one, outcome) for _, one in _both(before, after) for outcome in one.outcomes))
    text = sql("refunds/backtest.sql").replace("/* facts */", "NULL::jsonb" if alike else "c.facts")
    text = text.replace("/* sums */", ",\n           ".join(_sum(share) for share in shares))
    parameters: dict[str, Any] = {"versions": list(recorded), "since": since, "until": until}
    for name, one in _both(before, after):
        parameters |= {
            f"same_{name}": same[name],
            f"table_{name}": one.table,
            f"weights_{name}": json.dumps(_weights(one, recorded.values())),
            f"share_{name}": [1 + shares.index(share_of(one, outcome)) for outcome in one.outcomes],
        }
    return text, parameters


def _both(before: CompiledPolicy, after: CompiledPolicy) -> tuple[tuple[str, CompiledPolicy], ...]:
    return ("before", before), ("after", after)


def _same(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    """Whether a cell of one version is the same combination under the other."""
    return one.space.weights == other.space.weights and _sources(one) == _sources(other)


def _sources(compiled: CompiledPolicy) -> dict[str, tuple[object, object, str]]:
    return {fact.id: _source(fact) for fact in compiled.document.own_facts}


def _source(fact: Fact) -> tuple[object, object, str]:
    return fact.window, fact.attribute, fact.default


def _weights(compiled: CompiledPolicy, recorded: Iterable[CompiledPolicy]) -> dict[str, dict[str, int]]:
    """The weights of every value; a fact that was recorded under another definition has none, so it is undecidable."""
    defined = _sources(compiled)
    others = [_sources(other) for other in recorded]
    differs = {fact for fact, source in defined.items() for other in others if other.get(fact, source) != source}
    return {fact: {} if fact in differs else dict(values) for fact, values in compiled.space.weights.items()}


def share_of(compiled: CompiledPolicy, outcome: Outcome) -> Share:
    """What an answer gives back by itself; a review gives nothing before a person has looked."""
    return compiled.document.share(outcome.credits if outcome.decision == "approve" else "none")


def _sum(share: Share) -> str:
    """The SQL sum of what a share gives back; made of whole numbers only, in the order that avoids overflow."""
    if share.of == "none":
        return "0::numeric"
    charge, delivered, ordered = (_NUMBER.format(name) for name in ("charge", "delivered", "ordered"))
    base = charge
    if share.of == "undelivered":
        base = f"{charge} - {charge} / {ordered} * {delivered} - {charge} %% {ordered} * {delivered} / {ordered}"
    kept = ""
    if share.percent < 100:
        kept += f" - ({base}) * {100 - share.percent} / 100"
    if share.withheld:
        kept += f" - {charge} * {share.withheld} / 100"
    back = f"{_NUMBER.format('released')} - {_NUMBER.format('refunded')}"
    return f"sum(greatest(0, {base}{kept} - {back}))"
