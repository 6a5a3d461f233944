"""`smmatic worker`: accepts due orders, submits them, follows them to their end, and sends what is to be sent.

Any number of workers can run on any number of machines; they hold no state. One that is told to end finishes its calls
and gives its leases back; the leases of one that was killed run out. A lost database is waited for.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Event
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from smmatic.fulfilment import actions
from smmatic.fulfilment.work import Round
from smmatic.kernel.clock import elapsed
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.refusals import Refusal

log = structlog.get_logger("smmatic.worker")
SWEEPS = ("smmatic.notices.sweep:write_due", "smmatic.notices.sweep:send_due")
"""Work of packages above this one, by name; what is not installed is left out."""
SWEEP_SECONDS = 1.0
BEAT_SECONDS = 5.0
BAD_ROUND = (OperationalError, InterfaceError, Refusal)
"""What ends a round but never the worker: a lost database, or a lock that could not be had (a Refusal by then)."""


class Worker:
    """The loop around rounds: heartbeat, sweeps, waiting, and staying alive while the database is away."""

    def __init__(self, work: Round, *, idle: float) -> None:
        self._round = work
        self._idle = idle
        self._host = socket.gethostname()
        self._sweeps = _sweeps()
        self._swept = self._beaten = float("-inf")

    def run(self, *, once: bool) -> int:
        """Works until told to stop, or with `once` until nothing is due; an exit code."""
        pause = 0.1
        log.info("worker started", name=self._round.owner, pid=os.getpid())
        while not self._round.stop.is_set():
            try:
                done = self._turn(once)
                pause = 0.1
            except BAD_ROUND as lost:
                away = not isinstance(lost, Refusal)
                says = "the database is away" if away else "a round failed"
                log.warning(says, error=str(lost).strip().split("\n")[0], retry_in=pause)
                if away:
                    connections.close_all()
                self._round.stop.wait(pause)
                pause = min(pause * 2, 5.0)
                continue
            if done == 0 and once:
                break
            if done == 0:
                self._round.stop.wait(self._idle)
        self._end()
        return 0

    def _turn(self, once: bool) -> int:
        if self._beaten == float("-inf"):
            actions.forget_workers()
        if elapsed() - self._beaten >= BEAT_SECONDS:
            self._beat()
        done = self._round.run()
        if once or elapsed() - self._swept >= SWEEP_SECONDS:
            self._swept = elapsed()
            done += sum(self._sweep(sweep) for sweep in self._sweeps)
        return done

    def _sweep(self, sweep: Callable[[], Any]) -> int:
        try:
            return int(sweep() or 0)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("a sweep failed", sweep=sweep.__name__)
            return 0

    def _beat(self, *, stopped: bool = False) -> None:
        self._beaten = elapsed()
        actions.beat(self._round.owner, self._host, os.getpid(), self._round.counts, stopped=stopped)

    def _end(self) -> None:
        for last in (self._round.give_back, lambda: self._beat(stopped=True)):
            with contextlib.suppress(*BAD_ROUND):
                last()
        self._round.close()
        connections.close_all()
        log.info("worker ended", name=self._round.owner, **self._round.counts)


def main(argv: Sequence[str]) -> int:
    """Runs a worker until SIGTERM or SIGINT."""
    reader = argparse.ArgumentParser(prog="smmatic worker", description=__doc__)
    reader.add_argument("--once", action="store_true", help="do everything that is due, then exit")
    reader.add_argument("--name", default="", help="this worker's name; one is made up where none is given")
    reader.add_argument("--idle", type=float, default=None, help="seconds between looks")
    reader.add_argument("--batch", type=int, default=100, help="orders leased at once")
    reader.add_argument("--concurrency", type=int, default=8, help="calls side by side")
    reader.add_argument("--lease", type=int, default=60, help="seconds until another worker may take over")
    chosen = reader.parse_args(argv)
    _log_lines()
    stop = Event()

    def end(number: int, frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    name = chosen.name or f"{socket.gethostname()[:30]}-{os.getpid()}-{new_readable_code(4)}"
    idle = settings.SMMATIC_WORKER_IDLE_SECONDS if chosen.idle is None else chosen.idle
    work = Round(name[:60], concurrency=chosen.concurrency, batch=chosen.batch, lease=chosen.lease, stop=stop)
    return Worker(work, idle=idle).run(once=chosen.once)


def _sweeps() -> list[Callable[[], Any]]:
    found = []
    for name in SWEEPS:
        module, _, function = name.partition(":")
        with contextlib.suppress(ModuleNotFoundError, AttributeError):
            found.append(getattr(import_module(module), function))
    return found


def _log_lines() -> None:
    """One line of JSON an event, on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
