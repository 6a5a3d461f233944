"""A customer's order list, as fast with a million orders as with a hundred.

Pages go by key (the last id shown), never by offset. Every page reads a bounded number of rows:

- without a filter, the index of the customer's ids;
- by status, the index of customer, status and id: one short read a status, merged;
- by a link or a number, one read by the hash of the link or by the id;
- by what no index has (a service, a part of a link) it looks at WINDOW orders and says how far back it looked; the
  next page goes on from there;
- by date, the ids between two orders that halving finds (`orders_first_since_v1`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from smmatic.catalogue.links import recognise
from smmatic.kernel.database import fetch_all, fetch_one
from smmatic.kernel.refusals import Refusal
from smmatic.orders.models import ListView
from smmatic.orders.queries import OrderRow

WINDOW = 5_000
"""Orders that one page looks at where it filters by what no index has."""

EXPORT_STEP = 1_000

_COLUMNS = ", ".join(OrderRow.__dataclass_fields__)
_SLOP = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What is asked of the list. `since` and `until` bound the moment of placing; `until` itself is not in it."""

    statuses: tuple[str, ...] = ()
    service_code: str = ""
    search: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrow(self) -> bool:
        """Whether anything is filtered at all."""
        return self != ListFilter()


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page. `next_id`: the page after it begins below this id, None where nothing older is left.

    `looked_back_to`: where the page stopped looking before it was full, the oldest moment that it looked at.
    """

    rows: list[OrderRow]
    next_id: int | None
    looked_back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view: its name and the address part that makes it."""

    id: int
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class _Question:
    """The bounds of ids, the conditions that an index answers, and those that rows are looked at for."""

    low: int
    high: int | None
    links: tuple[str, ...] = ()
    order_id: int | None = None
    part: str = ""
    exact: bool = False


def order_list(
    customer_id: int, wanted: ListFilter, *, before_id: int | None = None, limit: int = 20, window: int = WINDOW
) -> ListPage:
    """A page of a customer's orders, the newest first."""
    question = _question(customer_id, wanted)
    if before_id is not None:
        question = replace(question, high=min(before_id, question.high) if question.high else before_id)
    if question.links or question.order_id is not None:
        return _found(customer_id, wanted, question, limit)
    if not wanted.service_code and not question.part:
        rows = _rows(*_newest(customer_id, wanted, question, limit + 1))
        return ListPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
    return _looked_for(customer_id, wanted, question, limit, window)


def every_order(customer_id: int, wanted: ListFilter) -> Iterator[OrderRow]:
    """Every order that the list would show on all its pages, in its order."""
    before: int | None = None
    while True:
        page = order_list(customer_id, wanted, before_id=before, limit=EXPORT_STEP, window=20 * WINDOW)
        yield from page.rows
        if page.next_id is None:
            return
        before = page.next_id


def views_of(customer_id: int) -> list[ViewRow]:
    """The customer's saved views by name."""
    rows = ListView.objects.filter(customer_id=customer_id).order_by("name").values_list("id", "name", "query")
    return [ViewRow(*row) for row in rows]


def services_ordered(customer_id: int, codes: Sequence[str]) -> list[str]:
    """Of these service codes those of the customer's latest orders: what a filter offers first."""
    rows = fetch_all(
        "SELECT DISTINCT service_code FROM (SELECT service_code FROM orders_order WHERE customer_id = %s"
        " ORDER BY id DESC LIMIT 500) AS latest",
        [customer_id],
    )
    latest = {row["service_code"] for row in rows}
    return [code for code in codes if code in latest]


def _question(customer_id: int, wanted: ListFilter) -> _Question:
    low = _first_since(customer_id, wanted.since) if wanted.since else 1
    high = _first_since(customer_id, wanted.until + _SLOP) if wanted.until else None
    text = wanted.search.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        return _Question(low, high, links=(number,), order_id=int(number), exact=True)
    if not text:
        return _Question(low, high)
    try:
        link = recognise(text)
    except Refusal:
        return _Question(low, high, part=text)
    plain = text if text.startswith(("http://", "https://")) else f"https://{text}"
    return _Question(low, high, links=tuple({link.canonical, text, plain}), exact=True)


def _first_since(customer_id: int, moment: datetime) -> int:
    row = fetch_one("SELECT orders_first_since_v1(%s, %s) AS id", [customer_id, moment])
    return int(row["id"]) if row else 1


