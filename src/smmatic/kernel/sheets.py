"""Rows of a table that a person sends: pasted lines, CSV or XLSX, as plain texts. Pure.

A sheet is read and nothing in it is carried out: formulas come as the values that were stored with them.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from smmatic.kernel.refusals import Refusal, RefusalCode

MAX_BYTES = 10 * 1024 * 1024
"""Largest file or text."""

MAX_UNPACKED_BYTES = 200 * 1024 * 1024
"""Largest a spreadsheet may become when it is unpacked."""

MAX_COLUMNS = 200

MAX_CELL = 20_000
"""Most characters of one cell: a whole brief, or a list of texts."""

Rows = list[tuple[int, list[str]]]
"""Line number in the file, the first is 1, and the trimmed cells. Empty lines are left out."""


def read_sheet(content: bytes, *, field: str, maximum_rows: int) -> Rows:
    """The rows of a CSV or XLSX file, told apart by its content.

    Raises:
        Refusal: `sheet_too_large`, `sheet_unreadable`, `sheet_empty`, `text_too_long` for a cell.
    """
    if len(content) > MAX_BYTES:
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, field, maximum=maximum_rows, maximum_mb=MAX_BYTES // 2**20)
    if content.startswith(b"PK"):
        return _sized(_workbook_rows(content, field, maximum_rows), field, maximum_rows)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(RefusalCode.SHEET_UNREADABLE, field) from None
    return read_lines(text, field=field, maximum_rows=maximum_rows)


def read_lines(text: str, *, field: str, maximum_rows: int, separators: str = ",;\t|") -> Rows:
    """The rows of a text; the separator is the one of `separators` that the first line has most of.

    Raises:
        Refusal: `sheet_too_large`, `sheet_unreadable`, `sheet_empty`, `text_too_long` for a cell.
    """
    if len(text) > MAX_BYTES:
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, field, maximum=maximum_rows, maximum_mb=MAX_BYTES // 2**20)
    if "\x00" in text:
        raise Refusal(RefusalCode.SHEET_UNREADABLE, field)
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(separators, key=first.count)
    # A pasted line has quotes of its own only where the table is CSV.
    plain = separator in "|\t"
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
    )  # fmt: skip
    rows: Rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [undefused(cell.strip()) for cell in cells[:MAX_COLUMNS]]))
            if len(rows) > maximum_rows + 1:
                break
    except csv.Error:
        raise Refusal(RefusalCode.SHEET_UNREADABLE, field) from None
    return _sized(rows, field, maximum_rows)


def undefused(cell: str) -> str:
    """A cell without the apostrophe that our own files put before what would begin a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _sized(rows: Rows, field: str, maximum_rows: int) -> Rows:
    if not rows:
        raise Refusal(RefusalCode.SHEET_EMPTY, field)
    if len(rows) > maximum_rows + 1:  # and a header
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, field, maximum=maximum_rows, maximum_mb=MAX_BYTES // 2**20)
    if any(len(cell) > MAX_CELL for _, cells in rows for cell in cells):
        raise Refusal(RefusalCode.TEXT_TOO_LONG, field, maximum=MAX_CELL)
    return rows


def _workbook_rows(content: bytes, field: str, maximum_rows: int) -> Rows:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise Refusal(RefusalCode.SHEET_TOO_LARGE, field, maximum=maximum_rows, maximum_mb=MAX_BYTES // 2**20)
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    except (CalamineError, zipfile.BadZipFile, IndexError, OSError):
        raise Refusal(RefusalCode.SHEET_UNREADABLE, field) from None
    start = sheet.start[0] if sheet.start else 0
    return _texts(sheet.iter_rows(), start, maximum_rows)


def _texts(lines: Iterable[Sequence[object]], start: int, maximum_rows: int) -> Rows:
    rows: Rows = []
    for number, cells in enumerate(lines, start=start + 1):
        texts = [_text(cell) for cell in cells[:MAX_COLUMNS]]
        if any(texts):
            rows.append((number, texts))
        if len(rows) > maximum_rows + 1:
            break
    return rows


def _text(cell: object) -> str:
    """A cell as a person would type it: 50.0 is '50', a date its ISO form."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return undefused(str(cell).strip()) if cell is not None else ""
