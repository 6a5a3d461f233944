"""What a deposit costs and what received money is worth in Credits. Pure."""

import re

from smmatic.kernel.amounts import UNITS, format_credits, round_half_up
from smmatic.kernel.refusals import Refusal, RefusalCode

CURRENCY = "VND"
METHOD = "bank_transfer"
MIN_UNITS = 1 * UNITS
MAX_UNITS = 100_000 * UNITS
"""Least and most that one deposit can ask for, in Credit units."""

MAX_OPEN = 5
"""Deposits that a customer may have open at a time."""

MAX_MONEY = 10**13
"""Most dong in one deposit: far below bigint."""

OPEN_STATES = ("requested", "parked")
STATES = (*OPEN_STATES, "confirmed", "declined", "cancelled")

_REFERENCE = re.compile(r"SMM-?([2-9A-HJKMNP-Z]{6})")


def check_units(units: object) -> int:
    """The Credit units that a deposit asks for.

    Raises:
        Refusal: `amount_malformed` when it is no int; `deposit_range` outside MIN_UNITS and MAX_UNITS.
    """
    if not isinstance(units, int) or isinstance(units, bool):
        raise Refusal(RefusalCode.AMOUNT_MALFORMED, "credits")
    if not MIN_UNITS <= units <= MAX_UNITS:
        raise Refusal(
            RefusalCode.DEPOSIT_RANGE,
            "credits",
            minimum=format_credits(MIN_UNITS),
            maximum=format_credits(MAX_UNITS),
        )
    return units


def money_for(units: int, price: int) -> int:
    """Dong to pay for Credit units, when one Credit costs `price` dong; rounded half up."""
    return round_half_up(units * price, UNITS)


def units_for(money: int, price: int) -> int:
    """Credit units that received dong are worth when one Credit costs `price` dong; a part of a unit is not given."""
    worth: int = money * UNITS // price
    return worth


def check_money(money: object) -> int:
    """Received dong: a whole number above zero.

    Raises:
        Refusal: `money_malformed`.
    """
    amount = 0
    if isinstance(money, str) and re.fullmatch(r"[0-9]{1,14}", money):
        amount = int(money)
    elif isinstance(money, int) and not isinstance(money, bool):
        amount = money
    if not 0 < amount <= MAX_MONEY:
        raise Refusal(RefusalCode.MONEY_MALFORMED, "received")
    return amount


def reference_in(text: str) -> str | None:
    """The deposit reference in a bank's transfer text ('CK SMM7F3K2P tu NGUYEN VAN A'), or None."""
    match = _REFERENCE.search(text.upper().replace(" ", ""))
    return f"SMM-{match[1]}" if match else None
