"""Every combination of facts at once, as one very long integer: bit n stands for combination n.

A set of combinations is a Python integer, so 'and', 'or' and 'not' over tens of thousands of combinations take
microseconds. The number of a combination (its *cell*) is a mixed-radix number: the sum of one weight a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .shape import Assignment, Fact


class Space:
    """The combinations of `facts`."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.names = tuple(fact.id for fact in facts)
        self.values = {fact.id: fact.value_ids for fact in facts}
        self.weights: dict[str, dict[str, int]] = {}
        self.strides: dict[str, int] = {}
        size = 1
        for fact in reversed(facts):
            self.strides[fact.id] = size
            self.weights[fact.id] = {value: index * size for index, value in enumerate(fact.value_ids)}
            size *= len(fact.value_ids)
        self.size = size
        self.everything = (1 << size) - 1
        self._masks = {fact.id: self._masks_of(fact) for fact in facts}

    def mask(self, fact: str, values: Iterable[str]) -> int:
        """All combinations in which `fact` has one of `values`."""
        found = 0
        for value in values:
            found |= self._masks[fact][value]
        return found

    def fitting(self, alternatives: Iterable[Assignment]) -> int:
        """All combinations that fit any of the partial assignments."""
        found = 0
        for assignment in alternatives:
            mask = self.everything
            for fact, values in assignment.items():
                mask &= self.mask(fact, values)
            found |= mask
        return found

    def cell(self, facts: Mapping[str, str]) -> int:
        """The number of a combination. Raises KeyError for a missing fact or an unknown value."""
        weights = self.weights
        return sum(weights[name][facts[name]] for name in self.names)

    def facts(self, cell: int) -> dict[str, str]:
        """The combination with that number."""
        found: dict[str, str] = {}
        for name in self.names:
            index, cell = divmod(cell, self.strides[name])
            found[name] = self.values[name][index]
        return found

    def first(self, mask: int) -> dict[str, str]:
        """One combination of a non-empty set: the one with the fewest facts out of the ordinary."""
        return self.facts((mask & -mask).bit_length() - 1)

    def moved(self, mask: int, fact: str, value: str, to: str) -> int:
        """The combinations of `mask` with `fact` at `value`, each with `fact` changed to `to`, all else equal."""
        chosen = mask & self._masks[fact][value]
        shift = self.weights[fact][to] - self.weights[fact][value]
        return chosen << shift if shift >= 0 else chosen >> -shift

    def _masks_of(self, fact: Fact) -> dict[str, int]:
        stride = self.strides[fact.id]
        period = stride * len(fact.value_ids)
        repeated = self.everything // ((1 << period) - 1)  # a one at the start of each period
        block = (1 << stride) - 1
        return {value: (repeated * block) << (index * stride) for index, value in enumerate(fact.value_ids)}


def bits(mask: int) -> Iterator[int]:
    """The numbers of the combinations in a set, ascending. For small sets."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def as_bytes(mask: int, size: int, zero: int, one: int) -> bytes:
    """One byte a combination: `one` for those in the set, `zero` for the others."""
    text = f"{mask:0{size}b}".encode()[::-1]
    return text.translate(bytes(one if code == 49 else zero for code in range(256)))
