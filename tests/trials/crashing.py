"""What the processes of the trial of crash points do: work, and end like by kill -9 at a named point. Run by the crowd."""

import os
from importlib import import_module
from typing import Any

from smmatic.accounts.queries import Person, person
from smmatic.catalogue.queries import service_by_code
from smmatic.fulfilment.work import Round
from smmatic.orders.actions import OrderRequest, place
from smmatic.refunds.actions import cancel, request_refund
from smmatic.refunds.review_actions import approve, decide
from tests.builders import ADS_ACCOUNT, placed

CODE = 9
"""The exit code of a process that ended at its point."""


def plant(point: str, when: str) -> None:
    """Ends this process before or after the function `module:name` or `module:Class.name`, without any goodbye."""
    module, _, path = point.partition(":")
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real = getattr(owner, name)

    def crashing(*arguments: Any, **named: Any) -> None:
        if when == "after":
            real(*arguments, **named)
        os._exit(CODE)

    setattr(owner, name, crashing)


def work(point: str, when: str, customer_id: int, link: str) -> str:
    """Places an order and works on everything that is due until the point is reached."""
    who = person(customer_id)
    assert who is not None
    placed(who, start_now=True, quantity=50, link=link)
    plant(point, when)
    rounds = Round("doomed", concurrency=2, lease=3)
    for _ in range(400):
        rounds.run()
    return "the point was never reached"


def act(point: str, when: str, do: str, arguments: dict[str, Any]) -> str:
    """Does one thing to an order or a case, and ends at the point."""
    plant(point, when)
    ACTIONS[do](**arguments)
    return "the point was never reached"


def _person(number: int) -> Person:
    found = person(number)
    assert found is not None
    return found


def do_place(who: int, key: str) -> Any:
    """Places an order under a key."""
    service = service_by_code("TT-ADS")
    assert service is not None
    return place(_person(who), OrderRequest(service.id, quantity=60, link=ADS_ACCOUNT), key=key, channel="api")


def do_cancel(who: int, order_id: int, key: str) -> Any:
    """Cancels under a key."""
    return cancel(_person(who), order_id, key=key)


def do_refund(who: int, order_id: int, key: str) -> Any:
    """Asks for a refund under a key, for a start that was missed: answered at once."""
    return request_refund(_person(who), order_id, reason_code="not_started", key=key)


def do_decide(who: int, case_id: int, version: int) -> Any:
    """Decides a case."""
    return decide(_person(who), case_id, version=version)


def do_approve(who: int, case_id: int, version: int) -> Any:
    """Approves a decision."""
    return approve(_person(who), case_id, version=version)


ACTIONS = {"place": do_place, "cancel": do_cancel, "refund": do_refund, "decide": do_decide, "approve": do_approve}
