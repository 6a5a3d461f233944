"""`smmatic bench-accept`: accepting due orders in batches of 500 with several workers, each order once.

The yardstick takes turns with it on the same table: the same UPDATE and the same INSERT of events by one connection, in
batches of 500, without looking for due rows and without other workers. Results go to benchmarks/results/accepting.json.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from smmatic.ops.bench import READY, _database, smmatic
from smmatic.ops.postgres import data_folder, server
from smmatic.ops.postgres_cluster import version

RESULTS = Path("benchmarks/results/accepting.json")
BATCH = 500
_PLAIN = """
    WITH moved AS (
        UPDATE orders_order
        SET status = 'processing', accepted_at = clock_timestamp(), next_check_at = clock_timestamp()
        WHERE id = ANY (%s) RETURNING id
    )
    INSERT INTO orders_event (order_id, kind, status_from, status_to, actor_kind, at)
    SELECT id, 'accepted', 'pending', 'processing', 'system', clock_timestamp() FROM moved
"""


def main(argv: Sequence[str]) -> int:
    """Measures, prints and writes the results; exit code 1 where an order was accepted twice or never."""
    parser = argparse.ArgumentParser(prog="smmatic bench-accept", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="due orders in each round")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(argv)
    with server(data_folder()) as handle, _database(handle, "smmatic_bench_accept") as (owner, app):
        environment = _environment(owner, app)
        for command in (["migrate", "--quiet"], ["prepare"]):
            smmatic(command, environment)
        rounds = [_round_of(environment, chosen.orders, chosen.workers) for _round in range(chosen.rounds)]
        smmatic(["prove"], environment)
        report = {
            "orders": chosen.orders, "workers": chosen.workers, "batch": BATCH, "postgresql": version(),
            "rounds": rounds,
            "accepted_per_second": round(median(one["per_second"] for one in rounds)),
            "plain_per_second": round(median(one["plain_per_second"] for one in rounds)),
        }  # fmt: skip
    report["ratio"] = round(report["accepted_per_second"] / report["plain_per_second"], 3)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"accepting, {chosen.workers} workers   {report['accepted_per_second']:8.0f} orders a second")
    print(f"plain UPDATE and INSERT  {report['plain_per_second']:8.0f} orders a second   ratio {report['ratio']:.2f}")
    return 0 if all(one["once"] for one in rounds) else 1


def _environment(owner: str, app: str) -> dict[str, str]:
    import os

    return {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner}


def _round_of(environment: dict[str, str], orders: int, workers: int) -> dict[str, Any]:
    plain = json.loads(smmatic(["bench-accept-part", "plain", str(orders)], environment).splitlines()[-1])
    smmatic(["bench-accept-part", "make", str(orders)], environment)
    command = [sys.executable, "-m", "smmatic", "bench-accept-part", "work", "0"]
    running = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _worker in range(workers)
    ]
    for process in running:
        if process.stdout is None or process.stdout.readline().strip() != READY:
            raise RuntimeError("a worker of the bench did not start; its own words are above")
    start = time.monotonic()
    for process in running:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
    seconds = max(one["ended"] for one in told) - start
    accepted = [one["accepted"] for one in told]
    checked = json.loads(smmatic(["bench-accept-part", "check", "0"], environment).splitlines()[-1])
    return {
        "per_second": round(orders / seconds), "by_worker": accepted, "plain_per_second": plain["per_second"],
        "database_seconds_by_worker": [round(one["inside"], 3) for one in told], "seconds": round(seconds, 3),
        "once": sum(accepted) == orders and checked["wrong"] == 0,
    }  # fmt: skip


def part(argv: Sequence[str]) -> int:
    """One part of the bench: `make`, `plain`, `work` or `check`."""
    what, number = argv[0], int(argv[1])
    answer = {"make": _make, "plain": _plain, "work": _work, "check": _check}[what](number)
    print(json.dumps(answer))
    return 0


def _make(number: int) -> dict[str, Any]:
    from smmatic.accounts.queries import person
    from smmatic.catalogue.queries import service_by_code
    from smmatic.kernel.ids import new_secret
    from smmatic.ops.bench_orders import make_customers
    from smmatic.orders.actions import OrderRequest, place_many

    service, (first, _last) = service_by_code("TT-ADS"), make_customers(1)
    who = person(first)
    if service is None or who is None:
        raise LookupError("The bench has no service or no customer.")
    request = OrderRequest(service.id, quantity=service.min, link="7012345678901234500", start_now=True)
    for at in range(0, number, 1000):
        several = [request] * min(1000, number - at)
        place_many(who, several, key=new_secret(), channel="api", all_or_nothing=False)
    return {"made": number}


def _plain(number: int) -> dict[str, Any]:
    from smmatic.kernel.database import atomic, execute, fetch_all

    _make(number)
    ids = [row["id"] for row in fetch_all("SELECT id FROM orders_order WHERE status = 'pending' ORDER BY id")]
    start = time.monotonic()
    for at in range(0, len(ids), BATCH):
        with atomic():
            execute(_PLAIN, [ids[at : at + BATCH]])
    return {"per_second": round(len(ids) / (time.monotonic() - start))}


def _work(_number: int) -> dict[str, Any]:
    from smmatic.kernel.database import fetch_one
    from smmatic.orders.actions import accept_due

    fetch_one("SELECT 1")
    print(READY, flush=True)
    sys.stdin.readline()
    accepted, inside, empty = 0, 0.0, 0
    while empty < 2:
        start = time.monotonic()
        got = len(accept_due(BATCH))
        ended = time.monotonic()
        if got:
            accepted, inside, empty, last = accepted + got, inside + ended - start, 0, ended
        else:
            empty += 1
            last = ended if not accepted else last
    return {"accepted": accepted, "inside": inside, "ended": last}


def _check(_number: int) -> dict[str, Any]:
    from smmatic.kernel.database import fetch_one

    row = fetch_one(
        """SELECT count(*) AS wrong FROM (
               SELECT o.id FROM orders_order o LEFT JOIN orders_event e ON e.order_id = o.id AND e.kind = 'accepted'
               GROUP BY o.id, o.status HAVING count(e.id) <> 1 OR o.status <> 'processing') odd"""
    )
    return {"wrong": row["wrong"] if row else -1}
