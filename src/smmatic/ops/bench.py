"""`smmatic bench`: placing one order against pgbench's TPC-B-like transaction, on the same server, in the same run.

Three loads take turns, so that what else the machine does meets all of them: TPC-B-like by pgbench (the yardstick),
the very statement that `orders.actions.place` sends by pgbench (the database alone), and `orders.actions.place` itself
in as many Python processes as there are clients. The databases are made for the measurement and dropped after it;
settings are durable: every commit reaches the disk. The results also go to benchmarks/results/placing.json.
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
from statistics import median
from typing import Any

from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.ops.postgres_cluster import version
from smmatic.ops.postgres_place import installed

RESULTS = Path("benchmarks/results/placing.json")
READY = "ready"
_SCALE = 10  # a million pgbench accounts, ten branches: as many hot rows as the usual first measurement has


@dataclass(frozen=True)
class Rate:
    """What pgbench measured: transactions a second and the mean latency in milliseconds."""

    per_second: float
    latency: float


@dataclass(frozen=True)
class Report:
    """Each load's rates by round, orders or transactions a second; the ratios are of medians, to the yardstick."""

    clients: int
    seconds: int
    customers: int
    postgresql: str
    tpcb: list[float]
    database: list[float]
    python: list[float]
    ratio_database: float
    ratio_python: float


def main(argv: Sequence[str]) -> int:
    """Measures, prints the ratios and writes the results."""
    parser = argparse.ArgumentParser(prog="smmatic bench", description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=6, help="of each load in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(argv)
    with server(data_folder()) as handle:
        report = measure(handle, arguments.clients, arguments.seconds, arguments.customers, arguments.rounds)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")
    if arguments.json:
        print(json.dumps(asdict(report), indent=2))
        return 0
    _show("pgbench TPC-B-like", report.tpcb, None)
    _show("placing, database", report.database, report.ratio_database)
    _show("placing, Python", report.python, report.ratio_python)
    print(f"{report.clients} clients, {arguments.rounds} rounds of {report.seconds} s, {report.customers} customers")
    return 0


def _show(name: str, rates: list[float], ratio: float | None) -> None:
    words = f"{name:<20} {median(rates):8.0f} a second   ({min(rates):.0f} to {max(rates):.0f})"
    print(words if ratio is None else f"{words}   {ratio:.2f} of the yardstick")


def measure(handle: ServerHandle, clients: int, seconds: int, customers: int, rounds: int) -> Report:
    """Measures the three loads in turns on a server."""
    tpcb: list[float] = []
    database: list[float] = []
    python: list[float] = []
    with (
        _database(handle, "smmatic_bench_tpcb") as (yardstick, _),
        _database(handle, "smmatic_bench") as (owner, app),
        tempfile.TemporaryDirectory() as folder,
    ):
        _pgbench(yardstick, "--initialize", "--quiet", "--scale", str(_SCALE))
        script = Path(folder) / "order.sql"
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner, "SMMATIC_DATA_DIR": folder}
        for command in (["migrate", "--quiet"], ["prepare"], ["bench-script", str(script), str(customers)]):
            _smmatic(command, environment)
        for _round in range(rounds):
            tpcb.append(_rate(yardstick, clients, seconds).per_second)
            database.append(_rate(app, clients, seconds, "--file", str(script), "--no-vacuum").per_second)
            python.append(_python_rate(environment, clients, seconds, script.with_suffix(".customers")))
        _smmatic(["prove"], environment)
    base = median(tpcb)
    return Report(
        clients=clients,
        seconds=seconds,
        customers=customers,
        postgresql=version(),
        tpcb=tpcb,
        database=database,
        python=python,
        ratio_database=round(median(database) / base, 3),
        ratio_python=round(median(python) / base, 3),
    )


def _python_rate(environment: dict[str, str], clients: int, seconds: int, customers: Path) -> float:
    """Orders a second that so many processes place through `orders.actions.place`, all starting at one word."""
    command = [sys.executable, "-m", "smmatic", "bench-client", customers.read_text(), str(seconds)]
    running = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _client in range(clients)
    ]
    for process in running:
        if process.stdout is None or process.stdout.readline().strip() != READY:
            raise RuntimeError("a bench client did not start; its own words are above")
    for process in running:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    answers = [process.communicate()[0] for process in running]
    return sum(int(answer.split()[-1]) for answer in answers) / seconds


def client(argv: Sequence[str]) -> int:
    """One client of the bench: says that it is ready, waits for a word, places orders and prints how many."""
    from smmatic.ops.bench_orders import place_for

    def wait() -> None:
        print(READY, flush=True)
        sys.stdin.readline()

    first, last = (int(word) for word in argv[0].split())
    print(place_for(first, last, wait=wait, seconds=float(argv[1])))
    return 0


def script(argv: Sequence[str]) -> int:
    """Makes customers with Credits and writes the pgbench script that places orders for them."""
    path, customers = Path(argv[0]), int(argv[1])
    from smmatic.ops.bench_orders import make_customers, placing_statement

    first, last = make_customers(customers)
    path.write_text(_script(placing_statement(first), first, last), encoding="utf-8")
    path.with_suffix(".customers").write_text(f"{first} {last}", encoding="utf-8")
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
