"""Placing: one order in the database and through Python, ten thousand in one call, and all of one customer."""

import json
import os
import random
import re
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

from smmatic.ops.bench import pgbench_rate, python_rate, smmatic
from smmatic.ops.bench_registry import Ground, Measured, row

MASS = 10_000
TABLES = ("orders_order", "orders_event", "credits_charge", "credits_transfer", "credits_grant_use")


@row("placing one order, through Python", yardstick="pgbench TPC-B-like", reach=0.6)
def through_python(ground: Ground) -> Measured:
    """`orders.actions.place` in as many processes as there are clients."""
    script = script_of(ground)
    ours, theirs = [], []
    for _round in range(ground.rounds):
        theirs.append(pgbench_rate(ground.yardstick, ground.clients, ground.seconds))
        ours.append(
            python_rate(environment_of(ground), ground.clients, ground.seconds, script.with_suffix(".customers"))
        )
    return Measured(ours, theirs)


@row("placing one order, in the database", yardstick="pgbench -N -M prepared", reach=0.7)
def in_the_database(ground: Ground) -> Measured:
    """The statement that `orders.actions.place` sends, by pgbench."""
    script = script_of(ground)
    ours, theirs, tpcb = [], [], []
    for _round in range(ground.rounds):
        theirs.append(pgbench_rate(ground.yardstick, ground.clients, ground.seconds, "-N", "-M", "prepared"))
        ours.append(
            pgbench_rate(
                ground.app, ground.clients, ground.seconds, "--file", str(script), "--no-vacuum", "-M", "prepared"
            )
        )
        tpcb.append(pgbench_rate(ground.yardstick, ground.clients, ground.seconds))
    return Measured(ours, theirs, facts={"tpcb": tpcb})


@row("placing 10,000 orders in one call", yardstick="COPY of the same rows, constraints and triggers kept", reach=0.4)
def mass_order(ground: Ground) -> Measured:
    """One call of `orders_place_v3` against COPY of the rows that it wrote into the same tables, orders a second."""
    request = json.loads(script_of(ground).with_suffix(".json").read_text())
    first, last = (int(word) for word in script_of(ground).with_suffix(".customers").read_text().split())
    ours, theirs = [], []
    with psycopg.connect(ground.app, autocommit=True) as app, psycopg.connect(ground.owner, autocommit=True) as owner:
        for _round in range(ground.rounds):
            request |= anybody(first, last)
            request["single"], request["rows"] = False, request["rows"][:1] * MASS
            text = json.dumps(request)
            began = time.perf_counter()
            cursor = app.execute("SELECT orders_place_v3(%s::jsonb, %s) -> 'orders'", [text, uuid.uuid4().bytes])
            ours.append(MASS / (time.perf_counter() - began))
            orders = (cursor.fetchone() or ([],))[0]
            theirs.append(MASS / _copied(owner, orders))
    return Measured(ours, theirs, "orders a second")


_COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'
ORDER BY ordinal_position
"""


def _copied(owner: psycopg.Connection[Any], orders: list[int]) -> float:
    """Seconds that COPY takes for the rows of these orders, under other numbers, into the same tables; not kept."""
    took = 0.0
    shift = 10**12
    with owner.transaction(force_rollback=True):
        for table in TABLES:
            key = "id" if table == "orders_order" else "order_id"
            columns = [line[0] for line in owner.execute(_COLUMNS, [table]).fetchall()]
            moved = [f"{name} + {shift}" if name in (key, "id", "version") else name for name in columns]
            numbers = ",".join(map(str, orders))
            source = (
                f"COPY (SELECT {', '.join(moved)} FROM {table}"  # noqa: S608  # names of our own tables
                f" WHERE {key} = ANY('{{{numbers}}}')) TO STDOUT"
            )
            with owner.cursor().copy(source) as read:
                data = b"".join(bytes(part) for part in read)
            began = time.perf_counter()
            with owner.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as write:
                write.write(data)
            took += time.perf_counter() - began
    return took


@row("one hot customer, 16 clients", yardstick="the same load over 1,000 customers", reach=0.3)
def hot_customer(ground: Ground) -> Measured:
    """Orders a second by pgbench: all of one customer, whose account's lock they wait for, against spread ones."""
    spread = script_of(ground)
    text = spread.read_text()
    first, _last = spread.with_suffix(".customers").read_text().split()
    hot = spread.with_name("hot.sql")
    hot.write_text(re.sub(r"random\(\d+, \d+\)", f"random({first}, {first})", text), encoding="utf-8")
    ours: list[float] = []
    theirs: list[float] = []
    for _round in range(ground.rounds):
        for script, rates in ((spread, theirs), (hot, ours)):
            rates.append(
                pgbench_rate(ground.app, 16, ground.seconds, "--file", str(script), "--no-vacuum", "-M", "prepared")
            )
    return Measured(ours, theirs)


def anybody(first: int, last: int) -> dict[str, Any]:
    """Some customer, and a key of its own."""
    return {"customer_id": random.randint(first, last), "key": str(uuid.uuid4())}  # noqa: S311  # no secret


def script_of(ground: Ground) -> Path:
    """The pgbench script; beside it the customers and the request. Made once a run."""
    path = ground.folder / "order.sql"
    if not path.exists():
        smmatic(["bench-script", str(path), "1000"], environment_of(ground))
    return path


def environment_of(ground: Ground) -> dict[str, str]:
    """The variables of a process that works on the bench's database."""
    return {
        **os.environ, "DATABASE_URL": ground.app, "DATABASE_OWNER_URL": ground.owner,
        "SMMATIC_DATA_DIR": str(ground.folder),
    }  # fmt: skip
