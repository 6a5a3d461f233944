"""Deciding otherwise than the policy: with a reason, always by two people; the policy's own answer stays on record."""

from dataclasses import dataclass, replace

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as order_steps
from smmatic.orders.steps import actor_of
from smmatic.policy.compiler import ImpossibleFacts
from smmatic.refunds import steps
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_steps import lock_for, reread
from smmatic.refunds.rules import IMPOSSIBLE_CELL, Plan, other_answers, plan_of
from smmatic.refunds.situations import Situation, situation_of


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that people may give: `key` names it in a form; the plan is what it would do now."""

    key: str
    plan: Plan


def override_refusal(situation: Situation) -> Refusal | None:
    """Why nobody can decide otherwise yet: the policy has said nothing to decide otherwise than."""
    if situation.order.live and situation.order.unknown_since:
        return Refusal(RefusalCode.OUTCOME_UNKNOWN, clause=situation.cites("unknown"))
    if any(claim.proof == "alleged" for claim in situation.claims.values()):
        return Refusal(RefusalCode.CASE_UNDECIDED)
    return None


def answers(situation: Situation, ask: str) -> list[Answer]:
    """The policy's other answers for an order as it is now, with what each would give back; changes nothing.

    Where the policy calls the facts impossible it has no answer of its own: two people can give any of its answers.
    """
    if override_refusal(situation) is not None:
        return []
    try:
        own = situation.strict_plan(ask, reviewed=True)
        facts, said, cell = own.facts, (own.outcome.clause, own.outcome.decision), own.cell
    except ImpossibleFacts as error:
        facts, said, cell = error.facts, None, IMPOSSIBLE_CELL
    made = []
    for outcome in other_answers(situation.policy.compiled, situation.order):
        plan = plan_of(situation.policy.compiled, situation.order, situation.charge, ask, facts, outcome)
        if (outcome.clause, outcome.decision) != said and (plan.approved is False or plan.units_back):
            made.append(Answer(f"{outcome.clause}:{outcome.decision}:{outcome.credits}", replace(plan, cell=cell)))
    return made


def override(agent: Person, case_id: int, *, answer: str, why: str, version: int) -> CaseRow:
    """Proposes another answer of the policy than its own. Nothing moves before a second person approves it.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `reason_missing`,
            `case_undecided` while a claim is only alleged, `outcome_unknown`, `override_unknown`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    words = clean_text(why, "why", 1000)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    with atomic():
        case = lock_for(agent, case_id, version, ("open", "waiting", "in_review"))
        situation = situation_of(order_steps.lock_order(case.order_id))
        refusal = override_refusal(situation)
        if refusal is not None:
            raise refusal
        plan = next((one.plan for one in answers(situation, case.ask) if one.key == answer), None)
        if plan is None:
            raise Refusal(RefusalCode.OVERRIDE_UNKNOWN, "answer")
        steps.finish_case(
            case, situation, plan, state="approved", actor=actor_of(agent), why=words, reviewed=True,
            decided_by_id=agent.id, override_why=words,
        )  # fmt: skip
        return reread(case_id)


def overridden_plan(case: CaseRow, situation: Situation) -> Plan | None:
    """The plan of a proposed override as things are now, or None where it can't be given any more."""
    key = f"{case.clause}:{case.decision}:{case.credits}"
    return next((one.plan for one in answers(situation, case.ask) if one.key == key), None)
