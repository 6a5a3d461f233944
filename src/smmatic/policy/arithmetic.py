"""How many units of Credit come back: whole numbers only, never above the charge, never a unit lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arithmetic:
    """The numbers behind an amount, for showing how it came about.

    Credits in units of the smallest fraction; `delivered` and `ordered` in units of the service; `credits` is what
    the policy returns: all, undelivered or none; `amount` is the result.
    """

    charge: int
    delivered: int
    ordered: int
    released: int
    refunded: int
    credits: str
    amount: int


def refundable_units(charge: int, delivered: int, ordered: int, released: int, refunded: int, credits: str) -> int:
    """Units of Credit that come back now, after what already came back.

    charge: units charged for the order; delivered of ordered: conforming service units (on a confirmed stop, also
    those charged to us); released, refunded: units that already came back; credits: 'all', 'undelivered' or 'none'.

        all:          charge - released - refunded
        undelivered:  charge - floor(charge * delivered / ordered) - released - refunded
        none:         0

    Never negative. Raises ValueError for numbers that no order can have.
    """
    if charge < 0 or released < 0 or refunded < 0 or released + refunded > charge:
        raise ValueError(f"An order cannot have charge {charge}, released {released} and refunded {refunded}.")
    if ordered < 1 or not 0 <= delivered <= ordered:
        raise ValueError(f"An order cannot have {delivered} delivered of {ordered} ordered.")
    if credits == "none":
        return 0
    if credits == "all":
        spent = 0
    elif credits == "undelivered":
        spent = charge * delivered // ordered
    else:
        raise ValueError(f"'{credits}' is nothing that can come back.")
    return max(0, charge - spent - released - refunded)


def work_out(charge: int, delivered: int, ordered: int, released: int, refunded: int, credits: str) -> Arithmetic:
    """As `refundable_units`, keeping the numbers for the explanation."""
    amount = refundable_units(charge, delivered, ordered, released, refunded, credits)
    return Arithmetic(charge, delivered, ordered, released, refunded, credits, amount)
