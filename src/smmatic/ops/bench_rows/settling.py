"""Settling: capture, release, refund and expiry, against placing one order, by one connection each."""

import json
import time
import uuid
from typing import Any

import psycopg

from smmatic.ops.bench_registry import Ground, Measured, row
from smmatic.ops.bench_rows.placing import anybody, script_of

ORDERS = 1_500


@row("capture, release and refund: single", yardstick="placing one order", reach=1.0)
def settling(ground: Ground) -> Measured:
    """Postings a second by `credits_post_v3`, one a call, against orders placed a second, one a call."""
    path = script_of(ground)
    request = json.loads(path.with_suffix(".json").read_text())
    first, last = (int(word) for word in path.with_suffix(".customers").read_text().split())
    ours, theirs = [], []
    with psycopg.connect(ground.app, autocommit=True) as app:
        for _round in range(ground.rounds):
            placed = []
            began = time.perf_counter()
            for _order in range(ORDERS):
                request |= anybody(first, last)
                line = app.execute(
                    "SELECT (orders_place_v3(%s::jsonb, %s) -> 'order')::bigint",
                    [json.dumps(request), uuid.uuid4().bytes],
                    prepare=True,
                ).fetchone()
                placed.append((request["customer_id"], (line or [0])[0]))
            theirs.append(ORDERS / (time.perf_counter() - began))
            began = time.perf_counter()
            for number, (account, order) in enumerate(placed):
                kinds = [["capture"], ["release"], ["capture", "refund"]][number % 3]
                for kind in kinds:
                    _post(app, account, order, kind)
            ours.append((ORDERS * 4 / 3) / (time.perf_counter() - began))
    return Measured(ours, theirs)


def _post(app: psycopg.Connection[Any], account: int, order: int, kind: str) -> None:
    posting = {
        "account_id": account, "kind": kind, "amount": 1000, "business_key": f"{kind}:order:{order}", "actor": "bench",
        "order_id": order,
    }  # fmt: skip
    app.execute("SELECT * FROM credits_post_v3(%s::jsonb)", [json.dumps([posting])], prepare=True)
