"""`smmatic worker`: accepts due orders, submits them and follows them to their end; beside that, the sweeps.

Any number of workers can run on any number of machines; they hold no state. One that is told to end finishes its calls
and gives its leases back; the leases of one that was killed run out. A lost database is waited for.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from threading import Event

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from smmatic.fulfilment import actions
from smmatic.fulfilment.sweeper import Sweeper
from smmatic.fulfilment.work import Round
from smmatic.kernel.clock import elapsed
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.refusals import Refusal

log = structlog.get_logger("smmatic.worker")
BEAT_SECONDS = 5.0
BAD_ROUND = (OperationalError, InterfaceError, Refusal)
"""What ends a round but never the worker: a lost database, or a lock that could not be had (a Refusal by then)."""


class Worker:
    """The loop around rounds: heartbeat, waiting, and staying alive while the database is away."""

    def __init__(self, work: Round, *, idle: float) -> None:
        self._round = work
        self._idle = idle
        self._host = socket.gethostname()
        self._sweeper = Sweeper(work.stop)
        self._beaten = float("-inf")

    def run(self, *, once: bool) -> int:
        """Works until told to stop, or with `once` until nothing is due; an exit code."""
        pause = 0.1
        log.info("worker started", name=self._round.owner, pid=os.getpid())
        if not once:
            self._sweeper.start()
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
        return done + self._sweeper.turn() if once else done

    def _beat(self, *, stopped: bool = False) -> None:
        self._beaten = elapsed()
        actions.beat(self._round.owner, self._host, os.getpid(), self._round.counts, stopped=stopped)

    def _end(self) -> None:
        for last in (self._round.give_back, self._sweeper.wait, lambda: self._beat(stopped=True)):
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
    reader.add_argument("--batch", type=int, default=200, help="orders leased at once")
    reader.add_argument("--concurrency", type=int, default=16, help="calls side by side")
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
