"""A real shop to be killed: PostgreSQL that keeps its promises, web server, worker, sandbox provider, and programs
that order from it over HTTP and never give up on a key."""

import http.client
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.ops import postgres_cluster as cluster
from smmatic.ops.postgres import ServerHandle, server
from smmatic.ops.postgres_place import installed
from smmatic.ops.probe import ask
from tests.builders import new_key
from tests.databases import Addresses

_START = "import sys, django; django.setup()\n{seed}\nfrom smmatic.__main__ import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def own_server(folder: Path, template: str) -> Iterator[tuple[ServerHandle, Addresses]]:
    """A durable server of our own with a copy of the database at `template`."""
    with server(folder, database="smmatic", say=lambda _: None) as handle:
        dump = folder / "template.dump"
        for command in (
            ["pg_dump", "--format=custom", "--file", str(dump), "--dbname", template],
            [
                "pg_restore",
                "--single-transaction",
                "--no-comments",
                "--clean",
                "--if-exists",
                "--dbname",
                handle.owner_url,
                str(dump),
            ],
        ):
            subprocess.run([str(installed() / command[0]), *command[1:]], check=True, capture_output=True)
        yield handle, Addresses(handle.owner_url, handle.app_url)


@dataclass
class RealShop:
    """The processes of a shop; each can be killed and started again. `seeds` plant a bug in 'web' or 'worker'."""

    handle: ServerHandle
    addresses: Addresses
    sandbox: SandboxProcess
    folder: Path
    seeds: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def start(self, name: str) -> None:
        """Starts 'web' or 'worker' in a session of its own."""
        arguments = {
            "web": ["web", "--bind", f"127.0.0.1:{self.port}", "--processes", "2", "--threads", "4"],
            "worker": ["worker", "--idle", "0.05", "--lease", "2", "--concurrency", "4"],
        }[name]
        ours = {
            "DJANGO_SETTINGS_MODULE": "smmatic.settings", "SMMATIC_SECRET_KEY": "k" * 60, "SMMATIC_LOG_LEVEL": "ERROR",
            "SMMATIC_PROVIDER_PRIVATE_HOSTS": f"127.0.0.1:{self.sandbox.port}", "SMMATIC_HOSTS": "127.0.0.1,localhost",
        }  # fmt: skip
        with open(self.folder / f"{name}.log", "ab") as said:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-c", _START.format(seed=self.seeds.get(name, "")), *arguments],
                env={**os.environ, **self.addresses.environment(), **ours},
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        """The last faults that the processes wrote down."""
        text = "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))
        return "\n".join(part[-3000:] for part in text.split("Traceback (most recent call last)")[-3:])

    def kill(self, name: str) -> None:
        """kill -9 of 'web' (all of it), of one of its 'children', of 'worker', or of 'postgres'; and starts it again."""
        self.kills.append(name)
        if name == "postgres":
            found = cluster.postmaster(self.handle.place)
            assert found is not None
            os.kill(found.pid, signal.SIGKILL)
            wait_for(self.handle.ensure_running, "PostgreSQL again")  # as a supervisor asks, until it was needed
        elif name == "children":
            for pid in self._children(self.running["web"].pid)[:1]:
                os.kill(pid, signal.SIGKILL)
        else:
            self._end(name)
            self.start(name)

    def _end(self, name: str) -> None:
        process = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _children(self, pid: int) -> list[int]:
        listed = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(one) for one in listed.read_text().split()] if listed.exists() else []

    def close(self) -> None:
        """Ends everything."""
        for name in list(self.running):
            self._end(name)

    def wait_for_web(self) -> None:
        """Until the web server answers."""
        wait_for(lambda: ask(f"127.0.0.1:{self.port}", "/livez") is not None, "the web server")


def wait_for(holds: Callable[[], Any], what: str, looks: int = 2400) -> None:
    """Waits until something holds; the limit only keeps a broken build from hanging."""
    for _ in range(looks):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"never came about: {what}")


@dataclass(frozen=True)
class Acknowledged:
    """A call that was answered: what was sent under the key, and the answer."""

    path: str
    key: str
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]


