"""An independent checker of the ledger: plain SQL and arithmetic, no import of the product.

It recomputes everything from the transfers alone, as an outsider with read access would, and gives a sentence for each
thing that is wrong. The numbers of the invariants are those of the reliability page.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

# kind: (what the customer's available gains, what their held gains, what the platform issues less what it takes)
MOVES = {
    "deposit": (1, 0, 1), "bonus": (1, 0, 1), "goodwill": (1, 0, 1), "hold": (-1, 1, 0), "release": (1, -1, 0),
    "capture": (0, -1, -1), "forfeit": (0, -1, -1), "refund": (1, 0, 1), "breakage": (-1, 0, -1),
}  # fmt: skip
LIVE = ("pending", "processing", "in_progress")
OPEN = ("open", "waiting", "in_review", "approved")


def check(address: str) -> list[str]:
    """Everything that is wrong with a database, in one snapshot; nothing when all of it holds."""
    with psycopg.connect(address, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = {
            name: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for name, table in (
                ("accounts", "credits_account"), ("transfers", "credits_transfer"), ("grants", "credits_grant"),
                ("uses", "credits_grant_use"), ("charges", "credits_charge"), ("orders", "orders_order"),
                ("events", "orders_event"), ("cases", "refunds_case"), ("keys", "credits_idempotency"),
            )
        }  # fmt: skip
    return [
        *_balances(tables["accounts"], tables["transfers"]),
        *_charges(tables["charges"], tables["transfers"], tables["orders"]),
        *_keys(tables["transfers"], tables["keys"], tables["orders"]),
        *_grants(tables["accounts"], tables["grants"], tables["uses"], tables["transfers"]),
        *_orders(tables["orders"], tables["events"], tables["charges"], tables["cases"]),
    ]


def _balances(accounts: list[Row], transfers: list[Row]) -> Iterator[str]:
    """i and ii and vii: each account rebuilt line by line, its chain, and the sum over all of them."""
    by_account: dict[int, list[Row]] = defaultdict(list)
    for row in transfers:
        by_account[row["account_id"]].append(row)
    inside = issued = 0
    for account in accounts:
        who = f"account {account['customer_id']}"
        available = held = 0
        head = b""
        lines = sorted(by_account.pop(account["customer_id"], []), key=lambda row: row["version"])
        if [row["version"] for row in lines] != list(range(1, len(lines) + 1)):
            yield f"{who}: its transfers are not numbered 1 to {len(lines)}"
        for row in lines:
            moves = MOVES.get(row["kind"])
            if moves is None or row["amount"] <= 0:
                yield f"{who}: transfer {row['version']} is '{row['kind']}' of {row['amount']}"
                continue
            available += moves[0] * row["amount"]
            held += moves[1] * row["amount"]
            issued += moves[2] * row["amount"]
            if available < 0 or held < 0:
                yield f"{who}: below zero after transfer {row['version']}: {available} available, {held} held"
            if (row["available_after"], row["held_after"]) != (available, held):
                yield f"{who}: transfer {row['version']} says {row['available_after']} and {row['held_after']} after it"
            head = _chained(head, row)
            if bytes(row["hash"]) != head:
                yield f"{who}: the chain breaks at transfer {row['version']}"
                head = bytes(row["hash"])
        if (account["available"], account["held"]) != (available, held):
            yield f"{who}: holds {account['available']} and {account['held']}, its transfers say {available} and {held}"
        if bytes(account["chain_head"]) != head or account["version"] != len(lines):
            yield f"{who}: its head is not that of its last transfer"
        inside += account["available"] + account["held"] + account["disputed"] - account["debt"]
    for orphan in by_account:
        yield f"account {orphan}: has transfers and no account"
    if inside != issued:
        yield f"customers hold {inside}, and {issued} were issued and not taken"


def _chained(head: bytes, row: Row) -> bytes:
    names = (
        "account_id", "version", "kind", "debit", "credit", "amount", "business_key", "available_after", "held_after",
        "disputed_after", "debt_after", "effective_at", "recorded_at", "actor", "order_id", "case_id", "deposit_id",
        "clause", "reason",
    )  # fmt: skip
    values = [_micros(row[name]) if isinstance(row[name], datetime) else row[name] for name in names]
    return hashlib.sha256(head + json.dumps(values, ensure_ascii=False).encode()).digest()


def _micros(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _charges(charges: list[Row], transfers: list[Row], orders: list[Row]) -> Iterator[str]:
    """iii: what an order took and gave back, from its transfers; nothing twice, nothing above what was charged."""
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row in transfers:
        if row["order_id"] is not None:
            sums[row["order_id"]][row["kind"]] += row["amount"]
            counts[row["order_id"]][row["kind"]] += 1
    known = {row["order_id"]: row for row in charges}
    for order in orders:
        what, moved = f"order {order['id']}", sums[order["id"]]
        charge = known.pop(order["id"], None)
        if charge is None:
            yield f"{what}: has no charge"
            continue
        if moved["hold"] != order["amount"] or counts[order["id"]]["hold"] != 1:
            yield f"{what}: costs {order['amount']}, held were {moved['hold']} in {counts[order['id']]['hold']} times"
        taken = moved["capture"] + moved["forfeit"]
        stored = (charge["amount"], charge["captured"], charge["forfeited"], charge["released"], charge["refunded"])
        told = (order["amount"], taken, moved["forfeit"], moved["release"], moved["refund"])
        if stored != told:
            yield f"{what}: its charge says {stored}, its transfers say {told}"
        if taken + moved["release"] > order["amount"] or moved["refund"] > taken:
            yield f"{what}: took {taken}, released {moved['release']}, refunded {moved['refund']} of {order['amount']}"
        if counts[order["id"]]["capture"] > 1 or counts[order["id"]]["forfeit"] > 1:
            yield f"{what}: was captured or forfeited more than once"
        back = moved["release"] + moved["refund"]
        if order["status"] == "completed" and order["delivered"] == order["quantity"] and back >= order["amount"]:
            yield f"{what}: delivered in full and given back in full"
    for orphan in known:
        yield f"order {orphan}: has a charge and does not exist"


def _keys(transfers: list[Row], keys: list[Row], orders: list[Row]) -> Iterator[str]:
    """iv and v: one posting per business key; every kept answer about an order is true, and no order is in two."""
    for key, count in Counter((row["account_id"], row["business_key"]) for row in transfers).items():
        if count > 1:
            yield f"account {key[0]}: '{key[1]}' was booked {count} times"
    placed = {row["id"]: row for row in orders}
    told: Counter[int] = Counter()
    for row in keys:
        answer = row["answer"]
        if answer is None:
            yield f"account {row['account_id']}: the key '{row['key']}' has no answer"
        elif "charged_units" in answer:
            told[answer["order"]] += 1
            order = placed.get(answer["order"])
            if order is None or order["customer_id"] != row["account_id"]:
                yield f"account {row['account_id']}: was told of order {answer['order']}, which is not there"
            elif order["amount"] != answer["charged_units"]:
                yield f"order {order['id']}: costs {order['amount']}, its customer was told {answer['charged_units']}"
    for number, count in told.items():
        if count > 1:
            yield f"order {number}: is the answer to {count} keys"


def _grants(accounts: list[Row], grants: list[Row], uses: list[Row], transfers: list[Row]) -> Iterator[str]:
    """vii: what is left of each grant, from its uses; together they are what the customer has available."""
    left: Counter[int] = Counter()
    moved: Counter[int] = Counter()
    outstanding: Counter[tuple[int, int]] = Counter()
    for use in uses:
        left[use["grant_id"]] += use["amount"]
        moved[use["transfer_id"]] += use["amount"]
        if use["order_id"] is not None:
            outstanding[use["order_id"], use["slice_grant_id"]] += use["amount"]
    for order_id, grant_id in (key for key, amount in outstanding.items() if amount > 0):
        yield f"order {order_id}: gave grant {grant_id} more than it took"
    total: Counter[int] = Counter()
    for grant in grants:
        total[grant["account_id"]] += left[grant["id"]]
        if grant["remaining"] != left[grant["id"]] or not 0 <= left[grant["id"]] <= grant["granted"]:
            yield f"grant {grant['id']}: has {grant['remaining']} of {grant['granted']}, its uses say {left[grant['id']]}"
    for account in accounts:
        if total[account["customer_id"]] != account["available"]:
            yield f"account {account['customer_id']}: its grants are {total[account['customer_id']]} of {account['available']}"
    for row in transfers:
        if moved[row["id"]] != MOVES.get(row["kind"], (0,))[0] * row["amount"]:
            yield f"account {row['account_id']}: transfer {row['version']} moved {moved[row['id']]} of its grants"


def _orders(orders: list[Row], events: list[Row], charges: list[Row], cases: list[Row]) -> Iterator[str]:
    """The story of each order: each step from where the last one ended, an end settled, a refund decided by a case."""
    steps: dict[int, list[Row]] = defaultdict(list)
    for event in events:
        if event["status_to"]:
            steps[event["order_id"]].append(event)
    decided: Counter[int] = Counter()
    looked_at = {case["order_id"] for case in cases if case["state"] in OPEN}
    for case in cases:
        decided[case["order_id"]] += case["units"] if case["state"] == "settled" else 0
    money = {row["order_id"]: row for row in charges}
    for order in orders:
        what, now = f"order {order['id']}", ""
        for step in steps[order["id"]]:
            if step["status_from"] != now:
                yield f"{what}: went to '{step['status_to']}' from '{step['status_from']}' while it was '{now}'"
            now = step["status_to"]
        if now != order["status"]:
            yield f"{what}: is '{order['status']}', its story ends with '{now}'"
        charge = money.get(order["id"])
        if charge is None:
            continue
        open_units = charge["amount"] - charge["captured"] - charge["released"]
        back = charge["released"] + charge["refunded"]
        if order["status"] in LIVE and open_units != charge["amount"]:
            yield f"{what}: is '{order['status']}' and not all of its charge is held"
        if order["status"] not in LIVE and open_units and order["id"] not in looked_at:
            yield f"{what}: is '{order['status']}', {open_units} are still held and nobody looks at it"
        if back != decided[order["id"]]:
            yield f"{what}: {back} went back, its cases decided {decided[order['id']]}"


def check_drained(address: str) -> list[str]:
    """viii: after the work is done, everything that is left is somebody's and known to be so."""
    with psycopg.connect(address, row_factory=dict_row) as connection:
        stuck = connection.execute(
            "SELECT id, status, unknown_since, unknown_deadline, staff_id, terms ->> 'delivery' AS delivery,"
            " waiting_since, next_check_at, lease_until FROM orders_order WHERE status = ANY (%s)", [list(LIVE)],
        ).fetchall()  # fmt: skip
        calls = connection.execute(
            "SELECT id, state FROM fulfilment_attempt WHERE state IN ('prepared', 'sent')"
        ).fetchall()
    found = [f"attempt {row['id']}: still '{row['state']}'" for row in calls]
    for row in stuck:
        if row["waiting_since"] is not None or row["delivery"] == "staff":
            continue  # its customer's turn, or our people's
        if row["unknown_since"] is not None and row["unknown_deadline"] is not None:
            continue  # flagged, and with a time at which a person decides
        found.append(f"order {row['id']}: is still '{row['status']}', next looked at {row['next_check_at']}")
    return found


def deadlocks(address: str) -> int:
    """How many deadlocks PostgreSQL had to break in this database."""
    with psycopg.connect(address) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return int(row[0]) if row else 0
