"""Reads of the prices that single customers have."""

import time
from dataclasses import dataclass
from datetime import datetime

from smmatic.catalogue.models import CustomerPrice

_FRESH_SECONDS = 2.0
_MOST_KEPT = 1_000
_known: dict[str, tuple[float, frozenset[int]]] = {}
_prices: dict[int, tuple[float, dict[int, tuple[int, int]]]] = {}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One line of the price history of a customer and a service. `price_units` is None for 'the list price again'."""

    id: int
    customer_id: int
    service_id: int
    price_units: int | None
    reason: str
    actor_id: int
    at: datetime


_FIELDS = tuple(PriceRow.__dataclass_fields__)


def own_price(customer_id: int, service_id: int) -> tuple[int, int] | None:
    """The row and the Credit units of a customer's own price for a service, or None for the list price.

    As it was within the last two seconds; placing asks the database again whether the row still stands.
    """
    if customer_id not in _customers():
        return None
    kept = _prices.get(customer_id)
    if kept is None or time.monotonic() - kept[0] > _FRESH_SECONDS:
        if len(_prices) > _MOST_KEPT:
            _prices.clear()
        kept = _prices[customer_id] = (time.monotonic(), own_prices(customer_id))
    return kept[1].get(service_id)


def own_prices(customer_id: int) -> dict[int, tuple[int, int]]:
    """A customer's own prices by service: the row and the Credit units of each."""
    rows = CustomerPrice.objects.filter(customer_id=customer_id).order_by("service_id", "-id").distinct("service_id")
    found = rows.values_list("service_id", "id", "price_units")
    return {service: (price_id, units) for service, price_id, units in found if units is not None}


def customer_prices(*, service_id: int | None = None, customer_id: int | None = None) -> list[PriceRow]:
    """The prices of single customers in force, of a service or of a customer, the newest first."""
    rows = CustomerPrice.objects.all()
    if service_id is not None:
        rows = rows.filter(service_id=service_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    newest = rows.order_by("customer_id", "service_id", "-id").distinct("customer_id", "service_id").values(*_FIELDS)
    found = [PriceRow(**row) for row in newest if row["price_units"] is not None]
    return sorted(found, key=lambda row: -row.id)


def forget_prices() -> None:
    """Makes the next question read anew who has prices of their own."""
    _known.clear()
    _prices.clear()


def _customers() -> frozenset[int]:
    """Who has, or had, a price of their own: most installations have few, and an order of anybody else asks nothing.

    Read anew every two seconds: a price that was given in between holds for the order after, as its page shows.
    """
    kept = _known.get("customers")
    if kept is None or time.monotonic() - kept[0] > _FRESH_SECONDS:
        kept = (time.monotonic(), frozenset(CustomerPrice.objects.values_list("customer_id", flat=True).distinct()))
        _known["customers"] = kept
    return kept[1]
