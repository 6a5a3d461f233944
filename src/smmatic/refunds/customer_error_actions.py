"""Ending an order for what its customer got wrong (3.2) or a platform forbids (3.3): asked first, with evidence."""

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders.steps import actor_of
from smmatic.refunds import steps
from smmatic.refunds.actions import Decided, end_order
from smmatic.refunds.question_steps import need_question
from smmatic.refunds.review_actions import MAX_EVIDENCE
from smmatic.refunds.situations import ClaimInput

CLAIMS = ("wrong_information", "third_party_violation")


def end_for_customer_error(person: Person, order_id: int, *, claim: str, evidence: str) -> Decided | None:
    """Ends an order in work that cannot go on for a reason of its customer's. What the policy gives is settled; the
    customer finds the evidence on a case and can contest it. None when the order had ended already.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_invalid` (claim), `evidence_missing`, `text_*`, `order_status` (not
            accepted yet: refuse it instead), `question_first` for wrong information nobody asked about.
    """
    person.need(Permission.ORDER_RESOLVE)
    if claim not in CLAIMS:
        raise Refusal(RefusalCode.FIELD_INVALID, "claim")
    seen = clean_text(evidence, "evidence", MAX_EVIDENCE)
    if not seen:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    with atomic():
        order = steps.lock_order(order_id)
        if not order.live:
            return None
        if order.status == "pending" or order.unknown_since:
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        if claim == "wrong_information":
            need_question(order)
        proven = ClaimInput(claim, "verified", "staff", seen, person.id)
        status = "partial" if order.delivered else "failed"
        return end_order(order_id, status, actor=actor_of(person), why=seen[:1000], claims=(proven,))
