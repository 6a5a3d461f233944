"""What cases hold of a customer, for their export."""

from collections.abc import Mapping, Sequence

from smmatic.refunds.models import OPEN_STATES, Case, CaseEvent, Claim


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is; of the histories what the customer may see."""
    events = CaseEvent.objects.filter(case__customer_id=customer_id, visible=True)
    return {
        "requests": list(
            Case.objects.filter(customer_id=customer_id).order_by("id").values(
                "id", "order_id", "ask", "state", "reason", "words", "opened_at", "due_at", "decision", "clause",
                "credits", "units", "facts", "arithmetic", "override_why", "decided_at", "settled_at",
            )
        ),
        "request_events": list(events.order_by("id").values("case_id", "kind", "why", "facts", "at")),
        "claims": list(
            Claim.objects.filter(order__customer_id=customer_id).order_by("id").values(
                "order_id", "claim", "proof", "source", "evidence", "at"
            )
        ),
    }  # fmt: skip


def open_requests(customer_id: int) -> list[int]:
    """The customer's cases that are not decided and settled yet."""
    return list(Case.objects.filter(customer_id=customer_id, state__in=OPEN_STATES).values_list("id", flat=True)[:1000])
