"""The words of a decision for page, desk, API and mail: one source, so that all four say the same."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats, translation
from django.utils.translation import gettext

from smmatic.policy import queries as policy
from smmatic.policy.arithmetic import Arithmetic
from smmatic.policy.compiler import ImpossibleFacts
from smmatic.policy.explanations import Explanation, explain
from smmatic.policy.queries import PolicyRow
from smmatic.policy.shape import PolicyDocument
from smmatic.refunds import queries
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.rules import ClaimState, Plan, look
from smmatic.refunds.situations import Situation


def explain_plan(situation: Situation, plan: Plan, language: str, *, due_at: datetime | None = None) -> Explanation:
    """Explains a plan that is shown before it is carried out."""
    return _explain(situation.policy, plan.facts, situation.claims, plan.arithmetic, due_at, language)


def explain_case(case: CaseRow, language: str) -> Explanation:
    """Explains the decision of a case from what was stored with it, under its own policy version."""
    row = policy.policy(case.policy_version_id)
    numbers = Arithmetic(**case.arithmetic) if case.arithmetic else None
    return _explain(row, case.facts, queries.claims_of(case.order_id), numbers, case.due_at, language)


def moment_words(moment: datetime, zone: str, language: str) -> str:
    """A moment for people, in the policy's zone: '24 Nov 2026, 18:00'."""
    with translation.override(language):
        return formats.date_format(moment.astimezone(ZoneInfo(zone)), "DATETIME_FORMAT")


def _explain(
    row: PolicyRow,
    facts: Mapping[str, str],
    claims: Mapping[str, ClaimState],
    numbers: Arithmetic | None,
    due_at: datetime | None,
    language: str,
) -> Explanation:
    due = moment_words(due_at, row.document.times.zone, language) if due_at else ""
    try:
        return explain(row.compiled, facts, _sources(row.document, claims, language), language, numbers, due=due)
    except ImpossibleFacts as error:
        # The order is in a combination that the policy rules out: a person looks, and is told why.
        clause = row.document.clause(row.document.review_clause)
        reason = " ".join(reason.get(language, "") for reason in error.reasons)
        return Explanation(
            version=row.version,
            clause=clause.number,
            title=clause.title.raw(language),
            decision=row.document.words["decision"]["review"].raw(language),
            credits=row.document.words["credits"]["none"].raw(language),
            order=row.document.words["order"]["keep"].raw(language),
            reason=reason,
            result="",
            next_step="",
            sentence=reason,
            facts=(),
            beaten=(),
            arithmetic="",
            outcome=look(row.document),
        )


def _sources(document: PolicyDocument, claims: Mapping[str, ClaimState], language: str) -> dict[str, str]:
    with translation.override(language):
        words = {
            "customer": gettext("said by the customer"),
            "staff": gettext("checked by our staff"),
            "provider": gettext("said by the provider"),
            "system": gettext("seen by our own system"),
        }
        sources = dict.fromkeys(("stage", "delivered"), gettext("the order's own record"))
        sources["ask"] = gettext("the request itself")
        window, attribute = gettext("the clock of our own system"), gettext("the terms pinned at placing")
    own = {fact.id: window if fact.window else attribute for fact in document.own_facts}
    return sources | own | {name: words.get(claim.source, claim.source) for name, claim in claims.items()}
