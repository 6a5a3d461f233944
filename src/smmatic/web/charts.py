"""Charts as SVG made on the server: bars, stacked bars and lines. Pure; needs no script, inline style or settings.

A page shows one with `{% chart drawn "name" %}`, which adds the numbers as a table. Colours are classes of the sheet
(`chart-1` to `chart-6`), so that both themes have theirs; `standalone` puts them into the file itself, for docs.
Every series also differs by its place in the legend and, as a line, by its dashes: colour alone says nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from itertools import pairwise
from math import floor, log10

COLOURS = 6
"""Different series that the style sheet knows; more in one chart can't be told apart and are refused."""

_LETTER = 6.4  # width of a letter of the axis, in units of the drawing
_STYLE = """<style>
svg{font-family:system-ui,sans-serif;background:#fff}text{font-size:11px;fill:#4d5b58}.chart-grid{stroke:#dde4e2}.chart-base{stroke:#7b8885}
.chart-line{fill:none;stroke-width:2}.chart-1{fill:#0c6f63;stroke:#0c6f63}.chart-2{fill:#b4690e;stroke:#b4690e}.chart-3{fill:#1b56a8;stroke:#1b56a8}
.chart-4{fill:#8a3ffc;stroke:#8a3ffc}.chart-5{fill:#a3262a;stroke:#a3262a}.chart-6{fill:#5c6b68;stroke:#5c6b68}.chart-line{fill:none}
@media (prefers-color-scheme:dark){svg{background:#171f1d}text{fill:#a5b3b0}.chart-grid{stroke:#2b3735}
.chart-1{fill:#63d8c3;stroke:#63d8c3}.chart-2{fill:#f3c26b;stroke:#f3c26b}.chart-3{fill:#93c2ff;stroke:#93c2ff}.chart-4{fill:#c9a7ff;stroke:#c9a7ff}
.chart-5{fill:#ffa3a3;stroke:#ffa3a3}.chart-6{fill:#b3c0bd;stroke:#b3c0bd}.chart-line{fill:none}}
</style>"""


