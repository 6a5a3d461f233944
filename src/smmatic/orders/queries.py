"""Reads of orders. A customer reaches an order only through `order_of`, which checks whose it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.models import Event, File, Order
from smmatic.orders.rows import ENDED as ENDED
from smmatic.orders.rows import LIVE as LIVE
from smmatic.orders.rows import EventRow as EventRow
from smmatic.orders.rows import FileRow as FileRow
from smmatic.orders.rows import OrderRow as OrderRow

_FIELDS = tuple(OrderRow.__dataclass_fields__)
_EVENT_FIELDS = tuple(EventRow.__dataclass_fields__)
_FILE_FIELDS = tuple(FileRow.__dataclass_fields__)


def order_of(person: Person, order_id: int) -> OrderRow:
    """One of the person's own orders; staff who may read the desk reach every order.

    Raises:
        Refusal: `not_found`, the same whether the order is another's or does not exist.
    """
    rows = Order.objects.filter(id=order_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(customer_id=person.id)
    values = rows.values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return OrderRow(**values)


def own_orders(person: Person, order_ids: Sequence[int]) -> dict[int, OrderRow]:
    """Those of these orders that are the person's own, by id; the others are left out as if they did not exist."""
    rows = Order.objects.filter(id__in=order_ids, customer_id=person.id)
    return {row["id"]: OrderRow(**row) for row in rows.values(*_FIELDS)}


def order(order_id: int) -> OrderRow | None:
    """Any order, for code that acts for the system."""
    values = Order.objects.filter(id=order_id).values(*_FIELDS).first()
    return OrderRow(**values) if values else None


def orders_by_id(order_ids: Sequence[int]) -> dict[int, OrderRow]:
    """These orders by id."""
    return {row["id"]: OrderRow(**row) for row in Order.objects.filter(id__in=order_ids).values(*_FIELDS)}


def orders_of(
    customer_id: int, *, statuses: Sequence[str] = (), search: str = "", before_id: int | None = None, limit: int = 25
) -> list[OrderRow]:
    """A customer's orders, newest first, filtered by status and by id or a part of link or service code."""
    return _page(Order.objects.filter(customer_id=customer_id), statuses, search, before_id, limit)


def count_of(customer_id: int, *, statuses: Sequence[str] = ()) -> int:
    """How many orders a customer has, up to 1,000, so that a page stays fast with a million."""
    rows = Order.objects.filter(customer_id=customer_id)
    if statuses:
        rows = rows.filter(status__in=statuses)
    return len(rows.values_list("id")[:1000])


def desk_orders(
    *, statuses: Sequence[str] = (), search: str = "", delivery: str = "", before_id: int | None = None, limit: int = 50
) -> list[OrderRow]:
    """Everybody's orders for the desk, newest first; `delivery` is 'staff' or 'provider'."""
    rows = Order.objects.all()
    if delivery:
        rows = rows.filter(terms__delivery=delivery)
    return _page(rows, statuses, search, before_id, limit)


def staff_work(limit: int = 100) -> list[OrderRow]:
    """Orders that staff deliver and that are in work, the earliest promise first."""
    rows = Order.objects.filter(status__in=("processing", "in_progress"), terms__delivery="staff")
    return [OrderRow(**row) for row in rows.order_by("start_promised_at", "id").values(*_FIELDS)[:limit]]


def troubled_orders(limit: int = 100) -> list[OrderRow]:
    """Orders whose outcome is unknown or whose stop waits for an answer or never got one: oldest first."""
    stop = Q(stop_status__in=("asked", "unknown"))
    rows = Order.objects.filter(Q(unknown_since__isnull=False) | stop, status__in=LIVE)
    ordered = rows.order_by(F("unknown_since").asc(nulls_last=True), "id")
    return [OrderRow(**row) for row in ordered.values(*_FIELDS)[:limit]]


def starts_missed(moment: datetime, limit: int = 100) -> list[int]:
    """Ids of orders in which work has not begun by the promised time and nobody was told yet, the longest late first.

    Orders that wait for their customer, and those whose outcome is unknown, are left out.
    """
    told = Event.objects.filter(order_id=OuterRef("id"), kind="start_missed")
    rows = Order.objects.filter(
        ~Exists(told), status__in=("pending", "processing"), started_at=None, start_promised_at__lt=moment,
        waiting_since=None, unknown_since=None,
    )  # fmt: skip
    return list(rows.order_by("start_promised_at", "id").values_list("id", flat=True)[:limit])


