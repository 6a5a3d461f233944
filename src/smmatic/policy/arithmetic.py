"""How many units of Credit come back: whole numbers only, never above the charge, never a unit lost."""

from __future__ import annotations

from dataclasses import dataclass

from .terms import BASIC, Share


@dataclass(frozen=True)
class Arithmetic:
    """The numbers behind an amount, for showing how it came about.

    Credits in units of the smallest fraction; `delivered` and `ordered` in units of the service; `credits` is what
    the policy returns: all, undelivered, none or a share of its own, which is `percent` of `of` less `withheld`
    percent of the charge; `amount` is the result.
    """

    charge: int
    delivered: int
    ordered: int
    released: int
    refunded: int
    credits: str
    amount: int
    of: str = ""
    percent: int = 100
    withheld: int = 0

    @property
    def share(self) -> Share:
        """What the amount is of the charge."""
        return Share(self.of, self.percent, self.withheld) if self.of else BASIC[self.credits]


def refundable_units(
    charge: int, delivered: int, ordered: int, released: int, refunded: int, credits: str | Share
) -> int:
    """Units of Credit that come back now, after what already came back.

    charge: units charged for the order; delivered of ordered: conforming service units (on a confirmed stop, also
    those charged to us); released, refunded: units that already came back; credits: 'all', 'undelivered', 'none', or a
    share of the policy's own.

        all:          charge - released - refunded
        undelivered:  charge - floor(charge * delivered / ordered) - released - refunded
        a share:      base - floor(base * (100 - percent) / 100) - floor(charge * withheld / 100) - released - refunded
                      where base is 'all' or 'undelivered' of the charge
        none:         0

    Every part that stays is rounded down, in the customer's favour. Never negative, never more than the charge in all.
    Raises ValueError for numbers that no order can have.
    """
    if charge < 0 or released < 0 or refunded < 0 or released + refunded > charge:
        raise ValueError(f"An order cannot have charge {charge}, released {released} and refunded {refunded}.")
    if ordered < 1 or not 0 <= delivered <= ordered:
        raise ValueError(f"An order cannot have {delivered} delivered of {ordered} ordered.")
    if isinstance(credits, str):
        if credits not in BASIC:
            raise ValueError(f"'{credits}' is nothing that can come back.")
        credits = BASIC[credits]
    if credits.of == "none":
        return 0
    base = charge if credits.of == "all" else charge - charge * delivered // ordered
    kept = base * (100 - credits.percent) // 100 + charge * credits.withheld // 100
    return max(0, base - kept - released - refunded)


def work_out(
    charge: int, delivered: int, ordered: int, released: int, refunded: int, credits: str, share: Share | None = None
) -> Arithmetic:
    """As `refundable_units`, keeping the numbers; `share` is what a policy's own `credits` means."""
    found = share or BASIC[credits]
    amount = refundable_units(charge, delivered, ordered, released, refunded, found)
    return Arithmetic(
        charge, delivered, ordered, released, refunded, credits, amount, found.of, found.percent, found.withheld
    )
