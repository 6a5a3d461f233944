"""Planning and carrying out decisions inside a transaction that an action has opened.

The order is locked by whoever calls; charge, account and grants are locked by the ledger's own function.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import SYSTEM, Actor
from smmatic.policy.shape import BUSINESS_DAYS
from smmatic.refunds import queries
from smmatic.refunds.models import OPEN_STATES, Case, CaseEvent, Claim
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.rules import (
    Plan,
)
from smmatic.refunds.situations import ClaimInput, Situation

_log = logging.getLogger(__name__)


LIVE = ("pending", "processing", "in_progress")


def record_claims(order_id: int, claims: Sequence[ClaimInput]) -> None:
    """Adds words on claims about an order; the newest of each claim counts.

    A provider's allegation never takes the place of what staff have verified or refuted.
    """
    known = queries.claims_of(order_id) if any(claim.source == "provider" for claim in claims) else {}
    for claim in claims:
        before = known.get(claim.claim)
        if claim.source == "provider" and before and before.source == "staff" and claim.proof == "alleged":
            continue
        Claim.objects.create(
            order_id=order_id,
            claim=claim.claim,
            proof=claim.proof,
            source=claim.source,
            source_id=claim.source_id,
            evidence=claim.evidence[:5000],
        )


def lock_case(case_id: int) -> CaseRow:
    """Locks a case until the transaction ends and gives it as it is after the wait. A case is locked before its order.

    Raises:
        Refusal: `not_found`.
    """
    if not list(Case.objects.select_for_update(no_key=True).filter(id=case_id).values_list("id")):
        raise Refusal(RefusalCode.NOT_FOUND)
    case = queries.case(case_id)
    if case is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return case


def lock_order(order_id: int) -> OrderRow:
    """Locks an order's open case, then the order, for whoever may end it or settle its case; the order as it is then.

    A case that was opened while the order was waited for would be locked after it, against everybody else who locks the
    case first. Then both locks are given back, by going back to a savepoint, and taken again.

    Raises:
        Refusal: `not_found`.
    """
    while True:
        point = transaction.savepoint()
        locked = set(_open_cases(order_id).select_for_update(no_key=True))
        order = orders.lock_order(order_id)
        if locked.issuperset(_open_cases(order_id)):
            transaction.savepoint_commit(point)
            return order
        transaction.savepoint_rollback(point)


def _open_cases(order_id: int) -> QuerySet[Case, int]:
    return Case.objects.filter(order_id=order_id, state__in=OPEN_STATES).values_list("id", flat=True)


def touch_case(case: CaseRow, **columns: Any) -> None:
    """Sets columns of a locked case and counts the change, so that a decision on what was seen before is stale."""
    Case.objects.filter(id=case.id).update(version=case.version + 1, **columns)


def open_case(
    situation: Situation,
    plan: Plan,
    *,
    state: str,
    actor: Actor,
    reason: str = "",
    words: str = "",
    automatic: bool,
    reviewed: bool = False,
    appeal_of_id: int | None = None,
) -> CaseRow:
    """Adds a case with its first event. A due date is set where a person has to look.

    Raises:
        Refusal (through atomic): `case_open` when the order has an open case.
    """
    opened_at = now()
    promise = plan.outcome.due if plan.review else BUSINESS_DAYS
    due = situation.due(opened_at, promise) if state in ("in_review", "approved") else None
    by_person = actor.kind == "staff"
    row = Case.objects.create(
        order_id=situation.order.id,
        customer_id=situation.order.customer_id,
        ask=plan.ask,
        state=state,
        automatic=automatic,
        reason=reason,
        words=words,
        service_class=situation.order.service_class,
        policy_version_id=situation.policy.id,
        opened_at=opened_at,
        due_at=due.at if due else None,
        due_skipped=[[day.isoformat(), dict(why)] for day, why in due.skipped] if due else [],
        facts=dict(plan.facts),
        cell=plan.cell,
        arithmetic=asdict(plan.arithmetic),
        decision=plan.outcome.decision,
        clause=plan.outcome.clause,
        credits=plan.outcome.credits,
        units=plan.units_back,
        appeal_of_id=appeal_of_id,
        version=1,
        reviewed=reviewed,
        decided_by_id=actor.id if by_person and not automatic else None,
        approved_by_id=None,
        decided_at=opened_at if state in ("denied", "settled", "approved") else None,
        settled_at=opened_at if state == "settled" else None,
    )
    record_case(
        row.id,
        "opened" if state in ("in_review", "approved") else "decided",
        actor=actor,
        why=words[:1000],
        facts=plan_facts(plan, situation) | {"state": state, "due_at": due.at.isoformat() if due else None},
        notify=state != "approved" and plan.ask != "cancel",
    )
    return CaseRow(**{name: getattr(row, name) for name in CaseRow.__dataclass_fields__})


def decide_at_once(
    situation: Situation, plan: Plan, actor: Actor, *, reason: str = "", words: str = "", wait_for_second: bool = False
) -> CaseRow:
    """Makes the case of a plan and carries the plan out, unless a person (or a second one) has to look first."""
    state = "settled" if plan.approved else "denied"
    if plan.review:
        state = "in_review"
    elif wait_for_second:
        state = "approved"
    case = open_case(
        situation, plan, state=state, actor=actor, reason=reason, words=words, automatic=not wait_for_second
    )
    if state in ("settled", "denied"):
        # What staff decide is booked under their name, so that the sum against splitting sees it.
        carry_out(situation, plan, actor=actor if actor.kind == "staff" else SYSTEM, case_id=case.id)
    return case


def settle_end(
    situation: Situation, actor: Actor, *, why: str = "", two_people: bool = False
) -> tuple[Plan, CaseRow | None]:
    """Settles an order that has ended, by the policy; a case only where Credits go back or a person has to look."""
    situation = situation.governed("none")
    plan = situation.plan("none")
    if not plan.review and not plan.approved:
        carry_out(situation, plan, actor=SYSTEM, case_id=None)
        return plan, None
    wait = two_people and situation.second_person_needed(plan.units_back)
    return plan, decide_at_once(situation, plan, actor, words=why, wait_for_second=wait)


def finish_case(
    case: CaseRow,
    situation: Situation,
    plan: Plan,
    *,
    state: str,
    actor: Actor,
    why: str = "",
    reviewed: bool = False,
    decided_by_id: int | None = None,
) -> None:
    """Writes the decision of an open case and, unless it waits for a second person ('approved'), carries it out."""
    moment = now()
    Case.objects.filter(id=case.id).update(
        state=state,
        policy_version_id=situation.policy.id,
        facts=dict(plan.facts),
        cell=plan.cell,
        arithmetic=asdict(plan.arithmetic),
        decision=plan.outcome.decision,
        clause=plan.outcome.clause,
        credits=plan.outcome.credits,
        units=plan.units_back,
        reviewed=reviewed,
        decided_by_id=decided_by_id,
        decided_at=moment,
        settled_at=moment if state == "settled" else None,
        version=case.version + 1,
    )
    record_case(
        case.id,
        "approved" if state == "approved" else "decided",
        actor=actor,
        why=why,
        facts=plan_facts(plan, situation) | {"state": state},
        notify=state != "approved",
    )
    if state != "approved":
        carry_out(situation, plan, actor=actor, case_id=case.id, why=why)


def record_case(
    case_id: int,
    kind: str,
    *,
    actor: Actor,
    why: str = "",
    facts: Mapping[str, Any] | None = None,
    visible: bool = True,
    notify: bool = False,
) -> None:
    """Adds a line to a case's history."""
    CaseEvent.objects.create(
        case_id=case_id,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        why=why[:1000],
        facts=dict(facts or {}),
        visible=visible,
        notify=notify,
    )


