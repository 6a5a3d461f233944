"""`smmatic bench-customer`: the order list with a million orders against one with a hundred; a mass order's check.

The list's yardstick is the same page of a customer with 100 orders, asked in turns with that of the customer with
1,000,000 (or `--orders`), through the whole stack of Django as the app's role. A mass order's yardstick is a COPY of
its 10,000 lines as text into a temporary table. The database is made for the measurement and dropped after it.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

from smmatic.ops.postgres import data_folder, server

RESULTS = Path("benchmarks/results/customer.json")
_NAME = "smmatic_bench_customer"
_ROUNDS = 40
_LINES, _WRONG = 10_000, 500
_REACH = 1.2
_SHOP = "https://shopee.vn/bench"

_GENERATE = """
WITH made AS (
    INSERT INTO orders_order (customer_id, service_id, service_code, terms, policy_version_id, calendar_version_id,
        channel, quantity, delivered, amount, link, link_kind, placed_at, accept_after, start_promised_at, status,
        accepted_at, ended_at)
    SELECT %(customer)s, o.service_id, o.service_code, o.terms, o.policy_version_id, o.calendar_version_id, 'page',
           o.quantity, CASE WHEN s.status = 'completed' THEN o.quantity ELSE 0 END, o.amount,
           %(shop)s || n %% %(shops)s, 'shop', s.at, s.at, s.at + interval '1 day', s.status, s.at,
           CASE WHEN s.status <> 'in_progress' THEN s.at + interval '2 days' END
    FROM generate_series(1, %(orders)s) n
    CROSS JOIN LATERAL (SELECT now() - interval '700 days' * (1 - n::float / %(orders)s) AS at,
        CASE WHEN n %% 10000 = 0 THEN 'failed' WHEN n > %(orders)s - 20 THEN 'in_progress'
             WHEN n %% %(stops)s = 0 THEN 'cancelled' ELSE 'completed' END AS status) s
    CROSS JOIN (SELECT * FROM orders_order WHERE id = %(model)s) o
    ORDER BY n
    RETURNING id, customer_id, amount, status
)
INSERT INTO credits_charge (order_id, account_id, amount, captured, released)
SELECT id, customer_id, amount, CASE WHEN status = 'completed' THEN amount ELSE 0 END,
       CASE WHEN status IN ('cancelled', 'failed') THEN amount ELSE 0 END FROM made
"""


@dataclass(frozen=True)
class Figure:
    """One measurement: median and spread in milliseconds, its yardstick's median, and the ratio of the two."""

    name: str
    yardstick: str
    milliseconds: float
    spread: tuple[float, float]
    yardstick_milliseconds: float
    ratio: float
    reach: float | None


def main(argv: Sequence[str]) -> int:
    """Makes the database, measures in a process of its own on it, and drops it."""
    reader = argparse.ArgumentParser(prog="smmatic bench-customer", description=__doc__)
    reader.add_argument("--orders", type=int, default=1_000_000)
    arguments = reader.parse_args(argv)
    with server(data_folder()) as handle:
        handle.drop_database(_NAME)
        owner, app = handle.create_database(_NAME)
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
        try:
            for command in (["migrate", "--quiet"], ["prepare"], ["bench-customer-on", str(arguments.orders)]):
                subprocess.run([sys.executable, "-m", "smmatic", *command], env=environment, check=True)
        finally:
            handle.drop_database(_NAME)
    return 0


def measure(argv: Sequence[str]) -> int:
    """Measures on the database of the environment; exit code 1 where a figure does not reach what it should."""
    orders = int(argv[0])
    figures = [*_list_figures(orders), *_mass_figures()]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"orders": orders, "figures": [asdict(one) for one in figures]}, indent=2) + "\n")
    for one in figures:
        low, high = one.spread
        print(
            f"{one.name:<44} {one.milliseconds:9.1f} ms ({low:.1f} to {high:.1f})   {one.ratio:7.2f} x {one.yardstick}"
        )
    return 0 if all(one.reach is None or one.ratio <= one.reach for one in figures) else 1


