"""What customers and the fulfilment of orders ask of the policy: cancel, stop, refund, and the end of an order.

Each action plans by the policy's table and then carries out exactly that plan, in one transaction with the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.credits.idempotency import check_key, once
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import queries as orders
from smmatic.orders import steps as order_steps
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import SYSTEM, Actor, actor_of
from smmatic.policy.business_time import DueDate
from smmatic.refunds import queries, steps
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.reasons import Reason, proof_at_asking, reason
from smmatic.refunds.rules import Plan
from smmatic.refunds.situations import ClaimInput, Situation, situation_of
from smmatic.refunds.steps import carry_out, open_case, record_claims

MAX_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Preview:
    """What asking would give, from the same plan that asking carries out; `due` where a person has to look first.

    `refusal` says why it can't be asked at all; the plan then says what the policy thinks of it.
    """

    situation: Situation
    plan: Plan
    due: DueDate | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on an order; `units_back` Credit units went back. `case_id` is None where none was needed."""

    order_id: int
    case_id: int | None
    state: str
    decision: str
    clause: str
    units_back: int
    due_at: str | None
    replayed: bool = False


def preview_cancel(person: Person, order_id: int) -> Preview:
    """What cancelling gives now, changing nothing.

    Raises:
        Refusal: `not_found`.
    """
    situation = situation_of(orders.order_of(person, order_id)).governed("cancel")
    plan = situation.plan("cancel")
    return Preview(situation, plan, None, _cancel_refusal(situation, plan))


def preview_refund(person: Person, order_id: int, reason_code: str) -> Preview:
    """What asking for a refund with a reason gives now, changing nothing.

    Raises:
        Refusal: `not_found`, `reason_unknown`.
    """
    order = orders.order_of(person, order_id)
    chosen = reason(reason_code)
    situation = _with_reason(situation_of(order), chosen, person, "").governed("refund")
    plan = situation.plan("refund")
    due = situation.due(now(), plan.outcome.due) if plan.review else None
    return Preview(situation, plan, due, _request_refusal(situation))


def cancel(person: Person, order_id: int, *, key: str | None = None) -> Decided:
    """Cancels one's own order while it is pending: the full charge is back when this returns (4.1).

    Raises:
        Refusal: `not_found`; `order_accepted` with clause 4.2 once processing has begun; `order_ended`;
            `idempotency_key_*`, `busy`. Nothing was changed.
    """
    _own_order(person, order_id)

    def work() -> dict[str, Any]:
        order = order_steps.lock_order(order_id)
        situation = situation_of(order).governed("cancel")
        plan = situation.plan("cancel")
        refusal = _cancel_refusal(situation, plan)
        if refusal:
            raise refusal
        case = open_case(situation, plan, state="settled", actor=actor_of(person), automatic=True)
        carry_out(situation, plan, actor=actor_of(person), case_id=case.id)
        return _answer(order_id, case, plan)

    return _run(person, key, ["cancel", order_id], work)


def request_refund(
    person: Person, order_id: int, *, reason_code: str, words: str = "", file_ids: Sequence[int] = (), key: str
) -> Decided:
    """Asks for a refund. What the policy can answer by itself is answered and settled when this returns; the rest
    becomes a case with a due date.

    Raises:
        Refusal: `not_found`, `reason_unknown`, `evidence_missing`, `text_*`, `case_open`, `nothing_to_refund`,
            `outcome_unknown`, `idempotency_key_*`, `busy`. Nothing was changed.
    """
    _own_order(person, order_id)
    chosen = reason(reason_code)
    told = clean_text(words, "words", MAX_WORDS)
    if chosen.claim.endswith("_fault") and chosen.code != "not_started" and not told:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "words")
    check_key(key)

    def work() -> dict[str, Any]:
        order = order_steps.lock_order(order_id)
        refusal = _request_refusal(situation_of(order))
        if refusal:
            raise refusal
        claim = _claim(situation_of(order), chosen, person, told)
        by_clock = claim is not None and claim.proof == "refuted"
        if claim and not by_clock:
            record_claims(order_id, [claim])
        wanted = set(file_ids)
        if wanted and order_steps.attach_files(person.id, order_id, sorted(wanted), "evidence") != len(wanted):
            raise Refusal(RefusalCode.NOT_FOUND, "files")
        situation = situation_of(order)
        if claim and by_clock:
            # Our clock answers this one question. It is no finding on the claim: a defect may still show.
            situation = situation.with_claim(claim)
        situation = situation.governed("refund")
        plan = situation.plan("refund")
        case = steps.decide_at_once(situation, plan, actor_of(person), reason=chosen.code, words=told)
        return _answer(order_id, case, plan)

    return _run(person, key, ["refund", order_id, reason_code, told, sorted(file_ids)], work)


