"""Rework: the customer asks for it within its days, staff do it or say why not; and the customer accepts the work.

No Credit moves here. Locks: idempotency key, order, rework.
"""

from dataclasses import dataclass

from django.db.models.functions import Now

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.idempotency import check_key, once
from smmatic.fulfilment import staff_steps as steps
from smmatic.fulfilment.handover import Handover
from smmatic.fulfilment.models import Rework
from smmatic.fulfilment.rework_queries import ReworkRow, open_rework, plan_of, rework
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow, events_of, order_of
from smmatic.orders.steps import actor_of

MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class AskedRework:
    """A rework that was asked for; `replayed`: it had been asked for before under this key."""

    rework_id: int
    replayed: bool


def ask_rework(person: Person, order_id: int, reason: str, *, key: str | None = None) -> int:
    """Asks for a completed order to be done again, within the days pinned to it; the id of the rework.

    One is open at a time. The same request under the same key gives the same rework.

    Raises:
        Refusal: `not_found`, `reason_missing`, `text_*`, `rework_not_offered`, `rework_too_early`, `rework_too_late`,
            `rework_open`, `case_open`, `nothing_to_refund`, `order_ended` (it did not complete), `idempotency_key_*`.
            Nothing was changed.
    """
    if key is not None:
        return ask_rework_once(person, order_id, reason, key=key).rework_id
    _own_order(person, order_id)
    told = steps.reason(reason, "reason", MAX_REASON)
    with atomic():
        return _ask(person, order_id, told)


def ask_rework_once(person: Person, order_id: int, reason: str, *, key: str) -> AskedRework:
    """`ask_rework` under a key, saying whether it was asked for before.

    Raises:
        Refusal: as `ask_rework`.
    """
    _own_order(person, order_id)
    told = steps.reason(reason, "reason", MAX_REASON)
    answer = once(
        person.id, check_key(key), ["rework", order_id, told], lambda: {"rework": _ask(person, order_id, told)}
    )
    return AskedRework(int(answer.body["rework"]), answer.replayed)


def begin_rework(person: Person, rework_id: int) -> ReworkRow:
    """Takes a rework and begins it; one that is already under way stays as it is.

    Raises:
        Refusal: `role_missing`, `not_found`, `rework_ended`, `work_of_another`.
    """
    person.need(Permission.STAFF_WORK)
    with atomic():
        order, row = _locked(rework_id)
        steps.need_own(person, row.staff_id)
        if row.state == "pending":
            _begin(person, order, row)
        return _reread(rework_id)


def finish_rework(person: Person, rework_id: int, given: Handover) -> ReworkRow:
    """Hands over what was done again: completed, and the customer is told.

    Raises:
        Refusal: `role_missing`, `not_found`, `rework_ended`, `work_of_another`, `deliverable_missing`.
    """
    person.need(Permission.STAFF_WORK)
    with atomic():
        order, row = _locked(rework_id)
        steps.need_own(person, row.staff_id)
        if not given.something:
            raise Refusal(RefusalCode.DELIVERABLE_MISSING, "files")
        facts = steps.hand_over(person, order.id, given) | {"rework": row.id}
        _end(row, "completed", staff_id=person.id, answer=given.note, began_at=row.began_at or Now())
        orders.record(
            order.id, "rework_done", actor=actor_of(person), why=given.note[: steps.MAX_WHY], facts=facts, notify=True
        )
        return _reread(rework_id)


def refuse_rework(person: Person, rework_id: int, why: str) -> ReworkRow:
    """Says why what was delivered is not done again; the customer reads it, and may still ask for a refund.

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `text_*`, `rework_ended`, `work_of_another`.
    """
    person.need(Permission.STAFF_WORK)
    told = steps.reason(why)
    with atomic():
        order, row = _locked(rework_id)
        steps.need_own(person, row.staff_id)
        _end(row, "rejected", staff_id=person.id, answer=told)
        orders.record(
            order.id, "rework_refused", actor=actor_of(person), why=told, facts={"rework": row.id}, notify=True
        )
        return _reread(rework_id)


def accept_work(person: Person, order_id: int) -> None:
    """Records that the customer accepts what was delivered. It takes no right away: rework stays within its days.

    A second time changes nothing, until something is done again.

    Raises:
        Refusal: `not_found`, `rework_too_early` while the order is live, `order_ended` where it did not complete,
            `rework_open`.
    """
    _own_order(person, order_id)
    with atomic():
        order = orders.lock_order(order_id)
        if order.live:
            raise Refusal(RefusalCode.REWORK_TOO_EARLY)
        if order.status != "completed":
            raise Refusal(RefusalCode.ORDER_ENDED)
        if open_rework(order_id) is not None:
            raise Refusal(RefusalCode.REWORK_OPEN)
        if not accepted(order_id):
            orders.record(order_id, "work_accepted", actor=actor_of(person))


def accepted(order_id: int) -> bool:
    """Whether the customer has accepted what was delivered last."""
    for event in reversed(events_of(order_id)):
        if event.kind in ("rework_done", "completed"):
            return False
        if event.kind == "work_accepted":
            return True
    return False


def _ask(person: Person, order_id: int, reason: str) -> int:
    order = orders.lock_order(order_id)
    plan = plan_of(order)
    if plan.refusal is not None:
        raise plan.refusal
    row = Rework.objects.create(order_id=order_id, reason=reason, start_by=plan.start_by, staff_id=order.staff_id)
    facts = {"rework": row.id, "start_by": plan.start_by.isoformat()}
    orders.record(order_id, "rework_asked", actor=actor_of(person), why=reason[: steps.MAX_WHY], facts=facts)
    return int(row.id)


def _begin(person: Person, order: OrderRow, row: ReworkRow) -> None:
    Rework.objects.filter(id=row.id, state="pending").update(state="in_progress", staff_id=person.id, began_at=Now())
    orders.record(order.id, "rework_begun", actor=actor_of(person), facts={"rework": row.id})


def _end(row: ReworkRow, state: str, **columns: object) -> None:
    if not Rework.objects.filter(id=row.id, state=row.state).update(state=state, ended_at=Now(), **columns):
        raise Refusal(RefusalCode.REWORK_ENDED)


def _locked(rework_id: int) -> tuple[OrderRow, ReworkRow]:
    """The order and the rework, locked in this order, if it is still open."""
    seen = rework(rework_id)
    if seen is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    order = orders.lock_order(seen.order_id)
    list(Rework.objects.select_for_update(no_key=True).filter(id=rework_id).values_list("id"))
    row = _reread(rework_id)
    if not row.open:
        raise Refusal(RefusalCode.REWORK_ENDED)
    return order, row


def _reread(rework_id: int) -> ReworkRow:
    row = rework(rework_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def _own_order(person: Person, order_id: int) -> None:
    if order_of(person, order_id).customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
