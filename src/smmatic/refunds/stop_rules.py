"""What asking for a stop may bring (4.2), decided once for the page, the API and the action that asks. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import OrderRow
from smmatic.refunds.rules import Plan

ANSWERS = ("confirmed", "refused", "too_late", "unknown")
"""How a stop request ends: stopped, it goes on, it was done already, nobody answered in time."""


@dataclass(frozen=True, slots=True)
class StopPlan:
    """A stop asked for at a moment.

    `refusal`: why it can't be asked for. `answer_by`: until when the answer has to come. `stopped`: what a stop that
    is confirmed with the units delivered so far carries out, None where nothing is left to be stopped.
    """

    offered: bool
    refusal: Refusal | None
    answer_hours: int
    answer_by: datetime
    delivered: int
    ordered: int
    stopped: Plan | None

    @property
    def units_now(self) -> int:
        """Credit units that go back where it is stopped this minute."""
        return self.stopped.units_back if self.stopped else 0


def stop_refusal(order: OrderRow, clause: str | None = None) -> Refusal | None:
    """Why a stop of this order can't be asked for, or None; `clause` is the one about what comes too late."""
    if not order.live:
        return Refusal(RefusalCode.ORDER_ENDED)
    if order.status == "pending":
        return Refusal(RefusalCode.ORDER_STATUS, status=order.status)
    if order.unknown_since is not None:
        return Refusal(RefusalCode.OUTCOME_UNKNOWN)
    if not order.stop_offered:
        return Refusal(RefusalCode.STOP_NOT_OFFERED, clause=clause)
    if order.stop_status in ("asked", "confirmed"):
        return Refusal(RefusalCode.STOP_ASKED_ALREADY)
    return None


def as_stopped(order: OrderRow, moment: datetime) -> OrderRow:
    """The order as it would be, had its stop been confirmed at a moment."""
    status = "partial" if order.delivered else "cancelled"
    return replace(order, status=status, stop_status="confirmed", ended_at=moment, waiting_since=None)


def plan_stop(
    order: OrderRow, answer_hours: int, moment: datetime, stopped: Plan | None, *, clause: str | None = None
) -> StopPlan:
    """The plan of a stop asked for at a moment; `stopped` is the policy's plan for `as_stopped`."""
    return StopPlan(
        offered=order.stop_offered,
        refusal=stop_refusal(order, clause),
        answer_hours=answer_hours,
        answer_by=moment + timedelta(hours=answer_hours),
        delivered=order.delivered,
        ordered=order.quantity,
        stopped=stopped,
    )
