"""The catalogue as a file: out as CSV or XLSX, and back in with every line checked before anything changes."""

import csv
import io
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.actions import import_table, plan_import
from smmatic.catalogue.exports import HEADER, table_of
from smmatic.catalogue.imports import COLUMNS, EXTRA_COLUMNS, CatalogueRefused, RowProblem, csv_rows
from smmatic.catalogue.queries import services
from smmatic.desk.catalogue import LABELS
from smmatic.desk.common import desk_page, desk_show, done
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.sheets import MAX_BYTES, Rows, read_sheet
from smmatic.kernel.texts import one_of
from smmatic.web.sheets import Column, sheet_response

MAX_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what an import would do: a service, what happens to it, and the columns that change in words."""

    code: str
    outcome: str
    columns: str


@desk_page("GET")
def export(request: HttpRequest, person: Person, kind: str) -> HttpResponseBase:
    """Every service with every column, as a file that the import takes back."""
    columns = [Column(name) for name in HEADER]
    return sheet_response(kind, "catalogue", columns, table_of(services(active_only=False)), sheet="catalogue")


@desk_page("GET")
def import_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The form that takes a catalogue file."""
    return _page(request, person)


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def check(request: HttpRequest, person: Person) -> HttpResponse:
    """Reads a file and says what it would change and what is wrong with each line. Changes nothing."""
    try:
        rows = _rows(request)
        plan, problems = plan_import(person, rows)
    except Refusal as refused:
        return _page(request, person, refused=refused)
    except CatalogueRefused as refused:
        return _page(request, person, problems=refused.problems)
    lines = [
        Line(one.code, one.outcome, ", ".join(str(LABELS.get(name, name)) for name in one.columns)) for one in plan
    ]
    return _page(request, person, lines=lines, problems=problems, source=_source(rows))


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def run(request: HttpRequest, person: Person) -> HttpResponse:
    """Brings a checked file in: all of it, or the lines without a problem, as chosen."""
    try:
        rows = _rows(request)
        which = one_of(request.POST.get("which", ""), "which", ("all", "good"))
        result, problems = import_table(person, rows, all_or_nothing=which == "all")
    except Refusal as refused:
        return _page(request, person, refused=refused)
    except CatalogueRefused as refused:
        return _page(request, person, problems=refused.problems)
    text = _("%(added)s added, %(changed)s changed, %(unchanged)s as before, %(left)s left out.") % {
        "added": result.added, "changed": result.changed, "unchanged": result.unchanged,
        "left": len({problem.line for problem in problems}),
    }  # fmt: skip
    return done(request, text, "desk:catalogue")


def _rows(request: HttpRequest) -> Rows:
    """The rows of the chosen file, or of the checked text that the form carries.

    Raises:
        Refusal: `sheet_*`.
        CatalogueRefused: when the text is no CSV.
    """
    sent = request.FILES.get("upload")
    if sent is None:
        text = request.POST.get("source", "")
        if not text.strip():
            raise Refusal(RefusalCode.SHEET_EMPTY, "upload")
        return csv_rows(text)
    if (sent.size or 0) > MAX_BYTES:
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, "upload", maximum=MAX_LINES, maximum_mb=MAX_BYTES // 2**20)
    return read_sheet(sent.read(), field="upload", maximum_rows=MAX_LINES)


def _source(rows: Rows) -> str:
    """The rows as the CSV text that the form carries on, each on the line that it had."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    line = 1
    for number, cells in rows:
        buffer.write("\n" * max(0, number - line))
        writer.writerow(cells)
        line = max(line, number) + 1
    return buffer.getvalue()


def _page(
    request: HttpRequest, person: Person, *, refused: Refusal | None = None, lines: list[Line] | None = None,
    problems: list[RowProblem] | None = None, source: str = "",
) -> HttpResponse:  # fmt: skip
    context = {
        "room": "desk-catalogue",
        "lines": lines,
        "problems": problems or [],
        "wrong_lines": len({problem.line for problem in problems or []}),
        "source": source,
        "columns": ", ".join(COLUMNS),
        "extra_columns": ", ".join(EXTRA_COLUMNS),
        "outcomes": {"added": _("new"), "changed": _("changes"), "unchanged": _("as before")},
    }
    response = desk_show(request, person, "desk/catalogue_import.html", context, refused, "import" if refused else "")
    if problems and lines is None:
        response.status_code = 422
    return response
