"""`smmatic up` and `smmatic demo`: everything on one machine under one supervisor.

It holds the embedded PostgreSQL, migrates as the owner, loads and proves the policy, then keeps web and workers (and
for the demo the sandbox provider) running until Ctrl-C or SIGTERM. It never imports Django: what needs it runs as a
command of its own, so that one process has one role in the database.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from smmatic.ops.children import Child, stop_all
from smmatic.ops.environment import DEFAULT_BIND, database
from smmatic.ops.postgres import PostgresError, ServerHandle, data_folder
from smmatic.ops.probe import address, ask
from smmatic.ops.processes import SUPERVISOR_VARIABLE

_STOP_SECONDS = 30.0
_READY_SECONDS = 60.0


class Refused(RuntimeError):
    """The shop can't start; the text says why and what to do."""


def up(argv: Sequence[str]) -> int:
    """Runs the shop until Ctrl-C or SIGTERM; exit code 1 when it can't start."""
    parser = argparse.ArgumentParser(prog="smmatic up", description=up.__doc__)
    parser.add_argument("--bind", default=os.environ.get("SMMATIC_BIND") or DEFAULT_BIND, help="host:port or unix:path")
    parser.add_argument("--workers", type=int, default=int(os.environ.get("SMMATIC_WORKERS") or 1))
    arguments = parser.parse_args(argv)
    return _supervised(lambda: _up(arguments.bind, arguments.workers))