def _conditions(wanted: ListFilter, question: _Question) -> tuple[str, list[Any]]:
    """What rows must fulfil besides customer and status: bounds of the id and the exact moments."""
    parts, values = ["id >= %s"], [question.low]
    for text, value in (
        ("id < %s", question.high),
        ("placed_at >= %s", wanted.since),
        ("placed_at < %s", wanted.until),
    ):
        if value is not None:
            parts.append(text)
            values.append(value)
    return " AND ".join(parts), values


def _newest(customer_id: int, wanted: ListFilter, question: _Question, limit: int) -> tuple[str, list[Any]]:
    """The newest orders by the indexes alone: one read, or one a status, merged."""
    conditions, values = _conditions(wanted, question)
    if not wanted.statuses:
        text = f"SELECT {_COLUMNS} FROM orders_order WHERE customer_id = %s AND {conditions} ORDER BY id DESC LIMIT %s"
        return text, [customer_id, *values, limit]
    one = (
        f"(SELECT {_COLUMNS} FROM orders_order WHERE customer_id = %s AND status = %s AND {conditions}"
        " ORDER BY id DESC LIMIT %s)"
    )
    parameters = [value for status in wanted.statuses for value in (customer_id, status, *values, limit)]
    union = " UNION ALL ".join([one] * len(wanted.statuses))
    return f"SELECT * FROM ({union}) AS merged ORDER BY id DESC LIMIT %s", [*parameters, limit]


def _looked_for(customer_id: int, wanted: ListFilter, question: _Question, limit: int, window: int) -> ListPage:
    """Looks through the newest `window` orders for what no index has; the next page goes on below them."""
    inner, values = _newest(customer_id, wanted, question, window)
    where, sought = ["true"], []
    if wanted.service_code:
        where.append("service_code = %s")
        sought.append(wanted.service_code)
    if question.part:
        where.append("(position(lower(%s) in lower(link)) > 0 OR lower(service_code) = lower(%s))")
        sought += [question.part, question.part]
    text = (
        f"WITH seen AS MATERIALIZED ({inner}), edge AS (SELECT min(id) AS edge_id, min(placed_at) AS edge_at,"
        f" count(*) AS edge_count FROM seen) SELECT edge.*, found.* FROM edge LEFT JOIN"
        f" (SELECT * FROM seen WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT %s) AS found ON true"
        " ORDER BY found.id DESC"
    )
    found = fetch_all(text, [*values, *sought, limit + 1])
    edge_id, edge_at, edge_count = (found[0][name] for name in ("edge_id", "edge_at", "edge_count"))
    fields = OrderRow.__dataclass_fields__
    rows = [OrderRow(**{name: row[name] for name in fields}) for row in found if row["id"] is not None]
    if len(rows) > limit:
        return ListPage(rows[:limit], rows[limit - 1].id)
    if edge_count < window:
        return ListPage(rows, None)
    return ListPage(rows, edge_id, edge_at)


def _found(customer_id: int, wanted: ListFilter, question: _Question, limit: int) -> ListPage:
    """The orders of one link, or the one of a number: by the hash of the link or by the id."""
    conditions, values = _conditions(wanted, question)
    by_link = (
        f"SELECT {_COLUMNS} FROM orders_order WHERE customer_id = %s AND link <> '' AND link = ANY(%s)"
        " AND hashtextextended(link, 0) = ANY(SELECT hashtextextended(l, 0) FROM unnest(%s::text[]) AS l)"
        f" AND {conditions}"
    )
    links = list(question.links)
    text, parameters = by_link, [customer_id, links, links, *values]
    if question.order_id is not None:
        by_id = f"SELECT {_COLUMNS} FROM orders_order WHERE customer_id = %s AND id = %s AND {conditions}"
        text, parameters = f"{by_link} UNION {by_id}", [*parameters, customer_id, question.order_id, *values]
    kept = [
        text_
        for text_, there in (("status = ANY(%s)", wanted.statuses), ("service_code = %s", wanted.service_code))
        if there
    ]
    more = [value for value in (list(wanted.statuses), wanted.service_code) if value]
    where = f" WHERE {' AND '.join(kept)}" if kept else ""
    rows = _rows(f"SELECT * FROM ({text}) AS found{where} ORDER BY id DESC LIMIT %s", [*parameters, *more, limit + 1])
    return ListPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _rows(text: str, parameters: list[Any]) -> list[OrderRow]:
    fields = OrderRow.__dataclass_fields__
    return [OrderRow(**{name: row[name] for name in fields}) for row in fetch_all(text, parameters)]
