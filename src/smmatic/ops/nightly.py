"""The nightly proof: one worker starts it as a process of its own, so that no order waits for it."""

import subprocess
import sys
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from smmatic.credits.proof_actions import last_result
from smmatic.kernel.clock import elapsed, now

log = structlog.get_logger("smmatic.nightly")
HOUR = 3
"""From this hour of the shop's day on, a day without a whole proof is proven."""
LOOK_SECONDS = 300.0
CHANGES_HOURS = 1

_looked = float("-inf")
_running: subprocess.Popen[bytes] | None = None


def prove_due() -> int:
    """Starts the whole proof once a night, and the proof of what changed once an hour; 1 when one was started.

    Looks every five minutes. Several workers may start one each: the proof itself takes the database's advisory lock,
    and whoever does not get it ends at once.
    """
    global _looked, _running
    if elapsed() - _looked < LOOK_SECONDS or (_running is not None and _running.poll() is None):
        return 0
    _looked = elapsed()
    if not settings.SMMATIC_NIGHTLY_PROOF:
        return 0
    arguments = _due()
    if arguments is None:
        return 0
    log.info("proof started", arguments=arguments)
    _running = subprocess.Popen(
        [sys.executable, "-m", "smmatic", "prove", "--alone", *arguments], stdout=subprocess.DEVNULL
    )
    return 1


def _due() -> list[str] | None:
    moment = now()
    here = timezone.localtime(moment)
    whole, newest = last_result(whole=True), last_result()
    begin = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if here >= begin and (whole is None or whole.at < begin):
        return []
    if newest is None or newest.at < moment - timedelta(hours=CHANGES_HOURS):
        return ["--changes"]
    return None
