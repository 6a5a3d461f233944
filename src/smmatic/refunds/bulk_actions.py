"""The same finding and decision for many alike cases: a preview, then each on its own, with sums that add up."""

from collections.abc import Sequence
from dataclasses import dataclass

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import queries as orders
from smmatic.refunds import queries
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_actions import decide, review_plan, set_claim
from smmatic.refunds.rules import Plan
from smmatic.refunds.situations import ClaimInput, situation_of

MOST = 100
"""Most cases of one bulk decision."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found about each of the cases, with one piece of evidence for all; `claim` '' for nothing new."""

    claim: str = ""
    proof: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One case of a bulk: what its decision would do, or did, or why it can't be decided so."""

    case: CaseRow
    plan: Plan | None
    second_person: bool
    refusal: Refusal | None

    @property
    def units(self) -> int:
        """Credit units that go back, or wait for a second person."""
        return self.plan.units_back if self.plan and self.plan.approved else 0


@dataclass(frozen=True, slots=True)
class Bulk:
    """The items of a bulk and their sums in Credit units."""

    items: tuple[Item, ...]

    @property
    def good(self) -> tuple[Item, ...]:
        """Those that can be, or were, decided."""
        return tuple(item for item in self.items if item.refusal is None)

    @property
    def units_at_once(self) -> int:
        """Credit units that move without a second person."""
        return sum(item.units for item in self.good if not item.second_person)

    @property
    def units_waiting(self) -> int:
        """Credit units that wait for a second person."""
        return sum(item.units for item in self.good if item.second_person)

    @property
    def units(self) -> int:
        """All of them."""
        return self.units_at_once + self.units_waiting


def preview_bulk(agent: Person, case_ids: Sequence[int], finding: Finding) -> Bulk:
    """What the same finding and a decision by the policy would do to each case, changing nothing.

    Raises:
        Refusal: `role_missing`, `field_missing` without a case, `number_out_of_range` above MOST.
    """
    agent.need(Permission.CASE_WORK)
    return Bulk(tuple(_preview(agent, number, finding) for number in _checked(case_ids)))


def decide_bulk(agent: Person, seen: Sequence[tuple[int, int, int]], finding: Finding, *, why: str = "") -> Bulk:
    """Decides each case as previewed, each in its own transaction; one that was refused leaves the others alone.

    `seen` has for each case its id, its version and the Credit units that the preview showed.

    Raises:
        Refusal: `role_missing`, `field_missing`, `number_out_of_range`.
    """
    agent.need(Permission.CASE_WORK)
    _checked([number for number, _, _ in seen])
    return Bulk(tuple(_decide(agent, *one, finding, why) for one in seen))


def _preview(agent: Person, case_id: int, finding: Finding) -> Item:
    case = queries.case_of(agent, case_id)
    try:
        if not case.open or case.state == "approved":
            raise Refusal(RefusalCode.CASE_CLOSED)
        order = orders.order_of(agent, case.order_id)
        situation = situation_of(order)
        if finding.claim:
            situation = situation.with_claim(ClaimInput(finding.claim, finding.proof, "staff", finding.evidence))
        situation = situation.governed(case.ask, reviewed=True)
        plan = review_plan(situation, case.ask)
    except Refusal as refusal:
        return Item(case, None, False, refusal)
    return Item(case, plan, plan.approved and situation.needs_second(plan.units_back), None)


def _decide(agent: Person, case_id: int, version: int, units: int, finding: Finding, why: str) -> Item:
    before = queries.case_of(agent, case_id)
    try:
        with atomic():
            if finding.claim:
                case = set_claim(
                    agent, case_id, claim=finding.claim, proof=finding.proof, evidence=finding.evidence, version=version
                )
                version = case.version
            now = _preview(agent, case_id, Finding())
            if now.refusal is not None:
                raise now.refusal
            plan = now.plan
            if plan is None or plan.units_back != units:
                raise Refusal(RefusalCode.CASE_STALE)
            made = decide(agent, case_id, version=version, why=why)
    except Refusal as refusal:
        return Item(before, None, False, refusal)
    return Item(made, plan, made.state == "approved", None)


def _checked(case_ids: Sequence[int]) -> list[int]:
    unique = list(dict.fromkeys(case_ids))
    if not unique:
        raise Refusal(RefusalCode.FIELD_MISSING, "cases")
    if len(unique) > MOST or len(unique) != len(case_ids):
        raise Refusal(RefusalCode.NUMBER_OUT_OF_RANGE, "cases", minimum=1, maximum=MOST)
    return unique
