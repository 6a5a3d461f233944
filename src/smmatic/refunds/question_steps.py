"""A question before a finding: while an order can still be corrected, its customer is asked first."""

from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import events_of
from smmatic.orders.rows import EventRow, OrderRow
from smmatic.policy import queries as policy
from smmatic.policy.business_time import DueDate
from smmatic.policy.citing import cite
from smmatic.policy.promises import promised_at
from smmatic.policy.shape import BUSINESS_DAYS
from smmatic.refunds.due_dates import calendar_of
from smmatic.refunds.rules import answered_question


def answer_until(order: OrderRow, asked: EventRow) -> DueDate:
    """Until when a customer has time to answer: as long as we ourselves promise to answer for this kind of service."""
    document = policy.policy(order.policy_version_id).document
    return promised_at(document, BUSINESS_DAYS, order.service_class, asked.at, calendar_of(order))


def last_question(order_id: int) -> tuple[EventRow | None, EventRow | None]:
    """The newest question of an order and the newest answer, or None."""
    events = events_of(order_id, all_of_them=True)
    asked = next((event for event in reversed(events) if event.kind == "question"), None)
    answered = next((event for event in reversed(events) if event.kind == "answered"), None)
    return asked, answered


def need_question(order: OrderRow) -> None:
    """Does nothing where the order has ended, or its customer was asked and answered, or let the time go by.

    Raises:
        Refusal: `question_first`.
    """
    if not order.live:
        return
    asked, answered = last_question(order.id)
    until = answer_until(order, asked).at if asked else now()
    if not answered_question(asked.at if asked else None, answered.at if answered else None, until, now()):
        compiled = policy.policy(order.policy_version_id).compiled
        raise Refusal(RefusalCode.QUESTION_FIRST, clause=cite(compiled, "wrong_information"))
