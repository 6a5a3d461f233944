"""Writes to the catalogue inside a transaction that another package's action has opened."""

from collections.abc import Collection

from smmatic.catalogue.models import Service
from smmatic.catalogue.queries import forget


def keep_deliverable(codes: Collection[str] | None) -> list[str]:
    """Writes down which services on sale somebody delivers now: those of our staff, and of the others these `codes`
    (None: all of them). The codes of those for which that changed.

    No part of the terms: prices and versions stay as they are. Rows change one after the other by code, so that two
    callers never wait for each other in a circle.
    """
    changed = []
    for row in Service.objects.order_by("code").values("id", "code", "delivery", "deliverable"):
        delivered = row["delivery"] == "staff" or codes is None or row["code"] in codes
        if delivered != row["deliverable"]:
            Service.objects.filter(id=row["id"]).update(deliverable=delivered)
            changed.append(row["code"])
    if changed:
        forget()
    return changed
