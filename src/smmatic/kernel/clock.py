"""The one caller of the system clock, so that tests and trials can see every place that reads time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Seconds since an arbitrary moment, never going back, counting the time in which the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
