"""kill -9 of one worker after the other while orders flow: every order reaches a true end, and the proof is clean.

TRIALS_KILL_ORDERS sets how many; the long form is `make trials`.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.kernel.database import fetch_all
from tests.databases import Addresses
from tests.sandboxes import Shop, bought, worker
from tests.trials.checker import check, check_drained
from tests.trials.realshop import twice
from tests.trials.report import Report

ORDERS = int(os.environ.get("TRIALS_KILL_ORDERS", "120"))
EVERY = float(os.environ.get("TRIALS_KILL_EVERY", "1.2"))
WORKERS = 3
STEP = 25
"""Events between two kills, at least."""
OPTIONS = ("--lease", "3", "--idle", "0.02", "--concurrency", "16", "--batch", "64")
LIVE = "SELECT count(*) AS n FROM orders_order WHERE status IN ('pending', 'processing', 'in_progress')"


def happened() -> int:
    """How much has happened to orders."""
    return int(fetch_all("SELECT count(*) AS n FROM orders_event")[0]["n"])


def come_to_work() -> set[int]:
    """The processes of workers that have begun."""
    return {row["pid"] for row in fetch_all("SELECT pid FROM fulfilment_worker")}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    made = SandboxProcess(str(tmp_path / "truth.sqlite3"), options=("--seconds", "0.2", "--stall", "1"))
    yield made
    made.kill()


@pytest.fixture
def shop(ground: Addresses, sandbox: SandboxProcess) -> Iterator[Shop]:
    made = Shop(sandbox, timeout=0.8, settles_after=2.0, poll_shortest=0.05, poll_longest=0.5, breaker_pause=0.3)
    yield made
    made.close()


def test_workers_killed_again_and_again_while_orders_flow(shop: Shop, ground: Addresses) -> None:
    draw, started = random.Random(20261128), time.monotonic()
    bought([draw.choice(("00",) * 8 + ("01", "10", "17")) for _ in range(ORDERS)], lambda: 50)
    placing = time.monotonic() - started
    running = [worker(ground.environment(), shop.sandbox, *OPTIONS) for _ in range(WORKERS)]
    kills, begun, seen = 0, time.monotonic(), happened()
    try:
        while fetch_all(LIVE)[0]["n"] and time.monotonic() - begun < 3600:
            time.sleep(EVERY)
            at_work = [one for one in running if one.pid in come_to_work()]
            if happened() < seen + STEP or not at_work:
                continue  # a worker that has not come to work yet is not worth killing
            seen = happened()
            doomed = draw.choice(at_work)
            running.remove(doomed)
            doomed.send_signal(signal.SIGKILL)
            doomed.wait()
            kills += 1
            running.append(worker(ground.environment(), shop.sandbox, *OPTIONS))
    finally:
        for one in running:
            one.kill()
            one.wait()
    seconds = time.monotonic() - begun
    statuses = {
        row["status"]: row["n"] for row in fetch_all("SELECT status, count(*) AS n FROM orders_order GROUP BY status")
    }
    assert set(statuses) == {"completed", "rejected"}
    assert sum(statuses.values()) == ORDERS
    assert kills >= 2
    assert twice(ground, shop.sandbox) == []
    assert check(ground.owner) == []
    assert check_drained(ground.owner) == []
    proof = subprocess.run(
        [sys.executable, "-m", "smmatic", "prove"], env=ground.environment(), capture_output=True, text=True
    )
    assert proof.returncode == 0, proof.stderr
    orphans = fetch_all(
        "SELECT count(*) AS n FROM orders_event WHERE kind = 'unknown' AND facts ->> 'words' LIKE 'the worker ended%%'"
    )
    Report("workers-killed").write(
        {
            "orders": ORDERS, "workers": WORKERS, "kills with -9": kills, "seconds between two kills": EVERY,
            "seconds from the first worker to the last end": round(seconds), "seconds for placing": round(placing),
            "orders a second, kills included": round(ORDERS / seconds, 1), "orders by status": statuses,
            "calls whose worker was killed meanwhile": orphans[0]["n"],
            "delivered twice, lost, stuck or different": 0,
        },
        seed=20261128,
    )  # fmt: skip
