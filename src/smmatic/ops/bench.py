"""`smmatic bench`: every row of performance against its yardstick, on the same server, in the same run.

What is measured and its yardstick take turns, so that what else the machine does meets both. The databases are made
for the measurement and dropped after it; settings are durable: every commit reaches the disk. Results go to
benchmarks/results/bench.json, where a row that is not measured keeps its last figures, and a plot of all of them to
docs/operating/bench.svg. Rows are found in `ops/bench_rows`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from smmatic.ops.bench_registry import Ground, Measured, Row, rows
from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.ops.postgres_cluster import version
from smmatic.ops.postgres_place import installed
from smmatic.web.charts import Chart, Series, standalone

RESULTS = Path("benchmarks/results/bench.json")
PLOT = Path("docs/operating/bench.svg")
READY = "ready"
_SCALE = 10  # a million pgbench accounts, ten branches: as many hot rows as the usual first measurement has


def main(argv: Sequence[str]) -> int:
    """Measures the rows, prints the ratios, writes results and plot."""
    parser = argparse.ArgumentParser(prog="smmatic bench", description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=3, help="of each load in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--long", action="store_true", help="the rows of many minutes too")
    parser.add_argument("--history", type=int, default=10_000_000, help="orders behind the long rows")
    arguments = parser.parse_args(argv)
    chosen = [one for one in rows(long=arguments.long) if arguments.only in one.name]
    found = []
    with (
        server(data_folder()) as handle,
        _database(handle, "smmatic_bench_tpcb") as (yardstick, _),
        _database(handle, "smmatic_bench") as (owner, app),
        tempfile.TemporaryDirectory() as folder,
    ):
        _pgbench(yardstick, "--initialize", "--quiet", "--scale", str(_SCALE))
        environment = {**os.environ, "DATABASE_URL": app, "DATABASE_OWNER_URL": owner, "SMMATIC_DATA_DIR": folder}
        for command in (["migrate", "--quiet"], ["prepare"]):
            smmatic(command, environment)
        ground = Ground(
            handle, Path(folder), owner, app, yardstick, arguments.clients, arguments.seconds, arguments.rounds,
            arguments.history,
        )  # fmt: skip
        for one in chosen:
            began = time.monotonic()
            measured = one.run(ground)
            found.append(_result(one, measured, time.monotonic() - began))
            _show(one, measured)
            keep(found, {"postgresql": version(), "cores": os.cpu_count(), "clients": arguments.clients})
        smmatic(["prove"], environment)
    return 0


def keep(found: list[dict[str, Any]], about: dict[str, Any]) -> None:
    """Writes the rows that were measured in the place of their last figures, and draws all that are known."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"] if RESULTS.exists() else []
    new = {one["row"]: one for one in found}
    names = [*(one["row"] for one in known), *(name for name in new if name not in {one["row"] for one in known})]
    rows_kept = [new.get(name) or next(one for one in known if one["row"] == name) for name in names]
    RESULTS.write_text(json.dumps(about | {"rows": rows_kept}, indent=2) + "\n", encoding="utf-8")
    if PLOT.parent.is_dir():
        PLOT.write_text(standalone(_plot([*rows_kept, *_others()]), width=900, height=340), encoding="utf-8")


def _others() -> list[dict[str, Any]]:
    """What the other commands of `make bench` wrote: lower is better in all of it."""
    found = []
    for name in ("policy", "customer"):
        path = RESULTS.with_name(f"{name}.json")
        read = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        figures = read["figures"] if isinstance(read, dict) else read
        found += [
            {"row": one["name"], "yardstick": one["yardstick"], "ratio": one["ratio"], "reach": one["reach"],
             "higher_is_better": False}
            for one in figures if one["reach"] is not None
        ]  # fmt: skip
    return found


