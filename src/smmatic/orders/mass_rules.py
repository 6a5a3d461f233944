"""A mass order's lines: how a table becomes requests, and how what was found is kept. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.kernel.sheets import Rows

MAX_LINES = 10_000
"""Most orders in one mass order."""

FIELDS = ("service", "link", "quantity", "texts", "runs", "interval_minutes", "brief", "start_now")
"""The columns of a table with a header, in the order of a template."""

PLAIN = ("service", "link", "quantity", "more")
"""The columns of a table without a header. For a service of texts the third are the texts; the fourth is the minutes
between runs where the service has runs, else the description."""

BREAK = " // "
"""What stands for a new line where a table can't have one."""

HEADS: dict[str, str] = {
    "service": "service", "dịch vụ": "service", "mã dịch vụ": "service", "code": "service", "service code": "service",
    "link": "link", "đường dẫn": "link", "liên kết": "link", "url": "link",
    "quantity": "quantity", "số lượng": "quantity",
    "texts": "texts", "nội dung": "texts",
    "runs": "runs", "số lượt": "runs",
    "interval_minutes": "interval_minutes", "interval": "interval_minutes", "số phút giữa các lượt": "interval_minutes",
    "brief": "brief", "description": "brief", "mô tả": "brief",
    "start_now": "start_now", "start now": "start_now", "bắt đầu ngay": "start_now",
}  # fmt: skip
"""Heads of columns as people write them. Other columns, such as those of our own result file, are left alone."""

_YES = {"yes", "có", "true", "1", "x"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read: its number in what was sent, and the texts of its cells."""

    number: int
    service: str
    link: str = ""
    quantity: str = ""
    texts: str = ""
    runs: str = ""
    interval_minutes: str = ""
    brief: str = ""
    start_now: bool = False

    def kept(self) -> list[Any]:
        """The line as it is stored."""
        return list(_CELLS(self))

    def cells(self) -> list[str]:
        """The line in the columns of FIELDS."""
        return [("yes" if self.start_now else "") if name == "start_now" else getattr(self, name) for name in FIELDS]


_CELLS = attrgetter(*Line.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one line: the service as it was shown and the price in Credit units, or why not.

    `overlap` is an open order of the same service for the same link, `twice` an earlier line: warnings, no refusals.
    """

    service_id: int = 0
    version: int = 0
    price_id: int = 0
    amount: int = 0
    link: str = ""
    overlap: int | None = None
    twice: int | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether the line can't be ordered."""
        return bool(self.refusals)

    def kept(self) -> dict[str, Any]:
        """The check as it is stored."""
        if self.refusals:
            return {"r": [kept_refusal(one) for one in self.refusals]}
        found = {"s": self.service_id, "v": self.version, "p": self.price_id, "a": self.amount, "l": self.link}
        return found | {name: at for name, at in (("o", self.overlap), ("t", self.twice)) if at is not None}


def lines_of(rows: Rows, types: Mapping[str, str]) -> list[Line]:
    """The lines of a table. With a header the columns may stand in any order; without one they are those of PLAIN.

    Args:
        rows: as read.
        types: the type of each service by code; without a header it says what the third and fourth column are.
    """
    heads = [HEADS.get(cell.casefold(), "") for cell in rows[0][1]] if rows else []
    if "service" in heads and "link" in heads:
        named = {name: heads.index(name) for name in FIELDS if name in heads}
        return [_line(number, {name: _at(cells, at) for name, at in named.items()}) for number, cells in rows[1:]]
    return [_plain(number, cells, types) for number, cells in rows]


def line_of(kept: Sequence[Any]) -> Line:
    """A line that was stored."""
    return Line(*kept)


def check_of(kept: Mapping[str, Any]) -> Check:
    """A check that was stored."""
    if "r" in kept:
        return Check(refusals=tuple(refusal_of_kept(one) for one in kept["r"]))
    return Check(kept["s"], kept["v"], kept["p"], kept["a"], kept["l"], kept.get("o"), kept.get("t"))


def kept_refusal(refusal: Refusal) -> dict[str, Any]:
    """A refusal as it is stored: its code, its field and its facts as texts."""
    return {"c": refusal.code.value, "f": refusal.field, "x": {name: str(fact) for name, fact in refusal.facts.items()}}


def refusal_of_kept(kept: Mapping[str, Any]) -> Refusal:
    """A refusal that was stored; its words are those of the language in which it is read."""
    return Refusal(RefusalCode(kept["c"]), kept["f"], **kept["x"])


def refusals_of(refused: Refusal | Refusals) -> tuple[Refusal, ...]:
    """One or several refusals as a tuple."""
    return (refused,) if isinstance(refused, Refusal) else tuple(refused.refusals)


def _line(number: int, cells: Mapping[str, str]) -> Line:
    return Line(
        number,
        cells["service"].upper(),
        cells["link"],
        cells.get("quantity", ""),
        cells.get("texts", "").replace(BREAK, "\n"),
        cells.get("runs", ""),
        cells.get("interval_minutes", ""),
        cells.get("brief", "").replace(BREAK, "\n"),
        cells.get("start_now", "").casefold() in _YES,
    )


def _plain(number: int, cells: list[str], types: Mapping[str, str]) -> Line:
    named = {name: _at(cells, at) for at, name in enumerate(PLAIN)}
    more = " ".join(cell for cell in cells[3:] if cell)
    kind = types.get(named["service"].upper(), "")
    if kind == "counted_runs":
        return _line(number, named | {"interval_minutes": more})
    if kind == "custom_comments":
        return _line(number, named | {"quantity": "", "texts": named["quantity"], "brief": more})
    return _line(number, named | {"brief": more})


def _at(cells: list[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""
