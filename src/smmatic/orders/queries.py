"""Reads of orders. A customer reaches an order only through `order_of`, which checks whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.models import Event, File, Order

LIVE = ("pending", "processing", "in_progress")
ENDED = ("completed", "partial", "failed", "cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order. `amount` in Credit units; times are aware UTC datetimes."""

    id: int
    customer_id: int
    service_id: int
    service_code: str
    terms: dict[str, Any]
    policy_version_id: int
    calendar_version_id: int
    channel: str
    quantity: int
    delivered: int
    amount: int
    link: str
    link_kind: str
    brief: str
    texts: str
    runs: int | None
    interval_minutes: int | None
    status: str
    start_now: bool
    placed_at: datetime
    accept_after: datetime
    accepted_at: datetime | None
    start_promised_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    waiting_since: datetime | None
    stop_status: str
    stop_asked_at: datetime | None
    stop_deadline: datetime | None
    unknown_since: datetime | None
    unknown_deadline: datetime | None
    staff_id: int | None
    next_check_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether the order can still change its status."""
        return self.status in LIVE

    @property
    def service_class(self) -> str:
        """The class that sets decision times."""
        return str(self.terms["service_class"])

    @property
    def stop_offered(self) -> bool:
        """Whether the terms let the customer ask for a stop once work has begun."""
        return self.terms.get("stop_rule") == "request"

    def name(self, language: str) -> str:
        """The service's name as pinned at placing."""
        return str(self.terms["name_vi" if language == "vi" else "name_en"])

    def unit(self, language: str) -> str:
        """The service's unit as pinned at placing."""
        return str(self.terms["unit_vi" if language == "vi" else "unit_en"])


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of an order's timeline."""

    id: int
    order_id: int
    kind: str
    status_from: str
    status_to: str
    actor_kind: str
    actor_id: int | None
    why: str
    facts: dict[str, Any]
    visible: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file without its content; `size` in bytes."""

    id: int
    owner_id: int
    order_id: int | None
    purpose: str
    name: str
    media_type: str
    size: int
    at: datetime


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