def carry_out(situation: Situation, plan: Plan, *, actor: Actor, case_id: int | None, why: str = "") -> None:
    """Does what a plan says, once: the order's end, what goes back, what is captured, what is kept.

    Raises:
        Refusal (through atomic): `order_accepted` when a pending order was accepted meanwhile; what the ledger refuses.
    """
    order = situation.order
    facts = plan_facts(plan, situation)
    if plan.outcome.order == "cancel":
        if not orders.move(
            order.id,
            ("pending",),
            "cancelled",
            actor=actor,
            kind="cancelled",
            why=why,
            facts=facts,
            notify=True,
            ended_at=now(),
        ):
            raise Refusal(RefusalCode.ORDER_ACCEPTED, clause="4.2")
    elif plan.outcome.order == "stop" and order.live:
        to_status = "partial" if order.delivered else "failed"
        orders.move(
            order.id,
            ("processing", "in_progress"),
            to_status,
            actor=actor,
            kind=to_status,
            why=why,
            facts=facts,
            ended_at=now(),
            next_check_at=None,
            lease_until=None,
            unknown_since=None,
            unknown_deadline=None,
            waiting_since=None,
        )
    post(_postings(situation, plan, actor, case_id))
    if plan.units_back:
        orders.record(order.id, "refunded", actor=actor, why=why, facts=facts | {"case": case_id})


def plan_facts(plan: Plan, situation: Situation) -> dict[str, Any]:
    """What a timeline keeps of a plan: version, clause, decision, units, and the facts of the decision."""
    return {
        "policy_version": situation.policy.version,
        "clause": plan.outcome.clause,
        "decision": plan.outcome.decision,
        "credits": plan.outcome.credits,
        "units_back": plan.units_back,
        "facts": dict(plan.facts),
    }


def _postings(situation: Situation, plan: Plan, actor: Actor, case_id: int | None) -> list[Posting]:
    order = situation.order
    grace = situation.policy.document.bonus_grace_days * 86_400
    per_case = f"case:{case_id}" if case_id is not None else f"order:{order.id}"
    wanted = (
        ("release", plan.release, f"release:{per_case}"),
        ("refund", plan.refund, f"refund:{per_case}"),
        ("capture", plan.capture, f"capture:order:{order.id}"),
        ("forfeit", plan.forfeit, f"forfeit:order:{order.id}"),
    )
    return [
        Posting(
            account_id=order.customer_id,
            kind=kind,
            amount=units,
            business_key=key,
            actor=actor.text,
            reason=order.service_code,
            order_id=order.id,
            case_id=case_id,
            clause=plan.outcome.clause,
            grace_seconds=grace if kind in ("release", "refund") else None,
        )
        for kind, units, key in wanted
        if units > 0
    ]
