"""What the bench needs from the shop: customers with Credits, and the one statement that places an order."""

import random
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db import connection

from smmatic.accounts.actions import create_person
from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import service_by_code
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.database import atomic
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


def placing_statement(customer_id: int) -> tuple[str, bytes]:
    """The parameters of the statement that `orders.actions.place` really sends: the request as JSON and its hash."""
    seen: list[tuple[str, bytes]] = []

    def watch(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if "orders_place_v1" in sql:
            seen.append((str(parameters[0]), bytes(parameters[1])))
        return execute(sql, parameters, many, context)

    service = service_by_code(_SERVICE)
    if service is None:
        raise LookupError(f"The catalogue has no service {_SERVICE}, which the bench orders.")
    request = OrderRequest(service_id=service.id, quantity=service.min, link=_LINK)
    customer = Person(customer_id, "bench@example.com", "", "en", "")
    with connection.execute_wrapper(watch):
        place(customer, request, key=f"bench-{uuid4()}", channel="api")
    return seen[0]


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
