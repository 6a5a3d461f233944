"""A case before the eyes of an agent: its claims, what the policy says now, and what each finding would give."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from smmatic.kernel.refusals import Refusal
from smmatic.policy.explanations import Explanation
from smmatic.refunds.explaining import explain_plan
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_actions import review_plan
from smmatic.refunds.rules import CLAIM_FACTS, ClaimState, Plan
from smmatic.refunds.situations import ClaimInput, Situation
from smmatic.web.words import CLAIMS, PROOFS, SOURCES

MOST_OPEN_CLAIMS = 3
"""Above this many unchecked claims the table of findings would have more rows than anybody reads."""

QUESTIONS: dict[str, str | Promise] = {
    "platform_fault": _("Did an error of ours prevent the delivery?"),
    "fulfilment_fault": _("Did whoever delivers fail, or was it not as described?"),
    "wrong_information": _("Was the customer's information wrong?"),
    "third_party_violation": _("Does the account or content break the platform's rules?"),
}
"""What an agent has to find out, by claim."""

TONES = {"alleged": "warn", "verified": "good", "refuted": "", "none": ""}
ICONS = {"alleged": "help-circle", "verified": "circle-check", "refuted": "circle-x", "none": "circle-dashed"}


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim on the page: the question behind it, how far it is proven, who said so, and on what."""

    claim: str
    name: str
    question: str
    proof: str
    proof_words: str
    tone: str
    icon: str
    source: str
    state: ClaimState | None

    @property
    def said(self) -> str:
        """The evidence that was given with the newest word on it."""
        return self.state.evidence if self.state else ""

    @property
    def open(self) -> bool:
        """Whether somebody still has to check it."""
        return self.proof == "alleged"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a decision would give if the unchecked claims were found so. `units` in Credit units."""

    found: tuple[tuple[str, str], ...]
    decision: str
    clause: str
    units: int


@dataclass(frozen=True, slots=True)
class Review:
    """What the policy says about a case now: a plan with its explanation, or why there is none yet."""

    plan: Plan | None
    refusal: Refusal | None
    explained: Explanation | None
    second_person: bool
    findings: tuple[Finding, ...]


def claim_rows(situation: Situation) -> list[ClaimRow]:
    """Every claim that a person can prove or refute; those that wait for it first."""
    rows = [_claim_row(claim, situation.claims.get(claim)) for claim in CLAIM_FACTS]
    return sorted(rows, key=lambda row: (not row.open, row.proof == "none"))


def review_of(case: CaseRow, situation: Situation, language: str) -> Review:
    """The plan that 'Decide' would carry out, in words, or why the policy has no final answer yet."""
    situation = situation.governed(case.ask, reviewed=True)
    try:
        plan = review_plan(situation, case.ask)
    except Refusal as refusal:
        return Review(None, refusal, None, False, tuple(_findings(case, situation)))
    second = plan.approved and situation.second_person_needed(plan.units_back)
    return Review(plan, None, explain_plan(situation, plan, language), second, ())


def _claim_row(claim: str, state: ClaimState | None) -> ClaimRow:
    proof = state.proof if state else "none"
    return ClaimRow(
        claim, str(CLAIMS[claim]), str(QUESTIONS[claim]), proof, str(PROOFS.get(proof, proof)), TONES.get(proof, ""),
        ICONS.get(proof, "circle-dashed"), str(SOURCES.get(state.source, state.source)) if state else "", state,
    )  # fmt: skip


def _findings(case: CaseRow, situation: Situation) -> Sequence[Finding]:
    unchecked = [row.claim for row in claim_rows(situation) if row.open]
    if len(unchecked) > MOST_OPEN_CLAIMS:
        return []
    found = []
    for proofs in product(("verified", "refuted"), repeat=len(unchecked)):
        assumed = situation
        for claim, proof in zip(unchecked, proofs, strict=True):
            assumed = assumed.with_claim(ClaimInput(claim, proof, "staff"))
        try:
            plan = review_plan(assumed.governed(case.ask, reviewed=True), case.ask)
        except Refusal:
            continue
        named = tuple((str(CLAIMS[claim]), proof) for claim, proof in zip(unchecked, proofs, strict=True))
        found.append(Finding(named, plan.outcome.decision, plan.outcome.clause, plan.units_back))
    return found
