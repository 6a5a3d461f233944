"""What may be ordered: quantities, texts, runs and the price of one order. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from smmatic.catalogue.kinds import NO_LINK, Link
from smmatic.catalogue.links import check_link
from smmatic.kernel.amounts import UNITS, format_credits, parse_count
from smmatic.kernel.refusals import Refusal, Refusals
from smmatic.kernel.refusals import RefusalCode as Code
from smmatic.kernel.texts import clean_text

Terms = Mapping[str, Any]
"""A service's terms as `ServiceRow.terms()` gives them and an order pins them."""

MAX_ORDER_UNITS = 10_000_000 * UNITS
"""Most that one order may cost, in Credit units: far below bigint and above any service of the catalogue."""

MAX_BRIEF = 5_000
MAX_TEXT = 5_000
"""Longest brief, and longest single text of an order, in characters."""

MAX_INTERVAL_MINUTES = 43_200
MAX_SPAN_DAYS = 365
"""Longest time between two runs, and from the first run to the last."""


class ServiceType(StrEnum):
    """How an order of a service is described."""

    COUNTED = "counted"
    PACKAGE = "package"
    CUSTOM_COMMENTS = "custom_comments"
    COUNTED_RUNS = "counted_runs"


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """An order's input after every check, ready to be stored and charged.

    Attributes:
        quantity: units of the service; for custom texts their number, for runs the number of runs.
        link: the recognised link, or kinds.NO_LINK.
        texts: the custom texts, one a unit; empty for other types.
        runs: how many runs the work is spread over, or None.
        interval_minutes: minutes from one run to the next, or None.
        brief: what the customer wants, in their words; may be empty.
        amount_units: the exact price in Credit units.
    """

    quantity: int
    link: Link
    texts: tuple[str, ...]
    runs: int | None
    interval_minutes: int | None
    brief: str
    amount_units: int


def check_input(
    terms: Terms,
    *,
    link: object = "",
    quantity: object = None,
    texts: object = None,
    runs: object = None,
    interval_minutes: object = None,
    brief: object = "",
    has_files: bool = False,
) -> CheckedInput:
    """Checks everything that a customer gives with an order; numbers are ints or ASCII digits.

    Args:
        terms: the service's terms.
        link: as pasted; may be empty where the service takes files or a brief.
        quantity: units wanted; left out for packages, and for texts and runs, where it is counted.
        texts: custom texts, one a line, or a list of lines; only for `custom_comments`.
        runs: number of runs; only for `counted_runs`.
        interval_minutes: minutes between runs; only for `counted_runs`.
        brief: free text for whoever does the work.
        has_files: whether files come with the order.

    Raises:
        Refusals: one refusal a field, all of them at once; nothing of the input may be used then.
    """
    checks = _Checks()
    checked_link = checks.run(lambda: check_link(terms, link))
    checked_brief = checks.run(lambda: clean_text(brief if brief is not None else "", "brief", MAX_BRIEF))
    counted = _counted(checks, terms, quantity, texts, runs, interval_minutes)
    if checked_link == NO_LINK and checked_brief == "" and not has_files:
        checks.refuse(Refusal(Code.BRIEF_OR_FILE_NEEDED, "brief"))
    amount = checks.run(lambda: amount_of(terms, counted.quantity)) if counted else None
    if checks.problems or checked_link is None or checked_brief is None or counted is None or amount is None:
        raise Refusals(checks.problems)
    return CheckedInput(
        counted.quantity,
        checked_link,
        counted.texts,
        counted.runs,
        counted.interval_minutes,
        checked_brief,
        amount,
    )


def amount_of(terms: Terms, quantity: int) -> int:
    """The price of a quantity in Credit units: exact, because the price of one unit is a whole number of them.

    Raises:
        Refusal: `price_too_large` above MAX_ORDER_UNITS.
    """
    amount = int(terms["price_units"]) * quantity
    if amount > MAX_ORDER_UNITS:
        raise Refusal(Code.PRICE_TOO_LARGE, "quantity", maximum=format_credits(MAX_ORDER_UNITS))
    return amount


def check_quantity(terms: Terms, quantity: object, field: str = "quantity") -> int:
    """A quantity within the service's minimum, maximum and step; steps are counted from the minimum.

    Raises:
        Refusal: `field_missing`, `count_malformed`, `quantity_too_small`, `quantity_too_large`, `quantity_step`.
    """
    if quantity is None or quantity == "":
        raise Refusal(Code.FIELD_MISSING, field)
    count = parse_count(quantity, field=field)
    low, high, step = int(terms["min"]), int(terms["max"]), int(terms["step"])
    if count < low:
        raise Refusal(Code.QUANTITY_TOO_SMALL, field, minimum=low, quantity=count)
    if count > high:
        raise Refusal(Code.QUANTITY_TOO_LARGE, field, maximum=high, quantity=count)
    if (count - low) % step:
        below = count - (count - low) % step
        above = below + step if below + step <= high else below
        raise Refusal(Code.QUANTITY_STEP, field, step=step, quantity=count, below=below, above=above)
    return count


