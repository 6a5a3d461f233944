"""What people at the desk do with a case: prove or refute claims, correct what was delivered, decide, approve.

Whoever changes a case states the version that they saw; an approval is bound to that version and its amount.
"""

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as order_steps
from smmatic.orders.steps import actor_of
from smmatic.policy.compiler import ImpossibleFacts
from smmatic.refunds import queries, steps
from smmatic.refunds.models import CLAIMS, Case
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.rules import Plan
from smmatic.refunds.situations import ClaimInput, Situation, situation_of
from smmatic.refunds.steps import carry_out, record_case, record_claims

MAX_EVIDENCE = 4000


def review_plan(situation: Situation, ask: str) -> Plan:
    """What a decision would do now, changing nothing: the same plan that `decide` carries out.

    Raises:
        Refusal: `case_undecided` while a claim is only alleged, so that the policy has no final answer.
    """
    if any(claim.proof == "alleged" for claim in situation.claims.values()):
        raise Refusal(RefusalCode.CASE_UNDECIDED)
    try:
        plan = situation.strict_plan(ask, reviewed=True)
    except ImpossibleFacts as error:
        raise Refusal(RefusalCode.CASE_UNDECIDED) from error
    if plan.review:
        raise Refusal(RefusalCode.CASE_UNDECIDED)
    return plan


def set_claim(agent: Person, case_id: int, *, claim: str, proof: str, evidence: str, version: int) -> CaseRow:
    """Records that a claim is verified or refuted, with the evidence; the customer can read both.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `field_invalid`, `evidence_missing`,
            `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    if claim not in CLAIMS or claim == "expectations":
        raise Refusal(RefusalCode.FIELD_INVALID, "claim")
    if proof not in ("verified", "refuted"):
        raise Refusal(RefusalCode.FIELD_INVALID, "proof")
    seen = clean_text(evidence, "evidence", MAX_EVIDENCE)
    if not seen:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        case = _lock(agent, case_id, version, ("open", "waiting", "in_review"))
        order_steps.lock_order(case.order_id)
        record_claims(case.order_id, [ClaimInput(claim, proof, "staff", seen, agent.id)])
        steps.touch_case(case)
        record_case(case_id, "claim", actor=actor_of(agent), why=seen, facts={"claim": claim, "proof": proof})
        return _reread(case_id)


def correct_delivered(agent: Person, case_id: int, *, delivered: int, evidence: str, version: int) -> CaseRow:
    """Lowers the count of delivered units to those that conform, with the evidence.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `units_out_of_range`, `evidence_missing`.
    """
    agent.need(Permission.CASE_WORK)
    seen = clean_text(evidence, "evidence", MAX_EVIDENCE)
    if not seen:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        case = _lock(agent, case_id, version, ("open", "waiting", "in_review"))
        order = order_steps.lock_order(case.order_id)
        if not 0 <= delivered <= order.delivered:
            raise Refusal(RefusalCode.UNITS_OUT_OF_RANGE, "delivered", minimum=0, maximum=order.delivered)
        facts = {"from": order.delivered, "to": delivered}
        order_steps.change(order.id, (order.status,), delivered=delivered)
        order_steps.record(order.id, "corrected", actor=actor_of(agent), why=seen, facts=facts)
        steps.touch_case(case)
        record_case(case_id, "corrected", actor=actor_of(agent), why=seen, facts=facts)
        return _reread(case_id)


def decide(agent: Person, case_id: int, *, version: int, why: str = "") -> CaseRow:
    """Decides a case by the policy from the facts as they are now. Above the limit it waits for a second person.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `case_undecided`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    words = clean_text(why, "why", 1000)
    with atomic():
        case = _lock(agent, case_id, version, ("open", "waiting", "in_review"))
        situation = situation_of(order_steps.lock_order(case.order_id)).governed(case.ask, reviewed=True)
        plan = review_plan(situation, case.ask)
        second = plan.approved and situation.second_person_needed(plan.units_back)
        state = "approved" if second else ("settled" if plan.approved else "denied")
        steps.finish_case(
            case,
            situation,
            plan,
            state=state,
            actor=actor_of(agent),
            why=words,
            reviewed=True,
            decided_by_id=agent.id,
        )
        return _reread(case_id)


