"""Reads a catalogue from CSV text: every row checked, every problem with its line and column. Pure."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smmatic.catalogue.kinds import ANY_KIND, Kind, Platform
from smmatic.catalogue.rules import MAX_ORDER_UNITS, ServiceType
from smmatic.kernel.amounts import format_credits, parse_count, parse_credits
from smmatic.kernel.refusals import Refusal
from smmatic.kernel.refusals import RefusalCode as Code
from smmatic.kernel.texts import clean_line

MAX_ROWS = 10_000
"""Most services in one file."""

_PRICE = "price_credits_per_unit"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a line of the file can't be used: line number (the header is 1), column, and the refusal in words."""

    line: int
    column: str
    refusal: Refusal

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.refusal.sentence} {self.refusal.next_step}"


class CatalogueRefused(Exception):
    """A catalogue file with problems; nothing of it was imported.

    Attributes:
        problems: all of them, in the order of the file.
    """

    def __init__(self, problems: list[RowProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read_catalogue(csv_text: str) -> list[dict[str, Any]]:
    """The services of a CSV text, as columns of the service table.

    Raises:
        CatalogueRefused: with every problem of every line.
    """
    lines = _lines(csv_text)
    problems: list[RowProblem] = []
    services: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for number, line in lines:
        service = _service(number, line, problems)
        code = str(line.get("code") or "")
        if code and code in seen:
            problems.append(RowProblem(number, "code", Refusal(Code.CATALOGUE_CODE_TWICE, "code", line=seen[code])))
        seen.setdefault(code, number)
        services.append(service | {"position": len(services) + 1})
    if problems:
        raise CatalogueRefused(problems)
    return services


def _lines(csv_text: str) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(csv_text.removeprefix("\ufeff"), newline=""), strict=True, restkey="")
    try:
        header = reader.fieldnames or []
        wrong = [RowProblem(1, name, Refusal(Code.FIELD_MISSING, name)) for name in COLUMNS if name not in header] + [
            RowProblem(1, name, Refusal(Code.FIELD_UNKNOWN, name))
            for name in header
            if name not in COLUMNS or header.count(name) > 1
        ]
        if wrong:
            raise CatalogueRefused(wrong)
        lines = [(reader.line_num, line) for line in reader]
    except csv.Error as error:
        raise CatalogueRefused([RowProblem(reader.line_num + 1, "", Refusal(Code.MALFORMED))]) from error
    if not lines or len(lines) > MAX_ROWS:
        raise CatalogueRefused([RowProblem(1, "", Refusal(Code.CATALOGUE_SIZE, maximum=MAX_ROWS))])
    return lines


def _service(number: int, line: Mapping[str, Any], problems: list[RowProblem]) -> dict[str, Any]:
    service: dict[str, Any] = {}
    if "" in line:
        problems.append(RowProblem(number, "", Refusal(Code.MALFORMED)))
    for column, check in COLUMNS.items():
        try:
            if line.get(column) is None:
                raise Refusal(Code.FIELD_MISSING, column)
            service["price_units" if column == _PRICE else column] = check(line[column].strip(), column)
        except Refusal as refusal:
            problems.append(RowProblem(number, column, refusal))
    if len(service) == len(COLUMNS):
        problems.extend(RowProblem(number, refusal.field or "", refusal) for refusal in _together(service))
    return service


def _together(service: Mapping[str, Any]) -> list[Refusal]:
    """What columns must be to each other."""
    found = []
    if service["min"] > service["max"]:
        found.append(Refusal(Code.QUANTITY_TOO_SMALL, "max", minimum=service["min"], quantity=service["max"]))
    if service["type"] == ServiceType.PACKAGE and (service["min"], service["max"]) != (1, 1):
        found.append(Refusal(Code.QUANTITY_FIXED, "max"))
    if service["price_units"] * service["max"] > MAX_ORDER_UNITS:
        found.append(Refusal(Code.PRICE_TOO_LARGE, _PRICE, maximum=format_credits(MAX_ORDER_UNITS)))
    return found


def _text(maximum: int) -> Callable[[str, str], str]:
    def check(value: str, column: str) -> str:
        if not value:
            raise Refusal(Code.FIELD_MISSING, column)
        return clean_line(value, column, maximum)

    return check


def _matching(pattern: str, maximum: int) -> Callable[[str, str], str]:
    def check(value: str, column: str) -> str:
        if not re.fullmatch(pattern, value) or len(value) > maximum:
            raise Refusal(Code.FIELD_INVALID, column)
        return value

    return check


def _one_of(*allowed: str) -> Callable[[str, str], str]:
    def check(value: str, column: str) -> str:
        if value not in allowed:
            raise Refusal(Code.CATALOGUE_ONE_OF, column, value=value[:40], allowed=", ".join(allowed))
        return value

    return check


def _count(low: int, high: int) -> Callable[[str, str], int]:
    def check(value: str, column: str) -> int:
        count = parse_count(value, field=column)
        if count < low:
            raise Refusal(Code.QUANTITY_TOO_SMALL, column, minimum=low, quantity=count)
        if count > high:
            raise Refusal(Code.QUANTITY_TOO_LARGE, column, maximum=high, quantity=count)
        return count

    return check


def _kinds(value: str, column: str) -> list[str]:
    kinds = value.split("|")
    known = [kind.value for kind in Kind] + [ANY_KIND]
    for kind in kinds:
        if kind not in known or kinds.count(kind) > 1:
            raise Refusal(Code.CATALOGUE_ONE_OF, column, value=kind[:40], allowed=", ".join(known))
    return kinds


def _price(value: str, column: str) -> int:
    return parse_credits(value, field=column)


COLUMNS: dict[str, Callable[[str, str], Any]] = {
    "code": _matching(r"[A-Z0-9][A-Z0-9-]+", 20),
    "name_en": _text(120),
    "name_vi": _text(120),
    "category": _text(40),
    "service_class": _matching(r"[a-z][a-z_]*", 40),
    "platform": _one_of(*(platform.value for platform in Platform if platform is not Platform.WEB)),
    "unit_en": _text(40),
    "unit_vi": _text(40),
    "type": _one_of(*(kind.value for kind in ServiceType)),
    "min": _count(1, 10**9 - 1),
    "max": _count(1, 10**9 - 1),
    "step": _count(1, 10**9 - 1),
    _PRICE: _price,
    "start_hours": _count(0, 8_760),
    "grace_minutes": _count(0, 10_080),
    "delivery": _one_of("provider", "staff"),
    "rework_days": _count(0, 365),
    "stop_rule": _one_of("none", "request"),
    "link_kinds": _kinds,
}
"""The columns of a catalogue file, each with its check."""
