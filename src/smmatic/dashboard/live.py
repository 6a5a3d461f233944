"""What open pages of orders are told while their orders move: the news, or 204 where there are none.

A page carries a mark of what it shows. Asking again with it costs a few short reads while nothing has changed; the page
is rendered only when something has. Nobody is notified and no connection is kept: pages ask.
"""

import hashlib
from collections.abc import Iterable

from django.http import HttpRequest

from smmatic.credits.queries import ChargeRow, charge
from smmatic.kernel.clock import now
from smmatic.orders.queries import OrderRow, last_event_id
from smmatic.refunds.queries import cases_of_order

MARK_SECONDS = 60
"""An open page is rendered anew at least this often while its order is live: what it says of times may have passed."""


def order_mark(row: OrderRow) -> str:
    """A mark of everything that the page of an order shows: other content, another mark."""
    cases = [(case.id, case.state, case.version) for case in cases_of_order(row.id)]
    minute = int(now().timestamp()) // MARK_SECONDS
    return _digest([*_state(row), charge(row.id), last_event_id(row.id), *cases, minute])


def list_mark(rows: Iterable[tuple[OrderRow, ChargeRow | None]]) -> str:
    """A mark of what the list of orders shows."""
    return _digest([part for row, money in rows for part in (*_state(row), money)])


def unchanged(request: HttpRequest, mark: str) -> bool:
    """Whether a page that asks for news shows all of it already."""
    asks = getattr(request, "htmx", None)
    return bool(asks) and request.GET.get("seen") == mark


def _state(row: OrderRow) -> tuple[object, ...]:
    return (
        row.id, row.status, row.delivered, row.waiting_since, row.stop_status, row.stop_deadline, row.unknown_since,
        row.unknown_deadline,
    )  # fmt: skip


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256("|".join(map(repr, parts)).encode()).hexdigest()[:24]
