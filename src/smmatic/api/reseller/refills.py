"""The actions on refills, which our services call rework: delivered work is done again where it is not as ordered."""

from collections.abc import Mapping
from typing import Any

from smmatic.accounts.queries import KeyHolder, Person
from smmatic.api.reseller.fields import many_ids, one_id, text
from smmatic.api.reseller.orders import asked_orders, each
from smmatic.api.reseller.words import Word, error
from smmatic.fulfilment.rework_actions import ask_rework
from smmatic.fulfilment.rework_queries import open_rework, reworks_by_id
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import own_orders

REASON = "Asked for as a refill over the reseller API."
"""What staff read where the program gave no reason: the field's format has none."""

STATES: Mapping[str, str] = {
    "pending": "Pending",
    "in_progress": "In progress",
    "completed": "Completed",
    "rejected": "Rejected",
}
"""Our states of a rework in the field's words."""

Fields = Mapping[str, Any]


def refill(holder: KeyHolder, fields: Fields) -> dict[str, Any] | list[dict[str, Any]]:
    """Asks for a rework of one order, or of each of many. One that is open already is told again."""
    reason = text(fields, "reason") or REASON

    def ask(person: Person, number: int) -> int:
        try:
            return ask_rework(person, number, reason)
        except Refusal as refused:
            found = open_rework(number) if refused.code is RefusalCode.REWORK_OPEN else None
            if found is None:
                raise
            return found.id

    if "orders" in fields:
        asked = asked_orders(fields)
        return [
            {"order": number or said, "refill": each(holder.person, number, ask, Word.NO_REFILL)}
            for said, number in asked.items()
        ]
    if "order" not in fields:
        raise Refusal(RefusalCode.FIELD_MISSING, "order")
    told = each(holder.person, one_id(fields["order"]), ask, Word.NO_REFILL)
    return told if isinstance(told, dict) else {"refill": str(told)}


def refill_status(holder: KeyHolder, fields: Fields) -> dict[str, Any] | list[dict[str, Any]]:
    """How one refill stands, or each of many; another customer's does not exist."""
    if "refills" in fields:
        asked = many_ids(fields, "refills")
        states = _states(holder.person, [number for number in asked.values() if number])
        return [
            {"refill": number or said, "status": states.get(number or 0) or {"error": Word.REFILL.value}}
            for said, number in asked.items()
        ]
    if "refill" not in fields:
        raise Refusal(RefusalCode.FIELD_MISSING, "refill")
    number = one_id(fields["refill"]) or 0
    found = _states(holder.person, [number])
    return {"status": found[number]} if number in found else error(Refusal(RefusalCode.NOT_FOUND), Word.REFILL)


def _states(person: Person, numbers: list[int]) -> dict[int, str]:
    rows = reworks_by_id(numbers)
    own = own_orders(person, [row.order_id for row in rows.values()])
    return {number: STATES[row.state] for number, row in rows.items() if row.order_id in own}
