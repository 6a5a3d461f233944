"""`smmatic bench`: placing one order against pgbench's TPC-B-like transaction, on the same server, driver and clients.

Both run through pgbench of the embedded PostgreSQL with simple statements. The order is the very statement that
`orders.actions.place` sends, taken from one real call; each run places it for a random customer under a fresh key. The
databases are made for the measurement and dropped after it. Durable settings: every commit reaches the disk.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.ops.postgres_place import installed

_SCALE = 10  # a million pgbench accounts, ten branches: as many hot rows as the usual first measurement has


@dataclass(frozen=True)
class Rate:
    """What pgbench measured: transactions a second and the mean latency in milliseconds."""

    per_second: float
    latency: float


@dataclass(frozen=True)
class Report:
    """The outcome of one measurement; `ratio` is orders a second for each TPC-B-like transaction a second."""

    clients: int
    seconds: int
    customers: int
    orders: Rate
    tpcb: Rate
    ratio: float


def main(argv: Sequence[str]) -> int:
    """Measures and prints the ratio."""
    parser = argparse.ArgumentParser(prog="smmatic bench", description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(argv)
    with server(data_folder()) as handle:
        report = measure(handle, arguments.clients, arguments.seconds, arguments.customers)
    if arguments.json:
        print(json.dumps(asdict(report), indent=2))
        return 0
    for name, rate in (("placing an order", report.orders), ("pgbench TPC-B-like", report.tpcb)):
        print(f"{name:<20} {rate.per_second:8.0f} a second   {rate.latency:6.2f} ms mean")
    how = f"{report.clients} clients, {report.seconds} s, {report.customers} customers"
    print(f"{'ratio':<20} {report.ratio:8.2f}   ({how})")
    return 0


def measure(handle: ServerHandle, clients: int, seconds: int, customers: int) -> Report:
    """Measures both on a server, one after the other."""
    with _database(handle, "smmatic_bench_tpcb") as (owner, _):
        _pgbench(owner, "--initialize", "--quiet", "--scale", str(_SCALE))
        tpcb = _rate(owner, clients, seconds)
    with _database(handle, "smmatic_bench") as (owner, app), tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "order.sql"
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner, "SMMATIC_DATA_DIR": folder}
        for command in (["migrate", "--quiet"], ["prepare"]):
            _smmatic(command, environment)
        _smmatic(["bench-script", str(script), str(customers)], environment)
        orders = _rate(app, clients, seconds, "--file", str(script), "--no-vacuum")
        _smmatic(["prove"], environment)
    return Report(clients, seconds, customers, orders, tpcb, orders.per_second / tpcb.per_second)


def script(argv: Sequence[str]) -> int:
    """Makes customers with Credits and writes the pgbench script that places orders for them."""
    path, customers = Path(argv[0]), int(argv[1])
    from smmatic.ops.bench_orders import make_customers, placing_statement

    first, last = make_customers(customers)
    path.write_text(_script(placing_statement(first), first, last), encoding="utf-8")
    return 0


def _script(parameters: tuple[str, bytes], first: int, last: int) -> str:
    request = json.loads(parameters[0])
    for varying in ("customer_id", "key"):
        del request[varying]
    constant = json.dumps(request, ensure_ascii=True).replace("'", "''")
    # pgbench would take :word for a variable; in JSON a space after the colon or an escape is the same text.
    constant = re.sub(r":(?=[A-Za-z0-9_])", r"\\u003a", constant)
    return (
        f"\\set customer random({first}, {last})\n"
        f"SELECT orders_place_v1('{constant}'::jsonb"
        " || jsonb_build_object('customer_id', :customer::bigint, 'key', gen_random_uuid()::text),"
        f" '\\x{parameters[1].hex()}'::bytea);\n"
    )


@contextmanager
def _database(handle: ServerHandle, name: str) -> Iterator[tuple[str, str]]:
    handle.drop_database(name)
    try:
        yield handle.create_database(name)
    finally:
        handle.drop_database(name)


def _rate(url: str, clients: int, seconds: int, *arguments: str) -> Rate:
    answer = _pgbench(
        url,
        "--client",
        str(clients),
        "--jobs",
        str(min(clients, os.cpu_count() or 1)),
        "--time",
        str(seconds),
        *arguments,
    )
    tps = re.search(r"^tps = ([0-9.]+)", answer, re.MULTILINE)
    latency = re.search(r"^latency average = ([0-9.]+) ms", answer, re.MULTILINE)
    if tps is None or latency is None:
        raise RuntimeError(f"pgbench said nothing that can be read:\n{answer}")
    return Rate(float(tps.group(1)), float(latency.group(1)))


def _pgbench(url: str, *arguments: str) -> str:
    return _run([str(installed() / "pgbench"), *arguments, url], dict(os.environ))


def _smmatic(arguments: Sequence[str], environment: dict[str, str]) -> str:
    return _run([sys.executable, "-m", "smmatic", *arguments], environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    answer: Any = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} failed:\n{answer.stdout}{answer.stderr}")
    return str(answer.stdout)