class Kind(StrEnum):
    """How values are drawn: bars side by side, bars on top of each other, or lines."""

    BARS = "bars"
    STACKED = "stacked"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers under one name; None where there is no value. Numbers are drawn as they are."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is shown: a title, a sentence that says what is seen, the labels of the places and the series.

    `text` writes a value for axis and table, such as Credit units in the page's language.
    """

    title: str
    description: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    kind: Kind = Kind.BARS
    text: Callable[[float], str] = "{:,.6g}".format

    def __post_init__(self) -> None:
        if len(self.series) > COLOURS:
            raise ValueError(f"a chart has at most {COLOURS} series")
        if any(len(one.values) != len(self.labels) for one in self.series):
            raise ValueError("every series has one value a label")
        if self.kind is Kind.STACKED and any(value < 0 for one in self.series for value in one.values if value):
            raise ValueError("values below zero can't be stacked")

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see: no label, or no value other than zero."""
        return not any(value for one in self.series for value in one.values)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same as a table: a label and the value of each series."""
        return [
            (label, ["" if one.values[at] is None else self.text(one.values[at] or 0) for one in self.series])
            for at, label in enumerate(self.labels)
        ]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The area of the drawing in which values stand, and the scale of the values."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float
    places: int

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def x(self, place: float) -> float:
        """The middle of a place."""
        return self.left + (place + 0.5) * self.step

    @property
    def step(self) -> float:
        return (self.right - self.left) / max(1, self.places)


def draw(chart: Chart, *, width: int = 720, height: int = 260, name: str = "chart") -> str:
    """The chart as an SVG element, safe to put into a page: every text is escaped.

    Args:
        chart: what is drawn.
        width: units of the drawing; texts keep their size, so a phone gets a narrow drawing and not a small one.
        height: units of the drawing, legend included.
        name: begins the ids of title and description, which must be unique in a page.
    """
    return _svg(chart, width, height, name, "")


def standalone(chart: Chart, *, width: int = 860, height: int = 320) -> str:
    """The chart as a file of its own, with its colours for light and dark."""
    return _svg(chart, width, height, "chart", _STYLE) + "\n"


def _svg(chart: Chart, width: int, height: int, name: str, style: str) -> str:
    ticks = _ticks(*_range(chart))
    legend, legend_height = _legend(chart, width)
    texts = [chart.text(tick) for tick in ticks]
    frame = _Frame(
        left=max(len(text) for text in texts) * _LETTER + 10, top=legend_height + 8, right=width - 6,
        bottom=height - 22, low=ticks[0], high=ticks[-1], places=len(chart.labels),
    )  # fmt: skip
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart-svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(chart.title)}</title>'
        f'<desc id="{name}-d">{escape(chart.description)}</desc>{style}',
        legend,
        *_axis(frame, ticks, texts),
        *_labels(frame, chart.labels),
        *(_lines(frame, chart.series) if chart.kind is Kind.LINES else _bars(frame, chart)),
        "</svg>",
    ]
    return "".join(parts)


def _range(chart: Chart) -> tuple[float, float]:
    columns = zip(*(one.values for one in chart.series), strict=True) if chart.series else iter(())
    if chart.kind is Kind.STACKED:
        highs = [sum(value or 0 for value in column) for column in columns]
        return 0, max(highs, default=0)
    values = [value for column in columns for value in column if value is not None]
    return min([0, *values]), max([0, *values])


def _ticks(low: float, high: float) -> list[float]:
    """Four or five round numbers that hold everything between low and high, zero among them."""
    span = (high - low) or 1
    size = 10 ** floor(log10(span / 4))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if span / (size * factor) <= 4.0001)
    first, last = floor(low / step), -floor(-(high or (1 if high == low else 0)) / step)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _axis(frame: _Frame, ticks: Sequence[float], texts: Sequence[str]) -> list[str]:
    parts = []
    for tick, text in zip(ticks, texts, strict=True):
        y = frame.y(tick)
        kind = "chart-base" if tick == 0 else "chart-grid"
        parts.append(f'<line class="{kind}" x1="{frame.left:.1f}" x2="{frame.right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="chart-text" x="{frame.left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        )
    return parts


def _labels(frame: _Frame, labels: Sequence[str]) -> list[str]:
    """Labels below the axis; where they would touch each other, every second, third, ... only."""
    widest = max((len(label) for label in labels), default=0) * _LETTER + 8
    every = max(1, -int(-widest // max(frame.step, 0.1)))
    return [
        f'<text class="chart-text" x="{_held(frame.x(at), label, frame):.1f}" y="{frame.bottom + 16:.1f}"'
        f' text-anchor="middle">{escape(label)}</text>'
        for at, label in enumerate(labels)
        if at % every == 0
    ]


def _held(x: float, label: str, frame: _Frame) -> float:
    """The middle of a label, moved so that it does not leave the drawing."""
    half = len(label) * _LETTER / 2
    return max(half, min(x, frame.right + 6 - half))


def _bars(frame: _Frame, chart: Chart) -> list[str]:
    stacked = chart.kind is Kind.STACKED
    room = min(frame.step * 0.72, 64.0)
    wide = room if stacked else room / max(1, len(chart.series))
    parts = []
    for at, label in enumerate(chart.labels):
        base = 0.0
        for number, one in enumerate(chart.series):
            value = one.values[at]
            if not value:
                continue
            foot, head = (base, base + value) if stacked else (0.0, value)
            x = frame.x(at) - room / 2 + (0 if stacked else number * wide)
            y, bottom = sorted((frame.y(foot), frame.y(head)))
            said = f"{label}, {one.name}: {chart.text(value)}"
            parts.append(
                f'<rect class="chart-bar chart-{number + 1}" x="{x:.1f}" y="{y:.1f}" width="{max(wide - 1, 1):.1f}"'
                f' height="{max(bottom - y, 1):.1f}"><title>{escape(said)}</title></rect>'
            )
            base = head
    return parts


_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "12 4")


def _lines(frame: _Frame, series: Sequence[Series]) -> list[str]:
    parts = []
    for number, one in enumerate(series):
        points = [(frame.x(at), frame.y(value)) if value is not None else None for at, value in enumerate(one.values)]
        way, before = [], None
        for point in points:
            if point is not None:
                way.append(f"{'L' if before else 'M'}{point[0]:.1f} {point[1]:.1f}")
            before = point
        dashes = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
        parts.append(f'<path class="chart-line chart-{number + 1}" d="{"".join(way)}"{dashes}/>')
        alone = [None, *points, None]
        dots = [
            point for point, (prior, after) in zip(points, pairwise_around(alone), strict=True)
            if point and (len(points) <= 40 or (prior is None and after is None))
        ]  # fmt: skip
        parts += [f'<circle class="chart-{number + 1}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in dots]
    return parts


def pairwise_around(
    points: Sequence[tuple[float, float] | None],
) -> list[tuple[tuple[float, float] | None, tuple[float, float] | None]]:
    """For each point between the first and the last: the one before it and the one after it."""
    return [(first[0], second[1]) for first, second in pairwise(pairwise(points))]


def _legend(chart: Chart, width: int) -> tuple[str, float]:
    """The names of the series with their colours, in as many lines as they need, and the height of it."""
    if len(chart.series) < 2:
        return "", 4
    parts, x, y = [], 4.0, 13.0
    for number, one in enumerate(chart.series):
        needed = len(one.name) * _LETTER + 30
        if x > 4 and x + needed > width:
            x, y = 4.0, y + 17
        dashes = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
        mark = (
            f'<path class="chart-line chart-{number + 1}" d="M{x:.1f} {y - 4:.1f}h16"{dashes}/>'
            if chart.kind is Kind.LINES
            else f'<rect class="chart-{number + 1}" x="{x:.1f}" y="{y - 9:.1f}" width="12" height="10"/>'
        )
        parts.append(f'{mark}<text class="chart-text" x="{x + 20:.1f}" y="{y:.1f}">{escape(one.name)}</text>')
        x += needed
    return "".join(parts), y + 6
