"""Reports: promises kept and broken, what went back and why, overrides and appeals; each as a file too."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.desk.common import desk_page, desk_show
from smmatic.fulfilment.queries import provider_names
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.refunds import reports
from smmatic.refunds.reports import Returned
from smmatic.web.charts import Chart, Kind, Series
from smmatic.web.sheets import Column, Type, sheet_response
from smmatic.web.templatetags.smm import count

PERIODS = {"30": 30, "90": 90, "365": 365}
Table = tuple[list[Column], list[Sequence[object]]]


@desk_page("GET")
def reports_page(request: HttpRequest, person: Person) -> HttpResponseBase:
    """Everything of a period on one page."""
    chosen, since = _period(request)
    kept = reports.kept_promises(since)
    tables = [
        ("clauses", _("By clause"), reports.returned_by_clause(since)),
        ("services", _("By service"), reports.returned_by_service(since)),
        ("providers", _("By who delivers"), _by_provider(since)),
    ]
    context = {
        "room": "desk-case_reports",
        "days": chosen,
        "periods": list(PERIODS),
        "kept": kept,
        "kept_chart": _kept_chart(kept),
        "breaches": reports.breaches(since, now()),
        "returned": [(name, title, rows, _returned_chart(title, rows)) for name, title, rows in tables],
        "overrides": reports.overrides(since),
        "appeals": reports.appeals(since),
    }
    return desk_show(request, person, "desk/case_reports.html", context)


@desk_page("GET")
def export(request: HttpRequest, person: Person) -> HttpResponseBase:
    """One of the tables as a file for spreadsheets: `table` and `format` stand in the address."""
    _chosen, since = _period(request)
    name, form = request.GET.get("table", "promises"), request.GET.get("format", "csv")
    if name not in TABLES or form not in ("csv", "xlsx"):
        raise Refusal(RefusalCode.NOT_FOUND)
    columns, rows = TABLES[name](since)
    return sheet_response(form, name, columns, rows, sheet=name)


def _period(request: HttpRequest) -> tuple[str, datetime]:
    chosen = request.GET.get("days", "")
    chosen = chosen if chosen in PERIODS else "30"
    return chosen, now() - timedelta(days=PERIODS[chosen])


def _by_provider(since: datetime) -> list[Returned]:
    rows = reports.settled_orders(since)
    names = provider_names([order for order, _units, _good in rows])
    sums: dict[str, list[int]] = {}
    for order, units, good in rows:
        one = sums.setdefault(names.get(order) or _("our own staff"), [0, 0, 0])
        one[0] += 1
        one[1] += good
        one[2] += units if good else 0
    return [Returned(name, *numbers) for name, numbers in sorted(sums.items())]


def _kept_chart(rows: Sequence[reports.Kept]) -> Chart:
    return Chart(
        _("Decided cases by kind of service"), _("Cases decided in time and late, by kind of service."),
        tuple(row.service_class for row in rows),
        (
            Series(_("In time"), tuple(row.in_time for row in rows)),
            Series(_("Late"), tuple(row.late for row in rows)),
        ),
        Kind.STACKED, lambda value: count(int(value)),
    )  # fmt: skip


def _returned_chart(title: str, rows: Sequence[Returned]) -> Chart:
    return Chart(
        title, _("Credits that went back."), tuple(row.name for row in rows),
        (Series(_("Credits"), tuple(row.units // UNITS for row in rows)),), Kind.BARS,
        lambda value: count(int(value)),
    )  # fmt: skip


def _promises(since: datetime) -> Table:
    columns = [
        Column("service class", Type.TEXT), Column("cases", Type.NUMBER), Column("in time", Type.NUMBER),
        Column("late", Type.NUMBER), Column("median hours", Type.TEXT),
    ]  # fmt: skip
    rows = reports.kept_promises(since)
    return columns, [(r.service_class, r.cases, r.in_time, r.late, str(r.median_hours)) for r in rows]


def _breaches(since: datetime) -> Table:
    columns = [
        Column("case", Type.NUMBER), Column("order", Type.NUMBER), Column("due", Type.MOMENT),
        Column("decided", Type.MOMENT),
    ]  # fmt: skip
    return columns, list(reports.breaches(since, now()))


def _returned(name: str, rows: Sequence[Returned]) -> Table:
    columns = [
        Column(name, Type.TEXT), Column("cases", Type.NUMBER), Column("settled", Type.NUMBER),
        Column("percent settled", Type.NUMBER), Column("Credits", Type.CREDITS),
    ]  # fmt: skip
    return columns, [(r.name, r.cases, r.settled, r.percent, r.units) for r in rows]


TABLES: dict[str, Callable[[datetime], Table]] = {
    "promises": _promises,
    "breaches": _breaches,
    "clauses": lambda since: _returned("clause", reports.returned_by_clause(since)),
    "services": lambda since: _returned("service", reports.returned_by_service(since)),
    "providers": lambda since: _returned("provider", _by_provider(since)),
}
"""Each table of the page by the name that its file gets."""
