"""Settling: capture, release, refund and cancel one by one against placing; ten thousand in one call against COPY; and
placing and settling with a long history behind."""

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg

from smmatic.ops.bench_registry import Ground, Measured, row
from smmatic.ops.bench_rows.placing import MASS, anybody, script_of

ORDERS = 1_000
LATER = 1_000
_POST = "SELECT count(*) FROM credits_post_v3(%s::jsonb)"

Orders = list[tuple[int, int]]
"""Customer and order."""


@row("capture, release and refund: single", yardstick="placing one order", reach=1.0)
def settling(ground: Ground) -> Measured:
    """Postings a second, one a call, against orders placed a second, one a call; by one connection."""
    request, first, last = _request(ground)
    ours, theirs = [], []
    with psycopg.connect(ground.app, autocommit=True) as app:
        for _round in range(ground.rounds):
            placed, seconds = _place(app, request, first, last, ORDERS)
            theirs.append(ORDERS / seconds)
            took = sum(_settle_singly(app, placed).values())
            ours.append((ORDERS * 4 / 3) / took)
    return Measured(ours, theirs)


@row("capture and refund of 10,000 orders in one call", yardstick="COPY of the same transfers", reach=0.4)
def settling_many(ground: Ground) -> Measured:
    """Postings a second in two calls, of orders of ten customers, against COPY of the transfers that they made."""
    request, first, _last = _request(ground)
    ours, theirs = [], []
    with psycopg.connect(ground.app, autocommit=True) as app, psycopg.connect(ground.owner, autocommit=True) as owner:
        for _round in range(ground.rounds):
            orders = [one for number in range(10) for one in _mass(app, request, first + number, MASS // 10)]
            for kind in ("capture", "refund"):
                seconds = _settle_together(app, orders, kind)
                ours.append(MASS / seconds)
                theirs.append(MASS / _copied(owner, [order for _customer, order in orders], kind))
    return Measured(ours, theirs, "postings a second")


@row("place, release, refund with a long history", yardstick="the same with few orders", reach=1.2, long=True)
def with_history(ground: Ground) -> Measured:
    """Seconds for a thousand orders by one connection, placed and settled one by one: after and before a history was
    generated with one call for ten thousand orders, every second ten thousand delivered. The ledger stays provable."""
    request, first, last = _request(ground)
    facts: dict[str, Any] = {"history": ground.history, "before": [], "after": []}
    with psycopg.connect(ground.app, autocommit=True) as app:
        before = [_life(app, request, first, last, facts["before"]) for _round in range(3)]
        began = time.perf_counter()
        for number in range(ground.history // MASS):
            customer = first + number % (last - first + 1)
            orders = _mass(app, request, customer, MASS)
            if number % 2:
                _settle_together(app, orders, "capture")
        facts["generated_in_seconds"] = round(time.perf_counter() - began)
        with psycopg.connect(ground.owner, autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
            facts["tables"] = _sizes(owner)
        after = [_life(app, request, first, last, facts["after"]) for _round in range(3)]
    return Measured(after, before, "s", higher=False, facts=facts)


def _life(
    app: psycopg.Connection[Any], request: dict[str, Any], first: int, last: int, parts: list[dict[str, float]]
) -> float:
    placed, seconds = _place(app, request, first, last, LATER)
    took = {"place": seconds, **_settle_singly(app, placed)}
    parts.append({name: round(value, 3) for name, value in took.items()})
    return sum(took.values())


def _place(
    app: psycopg.Connection[Any], request: dict[str, Any], first: int, last: int, count: int
) -> tuple[Orders, float]:
    """So many orders of random customers, one a call; and the seconds that they took."""
    placed = []
    began = time.perf_counter()
    for _order in range(count):
        request |= anybody(first, last)
        line = app.execute(
            "SELECT (orders_place_v3(%s::jsonb, %s) -> 'order')::bigint",
            [json.dumps(request), uuid.uuid4().bytes],
            prepare=True,
        ).fetchone()
        placed.append((request["customer_id"], (line or [0])[0]))
    return placed, time.perf_counter() - began


def _mass(app: psycopg.Connection[Any], request: dict[str, Any], customer: int, count: int) -> Orders:
    """So many orders of one customer in one call."""
    whole = request | {
        "customer_id": customer, "key": str(uuid.uuid4()), "single": False, "rows": request["rows"][:1] * count,
    }  # fmt: skip
    line = app.execute(
        "SELECT orders_place_v3(%s::jsonb, %s) -> 'orders'", [json.dumps(whole), uuid.uuid4().bytes]
    ).fetchone()
    return [(customer, order) for order in (line or [[]])[0]]


def _settle_singly(app: psycopg.Connection[Any], orders: Orders) -> dict[str, float]:
    """Seconds by kind: a third captured, a third released, a third captured and refunded, one posting a call."""
    took = dict.fromkeys(("capture", "release", "refund"), 0.0)
    for number, one in enumerate(orders):
        for kind in (["capture"], ["release"], ["capture", "refund"])[number % 3]:
            began = time.perf_counter()
            app.execute(_POST, [json.dumps(_postings([one], kind))], prepare=True)
            took[kind] += time.perf_counter() - began
    return took


def _settle_together(app: psycopg.Connection[Any], orders: Orders, kind: str) -> float:
    text = json.dumps(_postings(orders, kind))
    began = time.perf_counter()
    app.execute(_POST, [text])
    return time.perf_counter() - began


def _postings(orders: Sequence[tuple[int, int]], kind: str) -> list[dict[str, Any]]:
    return [
        {
            "account_id": account, "kind": kind, "amount": 1000, "business_key": f"{kind}:order:{order}",
            "actor": "bench", "order_id": order,
        }
        for account, order in orders
    ]  # fmt: skip


def _copied(owner: psycopg.Connection[Any], orders: list[int], kind: str) -> float:
    """Seconds that COPY takes for the transfers of this kind of these orders, under other numbers; not kept."""
    columns = [
        line[0]
        for line in owner.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'credits_transfer'"
            " ORDER BY ordinal_position"
        ).fetchall()
    ]
    moved = [f"{name} + 1000000000000" if name in ("id", "version") else name for name in columns]
    moved[columns.index("business_key")] = "business_key || ':copy'"
    source = (
        f"COPY (SELECT {', '.join(moved)} FROM credits_transfer"  # noqa: S608  # names of our own tables
        f" WHERE kind = '{kind}' AND order_id = ANY('{{{','.join(map(str, orders))}}}')) TO STDOUT"
    )
    with owner.transaction(force_rollback=True):
        with owner.cursor().copy(source) as read:
            data = b"".join(bytes(part) for part in read)
        began = time.perf_counter()
        with owner.cursor().copy(f"COPY credits_transfer ({', '.join(columns)}) FROM STDIN") as write:
            write.write(data)
        return time.perf_counter() - began


def _sizes(owner: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Rows, bytes of the table and bytes of each index, of every table that an order writes."""
    rows = owner.execute(
        "SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), (SELECT json_object_agg(i.relname,"
        " pg_relation_size(i.oid)) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid)"
        " FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '^(orders|credits)_' AND c.reltuples > 1000"
        " ORDER BY pg_total_relation_size(c.oid) DESC"
    ).fetchall()
    return [{"table": name, "rows": count, "bytes": size, "indexes": indexes} for name, count, size, indexes in rows]


def _request(ground: Ground) -> tuple[dict[str, Any], int, int]:
    path = script_of(ground)
    first, last = (int(word) for word in path.with_suffix(".customers").read_text().split())
    return json.loads(path.with_suffix(".json").read_text()), first, last
