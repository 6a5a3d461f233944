"""The actions besides orders: services and balance."""

from collections.abc import Mapping
from typing import Any

from smmatic.accounts.queries import KeyHolder
from smmatic.api.reseller import shapes
from smmatic.catalogue import queries as catalogue
from smmatic.credits.queries import wallet
from smmatic.web.pages import language

Fields = Mapping[str, Any]


def services(holder: KeyHolder, _fields: Fields) -> list[dict[str, Any]]:
    """What can be ordered now, at the customer's own prices and in the language of the request."""
    return [shapes.service_out(row, language()) for row in catalogue.services_for(holder.person.id) if row.deliverable]


def balance(holder: KeyHolder, _fields: Fields) -> dict[str, str]:
    """The Credits that can be spent now."""
    return shapes.balance_out(wallet(holder.person.id).available)
