"""kill -9 of web server, worker and PostgreSQL while programs order: nothing acknowledged is lost, nothing is stuck."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.ops import postgres_cluster as cluster
from smmatic.ops.postgres import ServerHandle, stop_unused
from smmatic.ops.postgres_place import PORT
from tests.api.clients import secret_of
from tests.builders import customer
from tests.databases import Addresses
from tests.sandboxes import link
from tests.trials.checker import check, check_drained
from tests.trials.conftest import ROUNDS, pointed_at
from tests.trials.realshop import Program, RealShop, differing, lost, name, own_server, twice, wait_for

log = logging.getLogger("trials")
SEED = 20261123
PROGRAMS = 3
BETWEEN = 6
"""Answers between two kills."""

KILLS = ("worker", "web", "postgres", "children", "worker", "web") * ROUNDS
LINKS = [link(digits) for digits in ("00", "00", "00", "01", "10", "20")]
LIVE = "SELECT count(*) FROM orders_order WHERE status IN ('pending', 'processing', 'in_progress')"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="smm-", dir="/tmp"))
    path.chmod(0o711)  # as root, the server's own user must pass
    yield path
    stop_unused(path / "var", say=lambda _: None)
    shutil.rmtree(path)


@pytest.fixture
def shop(ground: Addresses, folder: Path, tmp_path: Path) -> Iterator[Callable[..., RealShop]]:
    """Opens a shop on a server of its own; all of it is gone afterwards."""
    opened: list[RealShop] = []
    with own_server(folder / "var", ground.owner) as (handle, addresses), pointed_at(addresses):
        sandbox = SandboxProcess(str(tmp_path / "truth.sqlite3"), options=("--seconds", "0.2", "--stall", "2"))
        ensure_provider(
            name(), adapter="sandbox", base_url=sandbox.url, api_key=sandbox.key, settles_after=1.5, timeout=0.7,
            poll_shortest=0.05, poll_longest=0.3,
        )  # fmt: skip

        def make(*started: str, options: str = "", **seeds: str) -> RealShop:
            reached = Addresses(addresses.owner, addresses.app + options)
            opened.append(RealShop(handle, reached, sandbox, tmp_path, seeds))
            for one in started:
                opened[-1].start(one)
            opened[-1].wait_for_web()
            return opened[-1]

        yield make
        for one in opened:
            one.close()
        sandbox.kill()


@contextmanager
def programs_at(shop: RealShop, number: int) -> Iterator[list[Program]]:
    """Programs that order as long as the block lasts; at its end they are told to stop, and have stopped."""
    made = [Program(shop.port, secret_of(customer(100_000)), LINKS, SEED + n) for n in range(number)]
    for one in made:
        one.start()
    try:
        yield made
    finally:
        for one in made:
            one.stopping.set()
        for one in made:
            one.join()


def answered(programs: list[Program]) -> int:
    return sum(len(one.acknowledged) for one in programs)


def test_a_shop_that_is_killed_again_and_again(shop: Callable[..., RealShop]) -> None:
    real = shop("web", "worker")
    with programs_at(real, PROGRAMS) as programs:
        for target in KILLS:
            seen = answered(programs)
            wait_for(lambda seen=seen: answered(programs) >= seen + BETWEEN, f"answers before the kill of {target}")
            real.kill(target)
        seen = answered(programs)
        wait_for(lambda: answered(programs) >= seen + BETWEEN, "answers after the last kill")
    assert [fault for one in programs for fault in one.faults] == [], real.said()
    with psycopg.connect(real.addresses.owner, autocommit=True) as owner:
        owner.execute("UPDATE orders_order SET accept_after = now() WHERE status = 'pending'")  # nobody undoes any more
        wait_for(lambda: owner.execute(LIVE).fetchone() == (0,), "the end of every order")
        statuses = dict(owner.execute("SELECT status, count(*) FROM orders_order GROUP BY status").fetchall())
    assert lost(real.addresses, programs) == []
    assert differing(programs) == []
    assert check_drained(real.addresses.owner) == []
    assert check(real.addresses.owner) == []
    assert twice(real.addresses, real.sandbox) == []
    proof = subprocess.run(
        [sys.executable, "-m", "smmatic", "prove"], env=real.addresses.environment(), capture_output=True, text=True
    )
    assert proof.returncode == 0, proof.stderr
    # The trial is worth something only where the kills met calls, and where orders ended in several ways.
    assert sum(one.cut for one in programs) >= len([one for one in KILLS if one != "worker"])
    assert {"completed", "rejected"} <= set(statuses)
    log.info(
        "%s answers, %s repeats without one, %s kills, orders %s",
        answered(programs),
        sum(one.cut for one in programs),
        len(real.kills),
        statuses,
    )


def test_control_a_shop_that_answers_before_it_is_written(shop: Callable[..., RealShop]) -> None:
    """Seeded bug: the web server's commits do not wait for the disk, so PostgreSQL may forget what was answered."""
    real = shop("web", options="&options=-csynchronous_commit%3Doff")
    with _as_superuser(real.handle) as admin:
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        admin.execute("SELECT pg_reload_conf()")
    with programs_at(real, 2) as programs:
        wait_for(lambda: answered(programs) >= 6, "answers")
        found = cluster.postmaster(real.handle.place)
        assert found is not None
        os.kill(found.pid, 9)
        seen = [list(one.acknowledged) for one in programs]
        real.close()
        for one in programs:
            one.stopping.set()
            one.give_up = True
    with _as_superuser(real.handle, start=True) as admin:
        admin.execute("ALTER SYSTEM RESET wal_writer_delay")
    for one, kept in zip(programs, seen, strict=True):
        one.acknowledged = kept
    assert lost(real.addresses, programs)


@contextmanager
def _as_superuser(handle: ServerHandle, *, start: bool = False) -> Iterator[psycopg.Connection]:
    if start:
        handle.ensure_running()
    with psycopg.connect(
        host=str(handle.place.socket_dir), port=PORT, user="postgres", dbname="postgres", autocommit=True
    ) as admin:
        yield admin
