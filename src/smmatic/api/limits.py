"""How many requests one API key or one network address may make in a minute, for all web processes together.

The count is one row a key, or an address, in a table that is not logged: it costs no write to the log of transactions,
commits before the request's own work begins, and shares no lock with orders or Credits. After a crash of the database
it starts anew.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from smmatic.kernel.clock import now
from smmatic.kernel.database import execute, fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode

WINDOW_SECONDS = 60

_COUNT = """
INSERT INTO api_window AS w (key_id, minute, calls) VALUES (%(key)s, %(minute)s, 1)
ON CONFLICT (key_id) DO UPDATE
SET minute = greatest(w.minute, excluded.minute),
    calls = CASE WHEN w.minute < excluded.minute THEN 1 ELSE w.calls + 1 END
RETURNING calls
"""

_COUNT_ADDRESS = _COUNT.replace("api_window", "api_address_window").replace("key_id", "address")
_FORGET_ADDRESSES = """
DELETE FROM api_address_window WHERE address IN (
    SELECT address FROM api_address_window WHERE minute < %s ORDER BY minute LIMIT 20 FOR UPDATE SKIP LOCKED)
"""
# A new minute of an address removes up to 20 old ones: the table stays as large as the last minutes' traffic.


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


def count_address(request: HttpRequest, moment: datetime | None = None) -> None:
    """Counts one request from where it comes, before anything of it is read.

    Raises:
        Refusal: `rate_limited` with the seconds until the next window.
    """
    seconds = int((moment or now()).timestamp())
    minute = seconds // WINDOW_SECONDS
    row = fetch_one(_COUNT_ADDRESS, {"key": client_address(request), "minute": minute})
    calls = int(row["calls"]) if row else 1
    if calls == 1:
        execute(_FORGET_ADDRESSES, [minute - 1])
    if calls > settings.SMMATIC_API_CALLS_PER_MINUTE_ADDRESS:
        raise Refusal(RefusalCode.RATE_LIMITED, seconds=WINDOW_SECONDS - seconds % WINDOW_SECONDS)


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: an IPv4 address, or the 64 bits of an IPv6 address that one customer is given.

    Behind a proxy that is trusted it is the last address of X-Forwarded-For, which that proxy has written.
    """
    told = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SMMATIC_TRUST_PROXY:
        told = str(request.META.get("HTTP_X_FORWARDED_FOR", told)).rpartition(",")[2].strip()
    try:
        found = ipaddress.ip_address(told)
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
