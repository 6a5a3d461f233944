"""What deposits hold of a customer, for their export. Money in dong."""

from collections.abc import Mapping, Sequence

from smmatic.deposits.models import Deposit, DepositEvent, Dispute


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is."""
    events = DepositEvent.objects.filter(deposit__customer_id=customer_id)
    return {
        "deposits": list(
            Deposit.objects.filter(customer_id=customer_id).order_by("id").values(
                "id", "reference", "units", "money", "price", "state", "requested_at", "received", "credited_units",
                "ended_at", "note",
            )
        ),
        "deposit_events": list(events.order_by("id").values("deposit_id", "kind", "why", "facts", "at")),
    }  # fmt: skip


def open_deposits(customer_id: int) -> list[int]:
    """Deposits of the customer that wait for money or for a person, and those that are disputed."""
    waiting = Deposit.objects.filter(customer_id=customer_id, state__in=("requested", "parked"))
    disputed = Dispute.objects.filter(customer_id=customer_id, state="open")
    return [*waiting.values_list("id", flat=True), *disputed.values_list("deposit_id", flat=True)]
