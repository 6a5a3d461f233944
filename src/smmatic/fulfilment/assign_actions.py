"""Whose work it is: claim, take over, hand to a colleague, put back. For orders that staff deliver, and for rework.

Every change of hands stands in the order's history, for the desk. Locks: order, rework.
"""

from typing import Any

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.fulfilment import staff_steps as steps
from smmatic.fulfilment.models import Rework
from smmatic.fulfilment.rework_rules import OPEN
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as orders
from smmatic.orders.steps import actor_of

LIVE = ("processing", "in_progress")


def claim(person: Person, order_id: int) -> None:
    """Takes what nobody works on, without beginning it. Of two who claim at once, one gets it.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `order_ended`, `work_of_another`.
    """
    person.need(Permission.STAFF_WORK)
    with atomic():
        before = _holder(order_id)
        steps.need_own(person, before)
        if before is None:
            _give(person, order_id, person.id, before, "claimed", "")


def take_over(person: Person, order_id: int) -> None:
    """Takes what a colleague works on; both read it in the history.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `order_ended`.
    """
    person.need(Permission.STAFF_WORK)
    with atomic():
        before = _holder(order_id)
        if before != person.id:
            _give(person, order_id, person.id, before, "claimed" if before is None else "taken_over", "")


def hand_to(person: Person, order_id: int, to_id: int | None, note: str = "") -> None:
    """Hands one's own work to a colleague with a note that staff read; with None it waits for anybody again.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `order_ended`, `work_of_another`, `colleague_unknown`,
            `text_*`.
    """
    person.need(Permission.STAFF_WORK)
    told = clean_text(note, "note", steps.MAX_WHY)
    if to_id is not None:
        other = person_by_id(to_id)
        if other is None or not other.may(Permission.STAFF_WORK):
            raise Refusal(RefusalCode.COLLEAGUE_UNKNOWN, "to")
    with atomic():
        before = _holder(order_id)
        steps.need_own(person, before)
        if to_id != before:
            _give(person, order_id, to_id, before, "handed_over" if to_id else "put_back", told)


def _holder(order_id: int) -> int | None:
    """Who works on an order or its open rework, with both locked.

    Raises:
        Refusal: `not_found` for what is no work of staff, `order_status` before acceptance, `order_ended`.
    """
    order = orders.lock_order(order_id)
    rows = Rework.objects.select_for_update(no_key=True).filter(order_id=order_id, state__in=OPEN)
    reworks = list(rows.values_list("staff_id", flat=True))
    if order.status in LIVE and order.terms.get("delivery") == "staff":
        return order.staff_id
    if reworks:
        return reworks[0]
    if order.terms.get("delivery") != "staff":
        raise Refusal(RefusalCode.NOT_FOUND)
    if not order.live:
        raise Refusal(RefusalCode.ORDER_ENDED)
    raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)


def _give(person: Person, order_id: int, to_id: int | None, before: int | None, kind: str, note: str) -> None:
    if not orders.change(order_id, LIVE, staff_id=to_id):
        Rework.objects.filter(order_id=order_id, state__in=OPEN).update(staff_id=to_id)
    facts: dict[str, Any] = {"from": before, "to": to_id}
    orders.record(order_id, kind, actor=actor_of(person), why=note, facts=facts, visible=False)
