"""Everything that a decision on an order rests on, and the plan that follows from it under the governing policy."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings

from smmatic.credits import queries as credits
from smmatic.credits.queries import ChargeRow
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute
from smmatic.orders.queries import OrderRow
from smmatic.policy import queries as policy
from smmatic.policy.business_time import DueDate
from smmatic.policy.compiler import ImpossibleFacts, UnknownFacts
from smmatic.policy.facts import own_facts
from smmatic.policy.promises import promised_at
from smmatic.policy.queries import PolicyRow
from smmatic.policy.shape import BUSINESS_DAYS
from smmatic.refunds import queries
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