def waiting_orders(limit: int = 200) -> list[OrderRow]:
    """Live orders that wait for their customers, the longest waiting first."""
    rows = Order.objects.filter(waiting_since__isnull=False, status__in=LIVE).order_by("waiting_since", "id")
    return [OrderRow(**row) for row in rows.values(*_FIELDS)[:limit]]


def late_starts(moment: datetime, limit: int = 100) -> list[OrderRow]:
    """Orders in which work has not begun by the promised time, the longest late first."""
    rows = Order.objects.filter(
        status__in=("pending", "processing"), started_at=None, start_promised_at__lt=moment, waiting_since=None
    )
    return [OrderRow(**row) for row in rows.order_by("start_promised_at", "id").values(*_FIELDS)[:limit]]


def staff_events(*, before: datetime | None = None, actor_id: int | None = None, limit: int = 100) -> list[EventRow]:
    """What staff, or one of them, did with orders before a moment, the newest first."""
    rows = Event.objects.filter(actor_kind="staff")
    if before is not None:
        rows = rows.filter(at__lt=before)
    if actor_id is not None:
        rows = rows.filter(actor_id=actor_id)
    return [EventRow(**row) for row in rows.order_by("-id").values(*_EVENT_FIELDS)[:limit]]


def orders_besides(service_codes: Sequence[str], limit: int = 100) -> list[OrderRow]:
    """Orders in work that a provider should deliver, for none of these services: the oldest first."""
    rows = Order.objects.filter(
        status__in=("processing", "in_progress"), terms__delivery="provider", next_check_at__isnull=False
    ).exclude(service_code__in=service_codes)
    return [OrderRow(**row) for row in rows.order_by("accepted_at", "id").values(*_FIELDS)[:limit]]


def events_of(order_id: int, *, all_of_them: bool = False) -> list[EventRow]:
    """An order's timeline, oldest first; without `all_of_them` only what the customer may see."""
    rows = Event.objects.filter(order_id=order_id)
    if not all_of_them:
        rows = rows.filter(visible=True)
    return [EventRow(**row) for row in rows.order_by("id").values(*_EVENT_FIELDS)]


def last_event_id(order_id: int) -> int:
    """The newest event of an order, 0 where it has none: whatever happened to the order since has another."""
    return Event.objects.filter(order_id=order_id).aggregate(last=Max("id"))["last"] or 0


def event(event_id: int) -> EventRow | None:
    """One event of any order, for the notices."""
    values = Event.objects.filter(id=event_id).values(*_EVENT_FIELDS).first()
    return EventRow(**values) if values else None


def files_of(order_id: int) -> list[FileRow]:
    """An order's files without their content, oldest first."""
    return [FileRow(**row) for row in File.objects.filter(order_id=order_id).order_by("id").values(*_FILE_FIELDS)]


def file_of(person: Person, file_id: int) -> tuple[FileRow, bytes]:
    """A file and its content: of the person's own, of their order, or any for staff.

    Raises:
        Refusal: `not_found`, the same whether the file is another's or does not exist.
    """
    rows = File.objects.filter(id=file_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(Q(owner_id=person.id) | Q(order__customer_id=person.id))
    row = rows.first()
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return FileRow(**{name: getattr(row, name) for name in _FILE_FIELDS}), bytes(row.content)


def own_files(person: Person, file_ids: Sequence[int]) -> list[FileRow]:
    """The person's files among these that belong to no order yet."""
    rows = File.objects.filter(id__in=file_ids, owner_id=person.id, order=None)
    return [FileRow(**row) for row in rows.order_by("id").values(*_FILE_FIELDS)]


def open_on_link(customer_id: int, service_id: int, link: str) -> int | None:
    """The customer's newest open order of a service for exactly this canonical link, or None."""
    row = fetch_one("SELECT orders_open_on_link_v1(%s, %s, %s) AS id", [customer_id, service_id, link])
    return row["id"] if row else None


def _page(rows: Any, statuses: Sequence[str], search: str, before_id: int | None, limit: int) -> list[OrderRow]:
    if statuses:
        rows = rows.filter(status__in=statuses)
    term = search.strip()
    if term.isascii() and term.isdigit() and len(term) <= 18:
        rows = rows.filter(Q(id=int(term)) | Q(link__icontains=term))
    elif term:
        rows = rows.filter(Q(link__icontains=term) | Q(service_code__iexact=term))
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [OrderRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]
