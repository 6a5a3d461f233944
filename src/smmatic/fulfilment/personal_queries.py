"""What work holds of a customer, for their export."""

from collections.abc import Mapping, Sequence

from smmatic.fulfilment.models import Rework


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is."""
    rows = Rework.objects.filter(order__customer_id=customer_id).order_by("id")
    return {"reworks": list(rows.values("order_id", "state", "reason", "answer", "asked_at"))}


def open_reworks(customer_id: int) -> list[int]:
    """The customer's reworks that are not done yet."""
    rows = Rework.objects.filter(order__customer_id=customer_id, state__in=("pending", "in_progress"))
    return list(rows.values_list("id", flat=True)[:1000])
