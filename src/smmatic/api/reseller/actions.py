"""Placing without a key of the client's own: the same again within a short window is taken for a mistake."""

import hashlib
import json

from django.conf import settings

from smmatic.accounts.queries import KeyHolder
from smmatic.kernel.database import atomic, execute, fetch_one
from smmatic.kernel.ids import new_secret
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, Placed, place, quote
from smmatic.orders.sending import Quote

_CLAIM = """
INSERT INTO api_recent_add AS r (fingerprint, at) VALUES (%(print)s, clock_timestamp())
ON CONFLICT (fingerprint) DO UPDATE SET at = clock_timestamp(), order_id = NULL
WHERE %(force)s OR r.at <= clock_timestamp() - make_interval(secs => %(seconds)s)
RETURNING fingerprint
"""
_SWEEP = """
DELETE FROM api_recent_add WHERE fingerprint IN (
    SELECT fingerprint FROM api_recent_add WHERE at <= clock_timestamp() - make_interval(secs => %(seconds)s)
    ORDER BY at LIMIT 20 FOR UPDATE SKIP LOCKED)
"""


def place_unless_twice(holder: KeyHolder, request: OrderRequest, *, channel: str, force: bool) -> Placed:
    """Places an order unless the same key ordered the same service, link, quantity and texts a moment ago.

    One row a fingerprint decides, taken before the order and in one transaction with it: of many at once one is placed,
    and the others wait for it and are refused. What is refused for another reason claims nothing.

    Raises:
        Refusals: one for each field that has to change.
        Refusal: `order_twice` with the order's id, and what `place` refuses. Nothing was charged.
    """
    seconds = settings.SMMATIC_RESELLER_DUPLICATE_SECONDS
    claim = {"print": _fingerprint(holder, quote(holder.person, request), request), "seconds": seconds, "force": force}
    with atomic():
        if fetch_one(_CLAIM, claim) is None:
            raise Refusal(RefusalCode.ORDER_TWICE, seconds=seconds, earlier=_earlier(claim["print"]))
        placed = place(holder.person, request, key=f"once:{new_secret(192)}", channel=channel)
        execute("UPDATE api_recent_add SET order_id = %s WHERE fingerprint = %s", [placed.order_id, claim["print"]])
    execute(_SWEEP, {"seconds": seconds})
    return placed


def _fingerprint(holder: KeyHolder, quoted: Quote, request: OrderRequest) -> str:
    checked = quoted.checked
    same = [
        holder.key_id, quoted.service.id, checked.link.canonical, checked.quantity, checked.texts, checked.brief,
        checked.interval_minutes,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(same, ensure_ascii=False).encode()).hexdigest()


def _earlier(fingerprint: object) -> int | None:
    row = fetch_one("SELECT order_id FROM api_recent_add WHERE fingerprint = %s", [fingerprint])
    return row["order_id"] if row else None
