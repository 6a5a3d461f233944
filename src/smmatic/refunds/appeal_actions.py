"""Contesting a decision, once: what was proven is only claimed again, and a person looks anew with the new words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.credits.idempotency import check_key, once
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as order_steps
from smmatic.orders.steps import actor_of
from smmatic.policy import queries as policy
from smmatic.refunds import queries, steps
from smmatic.refunds.actions import MAX_WORDS
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.rules import CLAIM_FACTS
from smmatic.refunds.situations import ClaimInput, situation_of
from smmatic.refunds.steps import open_case, record_claims

APPEAL = "appeal"
"""The reason that the case of an appeal carries."""


def appeal_until(case: CaseRow) -> datetime | None:
    """Until when a decision can be contested, or None: only a denial, once, and never an appeal itself."""
    if case.state != "denied" or case.appeal_of_id is not None or case.decided_at is None:
        return None
    if queries.appeal_of(case.id) is not None:
        return None
    return case.decided_at + timedelta(days=policy.policy(case.policy_version_id).document.appeal_days)


def appeal(person: Person, case_id: int, *, words: str, file_ids: Sequence[int] = (), key: str) -> CaseRow:
    """Contests a denial of one's own case with new words or files; a person looks again by the promised time.

    Raises:
        Refusal: `not_found`, `evidence_missing`, `text_*`, `appeal_closed` (no denial, too late, or contested before),
            `case_open`, `nothing_to_refund`, `idempotency_key_*`. Nothing was changed.
    """
    seen = queries.case_of(person, case_id)
    if seen.customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    told = clean_text(words, "words", MAX_WORDS)
    if not told:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "words")
    check_key(key)

    def work() -> dict[str, Any]:
        case = steps.lock_case(case_id)
        order = order_steps.lock_order(case.order_id)
        until = appeal_until(case)
        if until is None or now() > until:
            raise Refusal(RefusalCode.APPEAL_CLOSED)
        if queries.open_case(order.id) is not None:
            raise Refusal(RefusalCode.CASE_OPEN)
        before = situation_of(order)
        if before.charge.returned >= before.charge.amount:
            raise Refusal(RefusalCode.NOTHING_TO_REFUND)
        wanted = set(file_ids)
        if wanted and order_steps.attach_files(person.id, order.id, sorted(wanted), "evidence") != len(wanted):
            raise Refusal(RefusalCode.NOT_FOUND, "files")
        record_claims(order.id, [_contested(claim, told, person) for claim in before.claims if claim in CLAIM_FACTS])
        situation = situation_of(order, asked_at=case.opened_at)
        made = open_case(
            situation, situation.plan("refund"), state="in_review", actor=actor_of(person), reason=APPEAL, words=told,
            automatic=False, appeal_of_id=case.id,
        )  # fmt: skip
        steps.record_case(case.id, "appealed", actor=actor_of(person), facts={"case": made.id})
        return {"case": made.id}

    answer = once(person.id, key, ["appeal", case_id, told, sorted(set(file_ids))], work)
    return queries.case_of(person, answer.body["case"])


def _contested(claim: str, words: str, person: Person) -> ClaimInput:
    return ClaimInput(claim, "alleged", "customer", words, person.id)
