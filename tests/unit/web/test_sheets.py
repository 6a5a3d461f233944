"""Files for spreadsheets: right types, exact Credits, and nothing that runs."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from python_calamine import CalamineWorkbook

from smmatic.web.sheets import Column, Type, csv_lines, csv_response, harmless, sheet_response, write_xlsx

COLUMNS = [
    Column("What"), Column("Credits", Type.CREDITS), Column("Count", Type.NUMBER), Column("When", Type.MOMENT),
    Column("Day", Type.DAY), Column("Live", Type.FLAG),
]  # fmt: skip
MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
ROWS = [
    ("Nạp Credit", 12_345_678, 3, MOMENT, date(2026, 11, 24), True),
    ("=HYPERLINK(\"http://x\")", -10_001, 0, None, None, False),
]  # fmt: skip
FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\u00a0=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_defused(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "1-1", "https://example.com", "Nạp", "0123"])
def test_other_texts_stay_as_they_are(text):
    assert harmless(text) == text


def test_csv_has_exact_credits_and_local_times():
    rows = list(csv.reader(io.StringIO("".join(csv_lines(COLUMNS, ROWS)).removeprefix("\ufeff"))))
    assert rows[0] == ["What", "Credits", "Count", "When", "Day", "Live"]
    assert rows[1] == ["Nạp Credit", "1234.5678", "3", "2026-11-24T12:30:00+07:00", "2026-11-24", "yes"]
    assert rows[2] == ['\'=HYPERLINK("http://x")', "-1.0001", "0", "", "", "no"]


def test_csv_streams_without_keeping_the_rows():
    taken = []

    def rows():
        for number in range(1000):
            taken.append(number)
            yield (f"row {number}", number, number, MOMENT, None, True)

    lines = csv_lines(COLUMNS, rows())
    next(lines), next(lines), next(lines)
    assert len(taken) == 2


def test_xlsx_has_numbers_dates_and_texts_of_the_right_type():
    file = io.BytesIO()
    assert write_xlsx(file, COLUMNS, ROWS, sheet="Statement: a/b [x]") == 2
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue()))
    head, first, second = book.get_sheet_by_index(0).to_python()
    assert head == ["What", "Credits", "Count", "When", "Day", "Live"]
    assert first == ["Nạp Credit", 1234.5678, 3, datetime(2026, 11, 24, 12, 30), date(2026, 11, 24), True]
    assert second[:3] == ['\'=HYPERLINK("http://x")', -1.0001, 0]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_has_no_formula_anywhere(text):
    file = io.BytesIO()
    write_xlsx(file, [Column(text)], [(text,)])
    import zipfile

    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as parts:
        page = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in page


def test_credits_that_a_spreadsheet_would_round_stay_text():
    file = io.BytesIO()
    write_xlsx(file, [Column("Credits", Type.CREDITS)], [(10**17 + 1,)])
    assert CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()[1] == [
        "10000000000000.0001"
    ]


def test_a_download_says_its_name_and_is_never_shown_inside_our_pages():
    response = csv_response("sao-kê", COLUMNS, ROWS)
    assert response["Content-Disposition"] == "attachment; filename=\"sao-k.csv\"; filename*=UTF-8''sao-k%C3%AA.csv"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "spreadsheetml" in sheet_response("xlsx", "x", COLUMNS, ROWS)["Content-Type"]
