"""Draws what `smmatic bench-policy` measured, for the docs: each figure in times of its yardstick, beside its bound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from smmatic.web.charts import Chart, Series, standalone

PLOT = Path("docs/benchmarks/policy.svg")


class Measured(Protocol):
    """A figure: its label, its ratio to the yardstick, and the ratio that it has to stay within, if it has one."""

    @property
    def label(self) -> str:
        """What was measured, in a few words."""

    @property
    def ratio(self) -> float:
        """Its time, in times of the yardstick."""

    @property
    def reach(self) -> float | None:
        """The bound; None where none is set."""


def plot(figures: Sequence[Measured]) -> str:
    """The figures as an SVG file."""
    return standalone(
        Chart(
            title="The policy, measured",
            description="Times of a decision, of the check and of back-tests, as multiples of their yardsticks; "
            "shorter is faster, and the second bar is the bound, where there is one.",
            labels=tuple(one.label for one in figures),
            series=(
                Series("times the yardstick", tuple(round(one.ratio, 2) for one in figures)),
                Series("bound", tuple(one.reach for one in figures)),
            ),
        )
    )


def write(figures: Sequence[Measured], path: Path = PLOT) -> None:
    """Writes the plot beside the docs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(plot(figures), encoding="utf-8")