def add_to_case(person: Person, case_id: int, *, reason_code: str = "", words: str) -> None:
    """Adds what the customer knows to their open case; a reason adds its claim, to be looked at with the rest.

    Raises:
        Refusal: `not_found`, `case_closed`, `evidence_missing`, `reason_unknown`, `text_*`.
    """
    told = clean_text(words, "words", MAX_WORDS)
    if not told:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "words")
    seen = queries.case_of(person, case_id)
    if seen.customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    with atomic():
        case = steps.lock_case(case_id)
        order = order_steps.lock_order(case.order_id)
        if not case.open:
            raise Refusal(RefusalCode.CASE_CLOSED)
        if reason_code:
            claim = _claim(situation_of(order), reason(reason_code), person, told)
            if claim and claim.proof != "refuted":
                record_claims(order.id, [claim])
        steps.touch_case(case)
        steps.record_case(case_id, "note", actor=actor_of(person), why=told)


def ask_stop(person: Person, order_id: int) -> OrderRow:
    """Asks whoever delivers to stop an order in work (4.2). A request, never a promise: nothing goes back until the
    stop is confirmed, and only what was not delivered.

    Raises:
        Refusal: `not_found`, `order_status` (pending: cancel instead), `order_ended`, `stop_not_offered`,
            `stop_asked_already`, `outcome_unknown`.
    """
    _own_order(person, order_id)
    with atomic():
        order = order_steps.lock_order(order_id)
        if not order.live:
            raise Refusal(RefusalCode.ORDER_ENDED)
        if order.status == "pending":
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        if order.unknown_since:
            raise Refusal(RefusalCode.OUTCOME_UNKNOWN)
        if not order.stop_offered:
            raise Refusal(RefusalCode.STOP_NOT_OFFERED, clause="4.2")
        if order.stop_status in ("asked", "confirmed"):
            raise Refusal(RefusalCode.STOP_ASKED_ALREADY)
        hours = situation_of(order).policy.document.deadlines.stop_answer_hours
        moment = now()
        order_steps.change(
            order_id,
            steps.LIVE,
            stop_status="asked",
            stop_asked_at=moment,
            stop_deadline=moment + timedelta(hours=hours),
            next_check_at=moment,
        )
        order_steps.record(order_id, "stop_asked", actor=actor_of(person), facts={"clause": "4.2", "hours": hours})
        return order_steps.lock_order(order_id)


def answer_stop(order_id: int, answer: str, *, delivered: int, actor: Actor, why: str = "") -> Decided | None:
    """Records the answer to a stop request: 'confirmed', 'refused', 'too_late' or 'unknown'.

    A confirmed stop ends the order and gives back what was not delivered. None where there was nothing to answer.

    Raises:
        Refusal: `not_found`, `field_invalid`, `units_out_of_range`.
    """
    if answer not in ("confirmed", "refused", "too_late", "unknown"):
        raise Refusal(RefusalCode.FIELD_INVALID, "answer")
    with atomic():
        order = steps.lock_order(order_id)
        if not order.live or order.stop_status not in ("asked", "unknown"):
            return None
        _check_delivered(order, delivered)
        order_steps.change(order_id, steps.LIVE, stop_status=answer)
        order_steps.record(order_id, "stop_answered", actor=actor, why=why, facts={"answer": answer}, notify=True)
        if answer != "confirmed":
            return None
        return _end(order, "partial" if delivered else "cancelled", delivered, actor, why, ())


def end_order(
    order_id: int,
    to_status: str,
    *,
    actor: Actor,
    delivered: int | None = None,
    why: str = "",
    claims: Sequence[ClaimInput] = (),
) -> Decided | None:
    """Ends an order ('completed', 'partial', 'failed', or 'rejected' before any work) and settles it by the policy.

    What the policy answers by itself is settled when this returns; what needs a person becomes a case with a due
    date and nothing moves until then. Above the approval limit an end by staff waits for a second person.
    None when the order had ended already: late news change nothing.

    Raises:
        Refusal: `not_found`, `order_status`, `units_out_of_range`.
    """
    with atomic():
        order = steps.lock_order(order_id)
        if not order.live:
            return None
        if to_status == "completed":
            delivered = order.quantity
        units = order.delivered if delivered is None else delivered
        _check_delivered(order, units)
        return _end(order, to_status, units, actor, why, claims)


def presume_undelivered(order_id: int, *, actor: Actor, evidence: str) -> Decided | None:
    """Ends an order whose outcome stayed unknown as undelivered (2.1): a delivery that shows up later is our loss.

    Above the approval limit it waits for a second person. None when the order had ended already.

    Raises:
        Refusal: `not_found`, `evidence_missing`, `order_status` when the outcome is not unknown.
    """
    if not evidence.strip():
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        order = steps.lock_order(order_id)
        if not order.live:
            return None
        if order.unknown_since is None:
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        claim = ClaimInput("fulfilment_fault", "verified", "staff", evidence, actor.id)
        return _end(order, "failed", 0, actor, evidence, (claim,))


