"""Measures the policy: a decision against a dictionary lookup, a back-test against one GROUP BY, the check of the file.

Every figure is a ratio against a yardstick in the same run. Recorded cases are generated set-based into a table of the
same shape as the real one, in a schema of its own in a database that is dropped after the measurement.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import psycopg

from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.policy.compiler import CompiledPolicy, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.prover import check_text
from smmatic.policy.space import bits
from smmatic.refunds.judging import statement_of

CASES = 1_000_000
_GENERATE = """
INSERT INTO refunds_case (order_id, customer_id, ask, state, automatic, service_class, policy_version_id, opened_at,
                          facts, cell, arithmetic, decision, clause, credits, units)
SELECT n, 1 + n %% 50000, f.facts ->> 'ask', 'settled', true, 'listing', 1, now() - n * interval '20 seconds',
       f.facts, f.cell,
       jsonb_build_object('charge', charge, 'delivered', CASE f.facts ->> 'delivered' WHEN 'none' THEN 0
                              WHEN 'all' THEN ordered ELSE 1 + floor(random() * (ordered - 1))::bigint END,
                          'ordered', ordered, 'released', 0, 'refunded', 0, 'credits', f.credits, 'amount', 0,
                          'of', f.credits, 'percent', 100, 'withheld', 0),
       f.decision, f.clause, f.credits, 0
FROM (SELECT n, 1 + floor(power(random(), 4) * %(kinds)s)::int AS kind,
             10000 * (1 + floor(random() * 500)::bigint) AS charge, 2 + floor(random() * 200)::bigint AS ordered
      FROM generate_series(1, %(cases)s) n) o
JOIN unnest(%(cells)s::int[], %(facts)s::jsonb[], %(decisions)s::text[], %(clauses)s::text[], %(credits)s::text[])
     WITH ORDINALITY AS f (cell, facts, decision, clause, credits, kind) USING (kind)
"""


@dataclass(frozen=True)
class Figure:
    """One measurement: medians and spread in seconds, and the ratio to its yardstick."""

    name: str
    yardstick: str
    seconds: float
    spread: tuple[float, float]
    yardstick_seconds: float
    ratio: float
    reach: float


def main(argv: Sequence[str]) -> int:
    """Measures all three and prints them; with --results also writes them for `benchmarks/results`."""
    parser = argparse.ArgumentParser(prog="smmatic bench-policy", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--results", type=Path, help="a folder to write policy.json into")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(argv)
    with server(data_folder()) as handle:
        figures = measure(handle, arguments.cases)
    text = json.dumps([asdict(figure) for figure in figures], indent=2)
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        (arguments.results / "policy.json").write_text(text + "\n", encoding="utf-8")
    if arguments.json:
        print(text)
        return 0
    for one in figures:
        print(f"{one.name:<30} {one.seconds:.3g} s, {one.ratio:.2f}x {one.yardstick} (reach {one.reach:g}x)")
    return 0


def measure(handle: ServerHandle, cases: int = CASES) -> list[Figure]:
    """Every figure of the policy, on a server; the database is made for the measurement and dropped after it."""
    name = "smmatic_bench_policy"
    handle.drop_database(name)
    try:
        owner, app = handle.create_database(name)
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
        command = [sys.executable, "-m", "smmatic", "migrate", "--quiet"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return [decision(), check(), back_test(owner, cases)]
    finally:
        handle.drop_database(name)


def decision() -> Figure:
    """A decision in Python against a dictionary lookup that builds the same key."""
    compiled = compile_policy(load_policy(SHIPPED_FILE.read_text(encoding="utf-8")))
    names = compiled.space.names
    every = [compiled.space.facts(cell) for cell in list(bits(_possible(compiled)))[::97]]
    for facts in every:
        compiled.decide(facts)
    key = itemgetter(*names)
    answers = {key(facts): compiled.decide(facts) for facts in every}

    def by_policy() -> None:
        decide = compiled.decide
        for facts in every:
            decide(facts)

    def by_dictionary() -> None:
        for facts in every:
            answers[key(facts)]

    ours, theirs = _times([by_policy, by_dictionary], 50)
    return _figure("policy decision", "dict lookup that builds the same key", ours, theirs, 5.0, per=len(every))


def check() -> Figure:
    """The whole check of the shipped file; its yardstick is 200 ms."""
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    (ours,) = _times([lambda: check_text(text)], 7)
    return _figure("check of the whole file", "200 ms", ours, [0.2], 1.0)


def back_test(owner_url: str, cases: int = CASES, rounds: int = 5) -> Figure:
    """A back-test of so many recorded cases under two versions against one GROUP BY over the same table."""
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    before = compile_policy(load_policy(text))
    after = compile_policy(load_policy(text.replace('version = "1.0"', 'version = "1.1"', 1)))
    statement, parameters = statement_of(before, after, {1: before})
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
        connection.execute("CREATE SCHEMA bench")
        connection.execute("CREATE TABLE bench.refunds_case (LIKE public.refunds_case INCLUDING ALL)")
        connection.execute("SET search_path = bench, public")
        connection.execute(_GENERATE, _kinds(before, cases))
        connection.execute("VACUUM ANALYZE refunds_case")

        def judge() -> None:
            connection.execute(statement, parameters).fetchall()

        def group() -> None:
            connection.execute("SELECT clause, count(*) FROM refunds_case GROUP BY clause").fetchall()

        ours, theirs = _times([judge, group], rounds)
        connection.execute("DROP SCHEMA bench CASCADE")
    return _figure(f"back-test of {cases:,} cases", "count(*) with one GROUP BY", ours, theirs, 5.0)


def _kinds(compiled: CompiledPolicy, cases: int) -> Mapping[str, object]:
    """The situations that recorded cases are drawn from, the ordinary ones first, so that they are frequent."""
    space = compiled.space
    every = [(cell, space.facts(cell)) for cell in bits(_possible(compiled))]
    plain = {fact.id: fact.default for fact in compiled.document.facts}
    every.sort(key=lambda one: (sum(plain[name] not in ("", value) for name, value in one[1].items()), one[0]))
    chosen = every[:2000]
    outcomes = [compiled.decide(facts) for _, facts in chosen]
    return {
        "cases": cases,
        "kinds": len(chosen),
        "cells": [cell for cell, _ in chosen],
        "facts": [json.dumps(facts) for _, facts in chosen],
        "decisions": [outcome.decision for outcome in outcomes],
        "clauses": [outcome.clause for outcome in outcomes],
        "credits": [outcome.credits for outcome in outcomes],
    }


def _possible(compiled: CompiledPolicy) -> int:
    mask = 0
    for item in compiled.document.impossible:
        mask |= compiled.space.fitting(item.when)
    return compiled.space.everything & ~mask


def _times(works: Sequence[Callable[[], Any]], rounds: int) -> list[list[float]]:
    """The seconds of each work, run in turns so that all meet the same noise; the first turn only warms up."""
    found: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for place, work in enumerate(works):
            began = time.perf_counter()
            work()
            if turn:
                found[place].append(time.perf_counter() - began)
    return found


def _figure(name: str, yardstick: str, ours: list[float], theirs: list[float], reach: float, *, per: int = 1) -> Figure:
    median, against = statistics.median(ours) / per, statistics.median(theirs) / per
    return Figure(name, yardstick, median, (min(ours) / per, max(ours) / per), against, median / against, reach)