class Program(threading.Thread):
    """A customer's program: orders and cancels, and repeats each call under its key until it is answered."""

    def __init__(self, port: int, secret: str, links: list[str], seed: int) -> None:
        super().__init__(daemon=True)
        self._port, self._secret, self._links = port, secret, links
        self._draw = random.Random(seed)
        self._open: http.client.HTTPConnection | None = None
        self.acknowledged: list[Acknowledged] = []
        self.faults: list[str] = []
        self.cut = 0
        self.stopping = threading.Event()
        self.give_up = False

    def run(self) -> None:
        """Works until told to stop; the call under way is still repeated until it is answered."""
        while not self.stopping.is_set():
            placed = [one for one in self.acknowledged if one.path == "/orders" and one.status == 201]
            if placed and self._draw.random() < 0.2:
                self.call(f"/orders/{self._draw.choice(placed[-3:]).answer['id']}/cancel", {}, new_key())
            else:
                body = {
                    "service": "TT-ADS",
                    "quantity": self._draw.randint(50, 99),
                    "link": self._draw.choice(self._links),
                }
                self.call("/orders", body | {"start_now": self._draw.random() < 0.8}, new_key())

    def call(self, path: str, body: dict[str, Any], key: str) -> Acknowledged | None:
        """Sends a request until it is answered with something that stays; None where it is told to stop too late."""
        for _ in range(2400):
            found = self.once(path, body, key)
            if found is not None and found[0] not in (429, 502, 503, 504):
                if found[0] >= 500:
                    self.faults.append(f"{path}: {found}")
                    return None
                self.acknowledged.append(Acknowledged(path, key, body, *found))
                return self.acknowledged[-1]
            if self.give_up:
                return None
            self.cut += 1
            time.sleep(0.05)
        self.faults.append(f"{path}: never answered")
        return None

    def once(self, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]] | None:
        """One request; None where no answer came, so that nobody knows what became of it."""
        try:
            if self._open is None:
                self._open = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._open.request(
                "POST", f"/api/v1{path}", json.dumps(body) if body else None,
                {"Authorization": f"Bearer {self._secret}", "Idempotency-Key": key, "Content-Type": "application/json"},
            )  # fmt: skip
            answer = self._open.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self._open is not None:
                self._open.close()
            self._open = None
            return None


def lost(addresses: Addresses, programs: list[Program]) -> list[str]:
    """Acknowledged calls that the database knows nothing of, read without asking the shop."""
    found = []
    with psycopg.connect(addresses.owner) as connection:
        rows = connection.execute("SELECT o.id, o.amount, o.status FROM orders_order o").fetchall()
        there = {row[0]: row[1:] for row in rows}
        keys = {row[0]: row[1] for row in connection.execute("SELECT key, answer FROM credits_idempotency").fetchall()}
    for one in (one for program in programs for one in program.acknowledged):
        if one.path == "/orders" and one.status == 201:
            if one.answer["id"] not in there or there[one.answer["id"]][0] != one.answer["charged"]["units"]:
                found.append(f"order {one.answer['id']} was acknowledged, and there is {there.get(one.answer['id'])}")
            if keys.get(one.key, {}).get("order") != one.answer["id"]:
                found.append(f"order {one.answer['id']}: its key answers {keys.get(one.key)}")
        if one.path.endswith("/cancel") and one.status == 200:
            number = int(one.path.split("/")[2])
            if there.get(number, ("", ""))[1] != "cancelled":
                found.append(f"order {number} was acknowledged as cancelled, and there is {there.get(number)}")
    return found


def differing(programs: list[Program]) -> list[str]:
    """Acknowledged calls whose repeat is answered otherwise."""
    found = []
    for program in programs:
        for one in list(program.acknowledged):
            again = program.call(one.path, one.body, one.key)
            if again is None or (again.status, again.answer) != (one.status, one.answer):
                found.append(f"{one.path} under {one.key}: {one.status} {one.answer}, and again {again}")
    return found


def twice(addresses: Addresses, sandbox: SandboxProcess) -> list[str]:
    """vi: what the provider's own log knows and our orders do not, or otherwise; above all, what it was given twice."""
    log = sandbox.truth()
    with psycopg.connect(addresses.owner) as connection:
        rows = connection.execute(
            "SELECT a.reference::text, a.state, o.id, o.status, o.delivered FROM fulfilment_attempt a"
            " JOIN orders_order o ON o.id = a.order_id"
        ).fetchall()
    attempts = {row[0]: row[1:] for row in rows}
    accepted: dict[int, int] = {}
    found = []
    for line in log["orders"]:
        known = attempts.get(str(line["reference"]))
        if known is None:
            found.append(f"the provider has an order under {line['reference']}, which is none of ours")
            continue
        state, number, status, delivered = known
        accepted[number] = accepted.get(number, 0) + 1
        if state != "confirmed":
            found.append(f"order {number}: the provider has it, our attempt is '{state}'")
        elif status in ("completed", "partial") and delivered != line["delivered"]:
            found.append(f"order {number}: {line['delivered']} were delivered, we say {delivered}")
    found += [
        f"order {number}: the provider was given it {count} times" for number, count in accepted.items() if count > 1
    ]
    ours = {number for state, number, _, _ in attempts.values() if state == "confirmed"}
    return found + [f"order {number}: is not the provider's" for number in ours - set(accepted)]


def name() -> str:
    """A name for something that only one trial uses."""
    return f"trial-{secrets.token_hex(3)}"
