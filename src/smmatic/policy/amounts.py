"""Which of two answers gives more back, for every order at once: amounts as functions of the undelivered fraction.

Of a charge of 1 with the fraction u not delivered, a share gives `percent` of 1 or of u, less what is withheld of the
charge, never below 0. These functions are continuous, never fall with u and are straight between their corners, so
comparing them at the corners compares them everywhere. A review is the interval from nothing to the undelivered part,
and both its ends are compared.
"""

from __future__ import annotations

from fractions import Fraction

from .compiler import Evaluation, Outcome
from .terms import NOTHING, UNDELIVERED, Share

BUCKETS = ("none", "part", "all")
"""What is delivered; u is 1, between 0 and 1, and 0."""
_FRACTION = {"none": Fraction(1), "all": Fraction(0)}


def given(share: Share, undelivered: Fraction) -> Fraction:
    """The part of the charge that a share gives back."""
    if share.of == "none":
        return Fraction(0)
    base = Fraction(1) if share.of == "all" else undelivered
    return max(Fraction(0), base * share.percent / 100 - Fraction(share.withheld, 100))


def corners(*shares: Share) -> list[Fraction]:
    """The fractions at which these functions bend, with both ends."""
    bends = {Fraction(share.withheld, share.percent) for share in shares if share.percent}
    return sorted({Fraction(0), Fraction(1), *(bend for bend in bends if bend < 1)})


def less_somewhere(first: Share, second: Share, bucket: str) -> bool:
    """Whether, for some order with so much delivered, `first` gives less than `second`."""
    points = [_FRACTION[bucket]] if bucket in _FRACTION else corners(first, second)
    return any(given(first, point) < given(second, point) for point in points)


def more_after(more: Share, less: Share, less_bucket: str, more_bucket: str) -> bool:
    """Whether an order in `more_bucket`, with more delivered, could get more by `more` than by `less` before."""
    # By continuity the most that can be given with more delivered is met at the end nearest to less delivered.
    top = Fraction(1) if more_bucket == "part" else Fraction(0)
    bottom = Fraction(1) if less_bucket == "none" else top
    return given(more, top) > given(less, bottom)


def interval(evaluation: Evaluation, outcome: Outcome) -> tuple[Share, Share]:
    """The least and the most that an answer can mean for the customer."""
    if outcome.decision == "approve":
        share = evaluation.document.share(outcome.credits)
        return share, share
    return NOTHING, UNDELIVERED if outcome.decision == "review" else NOTHING


class Amounts:
    """For each share, the combinations that surely give it (`least`), and those that may (`most`)."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        delivered = evaluation.document.facts_in_role("delivered")[0].id
        self.buckets = {name: evaluation.space.mask(delivered, [name]) for name in BUCKETS}
        self.least: dict[Share, int] = {}
        self.most: dict[Share, int] = {}
        for rule, mask in evaluation.unbeaten.items():
            low, high = interval(evaluation, evaluation.outcomes[rule])
            self.least[low] = self.least.get(low, 0) | mask
            self.most[high] = self.most.get(high, 0) | mask

    def pays_less(self, fact: str, value: str, than: str) -> int:
        """The possible combinations at `value` that give less, somewhere, than the same with `fact` at `than`."""
        found = 0
        for bound in (self.least, self.most):
            for other, there in bound.items():
                moved = self.evaluation.space.moved(there, fact, than, value)
                for own, here in bound.items():
                    both = moved & here if own != other else 0
                    for bucket in BUCKETS if both else ():
                        if both & self.buckets[bucket] and less_somewhere(own, other, bucket):
                            found |= both & self.buckets[bucket]
        return found & self.evaluation.possible

    def grows(self, fact: str, less: str, more: str) -> int:
        """The possible combinations with `less` delivered that give less than the same with `more` delivered."""
        found = 0
        for bound in (self.least, self.most):
            for later, there in bound.items():
                moved = self.evaluation.space.moved(there, fact, more, less)
                for own, here in bound.items():
                    both = moved & here
                    if both and more_after(later, own, less, more):
                        found |= both
        return found & self.evaluation.possible