def demo(argv: Sequence[str]) -> int:
    """Runs the shop on loopback with demo people, plays the main job and stays up until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="smmatic demo", description=demo.__doc__)
    parser.add_argument("--once", action="store_true", help="end after the scenario; exit code 1 where a step differs")
    parser.add_argument("--port", type=int, default=8000, help="where to begin to look for a free port")
    arguments = parser.parse_args(argv)
    return _supervised(lambda: _demo(arguments.port, once=arguments.once))


def _up(bind: str, workers: int) -> int:
    check_free(bind)
    os.environ["SMMATIC_BIND"] = bind
    if not os.environ.get("SMMATIC_PUBLIC_URL") and not bind.startswith("unix:"):
        os.environ["SMMATIC_PUBLIC_URL"] = address(bind)
    with database(_say) as handle, stoppable() as stopping:
        _prepare(handle, "--operator-link")
        children = [Child("web", ["web"]), *(_worker(number) for number in range(1, workers + 1))]
        return _serve(children, handle, stopping, bind)


def _demo(port: int, *, once: bool) -> int:
    check_private()
    web, sandbox = free_port(port), free_port(port + 100)
    bind = f"127.0.0.1:{web}"
    os.environ.update(SMMATIC_BIND=bind, SMMATIC_PUBLIC_URL=f"http://{bind}", SMMATIC_HOSTS="localhost,127.0.0.1")
    os.environ["SMMATIC_PROVIDER_PRIVATE_HOSTS"] = f"127.0.0.1:{sandbox}"  # else the guarded client refuses loopback
    truth = data_folder() / "sandbox.sqlite"
    with database(_say) as handle, stoppable() as stopping:
        _prepare(handle)
        children = [
            Child("provider", ["sandbox", "--port", str(sandbox), "--truth", str(truth)]),
            Child("web", ["web"]),
            _worker(1),
        ]
        scenario = ["demo-scenario", "--address", f"http://{bind}", "--sandbox", f"http://127.0.0.1:{sandbox}"]
        return _serve(children, handle, stopping, bind, scenario, once=once)


def _serve(
    children: Sequence[Child],
    handle: ServerHandle | None,
    stopping: "Stopping",
    bind: str,
    scenario: Sequence[str] = (),
    *,
    once: bool = False,
) -> int:
    try:
        for child in children:
            child.start()
        _wait_for_web(next(child for child in children if child.name == "web"), bind, stopping)
        _say(f"web         {address(bind)}")
        _say(f"running     {', '.join(child.name for child in children)}")
        code = _play(scenario, stopping) if scenario else 0
        if scenario and once:
            return code
        _say("Ctrl-C stops everything. The data stays.")
        while not stopping.asked:
            for child in children:
                child.keep(_say)
            if handle is not None and _revived(handle):
                _say("database    had ended; started again, all acknowledged data is there")
            stopping.wait(1.0)
        _say("stopping    requests under way are finished first ...")
        return 0
    finally:
        stop_all(children, _STOP_SECONDS, _say)


def _revived(handle: ServerHandle) -> bool:
    try:
        return handle.ensure_running()
    except PostgresError as error:
        _say(f"database    {error}")
        time.sleep(2)
        return False


def _prepare(handle: ServerHandle | None, *arguments: str) -> None:
    if handle is not None:
        _say(f"database    PostgreSQL in {handle.place.home}, running as {handle.place.user.label}")
    else:
        _say("database    the PostgreSQL of DATABASE_URL")
    if _command("migrate", "--quiet").returncode != 0:
        raise Refused("The database could not be brought to this version; see above. Nothing was started.")
    _say("migrations  all applied")
    if _command("prepare", *arguments).returncode != 0:
        raise Refused("The shop was not prepared; see above. Nothing was started.")


def _play(scenario: Sequence[str], stopping: "Stopping") -> int:
    """Plays the scenario as a process of its own; its exit code."""
    player = Child("scenario", list(scenario))
    player.start()
    while player.running and not stopping.asked:
        stopping.wait(0.2)
    stop_all([player], _STOP_SECONDS, _say)
    return player.process.returncode if player.process is not None else 1


def _command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
    return subprocess.run(
        [sys.executable, "-m", "smmatic", *arguments], env=environment, stdin=subprocess.DEVNULL, check=False
    )


def _worker(number: int) -> Child:
    return Child("worker" if number == 1 else f"worker {number}", ["worker"])


def _wait_for_web(web: Child, bind: str, stopping: "Stopping") -> None:
    if bind.startswith("unix:"):
        return
    end = time.monotonic() + _READY_SECONDS
    while (answer := ask(bind, "/livez")) is None:
        if not web.running:
            raise Refused("The web server ended while starting; see above.")
        if time.monotonic() > end:
            raise Refused(f"The web server does not answer at {address(bind)}/livez; see `smmatic doctor`.")
        if stopping.asked:
            raise KeyboardInterrupt
        time.sleep(0.1)
    if answer[0] >= 500:
        raise Refused(f"The web server answers {answer[0]} to everything; see above.")


def check_private() -> None:
    """Makes sure that this installation serves this machine alone: the demo makes people with a known password.

    Raises:
        Refused: when the environment or `.env` names a public host.
    """
    hosts = {host.strip() for host in os.environ.get("SMMATIC_HOSTS", "").split(",")}
    public = sorted(hosts - {"", "localhost", "127.0.0.1", "[::1]"})
    if public:
        raise Refused(
            f"This installation serves {', '.join(public)}, and the demo makes people with a shared password."
            " Run it elsewhere, without SMMATIC_HOSTS and with a data folder of its own (SMMATIC_DATA_DIR)."
        )


def check_free(bind: str) -> None:
    """Makes sure that nobody else listens on host:port.

    Raises:
        Refused: when somebody does, or when the address is none of this machine's.
    """
    if bind.startswith("unix:"):
        return
    host, _, port = bind.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()):
        raise Refused(f"{bind!r} is not host:port, such as {DEFAULT_BIND}.")
    if not _is_free(host.strip("[]"), int(port)):
        raise Refused(
            f"{bind} is taken by another program, perhaps another `smmatic up`. Stop it, or choose another port:"
            f" SMMATIC_BIND={host}:{int(port) + 1} make up"
        )


def free_port(first: int) -> int:
    """The first port of loopback from `first` on that nobody listens on.

    Raises:
        Refused: when a hundred in a row are taken.
    """
    for port in range(first, first + 100):
        if _is_free("127.0.0.1", port):
            return port
    raise Refused(f"The ports {first} to {first + 99} are all taken.")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


class Stopping:
    """Whether somebody asked to stop, and a way to wait that ends as soon as they do."""

    def __init__(self) -> None:
        self.asked = False
        self._ear, self._mouth = socket.socketpair()

    def ask(self, number: int, frame: object) -> None:
        """A signal handler: the first signal asks, a second one ends at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._mouth.send(b"!")

    def wait(self, seconds: float) -> None:
        """Waits so long, or until somebody asks to stop."""
        self._ear.settimeout(seconds)
        with suppress(TimeoutError):
            self._ear.recv(1)

    def close(self) -> None:
        """Closes both ends."""
        self._ear.close()
        self._mouth.close()


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Turns SIGINT and SIGTERM into a request to stop for the length of the block."""
    stopping = Stopping()
    before = {number: signal.signal(number, stopping.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stopping.close()


def _supervised(run: Callable[[], int]) -> int:
    try:
        return run()
    except Refused as error:
        print(f"smmatic: {error}", file=sys.stderr)
        return 1


def _say(line: str) -> None:
    print(line, flush=True)
