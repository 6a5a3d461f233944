"""What people at the desk write: work on orders that staff deliver, answers to stop requests, unknown outcomes, and
the end of provider orders that no rule can finish.

`units` are always the total done so far, so that a form that is sent twice changes nothing the second time.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Now

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.fulfilment import steps
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.queries import AttemptRow, attempts_of_order
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line, clean_text
from smmatic.orders import queries as order_queries
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import actor_of
from smmatic.refunds import actions as refunds
from smmatic.refunds.actions import Decided
from smmatic.refunds.situations import ClaimInput
from smmatic.refunds.steps import lock_order

LIVE = ("processing", "in_progress")
MAX_NOTE = 4000


def staff_progress(person: Person, order_id: int, units: int, note: str = "", file_ids: Sequence[int] = ()) -> OrderRow:
    """Marks `units` of an order as done in all, with what the customer gets: files kept by `orders.actions.keep_file`
    and a note that the customer reads.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `units_out_of_range` (fewer than before, or more than
            ordered), `text_*`.
    """
    person.need(Permission.STAFF_WORK)
    told = clean_text(note, "note", MAX_NOTE)
    with atomic():
        order = _staff_order(order_id)
        _mark(person, order, units, told, file_ids)
        return lock_order(order_id)


def staff_finish(person: Person, order_id: int, note: str = "", file_ids: Sequence[int] = ()) -> Decided | None:
    """Delivers the rest of an order: completed, and what was held for it is taken. A file or a note for the customer
    belongs to it, given now or before.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `order_ended`, `deliverable_missing`, `text_*`.
    """
    person.need(Permission.STAFF_WORK)
    told = clean_text(note, "note", MAX_NOTE)
    with atomic():
        order = _staff_order(order_id)
        _mark(person, order, order.quantity, told, file_ids)
        if not told and not _handed_over(order_id):
            raise Refusal(RefusalCode.DELIVERABLE_MISSING, "files")
        return refunds.end_order(order_id, "completed", actor=actor_of(person), why=told[:1000])


def staff_refuse(person: Person, order_id: int, why: str) -> Decided | None:
    """Refuses an order before any work on it: everything goes back at once (2.2).

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `order_ended`, `order_status` once work has begun.
    """
    person.need(Permission.STAFF_WORK)
    told = _reason(why)
    with atomic():
        order = _staff_order(order_id, ("pending", "processing"))
        if order.started_at is not None or order.delivered:
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        return refunds.end_order(order_id, "rejected", actor=actor_of(person), delivered=0, why=told)


def staff_give_up(person: Person, order_id: int, why: str) -> Decided | None:
    """Ends an order that we can't finish: our failure, verified, so what was not delivered goes back (2.1). Above the
    approval limit a second person has to agree.

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `order_ended`, `order_status`.
    """
    person.need(Permission.STAFF_WORK)
    told = _reason(why)
    with atomic():
        order = _staff_order(order_id)
        claim = ClaimInput("fulfilment_fault", "verified", "staff", told, person.id)
        status = "partial" if order.delivered else "failed"
        return refunds.end_order(order_id, status, actor=actor_of(person), why=told, claims=(claim,))


def staff_answer_stop(person: Person, order_id: int, *, stops: bool, why: str = "") -> Decided | None:
    """Answers a customer's request to stop (4.2) for an order that staff deliver: with `stops` it ends where it stands
    and what was not delivered goes back. None where nothing was ended.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status`, `reason_missing` for a no without a reason.
    """
    person.need(Permission.STAFF_WORK)
    told = clean_text(why, "why", 1000) if stops else _reason(why)
    with atomic():
        order = _staff_order(order_id)
        if order.stop_status not in ("asked", "unknown"):
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        answer = "confirmed" if stops else "refused"
        return refunds.answer_stop(order_id, answer, delivered=order.delivered, actor=actor_of(person), why=told)


def presume_undelivered(person: Person, order_id: int, evidence: str) -> Decided | None:
    """Ends an order whose outcome stayed unknown as undelivered: a delivery that shows up later is our loss (2.1).
    Only once its deadline is over; above the approval limit a second person has to agree.

    Raises:
        Refusal: `role_missing`, `not_found`, `evidence_missing`, `order_status` before the deadline or where the
            outcome is known.
    """
    person.need(Permission.ORDER_RESOLVE)
    told = clean_text(evidence, "evidence", MAX_NOTE)
    if not told:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        order = lock_order(order_id)
        attempt_id = _unknown_attempt(order)
        decided = refunds.presume_undelivered(order_id, actor=actor_of(person), evidence=told)
        steps.write(attempt_id, state="refused", code="presumed_undelivered", answered_at=Now(), flags=[])
        return decided


def resolve_found(person: Person, order_id: int, remote_id: str, evidence: str) -> None:
    """Records that a person found the order at the provider under its number: from now on it is followed there.

    Raises:
        Refusal: `role_missing`, `not_found`, `evidence_missing`, `field_invalid` (a number of another order),
            `order_status` where the outcome is known.
    """
    person.need(Permission.ORDER_RESOLVE)
    told = clean_text(evidence, "evidence", MAX_NOTE)
    number = clean_line(remote_id, "remote_id", 64)
    if not told:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        order = lock_order(order_id)
        attempt_id = _unknown_attempt(order, before_deadline=True)
        _, row = steps.lock(attempt_id)
        if not number or steps.remote_id_taken(row, number):
            raise Refusal(RefusalCode.FIELD_INVALID, "remote_id")
        steps.write(attempt_id, state="confirmed", remote_id=number, code="", answered_at=Now(), flags=[], quiet=0)
        orders.change(order_id, LIVE, unknown_since=None, unknown_deadline=None, next_check_at=Now())
        facts = {"remote_id": number}
        orders.record(order_id, "outcome_known", actor=actor_of(person), why=told, facts=facts)


def refuse_unsent(person: Person, order_id: int, why: str) -> Decided | None:
    """Refuses a provider's order that was never handed to anybody: everything goes back at once (2.2).

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `order_ended`, `order_status` once an attempt went out.
    """
    person.need(Permission.ORDER_RESOLVE)
    told = _reason(why)
    with atomic():
        order = _provider_order(order_id, ("pending", "processing"))
        rows = _locked_attempts(order_id)
        if order.started_at is not None or order.delivered or any(row.sent for row in rows):
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        for row in rows:
            if row.state == "prepared":
                steps.write(row.id, state="refused", code="refused_by_staff")
        return refunds.end_order(order_id, "rejected", actor=actor_of(person), delivered=0, why=told)


def give_up(person: Person, order_id: int, why: str) -> Decided | None:
    """Ends a provider's order that no rule can finish: our failure, verified, so what was not delivered goes back
    (2.1). Above the approval limit a second person has to agree. The provider is told to stop and followed to its end.

    Raises:
        Refusal: `role_missing`, `not_found`, `reason_missing`, `order_ended`, `order_status` (not accepted yet),
            `outcome_unknown` (to be found, or presumed undelivered after its deadline).
    """
    person.need(Permission.ORDER_RESOLVE)
    told = _reason(why)
    with atomic():
        order = _provider_order(order_id, LIVE)
        if order.unknown_since is not None:
            raise Refusal(RefusalCode.OUTCOME_UNKNOWN, clause="2.1")
        claim = ClaimInput("fulfilment_fault", "verified", "staff", told, person.id)
        status = "partial" if order.delivered else "failed"
        return refunds.end_order(order_id, status, actor=actor_of(person), why=told, claims=(claim,))


def _provider_order(order_id: int, statuses: Sequence[str]) -> OrderRow:
    """The order, locked, if a provider delivers it and it is in one of these statuses."""
    order = lock_order(order_id)
    if order.terms.get("delivery") == "staff":
        raise Refusal(RefusalCode.NOT_FOUND)
    if not order.live:
        raise Refusal(RefusalCode.ORDER_ENDED)
    if order.status not in statuses:
        raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
    return order


def _locked_attempts(order_id: int) -> list[AttemptRow]:
    """Every attempt of an order, locked."""
    list(Attempt.objects.select_for_update(no_key=True).filter(order_id=order_id).values_list("id"))
    return attempts_of_order(order_id)


def _staff_order(order_id: int, statuses: Sequence[str] = LIVE) -> OrderRow:
    """The order, locked, if staff deliver it and it is in one of these statuses."""
    order = lock_order(order_id)
    if order.terms.get("delivery") != "staff":
        raise Refusal(RefusalCode.NOT_FOUND)
    if order.live and order.status not in statuses:
        raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
    if not order.live:
        raise Refusal(RefusalCode.ORDER_ENDED)
    return order


def _mark(person: Person, order: OrderRow, units: int, note: str, file_ids: Sequence[int]) -> None:
    if not order.delivered <= units <= order.quantity:
        raise Refusal(RefusalCode.UNITS_OUT_OF_RANGE, "units", minimum=order.delivered, maximum=order.quantity)
    wanted = sorted(set(file_ids))
    if wanted and orders.attach_files(person.id, order.id, wanted, "deliverable") != len(wanted):
        raise Refusal(RefusalCode.NOT_FOUND, "files")
    facts: dict[str, Any] = {"delivered": units, "quantity": order.quantity, "files": wanted}
    columns: dict[str, Any] = {"delivered": units, "staff_id": order.staff_id or person.id}
    if order.status == "processing":
        columns["started_at"] = order.started_at or Now()
        orders.move(
            order.id, ("processing",), "in_progress", actor=actor_of(person), kind="started", why=note[:1000],
            facts=facts, **columns,
        )  # fmt: skip
    elif units != order.delivered or note or wanted:
        orders.change(order.id, LIVE, **columns)
        orders.record(order.id, "progress", actor=actor_of(person), why=note[:1000], facts=facts)


def _handed_over(order_id: int) -> bool:
    if any(file.purpose == "deliverable" for file in order_queries.files_of(order_id)):
        return True
    return any(event.kind in ("started", "progress") and event.why for event in order_queries.events_of(order_id))


def _unknown_attempt(order: OrderRow, *, before_deadline: bool = False) -> int:
    """The attempt whose outcome is unknown, locked."""
    rows = Attempt.objects.select_for_update(no_key=True).filter(order_id=order.id, state="unknown")
    found = [row.id for row in rows]
    overdue = before_deadline or (order.unknown_deadline is not None and order.unknown_deadline <= now())
    if order.unknown_since is None or not found or not overdue:
        raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
    return found[0]


def _reason(why: str) -> str:
    told = clean_text(why, "why", 1000)
    if not told:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    return told