def approve(second: Person, case_id: int, *, version: int) -> CaseRow:
    """The second person's yes to a decision above the limit: settles exactly the amount that was decided.

    Raises:
        Refusal: `role_missing`, `second_person_needed` for the one who decided, `not_found`, `case_closed`,
            `case_stale` also when the amount would differ by now.
    """
    second.need(Permission.CASE_APPROVE)
    with atomic():
        case = _lock(second, case_id, version, ("approved",))
        situation = situation_of(order_steps.lock_order(case.order_id)).governed(case.ask, reviewed=case.reviewed)
        if case.decided_by_id == second.id:
            limit = situation.policy.document.approvals.case_credits
            raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, limit=limit)
        plan = review_plan(situation, case.ask) if case.reviewed else situation.plan(case.ask)
        if plan.units_back != case.units or plan.outcome.clause != case.clause:
            raise Refusal(RefusalCode.CASE_STALE)
        moment = now()
        Case.objects.filter(id=case_id).update(
            state="settled", approved_by_id=second.id, settled_at=moment, version=case.version + 1
        )
        record_case(
            case_id,
            "decided",
            actor=actor_of(second),
            notify=True,
            facts=steps.plan_facts(plan, situation) | {"state": "settled"},
        )
        carry_out(situation, plan, actor=actor_of(second), case_id=case_id)
        return _reread(case_id)


def send_back(second: Person, case_id: int, *, version: int, why: str) -> CaseRow:
    """The second person's no: the case goes back into review with a reason; nothing has moved.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `reason_missing`.
    """
    second.need(Permission.CASE_APPROVE)
    words = clean_text(why, "why", 1000)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    with atomic():
        case = _lock(second, case_id, version, ("approved",))
        Case.objects.filter(id=case_id).update(
            state="in_review", decided_by_id=None, decided_at=None, units=0, decision="review", version=case.version + 1
        )
        record_case(case_id, "sent_back", actor=actor_of(second), why=words, visible=False)
        return _reread(case_id)


def withdraw(person: Person, case_id: int) -> CaseRow:
    """The customer takes back their own request while nobody has decided it.

    Raises:
        Refusal: `not_found`, `case_closed` (also for a case that the system opened: its Credits must be settled).
    """
    queries.case_of(person, case_id)
    with atomic():
        case = steps.lock_case(case_id)
        order_steps.lock_order(case.order_id)
        done = Case.objects.filter(
            id=case_id, customer_id=person.id, ask="refund", state__in=("open", "waiting", "in_review")
        ).update(state="withdrawn", version=case.version + 1)
        if not done:
            raise Refusal(RefusalCode.CASE_CLOSED)
        record_case(case_id, "withdrawn", actor=actor_of(person))
        record_claims(case.order_id, _without(case.order_id, person))
        situation = situation_of(order_steps.lock_order(case.order_id))
        if not situation.order.live and situation.charge.open:
            # The order ended while the case was open, so its own settlement still has to be made.
            steps.settle_end(situation, order_steps.SYSTEM)
        return _reread(case_id)


def _lock(person: Person, case_id: int, version: int, states: tuple[str, ...]) -> CaseRow:
    """Locks a case that this person may work on: never their own, in one of these states, as they saw it."""
    case = steps.lock_case(case_id)
    if case.customer_id == person.id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if case.state not in states:
        raise Refusal(RefusalCode.CASE_CLOSED)
    if case.version != version:
        raise Refusal(RefusalCode.CASE_STALE)
    return case


def _reread(case_id: int) -> CaseRow:
    case = queries.case(case_id)
    if case is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return case


def _without(order_id: int, person: Person) -> list[ClaimInput]:
    """What stands once a customer's own claims are taken back: what was found before them, or that nobody claims it."""
    found: dict[str, ClaimInput] = {}
    latest = queries.claims_of(order_id)
    for word in queries.claim_history(order_id):
        if word.source != "customer" and word.proof in ("verified", "refuted"):
            found[word.claim] = ClaimInput(word.claim, word.proof, word.source, word.evidence, word.source_id)
    return [
        found.get(claim, ClaimInput(claim, "withdrawn", "customer", "", person.id))
        for claim, word in latest.items()
        if word.source == "customer"
    ]
