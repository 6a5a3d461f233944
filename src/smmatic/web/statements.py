"""Statements as pages and files: the period that was asked for, the columns, and reading a file back."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from python_calamine import CalamineWorkbook

from smmatic.credits.statements import MARK, Balance, Statement, digest, row_said, said, statement_between, statement_of
from smmatic.kernel.amounts import UNITS, parse_credits
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.pages import show
from smmatic.web.sheets import Column, Type, sheet_response

COLUMNS = (
    Column("Version", Type.NUMBER, 9), Column("Recorded", Type.MOMENT, 20), Column("Kind", Type.TEXT, 16),
    Column("What", Type.TEXT, 30), Column("Reason", Type.TEXT, 40), Column("Order", Type.NUMBER, 10),
    Column("Case", Type.NUMBER, 10), Column("Deposit", Type.NUMBER, 10), Column("Clause", Type.TEXT, 8),
    Column("Available change", Type.CREDITS), Column("Held change", Type.CREDITS),
    Column("Available after", Type.CREDITS), Column("Held after", Type.CREDITS), Column("Disputed after", Type.CREDITS),
    Column("Debt after", Type.CREDITS), Column("Effective", Type.MOMENT, 20),
)  # fmt: skip
"""Heads are the same in every language: programs read them."""

PRINTED = 2_000
"""Most transfers on one page; a longer period is taken as a file."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a statement, both included; None: from the first or to the last transfer."""

    first: date | None
    last: date | None

    @property
    def since(self) -> datetime | None:
        """The moment at which it begins."""
        return _midnight(self.first) if self.first else None

    @property
    def until(self) -> datetime | None:
        """The moment before which it ends."""
        return _midnight(self.last + timedelta(days=1)) if self.last else None


def period_of(request: HttpRequest) -> Period:
    """The days in the address (`from`, `to`, as 2026-11-24); this month where it says nothing.

    Raises:
        Refusal: `field_invalid`.
    """
    if "from" not in request.GET and "to" not in request.GET:
        return Period(timezone.localtime(now()).date().replace(day=1), None)
    first, last = (_day(request.GET.get(name, ""), name) for name in ("from", "to"))
    if first and last and first > last:
        raise Refusal(RefusalCode.FIELD_INVALID, "to")
    return Period(first, last)


def statement_file(customer_id: int, period: Period, format: str) -> HttpResponse:
    """A customer's statement as CSV or XLSX."""
    made = statement_of(customer_id, since=period.since, until=period.until)
    name = f"statement-{customer_id}-{period.first or 'begin'}-{period.last or 'now'}"
    return sheet_response(format, name, COLUMNS, file_rows(made), sheet="Statement")


def file_rows(statement: Statement) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement's file: opening balance, transfers, closing balance, verification line."""
    yield _balance_row("opening", gettext("Opening balance"), statement.opening)
    for row in statement.rows:
        yield (
            row.version, row.recorded_at, row.kind, gettext(row.words), row.reason, row.order_id, row.case_id,
            row.deposit_id, row.clause, row.change, row.held_change, row.available_after, row.held_after,
            row.disputed_after, row.debt_after, row.effective_at,
        )  # fmt: skip
    yield _balance_row("closing", gettext("Closing balance"), statement.closing)
    yield (None, None, "verification", "", statement.mark, *[None] * 11)


def statement_response(
    request: HttpRequest, customer_id: int, template: str, context: Mapping[str, object]
) -> HttpResponse:
    """The page of a statement; a period that can't be read is refused on the page of this month."""
    refused = None
    try:
        period = period_of(request)
    except Refusal as refusal:
        refused, period = refusal, Period(timezone.localtime(now()).date().replace(day=1), None)
    made = statement_of(customer_id, since=period.since, until=period.until)
    shown = {
        "statement": made, "rows": made.rows[:PRINTED], "left_out": len(made.rows) - PRINTED, "period": period,
        "query": urlencode({"from": period.first or "", "to": period.last or ""}), "printed_at": now(),
    }  # fmt: skip
    return show(request, template, {**context, **shown}, refused)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a statement's file is genuine; if not, the first thing that is wrong with it."""

    genuine: bool
    account: int
    transfers: int
    problem: str


def verify_file(name: str, content: bytes) -> Verdict:
    """Checks a statement's file by its own hash and against the ledger.

    Raises:
        ValueError: when it is no statement of ours.
    """
    rows = _read(name, content)
    mark = next((str(row[4]) for row in rows if row[2] == "verification"), "")
    parts = mark.lstrip("'").split(":")
    if len(parts) != 5 or parts[0] != MARK or not all(part.isdigit() for part in parts[1:4]):
        raise ValueError("the file has no verification line of a statement")
    account, first, last = int(parts[1]), int(parts[2]), int(parts[3])
    lines = [row for row in rows if row[2] not in ("opening", "closing", "verification")]
    opening, closing = (_balance(next(row for row in rows if row[2] == which)) for which in ("opening", "closing"))
    theirs = [_line(row) for row in lines]
    if digest(account, opening, closing, theirs) != parts[4]:
        return Verdict(False, account, len(lines), _where(account, first, last, opening, closing, theirs))
    if statement_between(account, first, last).digest != parts[4]:
        return Verdict(False, account, len(lines), _where(account, first, last, opening, closing, theirs))
    return Verdict(True, account, len(lines), "")


def _where(account: int, first: int, last: int, opening: Balance, closing: Balance, theirs: list[list[Any]]) -> str:
    ours = statement_between(account, first, last)
    if opening != ours.opening:
        return "the opening balance is not the ledger's"
    for row, line in zip(ours.rows, theirs, strict=False):
        if row_said(row) != line:
            return f"transfer {row.version} is not as the ledger has it"
    if len(ours.rows) != len(theirs):
        return f"the ledger has {len(ours.rows)} transfers here, the file has {len(theirs)}"
    return "the closing balance is not the ledger's" if closing != ours.closing else "the hash is not of this file"


def _read(name: str, content: bytes) -> list[list[Any]]:
    if name.lower().endswith(".xlsx"):
        rows: list[list[Any]] = list(
            CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        )
    else:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    if not rows or [str(head) for head in rows[0]][: len(COLUMNS)] != [column.head for column in COLUMNS]:
        raise ValueError("the columns are not those of a statement")
    return [list(row) + [""] * (len(COLUMNS) - len(row)) for row in rows[1:]]


def _line(row: list[Any]) -> list[Any]:
    numbers = [_whole(value) for value in row[5:8]]
    return said(
        _whole(row[0]) or 0, _moment(row[1]), str(row[2]), str(row[4]), numbers, str(row[8]), _amounts(row[9:15])
    )


def _balance(row: list[Any]) -> Balance:
    return Balance(_whole(row[0]) or 0, *_amounts(row[11:15]))


def _amounts(values: list[Any]) -> list[int]:
    return [_units(value) for value in values]


def _units(value: Any) -> int:
    if isinstance(value, int | float):
        units: int = round(float(value) * UNITS)
        return units
    text = str(value)
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("-")
    return 0 if not digits.strip("0.") else sign * int(parse_credits(digits))


def _whole(value: Any) -> int | None:
    return None if value in ("", None) else int(value)


def _moment(value: Any) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)[:19]


def _balance_row(kind: str, words: str, balance: Balance) -> tuple[Any, ...]:
    return (
        balance.version, None, kind, words, None, None, None, None, None, None, None, balance.available, balance.held,
        balance.disputed, balance.debt, None,
    )  # fmt: skip


def _day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(RefusalCode.FIELD_INVALID, field) from None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
