"""From an order, its charge and its claims to one plan: what is decided and what moves. Pure.

What a preview shows and what is then executed come from this one plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from smmatic.credits.queries import ChargeRow
from smmatic.kernel.amounts import UNITS
from smmatic.orders.queries import OrderRow
from smmatic.policy.arithmetic import Arithmetic, refundable_units, work_out
from smmatic.policy.compiler import CompiledPolicy, Outcome
from smmatic.policy.shape import PolicyDocument
from smmatic.policy.terms import Share

IMPOSSIBLE_CELL = -1


def look(document: PolicyDocument) -> Outcome:
    """The answer for an order in a combination that the policy calls impossible: a person looks."""
    return Outcome("review", "none", "keep", "business_days", document.review_clause, "impossible")


CLAIM_FACTS = ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation")


@dataclass(frozen=True, slots=True)
class ClaimState:
    """The newest word on one claim: how far it is proven, who said so, and on what."""

    claim: str
    proof: str
    source: str
    source_id: int | None
    evidence: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision and every unit that it moves. `units_back` = `release` + `refund`.

    `release` comes from what is still held, `refund` from what was captured; `capture` is delivered work, `forfeit`
    what stays without delivery; all in Credit units. Nothing moves while `review` is true.
    """

    ask: str
    facts: Mapping[str, str]
    cell: int
    outcome: Outcome
    arithmetic: Arithmetic
    units_back: int
    release: int
    refund: int
    capture: int
    forfeit: int

    @property
    def review(self) -> bool:
        """Whether a person has to look first."""
        return self.outcome.decision == "review"

    @property
    def approved(self) -> bool:
        """Whether Credits go back."""
        return self.outcome.decision == "approve"


def stage_of(order: OrderRow) -> str:
    """The policy's `stage` of an order."""
    if order.status == "pending":
        return "pending"
    if order.status == "rejected":
        return "refused"
    if order.status == "completed":
        return "done"
    if order.live:
        return "unknown" if order.unknown_since else "begun"
    return "stop_confirmed" if order.stop_status == "confirmed" else "halted"


def delivered_of(order: OrderRow) -> str:
    """The policy's `delivered` of an order."""
    if order.delivered <= 0:
        return "none"
    return "all" if order.delivered >= order.quantity else "part"


def described(order: OrderRow) -> dict[str, object]:
    """What is known of an order, as policies name it: moments, and attributes of service, order and customer."""
    terms = order.terms
    return {
        "placed_at": order.placed_at,
        "accepted_at": order.accepted_at,
        "start_promised_at": order.start_promised_at,
        "started_at": order.started_at,
        "ended_at": order.ended_at,
        "completed_at": order.ended_at if order.status == "completed" else None,
        "order.quantity": order.quantity,
        "order.credits": order.amount // UNITS,
        "order.channel": order.channel,
        "order.link_kind": order.link_kind,
        "order.start_now": order.start_now,
        "service.class": terms.get("service_class"),
        "service.category": terms.get("category"),
        "service.platform": terms.get("platform"),
        "service.type": terms.get("type"),
        "service.delivery": terms.get("delivery"),
        "service.code": order.service_code,
        "customer.type": terms.get("customer_type"),
        "customer.jurisdiction": terms.get("customer_jurisdiction"),
        "customer.language": terms.get("customer_language"),
    }


def facts_of(
    order: OrderRow,
    claims: Mapping[str, ClaimState],
    ask: str,
    *,
    reviewed: bool,
    own: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Every fact that the policy asks for; `own` are those that the policy declares itself."""
    facts = {"ask": ask, "stage": stage_of(order), "delivered": delivered_of(order)}
    facts |= {name: _proof(claims.get(name)) for name in CLAIM_FACTS}
    expected = claims.get("expectations")
    facts["expectations"] = "claimed" if expected and expected.proof in ("claimed", "alleged", "verified") else "no"
    facts["reviewed"] = "yes" if reviewed else "no"
    return facts | dict(own)


def _proof(claim: ClaimState | None) -> str:
    """How far a claim is proven; what its maker took back counts as never claimed."""
    return "none" if claim is None or claim.proof == "withdrawn" else claim.proof


def make_plan(
    compiled: CompiledPolicy,
    order: OrderRow,
    charge: ChargeRow,
    claims: Mapping[str, ClaimState],
    ask: str,
    *,
    reviewed: bool = False,
    own: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Decides by the policy and computes every unit that would move. `own` are the facts of the policy's own.

    Raises:
        ImpossibleFacts: when the order's facts are a combination that the policy calls impossible.
    """
    facts = facts_of(order, claims, ask, reviewed=reviewed, own=own)
    outcome = compiled.decide(facts)
    cell = compiled.cell(facts)
    credits = outcome.credits if outcome.decision == "approve" else "none"
    numbers = arithmetic_of(order, charge, credits, compiled.document.share(credits))
    if outcome.decision == "review":
        return Plan(ask, facts, cell, outcome, numbers, 0, 0, 0, 0, 0)
    back = numbers.amount
    release = min(back, charge.open)
    refund = back - release
    capture = forfeit = 0
    if not order.live or outcome.order in ("cancel", "stop"):
        left = charge.open - release
        worth = charge.amount * order.delivered // order.quantity
        capture = max(0, min(left, worth - (charge.captured - charge.forfeited)))
        forfeit = left - capture
    return Plan(ask, facts, cell, outcome, numbers, back, release, refund, capture, forfeit)


def better_for_customer(plan: Plan, other: Plan) -> bool:
    """Whether `other` surely gives at least what `plan` gives, and somewhere more. Both are of the same order now.

    A review stands for everything from nothing to the undelivered part.
    """
    (low, high), (other_low, other_high) = _bounds(plan), _bounds(other)
    return other_low >= low and other_high >= high and (other_low, other_high) != (low, high)


def _bounds(plan: Plan) -> tuple[int, int]:
    if not plan.review:
        return plan.units_back, plan.units_back
    now = plan.arithmetic
    most = refundable_units(now.charge, now.delivered, now.ordered, now.released, now.refunded, "undelivered")
    return 0, most


def arithmetic_of(order: OrderRow, charge: ChargeRow, credits: str, share: Share | None = None) -> Arithmetic:
    """The numbers of an amount, as they are now; `share` is what a policy's own `credits` means."""
    return work_out(charge.amount, order.delivered, order.quantity, charge.released, charge.refunded, credits, share)


def needs_second_person(units: int, returned_in_period: int, *, per_case: int, per_period: int) -> bool:
    """Whether a decision of `units` needs a second person: by itself, or by the customer's sum in the period."""
    return units > per_case or units + returned_in_period > per_period
