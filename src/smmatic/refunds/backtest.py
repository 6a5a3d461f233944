"""Back-test: what recorded cases would have been decided, and given back, under another version of the policy.

The database judges: cases store their cell, and a version is a table with one answer a cell. Between versions with
other facts the cells are derived again from the raw facts; what these don't say is counted as undecidable. A window or
an attribute of the same name that is defined differently is another fact: what it would have been was not recorded.
"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from smmatic.kernel.database import fetch_all
from smmatic.policy.compiler import IMPOSSIBLE, CompiledPolicy, Outcome
from smmatic.policy.queries import policy, policy_history
from smmatic.refunds.judging import FIRST, LAST, share_of, statement_of


@dataclass(frozen=True, slots=True)
class Judged:
    """Cases with one pair of answers; units in Credit units. None: impossible under that version."""

    before: Outcome | None
    after: Outcome | None
    cases: int
    units_before: int
    units_after: int


@dataclass(frozen=True, slots=True)
class ClauseSum:
    """A clause under both versions: cases that it decides and Credit units that it gives back."""

    clause: str
    cases_before: int
    cases_after: int
    units_before: int
    units_after: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """Recorded cases under two versions. `undecidable` lack a fact that a version asks for; `impossible` were, or are
    under a version, in a combination that it rules out. Reviews count as giving nothing: a person has to look.
    """

    before: str
    after: str
    cases: int
    undecidable: int
    impossible: int
    changed: int
    units_before: int
    units_after: int
    clauses: tuple[ClauseSum, ...]
    pairs: tuple[Judged, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


def backtest(
    before: CompiledPolicy, after: CompiledPolicy, *, since: datetime = FIRST, until: datetime = LAST
) -> Backtest:
    """Judges every recorded case opened from `since` up to `until` under both versions. Read-only, one statement."""
    began = time.perf_counter()
    # Raw facts are grouped only when a recorded version has other facts than a judging one: they cost more to group.
    recorded = {line.id: policy(line.id).compiled for line in policy_history()}
    statement, parameters = statement_of(before, after, recorded, since=since, until=until)
    rows = fetch_all(statement, parameters)
    return _result(before, after, rows, time.perf_counter() - began)


def _result(before: CompiledPolicy, after: CompiledPolicy, rows: list[dict[str, Any]], seconds: float) -> Backtest:
    undecidable = impossible = 0
    pairs: list[Judged] = []
    for row in rows:
        indices = row["before"], row["after"]
        if row["ruled_out"] or IMPOSSIBLE in indices:
            impossible += row["cases"]
        elif None in indices:
            undecidable += row["cases"]
        else:
            answers = before.outcomes[row["before"]], after.outcomes[row["after"]]
            pairs.append(Judged(*answers, row["cases"], row["units_before"], row["units_after"]))
    pairs.sort(key=lambda pair: -pair.cases)
    return Backtest(
        before=before.version,
        after=after.version,
        cases=sum(row["cases"] for row in rows),
        undecidable=undecidable,
        impossible=impossible,
        changed=sum(pair.cases for pair in pairs if _changed(before, after, pair)),
        units_before=sum(pair.units_before for pair in pairs),
        units_after=sum(pair.units_after for pair in pairs),
        clauses=tuple(_by_clause(pairs)),
        pairs=tuple(pairs),
        seconds=seconds,
    )


def _changed(before: CompiledPolicy, after: CompiledPolicy, pair: Judged) -> bool:
    if pair.before is None or pair.after is None or pair.before.same_answer != pair.after.same_answer:
        return True
    return share_of(before, pair.before) != share_of(after, pair.after)


def _by_clause(pairs: Iterable[Judged]) -> Iterable[ClauseSum]:
    found: dict[str, list[int]] = {}
    for pair in pairs:
        for place, outcome, units in ((0, pair.before, pair.units_before), (1, pair.after, pair.units_after)):
            if outcome is not None:
                numbers = found.setdefault(outcome.clause, [0, 0, 0, 0])
                numbers[place] += pair.cases
                numbers[place + 2] += units
    for clause in sorted(found, key=lambda number: [int(part) for part in number.split(".")]):
        yield ClauseSum(clause, *found[clause])
