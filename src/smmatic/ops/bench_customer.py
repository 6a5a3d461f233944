"""`smmatic bench-customer`: the order list with a million orders against one with a hundred; a mass order's check.

The list's yardstick is the same page of a customer with 100 orders, asked in turns with that of the customer with
1,000,000 (or `--orders`), through the whole stack of Django as the app's role. A mass order is timed from its form to
the page that names what is wrong with each line, and from there until its good lines are placed; its yardstick is a
COPY of its 10,000 lines as text into a temporary table. Beside the time on the clock stands the processor time of the
web process, which other programs of the machine don't lengthen as they do the clock's. The database is made for the
measurement and dropped after it.
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
from typing import TYPE_CHECKING

from smmatic.ops.postgres import data_folder, server

if TYPE_CHECKING:
    from django.test import Client

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
class Took:
    """How long something took by the clock, and how long the processor was at it, in milliseconds."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Figure:
    """One measurement: median and spread in milliseconds, of the processor's time the median, its yardstick's median,
    and the ratio of the two."""

    name: str
    yardstick: str
    milliseconds: float
    spread: tuple[float, float]
    processor_milliseconds: float
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
            f"{one.name:<44} {one.milliseconds:9.1f} ms ({low:.1f} to {high:.1f}), processor "
            f"{one.processor_milliseconds:.1f} ms   {one.ratio:7.2f} x {one.yardstick}"
        )
    return 0 if all(one.reach is None or one.ratio <= one.reach for one in figures) else 1


def _list_figures(orders: int) -> list[Figure]:
    few, many = _browser(_shopper(100)), _browser(_shopper(orders))
    found = []
    for name, address in (
        ("order list", "/orders"),
        ("order list, in work", "/orders?show=live"),
        ("order list, not delivered", "/orders?show=stopped"),
        ("order list, a whole link", f"/orders?q={_SHOP}3"),
        ("order list, from a day on", "/orders?from=2026-01-01"),
    ):
        slow: list[Took] = []
        fast: list[Took] = []
        for turn in range(_ROUNDS):
            asked = [(fast, few), (slow, many)]
            for times, client in asked if turn % 2 else reversed(asked):
                times.append(_timed(partial(_read, client, address)))
        found.append(_figure(name, "the same with 100 orders", slow, fast, _REACH))
    return found


def _mass_figures() -> list[Figure]:
    from smmatic.accounts.queries import person
    from smmatic.orders.mass_actions import carry_on, confirm_batch
    from smmatic.orders.mass_queries import batch_of, batches_of

    number = _rich()
    client, who = _browser(number), person(number)
    if who is None:
        raise RuntimeError("the customer of the bench is not there")
    text = _lines()
    yardstick = [_timed(lambda: _copy(text)) for _ in range(5)]
    _checked(client, text, "bench-warm-up")
    checks = [_timed(partial(_checked, client, text, f"bench-check-{turn}")) for turn in range(5)]
    batch_id = batches_of(number, 1)[0].id
    batch = batch_of(who, batch_id)
    if (batch.total, batch.wrong) != (_LINES, _WRONG):
        raise RuntimeError(f"{batch.wrong} of {batch.total} lines were found wrong")
    confirm_batch(who, batch_id, all_or_nothing=False)
    placed = _timed(lambda: carry_on(batch_id, seconds=600))
    if batch_of(who, batch_id).placed != _LINES - _WRONG:
        raise RuntimeError("not every good line was placed")
    return [
        _figure("mass order: check 10,000 lines, 500 wrong", "COPY of the lines", checks, yardstick, None),
        _figure("mass order: place the 9,500 good lines", "COPY of the lines", [placed], yardstick, None),
    ]


def _checked(client: "Client", text: str, key: str) -> int:
    """Sends the lines as the form does and reads the page that says what is wrong with each; the mass order's id."""
    answer = client.post("/orders/many/check", {"key": key, "lines": text})
    if answer.status_code != 302:
        raise RuntimeError(f"the lines were answered with {answer.status_code}")
    _read(client, answer["Location"])
    return int(answer["Location"].rpartition("/")[2])


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
    # Each page of the few is full and has a next one, as with a million: what is measured is finding the lines.
    few = orders <= 1_000
    values = {"customer": number, "orders": orders - 1, "model": model, "shop": _SHOP}
    values |= {"shops": 4 if few else 5_000, "stops": 3 if few else 50}
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


def _browser(customer_id: int) -> "Client":
    """A browser of this customer's."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    found = get_user_model().objects.get(id=customer_id)
    client.force_login(found, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _read(client: "Client", address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200 or b"</html>" not in answer.content:
        raise RuntimeError(f"{address} answered {answer.status_code}")


def _timed(work: Callable[[], object]) -> Took:
    started, busy = time.perf_counter(), time.process_time()
    work()
    return Took((time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000)


def _figure(name: str, yardstick: str, times: list[Took], base: list[Took], reach: float | None) -> Figure:
    clock = [one.clock for one in times]
    compared = median(one.clock for one in base)
    return Figure(
        name,
        yardstick,
        round(median(clock), 2),
        (round(min(clock), 2), round(max(clock), 2)),
        round(median(one.processor for one in times), 2),
        round(compared, 2),
        round(median(clock) / compared, 3),
        reach,
    )