@dataclass(frozen=True, slots=True)
class _Counted:
    quantity: int
    texts: tuple[str, ...] = ()
    runs: int | None = None
    interval_minutes: int | None = None


_T = TypeVar("_T")


class _Checks:
    """Runs checks and keeps the first refusal of each field."""

    def __init__(self) -> None:
        self.problems: list[Refusal] = []

    def run(self, check: Callable[[], _T]) -> _T | None:
        try:
            return check()
        except Refusal as refusal:
            self.refuse(refusal)
            return None

    def refuse(self, refusal: Refusal) -> None:
        if all(refusal.field != known.field for known in self.problems):
            self.problems.append(refusal)


def _counted(
    checks: _Checks, terms: Terms, quantity: object, texts: object, runs: object, interval: object
) -> _Counted | None:
    kind = ServiceType(terms["type"])
    unexpected = {
        "texts": texts if kind is not ServiceType.CUSTOM_COMMENTS else None,
        "runs": runs if kind is not ServiceType.COUNTED_RUNS else None,
        "interval_minutes": interval if kind is not ServiceType.COUNTED_RUNS else None,
    }
    for field, value in unexpected.items():
        if value is not None and value != "" and value != []:
            checks.refuse(Refusal(Code.FIELD_UNKNOWN, field))
    if kind is ServiceType.PACKAGE:
        return checks.run(lambda: _package(quantity))
    if kind is ServiceType.CUSTOM_COMMENTS:
        return checks.run(lambda: _texts(terms, texts, quantity))
    if kind is ServiceType.COUNTED_RUNS:
        return _runs(checks, terms, quantity, runs, interval)
    return checks.run(lambda: _Counted(check_quantity(terms, quantity)))


def _package(quantity: object) -> _Counted:
    if quantity is not None and quantity != "" and parse_count(quantity) != 1:
        raise Refusal(Code.QUANTITY_FIXED, "quantity")
    return _Counted(1)


def _texts(terms: Terms, texts: object, quantity: object) -> _Counted:
    lines = _lines(texts)
    if not lines:
        raise Refusal(Code.FIELD_MISSING, "texts")
    count = check_quantity(terms, len(lines), "texts")
    _same(quantity, count, "quantity")
    return _Counted(count, texts=lines)


def _lines(texts: object) -> tuple[str, ...]:
    if texts is None:
        return ()
    if isinstance(texts, Sequence) and not isinstance(texts, str | bytes):
        if not all(isinstance(text, str) for text in texts):
            raise Refusal(Code.FIELD_INVALID, "texts")
        texts = "\n".join(texts)
    cleaned = clean_text(texts, "texts", 1_000 * MAX_TEXT)
    lines = tuple(line.strip() for line in cleaned.split("\n") if line.strip())
    if any(len(line) > MAX_TEXT for line in lines):
        raise Refusal(Code.TEXT_TOO_LONG, "texts", maximum=MAX_TEXT)
    return lines


def _runs(checks: _Checks, terms: Terms, quantity: object, runs: object, interval: object) -> _Counted | None:
    given = quantity if runs is None or runs == "" else runs
    count = checks.run(lambda: check_quantity(terms, given, "runs"))
    if count is not None:
        checks.run(lambda: _same(quantity, count, "quantity"))
    minutes = checks.run(lambda: _interval(interval, count or 1))
    if count is None or minutes is None:
        return None
    return _Counted(count, runs=count, interval_minutes=minutes)


def _interval(value: object, runs: int) -> int:
    if value is None or value == "":
        raise Refusal(Code.FIELD_MISSING, "interval_minutes")
    minutes = parse_count(value, field="interval_minutes")
    if not 1 <= minutes <= MAX_INTERVAL_MINUTES:
        raise Refusal(Code.INTERVAL_OUT_OF_RANGE, "interval_minutes", minimum=1, maximum=MAX_INTERVAL_MINUTES)
    days = -(-minutes * (runs - 1) // 1_440)
    if days > MAX_SPAN_DAYS:
        raise Refusal(Code.SPAN_TOO_LONG, "interval_minutes", days=days, maximum=MAX_SPAN_DAYS)
    return minutes


def _same(quantity: object, counted: int, field: str) -> int:
    if quantity is None or quantity == "":
        return counted
    if parse_count(quantity, field=field) != counted:
        raise Refusal(Code.QUANTITY_UNLIKE, field, quantity=quantity, counted=counted)
    return counted
