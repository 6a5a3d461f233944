"""`smmatic up` as people run it: starts, refuses, stops, and is back after kill -9 of everything."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from smmatic.ops import bootstrap
from smmatic.ops import postgres_cluster as cluster
from smmatic.ops.postgres import addresses
from smmatic.ops.postgres_place import look
from smmatic.ops.probe import ask
from smmatic.ops.processes import Process, processes, wait_until
from smmatic.policy.document import PolicyError, Problem


class Shop:
    """A shop of its own below a folder, run by the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.bind = f"127.0.0.1:{probe.getsockname()[1]}"
        self.processes: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        """No database of the tests, the folder's own."""
        ours = {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "SMMATIC_SECRET_KEY": "", "SMMATIC_PUBLIC_URL": ""}
        ours |= {"SMMATIC_DATA_DIR": str(self.folder), "SMMATIC_BIND": self.bind, "SMMATIC_WEB_PROCESSES": "1"}
        return {**os.environ, **ours}

    def up(self) -> tuple[subprocess.Popen[str], str]:
        """Starts it; the process and what it said until it was up."""
        process = subprocess.Popen(
            [sys.executable, "-m", "smmatic", "up"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                return process, said
        raise AssertionError(f"it did not come up:\n{said}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "smmatic", *arguments], env=self.environment, capture_output=True, text=True
        )

    def everything(self) -> list[Process]:
        """Every process of this shop: supervisor, web, worker, PostgreSQL."""
        place = look(self.folder)
        marks = [place.cluster_name, str(place.data)] if place else []
        mine = {process.pid for process in self.processes}
        return [
            found
            for found in processes()
            if found.pid in mine
            or any(mark in found.title for mark in marks)
            or (found.words and _works_for(found.pid, self.folder))
        ]


def _works_for(pid: int, folder: Path) -> bool:
    try:
        return f"SMMATIC_DATA_DIR={folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    """A shop; all of it is gone afterwards."""
    shop = Shop(folder)
    yield shop
    for process in shop.processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    wait_until(lambda: len([found for found in shop.everything() if "postgres" not in found.title]) == 0, 30)


def test_it_comes_up_stops_cleanly_and_is_back_after_kill_9_of_everything(shop: Shop) -> None:
    process, said = shop.up()
    assert re.search(rf"^operator +http://{shop.bind}/welcome/\S+", said, re.MULTILINE)
    assert ask(shop.bind, "/livez") == (200, "ok")
    ready = ask(shop.bind, "/readyz")
    assert ready is not None
    assert ready[0] == 200, ready
    doctor = shop.run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert re.search(r"^OK +worker", doctor.stdout, re.MULTILINE)
    assert re.search(r"^OK +web", doctor.stdout, re.MULTILINE)

    second = shop.run("up")
    assert second.returncode == 1
    assert f"{shop.bind} is taken" in second.stderr

    known = addresses(shop.folder)
    assert known is not None
    with psycopg.connect(known[0], autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 42 AS value")
    for found in shop.everything():
        try:
            os.kill(found.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate()

    process, said = shop.up()
    with psycopg.connect(known[0]) as owner:
        assert owner.execute("SELECT value FROM kept").fetchone() == (42,)
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate()
    assert process.returncode == 0, rest
    assert "Traceback" not in said + rest
    assert shop.everything() == []


def test_a_killed_server_and_a_killed_worker_come_back_under_the_supervisor(shop: Shop) -> None:
    process, _ = shop.up()
    place = look(shop.folder)
    assert place is not None
    postmaster = cluster.postmaster(place)
    assert postmaster is not None
    worker = next(found for found in shop.everything() if found.words[-1:] == ("worker",))
    os.kill(worker.pid, signal.SIGKILL)
    os.kill(postmaster.pid, signal.SIGKILL)

    def back() -> bool:
        ready = ask(shop.bind, "/readyz")
        workers = [found for found in shop.everything() if found.words[-1:] == ("worker",)]
        return ready is not None and ready[0] == 200 and bool(workers) and workers[0].pid != worker.pid

    assert wait_until(back, 60)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 0
    assert "database    had ended; started again" in said
    assert "worker      ended (killed by SIGKILL)" in said


def test_a_policy_that_does_not_prove_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise PolicyError([Problem(12, "2.1", "dead", "This rule never decides.", "Remove it.")], "policy 1.0")

    monkeypatch.setattr(bootstrap.policy_actions, "ensure_policy", broken)
    assert bootstrap.main([]) == 1
    said = capsys.readouterr().err
    assert "does not start" in said
    assert "line 12, clause 2.1: This rule never decides. Remove it." in said