def _result(one: Row, measured: Measured, seconds: float) -> dict[str, Any]:
    return {
        "row": one.name, "yardstick": one.yardstick, "ratio": measured.ratio, "reach": one.reach, "unit": measured.unit,
        "higher_is_better": measured.higher, "difference": measured.difference,
        "ours": [round(value, 2) for value in measured.ours],
        "yardsticks": [round(value, 2) for value in measured.yardstick], "seconds": round(seconds, 1),
        "facts": measured.facts,
    }  # fmt: skip


def _show(one: Row, measured: Measured) -> None:
    met = measured.ratio >= one.reach if measured.higher else measured.ratio <= one.reach
    sign = f"{measured.ratio:>+6.2f} s above" if measured.difference else f"{measured.ratio:>6.2f}x"
    print(
        f"{one.name:<50}{median(measured.ours):>10.1f} {measured.unit:<18}{sign} {one.yardstick}"
        f" (reach {one.reach:g}{'' if met else ', NOT reached'}; {min(measured.ours):.1f} to {max(measured.ours):.1f})"
    )


def _plot(found: list[dict[str, Any]]) -> Chart:
    labels = tuple(str(number) for number in range(1, len(found) + 1))
    names = "; ".join(
        f"{number}: {one['row']} against {one['yardstick']}, {one['ratio']:g} of {one['reach']:g}"
        for number, one in enumerate(found, 1)
    )
    shares = tuple(
        round(one["ratio"] / one["reach"] if one["higher_is_better"] else one["reach"] / max(one["ratio"], 0.001), 3)
        for one in found
    )
    series = (Series("how much of what is to be reached (1: reached)", shares), Series("reached", (1.0,) * len(found)))
    return Chart("What make bench measured", names, labels, series)


def python_rate(environment: dict[str, str], clients: int, seconds: int, customers: Path) -> float:
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
    """Makes customers with Credits and writes the pgbench script that places orders for them, and the request."""
    path, customers = Path(argv[0]), int(argv[1])
    from smmatic.ops.bench_orders import make_customers, placing_request

    first, last = make_customers(customers)
    request = placing_request(first)
    path.write_text(_script(request, first, last), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(request), encoding="utf-8")
    path.with_suffix(".customers").write_text(f"{first} {last}", encoding="utf-8")
    return 0


def _script(request: dict[str, Any], first: int, last: int) -> str:
    constant = json.dumps(request, ensure_ascii=True).replace("'", "''")
    # pgbench would take :word for a variable; in JSON a space after the colon or an escape is the same text.
    constant = re.sub(r":(?=[A-Za-z0-9_])", r"\\u003a", constant)
    return (
        f"\\set customer random({first}, {last})\n"
        f"SELECT orders_place_v3('{constant}'::jsonb"
        " || jsonb_build_object('customer_id', :customer::bigint, 'key', gen_random_uuid()::text),"
        " '\\x00ff'::bytea);\n"
    )


@contextmanager
def _database(handle: ServerHandle, name: str) -> Iterator[tuple[str, str]]:
    handle.drop_database(name)
    try:
        yield handle.create_database(name)
    finally:
        handle.drop_database(name)


def pgbench_rate(url: str, clients: int, seconds: int, *arguments: str) -> float:
    """Transactions a second by pgbench: TPC-B-like, or what the arguments say."""
    jobs = str(min(clients, os.cpu_count() or 1))
    answer = _pgbench(url, "--client", str(clients), "--jobs", jobs, "--time", str(seconds), *arguments)
    tps = re.search(r"^tps = ([0-9.]+)", answer, re.MULTILINE)
    if tps is None:
        raise RuntimeError(f"pgbench said nothing that can be read:\n{answer}")
    return float(tps.group(1))


def _pgbench(url: str, *arguments: str) -> str:
    return _run([str(installed() / "pgbench"), *arguments, url], dict(os.environ))


def smmatic(arguments: Sequence[str], environment: dict[str, str]) -> str:
    """Runs a command of ours; its words."""
    return _run([sys.executable, "-m", "smmatic", *arguments], environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    answer: Any = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} failed:\n{answer.stdout}{answer.stderr}")
    return str(answer.stdout)
