"""Asking for a stop of an order in work (4.2): a request to whoever delivers, never a promise."""

from dataclasses import dataclass, replace
from datetime import timedelta

from smmatic.accounts.queries import Person
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal
from smmatic.orders import queries as orders
from smmatic.orders import steps as order_steps
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import actor_of
from smmatic.refunds import steps
from smmatic.refunds.rules import Plan, may_ask_stop
from smmatic.refunds.situations import Situation, situation_of


@dataclass(frozen=True, slots=True)
class StopPreview:
    """What asking for a stop does now: `refusal` says why it can't be asked; `plan` is what a stop that is confirmed
    this minute would give back; an answer is expected within `hours`.
    """

    situation: Situation
    plan: Plan
    hours: int
    refusal: Refusal | None

    @property
    def units_now(self) -> int:
        """Credit units that a stop confirmed this minute would give back."""
        return self.plan.units_back


def preview_stop(person: Person, order_id: int) -> StopPreview:
    """What asking for a stop would do, changing nothing: the plan that `ask_stop` carries out.

    Raises:
        Refusal: `not_found`.
    """
    return stop_plan(situation_of(orders.order_of(person, order_id)))


def stop_plan(situation: Situation) -> StopPreview:
    """Whether a stop can be asked for, and what the policy gives back if it is confirmed as things stand."""
    order = situation.order
    status = "partial" if order.delivered else "cancelled"
    stopped = replace(situation, order=replace(order, status=status, stop_status="confirmed", unknown_since=None))
    hours = situation.policy.document.deadlines.stop_answer_hours
    return StopPreview(situation, stopped.plan("none"), hours, may_ask_stop(order))


def ask_stop(person: Person, order_id: int) -> OrderRow:
    """Asks whoever delivers to stop an order in work (4.2). A request, never a promise: nothing goes back until the
    stop is confirmed, and only what was not delivered.

    Raises:
        Refusal: `not_found`, `order_status` (pending: cancel instead), `order_ended`, `stop_not_offered`,
            `stop_asked_already`, `outcome_unknown`.
    """
    steps.own_order(person, order_id)
    with atomic():
        plan = stop_plan(situation_of(order_steps.lock_order(order_id)))
        if plan.refusal:
            raise plan.refusal
        moment = now()
        order_steps.change(
            order_id,
            steps.LIVE,
            stop_status="asked",
            stop_asked_at=moment,
            stop_deadline=moment + timedelta(hours=plan.hours),
            next_check_at=moment,
        )
        order_steps.record(order_id, "stop_asked", actor=actor_of(person), facts={"clause": "4.2", "hours": plan.hours})
        return order_steps.lock_order(order_id)
