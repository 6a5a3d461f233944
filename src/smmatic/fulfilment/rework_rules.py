"""Whether an order can be asked to be done again, and until when. Pure: preview and action use the one plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import OrderRow

OPEN = ("pending", "in_progress")
"""States of a rework that still waits for its end."""

STATES = (*OPEN, "completed", "rejected")


@dataclass(frozen=True, slots=True)
class ReworkPlan:
    """What asking for a rework would do at a moment.

    `until`: until when it can be asked for, None where this order never offers it or is not complete yet. `start_by`:
    until when we begin or answer. `refusal`: why it can't be asked for now.
    """

    days: int
    until: datetime | None
    start_by: datetime
    refusal: Refusal | None


def rework_until(order: OrderRow) -> datetime | None:
    """Until when rework can be asked for: the days pinned at placing, counted from completion."""
    days = int(order.terms.get("rework_days") or 0)
    if order.status != "completed" or order.ended_at is None or not days:
        return None
    return order.ended_at + timedelta(days=days)


def plan_rework(
    order: OrderRow, moment: datetime, *, open_rework: bool, open_case: bool, nothing_left: bool
) -> ReworkPlan:
    """The plan of a rework asked for at a moment.

    Args:
        order: the order as it is, locked where the plan is carried out.
        moment: when it is asked for.
        open_rework: whether one is open already.
        open_case: whether a refund request about the order is open.
        nothing_left: whether the whole charge has gone back.
    """
    until = rework_until(order)
    days = int(order.terms.get("rework_days") or 0)
    start_by = moment + timedelta(hours=max(1, int(order.terms.get("start_hours") or 0)))
    refusal: Refusal | None = None
    if not days:
        refusal = Refusal(RefusalCode.REWORK_NOT_OFFERED)
    elif order.live:
        refusal = Refusal(RefusalCode.REWORK_TOO_EARLY)
    elif until is None:
        refusal = Refusal(RefusalCode.ORDER_ENDED)
    elif nothing_left:
        refusal = Refusal(RefusalCode.NOTHING_TO_REFUND)
    elif open_rework:
        refusal = Refusal(RefusalCode.REWORK_OPEN)
    elif open_case:
        refusal = Refusal(RefusalCode.CASE_OPEN)
    elif moment > until:
        refusal = Refusal(RefusalCode.REWORK_TOO_LATE, days=days)
    return ReworkPlan(days, until, start_by, refusal)
