"""What a worker does beside the orders, in a thread of its own: mails, balances, due dates, the nightly proof.

No order waits for a mail or for a price list. Each sweep is work of a package, by name, since some of them stand
above this one; what is not installed is left out.
"""

import contextlib
from collections.abc import Callable
from importlib import import_module
from threading import Event, Thread
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connections

from smmatic.kernel.clock import elapsed

log = structlog.get_logger("smmatic.worker")
SWEEPS = (
    "smmatic.refunds.sweep_actions:sweep",
    "smmatic.fulfilment.upkeep_actions:sweep",
    "smmatic.orders.mass_actions:carry_on_due",
    "smmatic.support.mailbox:poll_due",
    "smmatic.support.intake_actions:sort_due",
    "smmatic.notices.bounces:note_due",
    "smmatic.notices.sweep:write_some",
    "smmatic.notices.sweep:send_due",
    "smmatic.credits.expiry_actions:expire_due",
    "smmatic.privacy.actions:erase_due",
    "smmatic.ops.nightly:prove_due",
)
PAUSE = 1.0
"""Seconds between two turns."""
LONGEST_PAUSE = 5.0
PATIENCE = 20.0
"""Seconds for which the end of a worker waits for the sweep that is under way."""


class Sweeper:
    """Runs every sweep in turn until `stop` is set. A lost database is waited for; a failing sweep is logged."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._sweeps = _found()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Goes on in a thread from now on."""
        self._thread = Thread(target=self._go_on, name="sweeps", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Waits until the thread has ended, after `stop` was set."""
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def turn(self) -> int:
        """Runs every sweep once; how much was done.

        Raises:
            OperationalError, InterfaceError: the database is away.
        """
        return sum(self._one(sweep) for sweep in self._sweeps if not self._stop.is_set())

    def _go_on(self) -> None:
        pause = PAUSE
        try:
            while not self._stop.is_set():
                start = elapsed()
                try:
                    self.turn()
                    # Half of the time at most: with many letters to write, the orders of this process still go on.
                    pause = max(PAUSE, min(elapsed() - start, LONGEST_PAUSE))
                except (OperationalError, InterfaceError) as lost:
                    log.warning("sweeps wait for the database", error=str(lost).strip().split("\n")[0])
                    connections.close_all()
                    pause = min(pause * 2, LONGEST_PAUSE)
                self._stop.wait(pause)
        finally:
            connections.close_all()

    def _one(self, sweep: Callable[[], Any]) -> int:
        try:
            return int(sweep() or 0)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("a sweep failed", sweep=sweep.__name__)
            return 0


def _found() -> list[Callable[[], Any]]:
    found = []
    for name in SWEEPS:
        module, _, function = name.partition(":")
        with contextlib.suppress(ModuleNotFoundError, AttributeError):
            found.append(getattr(import_module(module), function))
    return found
