"""A case's decision in the policy's own words, the same as on its page."""

from django.utils.translation import gettext as _

from smmatic.credits.queries import charge
from smmatic.orders.queries import OrderRow
from smmatic.policy.arithmetic import Arithmetic
from smmatic.policy.explanations import explain
from smmatic.policy.queries import policy
from smmatic.refunds.queries import CaseRow


def decision_paragraphs(case: CaseRow, order: OrderRow, language: str, *, due: str = "") -> list[str]:
    """Why the case is decided as it is, what follows, and how the amount came about.

    Args:
        case: the case, with the facts that it was decided on.
        order: its order.
        language: 'en' or 'vi'.
        due: the promised time in words, where a person has to look first.
    """
    said = explain(policy(case.policy_version_id).compiled, case.facts, {}, language, _numbers(case, order), due=due)
    clause = _("Clause %(clause)s, %(title)s; version %(version)s of the policy.")
    paragraphs = [said.sentence, clause % {"clause": said.clause, "title": said.title, "version": said.version}]
    return [*paragraphs, f"{said.arithmetic}."] if said.arithmetic else paragraphs


def _numbers(case: CaseRow, order: OrderRow) -> Arithmetic | None:
    booked = charge(order.id)
    if booked is None or case.credits in ("", "none"):
        return None
    before = booked.returned - case.units
    share = policy(case.policy_version_id).document.share(case.credits)
    return Arithmetic(
        booked.amount,
        order.delivered,
        order.quantity,
        before,
        0,
        case.credits,
        case.units,
        share.of,
        share.percent,
        share.withheld,
    )
