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
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import psycopg

from smmatic.ops.policy_plot import write
from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.policy.compiler import CompiledPolicy, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy, load_policy_file
from smmatic.policy.prover import check_text
from smmatic.policy.space import bits
from smmatic.refunds.judging import statement_of

CASES = 1_000_000
_APPROVES = 'fulfilment_fault = "verified" }\nthen = { decision = "approve", credits = "undelivered"'
_DENIES = _APPROVES.replace('"approve", credits = "undelivered"', '"deny", credits = "none"')
_GENERATE = """
INSERT INTO refunds_case (order_id, customer_id, ask, state, automatic, service_class, policy_version_id, opened_at,
                          facts, cell, described, arithmetic, decision, clause, credits, units)
SELECT n, 1 + n %% 50000, f.facts ->> 'ask', 'settled', true, 'listing', 1, now() - n * interval '20 seconds',
       f.facts, f.cell,
       jsonb_build_object('asked_at', now() - n * interval '20 seconds', 'calendar', 1, 'order.quantity', ordered,
                          'placed_at', now() - n * interval '20 seconds' - kind * interval '1 hour',
                          'ended_at', now() - n * interval '20 seconds' - kind %% 100 * interval '1 hour',
                          'service.platform', 'shopee', 'service.class', 'listing', 'order.start_now', 'no',
                          'customer.type', CASE n %% 2 WHEN 0 THEN 'consumer' ELSE 'business' END,
                          'customer.jurisdiction', CASE n %% 3 WHEN 0 THEN 'VN' ELSE 'US' END),
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
    """One measurement: medians and spread in seconds, and the ratio to its yardstick.

    label: its name in the plot. reach: the ratio that it has to stay within; None where the specification sets none.
    """

    name: str
    label: str
    yardstick: str
    seconds: float
    spread: tuple[float, float]
    yardstick_seconds: float
    ratio: float
    reach: float | None


def main(argv: Sequence[str]) -> int:
    """Measures everything and prints it; with --results also writes `benchmarks/results` and the plot of the docs."""
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
        write(figures)
    if arguments.json:
        print(text)
        return 0
    for one in figures:
        print(f"{one.name:<45} {one.seconds:.3g} s, {one.ratio:.2f}x {one.yardstick} ({_bound(one)})")
    return 0


def _bound(one: Figure) -> str:
    if one.reach is None:
        return "no bound is set"
    return f"reach {one.reach:g}x{'' if one.ratio <= one.reach else ', NOT reached'}"


def measure(handle: ServerHandle, cases: int = CASES) -> list[Figure]:
    """Every figure of the policy, on a server; the database is made for the measurement and dropped after it."""
    name = "smmatic_bench_policy"
    handle.drop_database(name)
    try:
        owner, app = handle.create_database(name)
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
        command = [sys.executable, "-m", "smmatic", "migrate", "--quiet"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return [decision(), *check(), *back_tests(owner, cases)]
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
    yardstick = "dict lookup that builds the same key"
    return _figure("policy decision", "decision", yardstick, ours, theirs, 5.0, per=len(every))


def check() -> list[Figure]:
    """The whole check of the shipped file against 200 ms by the clock; and its CPU time, which says on a busy machine
    what it would be on an idle one: it is one thread that waits for nothing.
    """
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    (clock,) = _times([lambda: check_text(text)], 9)
    (processor,) = _times([lambda: check_text(text)], 9, time.process_time)
    return [
        _figure("check of the whole file", "check of the file", "200 ms", clock, [0.2], 1.0),
        _figure("check of the whole file, CPU time", "check, CPU time", "200 ms", processor, [0.2], None),
    ]


def back_tests(owner_url: str, cases: int = CASES, rounds: int = 5) -> list[Figure]:
    """Back-tests of so many recorded cases against one GROUP BY over the same table: under a version that refuses what
    this one approves by 2.1, judged from the stored cells; and under another shop's policy, whose windows, types and
    sizes are worked out again from the raw facts.
    """
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    before = compile_policy(load_policy(text))
    assert _APPROVES in text, "the rule that the back-test turns round is not there"
    after = compile_policy(load_policy(text.replace(_APPROVES, _DENIES, 1).replace('"1.0"', '"1.1"', 1)))
    other = compile_policy(load_policy_file(SHIPPED_FILE.with_name("sen_studio.toml")))
    statements = [statement_of(before, one, {1: before}) for one in (after, other)]
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
        connection.execute("CREATE SCHEMA bench")
        connection.execute("CREATE TABLE bench.refunds_case (LIKE public.refunds_case INCLUDING ALL)")
        connection.execute("SET search_path = bench, public")
        connection.execute(_GENERATE, _kinds(before, cases))
        connection.execute("VACUUM ANALYZE refunds_case")

        def judge(statement: str, parameters: Mapping[str, Any]) -> list[Any]:
            # As the application sends it: every parameter is a literal of the statement.
            return psycopg.ClientCursor(connection).execute(statement, parameters).fetchall()

        def group() -> None:
            connection.execute("SELECT clause, count(*) FROM refunds_case GROUP BY clause").fetchall()

        same, theirs = _times([partial(judge, *statements[0]), group], rounds)
        derived, beside = _times([partial(judge, *statements[1]), group], 2)
        connection.execute("DROP SCHEMA bench CASCADE")
    name = f"back-test of {cases:,} cases"
    return [
        _figure(name, "back-test", "count(*) with one GROUP BY", same, theirs, 5.0),
        _figure(
            f"{name}, from their raw facts", "back-test, raw facts", "count(*) with one GROUP BY", derived, beside, 5.0
        ),
    ]


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


def _times(
    works: Sequence[Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[list[float]]:
    """The seconds of each work, run in turns so that all meet the same noise; the first turn only warms up."""
    found: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for place, work in enumerate(works):
            began = clock()
            work()
            if turn:
                found[place].append(clock() - began)
    return found


def _figure(
    name: str, label: str, yardstick: str, ours: list[float], theirs: list[float], reach: float | None, *, per: int = 1
) -> Figure:
    median, against = statistics.median(ours) / per, statistics.median(theirs) / per
    return Figure(name, label, yardstick, median, (min(ours) / per, max(ours) / per), against, median / against, reach)
