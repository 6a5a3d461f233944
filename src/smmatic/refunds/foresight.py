"""What an order would give back if plans changed, before it is placed: by the very plan that would then be carried out.

The order does not exist yet, so it is imagined: as pending, in work, stopped, failed. Each imagined order goes through
the same `Situation.plan` as a real one, so the numbers and clauses beside the order button can't differ from what the
customer gets later under the same facts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from smmatic.accounts.queries import Person
from smmatic.credits.queries import ChargeRow
from smmatic.orders.queries import OrderRow
from smmatic.orders.sending import Quote
from smmatic.policy.queries import current_calendar, current_policy
from smmatic.refunds.rules import Plan
from smmatic.refunds.situations import ClaimInput, Situation, own_facts_of


@dataclass(frozen=True, slots=True)
class Foresight:
    """The plans of what may come: Credit units and clause of each.

    Attributes:
        undo: cancelling while the order is pending; None with 'start now', when there may be no such time.
        stop: a stop that is confirmed before anything is delivered; None where the terms offer none.
        change_of_mind: asking for a refund once work has begun, with nothing wrong.
        failure: a failure of whoever delivers, verified, before anything is delivered.
        runs_done: for an order in runs, how many have run in `stop_between`; else 0.
        stop_between: a stop that is confirmed after half of the runs: the others come back.
    """

    undo: Plan | None
    stop: Plan | None
    change_of_mind: Plan
    failure: Plan
    runs_done: int = 0
    stop_between: Plan | None = None


def foresee(person: Person, quoted: Quote, *, start_now: bool, moment: datetime) -> Foresight:
    """What the policy in force would give for this order in each of the ways it may go. Changes nothing."""
    order = _imagined(person, quoted, start_now, moment)
    pending = _situation(order)
    begun = _situation(replace(order, status="processing", accepted_at=moment))
    failed = _situation(replace(order, status="failed", accepted_at=moment, ended_at=moment))
    stopped = replace(order, status="cancelled", stop_status="confirmed", accepted_at=moment, ended_at=moment)
    offered = order.stop_offered
    half = order.quantity // 2 if order.runs and order.runs > 1 else 0
    return Foresight(
        undo=None if start_now or not quoted.service.grace_minutes else pending.plan("cancel"),
        stop=_situation(stopped).plan("none") if offered else None,
        change_of_mind=begun.plan("refund"),
        failure=failed.with_claim(ClaimInput("fulfilment_fault", "verified", "system")).plan("none"),
        runs_done=half if offered else 0,
        stop_between=_situation(replace(stopped, status="partial", delivered=half)).plan("none")
        if half and offered
        else None,
    )


def _situation(order: OrderRow) -> Situation:
    row = current_policy()
    worth = order.amount * order.delivered // order.quantity
    charge = ChargeRow(order.id, order.customer_id, order.amount, worth, 0, 0, 0)
    return Situation(order, charge, {}, row, own_facts_of(order, row, order.ended_at or order.placed_at))


def _imagined(person: Person, quoted: Quote, start_now: bool, moment: datetime) -> OrderRow:
    service, checked = quoted.service, quoted.checked
    grace = timedelta(0) if start_now else timedelta(minutes=service.grace_minutes)
    customer = {
        "customer_type": person.customer_type,
        "customer_jurisdiction": person.country,
        "customer_language": person.language,
    }
    values: dict[str, object] = dict.fromkeys(OrderRow.__dataclass_fields__) | {
        "id": 0, "customer_id": person.id, "service_id": service.id, "service_code": service.code,
        "terms": service.terms() | customer, "policy_version_id": current_policy().id,
        "calendar_version_id": current_calendar().id, "channel": "page", "quantity": checked.quantity, "delivered": 0,
        "amount": checked.amount_units, "link": checked.link.canonical, "link_kind": str(checked.link.kind),
        "brief": checked.brief, "texts": "", "runs": checked.runs, "interval_minutes": checked.interval_minutes,
        "status": "pending", "start_now": start_now, "placed_at": moment, "accept_after": moment + grace,
        "start_promised_at": moment + timedelta(hours=service.start_hours), "stop_status": "",
    }  # fmt: skip
    return OrderRow(**values)  # type: ignore[arg-type]  # one value a field, as the line above shows