def _end(
    order: OrderRow, to_status: str, delivered: int, actor: Actor, why: str, claims: Sequence[ClaimInput]
) -> Decided:
    from_statuses = ("pending", "processing") if to_status == "rejected" else ("processing", "in_progress")
    record_claims(order.id, claims)
    moved = order_steps.move(
        order.id,
        from_statuses,
        to_status,
        actor=actor,
        kind=to_status,
        why=why,
        facts={"delivered": delivered, "quantity": order.quantity},
        notify=True,
        delivered=delivered,
        ended_at=now(),
        next_check_at=None,
        lease_until=None,
        unknown_since=None,
        unknown_deadline=None,
        waiting_since=None,
    )
    if not moved:
        raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
    situation = situation_of(order_steps.lock_order(order.id))
    two_people = actor.kind == "staff" and to_status != "rejected"
    case = queries.open_case(order.id)
    if case is not None:
        return _end_with_case(case, situation, actor, why, two_people)
    plan, made = steps.settle_end(situation, actor, why=why, two_people=two_people)
    return _decided(_answer(order.id, made, plan))


def _end_with_case(case: CaseRow, situation: Situation, actor: Actor, why: str, two_people: bool) -> Decided:
    """The end of an order that has an open case: settled with it where the policy can answer now, else one more fact
    for the person who looks; no unit moves before."""
    situation = situation.governed(case.ask)
    plan = situation.plan(case.ask)
    if plan.review:
        return Decided(situation.order.id, case.id, case.state, "review", plan.outcome.clause, 0, None)
    state = "settled" if plan.approved else "denied"
    if plan.approved and two_people and situation.second_person_needed(plan.units_back):
        state = "approved"
    by_staff = actor.kind == "staff"
    steps.finish_case(
        case,
        situation,
        plan,
        state=state,
        actor=actor if by_staff else SYSTEM,
        why=why,
        decided_by_id=actor.id if by_staff else None,
    )
    return Decided(
        situation.order.id, case.id, state, plan.outcome.decision, plan.outcome.clause, plan.units_back, None
    )


def _cancel_refusal(situation: Situation, plan: Plan) -> Refusal | None:
    order = situation.order
    if not order.live:
        return Refusal(RefusalCode.ORDER_ENDED)
    if plan.approved:
        return None
    return Refusal(RefusalCode.ORDER_ACCEPTED, clause=plan.outcome.clause, stop_offered=order.stop_offered)


def _request_refusal(situation: Situation) -> Refusal | None:
    order, charge = situation.order, situation.charge
    if queries.open_case(order.id) is not None:
        return Refusal(RefusalCode.CASE_OPEN)
    if charge.returned >= charge.amount:
        return Refusal(RefusalCode.NOTHING_TO_REFUND)
    if order.live and order.unknown_since:
        return Refusal(RefusalCode.OUTCOME_UNKNOWN, clause="2.1")
    return None


def _claim(situation: Situation, chosen: Reason, person: Person, words: str) -> ClaimInput | None:
    if not chosen.claim:
        return None
    proof = proof_at_asking(chosen, situation.order, now())
    known = situation.claims.get(chosen.claim)
    if known and known.proof in ("verified", "refuted") and proof != "verified":
        return None  # checked already: contesting a decision is an appeal, not the same claim again
    source = "system" if chosen.code == "not_started" else "customer"
    return ClaimInput(chosen.claim, proof, source, words, person.id)


def _with_reason(situation: Situation, chosen: Reason, person: Person, words: str) -> Situation:
    claim = _claim(situation, chosen, person, words)
    return situation.with_claim(claim) if claim else situation


def _own_order(person: Person, order_id: int) -> None:
    """Refuses everybody but the customer: staff read every order, and act on none as if it were theirs."""
    if orders.order_of(person, order_id).customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)


def _check_delivered(order: OrderRow, delivered: int) -> None:
    if not 0 <= delivered <= order.quantity:
        raise Refusal(RefusalCode.UNITS_OUT_OF_RANGE, "delivered", minimum=0, maximum=order.quantity)


def _answer(order_id: int, case: CaseRow | None, plan: Plan) -> dict[str, Any]:
    return {
        "order": order_id,
        "case": case.id if case else None,
        "state": case.state if case else "denied",
        "decision": plan.outcome.decision,
        "clause": plan.outcome.clause,
        "units_back": plan.units_back,
        "due_at": case.due_at.isoformat() if case and case.due_at else None,
    }


def _decided(answer: dict[str, Any], *, replayed: bool = False) -> Decided:
    return Decided(
        answer["order"],
        answer["case"],
        answer["state"],
        answer["decision"],
        answer["clause"],
        answer["units_back"],
        answer["due_at"],
        replayed,
    )


def _run(person: Person, key: str | None, request: object, work: Callable[[], dict[str, Any]]) -> Decided:
    if key is None:
        with atomic():
            return _decided(work())
    answer = once(person.id, check_key(key), request, work)
    return _decided(answer.body, replayed=answer.replayed)
