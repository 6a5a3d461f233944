"""What the bench needs from the shop: customers with Credits, and the one statement that places an order."""

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from smmatic.accounts.actions import create_person
from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import service_by_code
from smmatic.catalogue.steps import keep_deliverable
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.database import atomic, call
from smmatic.orders import actions
from smmatic.orders.actions import OrderRequest, place

_SERVICE = "TT-ADS"
_LINK = "7012345678901234500"  # an ad account in the form of TikTok
_UNITS = 10**12  # enough for any run: one hundred million Credits
_BATCH = 500


def make_customers(count: int) -> tuple[int, int]:
    """New customers with plenty of Credits; the first and the last id, without gaps between them."""
    people = [create_person(email=f"bench-{uuid4()}@example.com") for _ in range(count)]
    for start in range(0, count, _BATCH):
        with atomic():
            post(
                [
                    Posting(
                        account_id=person.id,
                        kind="goodwill",
                        amount=_UNITS,
                        business_key="bench",
                        actor="system",
                        reason="Bench",
                    )
                    for person in people[start : start + _BATCH]
                ]
            )
    return people[0].id, people[-1].id


def placing_request(customer_id: int) -> dict[str, Any]:
    """The request that `orders.actions.place` really sends, without customer and key."""
    seen: list[str] = []

    def watch(statement: str, parameters: Sequence[Any]) -> Any:
        seen.append(str(parameters[0]))
        return call(statement, parameters)

    service = service_by_code(_SERVICE)
    if service is None:
        raise LookupError(f"The catalogue has no service {_SERVICE}, which the bench orders.")
    keep_deliverable(None)
    request = OrderRequest(service_id=service.id, quantity=service.min, link=_LINK)
    customer = Person(customer_id, "bench@example.com", "", "en", "")
    actions.__dict__["call"] = watch
    try:
        place(customer, request, key=f"bench-{uuid4()}", channel="api")
    finally:
        actions.__dict__["call"] = call
    body: dict[str, Any] = json.loads(seen[-1])
    del body["customer_id"], body["key"]
    return body


def place_for(first: int, last: int, *, wait: Callable[[], None], seconds: float) -> int:
    """Warms up, waits, then places orders of random customers for so many seconds; how many were placed."""
    service = service_by_code(_SERVICE)
    if service is None:
        raise LookupError(f"The catalogue has no service {_SERVICE}, which the bench orders.")
    request = OrderRequest(service_id=service.id, quantity=service.min, link=_LINK)
    people = [Person(number, "bench@example.com", "", "en", "") for number in range(first, last + 1)]
    place(people[0], request, key=f"bench-{uuid4()}", channel="api")
    wait()
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        place(random.choice(people), request, key=f"bench-{uuid4()}", channel="api")  # noqa: S311  # no secret
        count += 1
    return count
