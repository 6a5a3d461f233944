"""From rows of the domains to the objects of API v2. Nothing is decided here.

Numbers are text where the field's clients expect text. Amounts are Credits, exact, with two to four decimals.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from smmatic.catalogue.queries import ServiceRow
from smmatic.catalogue.rules import ServiceType
from smmatic.credits.queries import ChargeRow
from smmatic.kernel.amounts import format_credits
from smmatic.orders.queries import OrderRow
from smmatic.refunds.rules import ClaimState

OWN_FAULTS = ("platform_fault", "fulfilment_fault")
PER = 1_000
"""Units that a rate is for, except for packages."""

STATUS: Mapping[str, str] = {
    "pending": "Pending",
    "processing": "Processing",
    "in_progress": "In progress",
    "completed": "Completed",
    "partial": "Partial",
    "failed": "Canceled",
    "cancelled": "Canceled",
    "rejected": "Canceled",
}
"""Our statuses in the field's words."""

TYPES: Mapping[str, str] = {
    ServiceType.COUNTED: "Default",
    ServiceType.COUNTED_RUNS: "Default",
    ServiceType.PACKAGE: "Package",
    ServiceType.CUSTOM_COMMENTS: "Custom Comments",
}


def service_out(row: ServiceRow, language: str) -> dict[str, Any]:
    """A service of the list. `step` stands there only where quantities go in steps."""
    package = row.type == ServiceType.PACKAGE
    found = {
        "service": row.id,
        "name": row.name(language),
        "type": TYPES[row.type],
        "category": row.category,
        "rate": format_credits(row.price_units * (1 if package else PER)),
        "min": str(row.min),
        "max": str(row.max),
        "dripfeed": row.type == ServiceType.COUNTED_RUNS,
        "refill": row.rework_days > 0,
        "cancel": row.can_be_stopped or row.grace_minutes > 0,
        "desc": f"{row.gets(language)} {row.needs(language)}",
    }
    return found if row.step == 1 else found | {"step": str(row.step)}


def status_out(row: OrderRow, charge: ChargeRow | None) -> dict[str, str]:
    """Where an order stands.

    `charge` is what it costs as things stand: what was taken or is held, less what has gone back. `remains` are units
    not delivered. Our work starts from nothing, so `start_count` is 0.
    """
    cost = charge.amount - charge.returned if charge else row.amount
    return {
        "charge": format_credits(cost),
        "start_count": "0",
        "status": STATUS[row.status],
        "remains": str(row.quantity - row.delivered),
        "currency": settings.SMMATIC_CREDIT_CURRENCY,
    }


def details_out(row: OrderRow, claims: Mapping[str, ClaimState]) -> dict[str, str]:
    """What another installation that delivers through us wants to know besides, where there is something to know.

    `stop`: what became of the stop request. `fault`: the early end is our own fault by our own finding, or the order
    was rejected before any work: a statement about ourselves, never about whoever ordered.
    """
    found = {"stop": row.stop_status} if row.stop_status else {}
    own = any(claims[name].proof == "verified" for name in OWN_FAULTS if name in claims)
    if row.status in ("partial", "failed") and own:
        return found | {"fault": "own_error"}
    return found | {"fault": "condition_unmet"} if row.status == "rejected" else found


def balance_out(available: int) -> dict[str, str]:
    """What can be spent now."""
    return {"balance": format_credits(available), "currency": settings.SMMATIC_CREDIT_CURRENCY}
