"""Planning and carrying out decisions inside a transaction that an action has opened.

The order is locked by whoever calls; charge, account and grants are locked by the ledger's own function.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from smmatic.credits import queries as credits
from smmatic.credits.queries import ChargeRow
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import SYSTEM, Actor
from smmatic.policy import queries as policy
from smmatic.policy.business_time import DueDate
from smmatic.policy.compiler import ImpossibleFacts, UnknownFacts
from smmatic.policy.facts import own_facts
from smmatic.policy.promises import promised_at
from smmatic.policy.queries import PolicyRow
from smmatic.policy.shape import BUSINESS_DAYS
from smmatic.refunds import queries
from smmatic.refunds.models import OPEN_STATES, Case, CaseEvent, Claim
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.rules import (
    IMPOSSIBLE_CELL,
    ClaimState,
    Plan,
    arithmetic_of,
    better_for_customer,
    described,
    look,
    make_plan,
    needs_second_person,
)

_log = logging.getLogger(__name__)


LIVE = ("pending", "processing", "in_progress")


@dataclass(frozen=True, slots=True)
class ClaimInput:
    """A claim that somebody makes or proves: its proof, who says so, and on what."""

    claim: str
    proof: str
    source: str
    evidence: str = ""
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision on an order rests on, under the policy version that governs it.

    `own` are the facts that this policy declares itself, as they were when the customer asked.
    """

    order: OrderRow
    charge: ChargeRow
    claims: Mapping[str, ClaimState]
    policy: PolicyRow
    own: Mapping[str, str]
    asked_at: datetime | None = None

    def plan(self, ask: str, *, reviewed: bool = False) -> Plan:
        """The plan for what is asked. A combination that the policy calls impossible goes to a person and alarms."""
        try:
            return self.strict_plan(ask, reviewed=reviewed)
        except ImpossibleFacts as error:
            _log.error("order %s is in a combination that the policy calls impossible: %s", self.order.id, error)
            numbers = arithmetic_of(self.order, self.charge, "none")
            return Plan(ask, error.facts, IMPOSSIBLE_CELL, look(self.policy.document), numbers, 0, 0, 0, 0, 0)

    def strict_plan(self, ask: str, *, reviewed: bool) -> Plan:
        """As `plan`. Raises ImpossibleFacts for a combination that the policy calls impossible."""
        return make_plan(
            self.policy.compiled, self.order, self.charge, self.claims, ask, reviewed=reviewed, own=self.own
        )

    def governed(self, ask: str, *, reviewed: bool = False) -> "Situation":
        """The situation under the version that governs it: the one pinned at placing.

        Where the operator has switched that on, the version now in force instead, if it is better for the customer in
        this very situation; never otherwise.
        """
        if not settings.SMMATIC_LATER_POLICY_IF_BETTER:
            return self
        current = policy.current_policy()
        if current.id == self.policy.id:
            return self
        later = replace(self, policy=current, own=own_facts_of(self.order, current, self.asked_at))
        try:
            pinned, other = (one.strict_plan(ask, reviewed=reviewed) for one in (self, later))
        except (ImpossibleFacts, UnknownFacts):
            return self
        return later if better_for_customer(pinned, other) else self

    def with_claim(self, claim: ClaimInput) -> "Situation":
        """The situation as if one more claim had been made, for previews."""
        state = ClaimState(claim.claim, claim.proof, claim.source, claim.source_id, claim.evidence)
        return replace(self, claims=dict(self.claims) | {claim.claim: state})

    def due(self, opened_at: datetime, due: str = BUSINESS_DAYS) -> DueDate:
        """When a person has to have answered a case opened at a moment, by what the clause promises."""
        calendar = policy.calendar(self.order.calendar_version_id).calendar
        return promised_at(self.policy.document, due, self.order.service_class, opened_at, calendar)

    def second_person_needed(self, units: int) -> bool:
        """Whether giving back `units` by a person's decision needs a second person.

        Holds a lock on the customer's sum until the transaction ends: two decisions at once can't each be the last
        one below the limit.
        """
        execute("SELECT pg_advisory_xact_lock(hashtextextended('refunds:sum', %s))", [self.order.customer_id])
        rules = self.policy.document.approvals
        since = now() - timedelta(days=rules.customer_days)
        return needs_second_person(
            units,
            credits.returned_since(self.order.customer_id, since),
            per_case=rules.case_credits * UNITS,
            per_period=rules.customer_credits * UNITS,
        )


def situation_of(order: OrderRow, asked_at: datetime | None = None) -> Situation:
    """The situation of an order now. `asked_at` is when its customer asked, where no open case says so."""
    charge = credits.charge(order.id)
    if charge is None:
        raise RuntimeError(f"order {order.id} has no charge: run `smmatic prove`")
    row = policy.policy(order.policy_version_id)
    own = own_facts_of(order, row, asked_at)
    return Situation(order, charge, queries.claims_of(order.id), row, own, asked_at)


def own_facts_of(order: OrderRow, row: PolicyRow, asked_at: datetime | None = None) -> dict[str, str]:
    """The facts that a policy declares itself, at the moment of asking, so that no review lets a window close.

    An open case keeps the moment it was opened, and one that contests a decision that of the case it contests.
    """
    document = row.document
    if not document.own_facts:
        return {}
    moment = asked_at or _asked_at(queries.open_case(order.id)) or now()
    return own_facts(document, described(order), moment, policy.calendar(order.calendar_version_id).calendar)


def _asked_at(case: CaseRow | None) -> datetime | None:
    while case is not None and case.appeal_of_id is not None:
        case = queries.case(case.appeal_of_id)
    return case.opened_at if case else None


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


def lock_open_case(order_id: int) -> None:
    """Locks the open case of an order, if it has one, before the order itself is locked."""
    list(Case.objects.select_for_update(no_key=True).filter(order_id=order_id, state__in=OPEN_STATES).values_list("id"))


def lock_order(order_id: int) -> OrderRow:
    """Locks an order's open case, then the order, for whoever may end it or settle its case; the order as it is then.

    Raises:
        Refusal: `not_found`.
    """
    lock_open_case(order_id)
    return orders.lock_order(order_id)


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
