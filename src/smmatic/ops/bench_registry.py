"""The rows of `make bench`: each measures something beside its yardstick, in the same run, on the same server.

A row is a function in a module of `smmatic.ops.bench_rows` with the decorator `row`; it gets a `Ground` and gives a
`Measured`. Files of that folder are found by themselves: to add a row, add a file. Rows with `long=True` run only with
`ARGS=--long`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from statistics import median
from typing import Any

from smmatic.ops.postgres import ServerHandle


@dataclass(frozen=True, slots=True)
class Ground:
    """What a row may use: the server, a prepared database of the bench, how long it may take, and for the long rows how
    many orders of history to make."""

    handle: ServerHandle
    folder: Path
    owner: str
    app: str
    yardstick: str
    clients: int
    seconds: int
    rounds: int
    history: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Rates or times by round, of what is measured and of its yardstick; `higher` says whether more is better, and
    `difference` that not the ratio counts but how much one is above the other."""

    ours: list[float]
    yardstick: list[float]
    unit: str = "a second"
    higher: bool = True
    difference: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Median to median: how many times the yardstick, or how much above it."""
        ours, yardstick = median(self.ours), median(self.yardstick)
        return round(ours - yardstick if self.difference else ours / yardstick, 3)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table in performance.md."""

    name: str
    yardstick: str
    reach: float
    run: Callable[[Ground], Measured]
    long: bool = False
    seconds: int = 30


_ROWS: list[Row] = []


def row(
    name: str, *, yardstick: str, reach: float, long: bool = False
) -> Callable[[Callable[[Ground], Measured]], Callable[[Ground], Measured]]:
    """Makes a function a row of the bench. `reach` is the ratio that performance.md asks for."""

    def keep(run: Callable[[Ground], Measured]) -> Callable[[Ground], Measured]:
        _ROWS.append(Row(name, yardstick, reach, run, long))
        return run

    return keep


def rows(*, long: bool = False) -> list[Row]:
    """Every row, in the order of the files and of the functions in them."""
    package = import_module("smmatic.ops.bench_rows")
    for module in sorted(one.name for one in iter_modules(package.__path__)):
        import_module(f"smmatic.ops.bench_rows.{module}")
    return [one for one in _ROWS if long or not one.long]