def _list_figures(orders: int) -> list[Figure]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    few, many = _shopper(100), _shopper(orders)
    clients = []
    for number in (few, many):
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(
            get_user_model().objects.get(id=number), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        clients.append(client)
    found = []
    for name, address in (
        ("order list", "/orders"),
        ("order list, in work", "/orders?show=live"),
        ("order list, not delivered", "/orders?show=stopped"),
        ("order list, a whole link", f"/orders?q={_SHOP}3"),
        ("order list, from a day on", "/orders?from=2026-01-01"),
    ):
        slow: list[float] = []
        fast: list[float] = []
        for _round in range(_ROUNDS):
            fast.append(_timed(partial(_read, clients[0], address)))
            slow.append(_timed(partial(_read, clients[1], address)))
        found.append(_figure(name, "the same with 100 orders", slow, fast, _REACH))
    return found


def _mass_figures() -> list[Figure]:
    from smmatic.accounts.queries import person
    from smmatic.kernel.sheets import read_lines
    from smmatic.orders.mass_actions import carry_on, check_batch, confirm_batch
    from smmatic.orders.mass_queries import batch_of

    who = person(_rich())
    if who is None:
        raise RuntimeError("the customer of the bench is not there")
    text = _lines()
    yardstick = [_timed(lambda: _copy(text)) for _ in range(5)]
    checks: list[float] = []
    batch_id = 0
    for turn in range(5):
        started = time.perf_counter()
        rows = read_lines(text, field="lines", maximum_rows=_LINES, separators="|")
        batch_id = check_batch(who, rows, key=f"bench-check-{turn}").id
        checks.append((time.perf_counter() - started) * 1000)
    batch = batch_of(who, batch_id)
    if (batch.total, batch.wrong) != (_LINES, _WRONG):
        raise RuntimeError(f"{batch.wrong} of {batch.total} lines were found wrong")
    confirm_batch(who, batch_id, all_or_nothing=False)
    placed = _timed(lambda: carry_on(batch_id, seconds=600))
    return [
        _figure("mass order: check 10,000 lines, 500 wrong", "COPY of the lines", checks, yardstick, None),
        _figure("mass order: place the 9,500 good lines", "COPY of the lines", [placed], yardstick, None),
    ]


def _shopper(orders: int) -> int:
    """A customer with one order that was really placed and so many generated ones like it; written by the owner."""
    import psycopg

    from smmatic.accounts.queries import person
    from smmatic.catalogue.queries import service_by_code
    from smmatic.orders.actions import OrderRequest, place

    number = _rich()
    who, service = person(number), service_by_code("SP-LIST")
    if who is None or service is None:
        raise RuntimeError("the bench needs the packaged catalogue")
    request = OrderRequest(service.id, quantity=5, link=_SHOP)
    model = place(who, request, key="bench-model-order", channel="page").order_id
    # As many lines on each page as with a million: what is measured is finding them.
    few = orders <= 1_000
    values = {"customer": number, "orders": orders - 1, "model": model, "shop": _SHOP}
    values |= {"shops": 4 if few else 5_000, "stops": 4 if few else 50}
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SET synchronous_commit = off")
        owner.execute(_GENERATE, values)
        owner.execute("VACUUM ANALYZE orders_order")
        owner.execute("VACUUM ANALYZE credits_charge")
    return number


def _rich() -> int:
    from smmatic.ops.bench_orders import make_customers

    return make_customers(1)[0]


def _lines() -> str:
    good = [f"SP-LIST | {_SHOP}{number} | {5 + number % 90}" for number in range(_LINES - _WRONG)]
    wrong = [f"TT-CAMP | {_SHOP}{number} | 1" for number in range(_WRONG)]
    step = len(good) // _WRONG
    for at, line in enumerate(wrong):
        good.insert(at * (step + 1), line)
    return "\n".join(good)


def _copy(text: str) -> None:
    import psycopg

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_lines (number int, line text)")
        with cursor.copy("COPY bench_lines FROM STDIN") as copy:
            for number, line in enumerate(io.StringIO(text)):
                copy.write_row((number, line))


def _read(client: object, address: str) -> None:
    answer = client.get(address)  # type: ignore[attr-defined]  # Django's test client is imported where it is used
    if answer.status_code != 200 or b"</html>" not in answer.content:
        raise RuntimeError(f"{address} answered {answer.status_code}")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _figure(name: str, yardstick: str, times: list[float], base: list[float], reach: float | None) -> Figure:
    ratio = round(median(times) / median(base), 3)
    spread = (round(min(times), 2), round(max(times), 2))
    return Figure(name, yardstick, round(median(times), 2), spread, round(median(base), 2), ratio, reach)
