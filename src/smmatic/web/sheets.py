"""Rows as files for spreadsheets: CSV and XLSX, with the right types and nothing that a spreadsheet would run.

A column says what it holds; a row gives values in that order. Credits are given in units and written as numbers with
the scale of the installation; times as local date and time; a text that begins like a formula is written as text.
CSV streams: rows may come from a generator and are never all in memory. XLSX is made in a temporary file.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast
from urllib.parse import quote

import xlsxwriter
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from smmatic.kernel.amounts import DIGITS, UNITS, format_credits
from smmatic.kernel.texts import harmless

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_XLSX_ROWS = 1_048_575
"""Rows of a sheet below its head; more do not fit into the format."""

__all__ = [
    "CSV_TYPE", "MAX_XLSX_ROWS", "XLSX_TYPE", "Column", "Type", "csv_lines", "csv_response", "harmless",
    "sheet_response", "write_xlsx", "xlsx_response",
]  # fmt: skip

_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number


class Type(StrEnum):
    """What a column holds: text, a whole number, Credits in units, a moment, a day, or yes and no."""

    TEXT = "text"
    NUMBER = "number"
    CREDITS = "credits"
    MOMENT = "moment"
    DAY = "day"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, what it holds and, in a sheet, how wide it is in letters."""

    head: str
    type: Type = Type.TEXT
    width: int = 16


def csv_lines(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line, beginning with a byte order mark, so that spreadsheets read Vietnamese rightly."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def line(values: Sequence[object]) -> str:
        writer.writerow(values)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    yield "\ufeff" + line([harmless(column.head) for column in columns])
    for row in rows:
        yield line([_as_text(column, value) for column, value in zip(columns, row, strict=True)])


def csv_response(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The rows as a CSV download `name`.csv, streamed."""
    return _headers(StreamingHttpResponse(csv_lines(columns, rows), content_type=CSV_TYPE), f"{name}.csv")


def xlsx_response(
    name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1"
) -> HttpResponse:
    """The rows as an XLSX download `name`.xlsx, made row by row in a temporary file that ends with the response.

    Raises:
        ValueError: for more rows than a sheet has; nothing was sent.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it
    write_xlsx(file, columns, rows, sheet=sheet)
    file.seek(0)
    return _headers(FileResponse(file, content_type=XLSX_TYPE), f"{name}.xlsx")


def sheet_response(
    format: str, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1"
) -> HttpResponse:
    """The rows as a download in one of the two formats, 'csv' or 'xlsx'."""
    return xlsx_response(name, columns, rows, sheet=sheet) if format == "xlsx" else csv_response(name, columns, rows)


def write_xlsx(file: Any, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1") -> int:
    """Writes one sheet with a fixed head into an open binary file; how many rows it has.

    Raises:
        ValueError: for more rows than a sheet has.
    """
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }  # fmt: skip
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet(_sheet_name(sheet))
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    forms = {
        Type.CREDITS: book.add_format({"num_format": "#,##0.00" + "#" * (DIGITS - 2)}),
        Type.NUMBER: book.add_format({"num_format": "#,##0"}),
        Type.MOMENT: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        Type.DAY: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    for place, column in enumerate(columns):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.head, head)
    page.freeze_panes(1, 0)
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > MAX_XLSX_ROWS:
            raise ValueError(f"a sheet holds at most {MAX_XLSX_ROWS} rows; take CSV")
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            _write(page, count, place, column, value, forms.get(column.type))
    book.close()
    return count


def _write(page: Any, row: int, place: int, column: Column, value: Any, form: Any) -> None:
    if value is None or value == "":
        return
    if column.type is Type.CREDITS and abs(value) < _EXACT:
        page.write_number(row, place, value / UNITS, form)
    elif column.type is Type.NUMBER and abs(value) < _EXACT:
        page.write_number(row, place, value, form)
    elif column.type is Type.MOMENT and isinstance(value, datetime):
        page.write_datetime(row, place, timezone.localtime(value).replace(tzinfo=None), form)
    elif column.type is Type.DAY and isinstance(value, date):
        page.write_datetime(row, place, value, form)
    elif column.type is Type.FLAG:
        page.write_boolean(row, place, bool(value))
    else:
        page.write_string(row, place, _as_text(column, value))


def _as_text(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.type is Type.CREDITS:
        return format_credits(value)
    if column.type is Type.NUMBER:
        return str(int(value))
    if column.type is Type.MOMENT and isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if column.type is Type.DAY and isinstance(value, date):
        return value.isoformat()
    if column.type is Type.FLAG:
        return "yes" if value else "no"
    return harmless(value)


def _sheet_name(text: str) -> str:
    """A name that the format allows: at most 31 letters, none of the forbidden ones."""
    return "".join(letter for letter in text if letter not in "[]:*?/\\'")[:31] or "Sheet1"


def _headers(response: HttpResponseBase, name: str) -> HttpResponse:
    fallback = name.encode("ascii", "ignore").decode().replace('"', "") or "file"
    response["Content-Disposition"] = f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return cast(HttpResponse, response)  # a page is typed as the one kind; this one streams
