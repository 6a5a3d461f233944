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
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db.models import BigIntegerField, F, Func, Q, QuerySet, Value

from smmatic.catalogue.links import recognise
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal
from smmatic.orders.models import ListView, Order
from smmatic.orders.queries import OrderRow

WINDOW = 5_000
"""Orders that one page looks at where it filters by what no index has."""

EXPORT_STEP = 1_000

_COLUMNS = tuple(OrderRow.__dataclass_fields__)
_SLOP = timedelta(hours=2)
_MOST_OF_ONE_LINK = 10_000
_Rows: TypeAlias = QuerySet[Order]


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


def order_list(
    customer_id: int, wanted: ListFilter, *, before_id: int | None = None, limit: int = 20, window: int = WINDOW
) -> ListPage:
    """A page of a customer's orders, the newest first."""
    rows = _between(customer_id, wanted, before_id)
    sought = _sought(wanted.search)
    if sought.links or sought.order_id is not None:
        return _page(_of_service(_of_statuses(_found(rows, sought), wanted), wanted), limit)
    if wanted.service_code or sought.part:
        return _looked_for(rows, wanted, sought.part, limit, window)
    if not wanted.statuses:
        return _page(rows, limit)
    # One short read of the index a status, merged here: an index can't give several statuses by id at once.
    found = [row for status in wanted.statuses for row in rows.filter(status=status).values(*_COLUMNS)[: limit + 1]]
    found.sort(key=lambda row: -row["id"])
    return _paged([OrderRow(**row) for row in found[: limit + 1]], limit)


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
    latest = Order.objects.filter(customer_id=customer_id).order_by("-id").values_list("service_code", flat=True)[:500]
    known = set(latest)
    return [code for code in codes if code in known]


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a search is for: exactly these links or this number, or a part of a link or a service's code."""

    links: tuple[str, ...] = ()
    order_id: int | None = None
    part: str = ""


def _sought(search: str) -> _Sought:
    text = search.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        return _Sought((number,), int(number))
    if not text:
        return _Sought()
    try:
        link = recognise(text)
    except Refusal:
        return _Sought(part=text)
    plain = text if text.startswith(("http://", "https://")) else f"https://{text}"
    return _Sought(tuple({link.canonical, text, plain}))


def _between(customer_id: int, wanted: ListFilter, before_id: int | None) -> _Rows:
    """The customer's orders between the bounds of page and dates, the newest first."""
    rows = Order.objects.filter(customer_id=customer_id).order_by("-id")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    if wanted.since is not None:
        rows = rows.filter(id__gte=_first_since(customer_id, wanted.since), placed_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(id__lt=_first_since(customer_id, wanted.until + _SLOP), placed_at__lt=wanted.until)
    return rows


def _first_since(customer_id: int, moment: datetime) -> int:
    row = fetch_one("SELECT orders_first_since_v1(%s, %s) AS id", [customer_id, moment])
    return int(row["id"]) if row else 1


def _of_statuses(rows: _Rows, wanted: ListFilter) -> _Rows:
    return rows.filter(status__in=wanted.statuses) if wanted.statuses else rows


def _of_service(rows: _Rows, wanted: ListFilter) -> _Rows:
    return rows.filter(service_code=wanted.service_code) if wanted.service_code else rows


def _found(rows: _Rows, sought: _Sought) -> _Rows:
    """The orders of one link, or the one of a number: by the hash of the link, which is indexed, or by the id."""
    hashed = Func(F("link"), Value(0), function="hashtextextended", output_field=BigIntegerField())
    by_hash = Q()
    for link in sought.links:
        by_hash |= Q(hashed=Func(Value(link), Value(0), function="hashtextextended"), link=link)
    by_link = rows.alias(hashed=hashed).filter(by_hash).exclude(link="")
    found = list(by_link.values_list("id", flat=True)[:_MOST_OF_ONE_LINK])
    return rows.filter(id__in=[*found, sought.order_id] if sought.order_id is not None else found)


def _looked_for(rows: _Rows, wanted: ListFilter, part: str, limit: int, window: int) -> ListPage:
    """Looks through the newest `window` orders for what no index has; the next page goes on below them."""
    edge = rows.values_list("id", "placed_at")[window - 1 : window].first()
    seen = rows.filter(id__gte=edge[0]) if edge else rows
    seen = _of_service(_of_statuses(seen, wanted), wanted)
    if part:
        seen = seen.filter(Q(link__icontains=part) | Q(service_code__iexact=part))
    page = _page(seen, limit)
    return page if page.next_id is not None or edge is None else ListPage(page.rows, edge[0], edge[1])


def _page(rows: _Rows, limit: int) -> ListPage:
    return _paged([OrderRow(**row) for row in rows.values(*_COLUMNS)[: limit + 1]], limit)


def _paged(rows: list[OrderRow], limit: int) -> ListPage:
    return ListPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
