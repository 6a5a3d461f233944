"""Two real installations, each with its own database, web server and worker: A delivers through B's reseller API, B
through the sandbox provider. Between them stands a line that can swallow answers."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import psycopg
from smmpy import smm

from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.ops.probe import ask
from tests import databases
from tests.databases import Addresses
from tests.e2e.browser import DELIVERY_SECONDS, ROOT, STARTS, _free_port, _process, until


@dataclass
class Line:
    """The line from A to B: passes every request on, and swallows the answers to the next `swallow` adds."""

    target: str
    swallow: int = 0
    swallowed: int = 0
    passed: list[str] = field(default_factory=list)

    def open(self) -> ThreadingHTTPServer:
        """A server of loopback that passes on."""
        line = self

        class Passer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                action = parse_qs(body.decode())["action"][0]
                line.passed.append(action)
                onward = http.client.HTTPConnection(line.target, timeout=30)
                onward.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
                answer = onward.getresponse()
                said = answer.read()
                onward.close()
                if action == "add" and line.swallow > 0:
                    line.swallow -= 1
                    line.swallowed += 1
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Passer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@dataclass
class Installation:
    """One shop: its address, its database, the environment of its processes, and its customer's program."""

    bind: str
    addresses: Addresses
    environment: dict[str, str]
    key: str
    worker: ExitStack

    def replace_worker(self, seed: str) -> None:
        """Ends its worker in order and starts one with a bug planted in it."""
        self.worker.close()
        self.worker.enter_context(_seeded(self.environment, seed))

    def program(self) -> smm:
        """The field's own client with the customer's key."""
        return smm(f"http://{self.bind}/api/v2", self.key)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of its database, as the owner sees it."""
        with psycopg.connect(self.addresses.owner) as connection:
            return connection.execute(query).fetchall()

    def prove(self) -> str:
        """What its own proof says; empty where all is right."""
        done = subprocess.run(
            [sys.executable, "-m", "smmatic", "prove"], env=self.environment, capture_output=True, text=True
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr


@dataclass
class Trade:
    """Both shops, the line between them and the provider behind B."""

    a: Installation
    b: Installation
    line: Line
    sandbox: SandboxProcess

    def forward(self, share: float) -> None:
        """Lets a share of the delivery time pass at the provider."""
        self.sandbox.forward(DELIVERY_SECONDS * share)

    def doubles(self) -> list[str]:
        """Orders of A that B has more than once or not at all, by our references; empty where all is right."""
        ours = self.a.rows("SELECT a.reference::text, a.order_id, a.state, a.remote_id FROM fulfilment_attempt a")
        theirs = self.b.rows("SELECT key, answer FROM credits_idempotency WHERE answer ? 'order'")
        made = {
            key: int((json.loads(answer) if isinstance(answer, str) else answer)["order"]) for key, answer in theirs
        }
        links = self.a.rows("SELECT id, link FROM orders_order")
        found = []
        for number, link in links:
            upstream = [row for row in self.b.rows("SELECT id, link FROM orders_order") if row[1] == link]
            mine = [row for row in ours if row[1] == number and row[2] == "confirmed"]
            if len(upstream) > 1:
                found.append(f"order {number}: B was given it {len(upstream)} times")
            if len(mine) == 1 and made.get(mine[0][0]) != int(mine[0][3]):
                found.append(f"order {number}: B knows another order under our reference")
        return found


@contextmanager
def trade(name: str, folder: Path) -> Iterator[Trade]:
    """Both shops, ended with everything they started."""
    with ExitStack() as stack:
        sandbox = SandboxProcess(str(folder / "truth.sqlite"), options=("--seconds", str(DELIVERY_SECONDS)))
        stack.callback(sandbox.stop)
        b = _shop(stack, f"{name}_b", folder / "b", "sandbox", sandbox.url, sandbox.key)
        line = Line(b.bind)
        server = line.open()
        stack.callback(server.shutdown)
        upstream = f"http://127.0.0.1:{server.server_port}/api/v2"
        a = _shop(stack, f"{name}_a", folder / "a", "http_v2", upstream, b.key)
        for one in (a, b):
            until(lambda one=one: (ask(one.bind, "/livez") or (0,))[0] == 200, "a web server does not answer", STARTS)
        yield Trade(a, b, line, sandbox)


def _shop(stack: ExitStack, name: str, folder: Path, adapter: str, upstream: str, key: str) -> Installation:
    """A shop whose processes have been started; whether they answer yet is another matter."""
    folder.mkdir()
    addresses = stack.enter_context(databases.cloned(name))
    bind = f"127.0.0.1:{_free_port()}"
    environment = addresses.environment() | {
        "SMMATIC_BIND": bind,
        "SMMATIC_PUBLIC_URL": f"http://{bind}",
        "SMMATIC_DATA_DIR": str(folder),
        "SMMATIC_SECRET_KEY": "",
        "SMMATIC_PROVIDER_PRIVATE_HOSTS": upstream.removeprefix("http://").partition("/")[0],
        "DJANGO_SETTINGS_MODULE": "smmatic.settings",
    }
    made = subprocess.run(
        [sys.executable, "-m", "tests.e2e.shop_people", "--adapter", adapter, "--url", upstream, "--key", key],
        env=environment, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"the people of a shop could not be made:\n{made.stdout}{made.stderr}")
    stack.enter_context(_process(environment, "web", "--processes", "1", "--threads", "4"))
    worker = stack.enter_context(ExitStack())
    worker.enter_context(_process(environment, "worker", "--idle", "0.05"))
    made_key = json.loads(made.stdout.strip().splitlines()[-1])["key"]
    return Installation(bind, addresses, environment, made_key, worker)


@contextmanager
def _seeded(environment: dict[str, str], seed: str) -> Iterator[None]:
    code = (
        f"import django; django.setup()\n{seed}\nfrom smmatic.fulfilment.worker import main; main(['--idle', '0.05'])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
