"""Deciding otherwise than the policy: with a reason, always by two people; the policy's own answer stays on record."""

from dataclasses import dataclass

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as order_steps
from smmatic.orders.steps import actor_of
from smmatic.refunds import steps
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_steps import lock_for, reread
from smmatic.refunds.rules import Plan, other_answers, plan_of
from smmatic.refunds.situations import Situation, situation_of


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that people may give: `key` names it in a form; the plan is what it would do now."""

    key: str
    plan: Plan


def answers(situation: Situation, ask: str) -> list[Answer]:
    """The policy's other answers for an order as it is now, with what each would give back; changes nothing."""
    own = situation.plan(ask, reviewed=True)
    made = []
    for outcome in other_answers(situation.policy.compiled, situation.order):
        facts = own.facts
        plan = plan_of(situation.policy.compiled, situation.order, situation.charge, ask, facts, outcome)
        same = (outcome.clause, outcome.decision) == (own.outcome.clause, own.outcome.decision)
        if not same and (plan.approved is False or plan.units_back):
            made.append(Answer(f"{outcome.clause}:{outcome.decision}:{outcome.credits}", plan))
    return made


def override(agent: Person, case_id: int, *, answer: str, why: str, version: int) -> CaseRow:
    """Proposes another answer of the policy than its own. Nothing moves before a second person approves it.

    Raises:
        Refusal: `role_missing`, `not_found`, `case_closed`, `case_stale`, `reason_missing`,
            `override_unknown`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    words = clean_text(why, "why", 1000)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    with atomic():
        case = lock_for(agent, case_id, version, ("open", "waiting", "in_review"))
        situation = situation_of(order_steps.lock_order(case.order_id))
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
