"""The one caller of the system clock, so that tests and trials can see every place that reads time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)
