"""How many requests one API key may make in a minute, counted for all web processes together.

The count is one row a key in a table that is not logged: it costs no write to the log of transactions, commits before
the request's own work begins, and shares no lock with orders or Credits. After a crash of the database it starts anew.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode

WINDOW_SECONDS = 60

_COUNT = """
INSERT INTO api_window AS w (key_id, minute, calls) VALUES (%(key)s, %(minute)s, 1)
ON CONFLICT (key_id) DO UPDATE
SET minute = greatest(w.minute, excluded.minute),
    calls = CASE WHEN w.minute < excluded.minute THEN 1 ELSE w.calls + 1 END
RETURNING calls
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key has left: requests of `limit` in this window, which ends in `seconds`."""

    limit: int
    remaining: int
    seconds: int
    first: bool


def count_call(key_id: int, moment: datetime | None = None) -> Allowance:
    """Counts one request of a key.

    Raises:
        Refusal: `rate_limited` with the seconds until the next window.
    """
    seconds = int((moment or now()).timestamp())
    row = fetch_one(_COUNT, {"key": key_id, "minute": seconds // WINDOW_SECONDS})
    calls = int(row["calls"]) if row else 1
    limit, left = settings.SMMATIC_API_CALLS_PER_MINUTE, WINDOW_SECONDS - seconds % WINDOW_SECONDS
    if calls > limit:
        raise Refusal(RefusalCode.RATE_LIMITED, seconds=left)
    return Allowance(limit, limit - calls, left, calls == 1)
