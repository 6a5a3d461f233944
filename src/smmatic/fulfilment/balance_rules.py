"""What two readings of our balance at a provider say about the one submission whose outcome is unknown. Pure.

Only a plain case is concluded: both readings while nothing was on its way, one unknown outcome between them, every
other movement known exactly. Anything else is left to a callback or to a person. Amounts are billionths of the
provider's currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the balance says."""

    NEVER_ARRIVED = "never_arrived"
    TAKEN = "taken"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Between:
    """What is known of the time between two quiet readings.

    ``others``: what every other submission between them should have cost, ``None`` for one whose cost nobody knows.
    ``unknown``: how many outcomes are unknown at the provider. ``returns``: whether it may have paid something back.
    """

    before: int
    after: int
    cost: int | None
    others: Sequence[int | None] = ()
    unknown: int = 1
    returns: bool = False


def verdict(seen: Between) -> Verdict:
    """Compares what left the balance with what should have left it, with and without the unknown submission."""
    if seen.cost is None or seen.cost <= 0 or seen.unknown != 1 or seen.returns:
        return Verdict.OPEN
    known = [cost for cost in seen.others if cost is not None]
    if len(known) != len(seen.others):
        return Verdict.OPEN
    gone = seen.before - seen.after - sum(known)
    if gone == 0:
        return Verdict.NEVER_ARRIVED
    return Verdict.TAKEN if gone == seen.cost else Verdict.OPEN
