"""What orders hold of a customer, for their export."""

from collections.abc import Iterator, Mapping, Sequence

from smmatic.orders.models import Batch, Event, File, ListView, Order
from smmatic.orders.queries import LIVE


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is; of the timelines what the customer may see."""
    events = Event.objects.filter(order__customer_id=customer_id, visible=True)
    return {
        "orders": list(
            Order.objects.filter(customer_id=customer_id).order_by("id").values(
                "id", "service_code", "channel", "quantity", "delivered", "amount", "link", "brief", "texts", "status",
                "placed_at", "accepted_at", "start_promised_at", "started_at", "ended_at", "terms",
            )
        ),
        "order_events": list(events.order_by("id").values("order_id", "kind", "why", "facts", "at")),
        "files": list(
            File.objects.filter(owner_id=customer_id).order_by("id").values(
                "id", "order_id", "purpose", "name", "media_type", "size", "at"
            )
        ),
        "mass_orders": list(Batch.objects.filter(customer_id=customer_id).values("id", "name", "state", "lines", "at")),
        "saved_views": list(ListView.objects.filter(customer_id=customer_id).values("name", "query")),
    }  # fmt: skip


def personal_files(customer_id: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the customer and of what was delivered to them, one at a time."""
    rows = File.objects.filter(order__customer_id=customer_id) | File.objects.filter(owner_id=customer_id)
    for number in list(rows.exclude(purpose="proof").values_list("id", flat=True).distinct()):
        row = File.objects.get(id=number)
        yield f"{row.id}-{row.name}", bytes(row.content)


def live_orders(customer_id: int) -> list[int]:
    """The customer's orders that have not ended."""
    return list(Order.objects.filter(customer_id=customer_id, status__in=LIVE).values_list("id", flat=True)[:1000])
