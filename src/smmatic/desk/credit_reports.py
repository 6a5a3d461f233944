"""Credits over time: what customers have, of which kind, what was earned, returned by clause and lost; with sheets."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.credits.reports import (
    ORIGINS,
    Liability,
    Month,
    Returned,
    by_clause,
    liabilities,
    months,
    reconciled,
    returned,
)
from smmatic.desk.common import desk_page, desk_show
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.charts import Chart, Kind, Series
from smmatic.web.sheets import Column, Type, sheet_response
from smmatic.web.templatetags.smm import credits as shown_credits

SHOWN_MONTHS = 24
CLAUSES = 5
"""Clauses with a colour of their own in the chart; the rest are drawn together."""


@desk_page("GET")
def reports(request: HttpRequest, person: Person) -> HttpResponse:
    """Credits by month, each figure from the transfers, and whether the accounts say the same."""
    found, owed, back = months(settings.TIME_ZONE), liabilities(settings.TIME_ZONE), returned(settings.TIME_ZONE)
    shown = found[-SHOWN_MONTHS:]
    labels = [one.first for one in shown]
    clauses = by_clause(back)
    context = {
        "room": "desk-money",
        "reconciled": reconciled(),
        "clauses": clauses,
        "last": owed[-1] if owed else None,
        "kinds": _kinds(owed[-1]) if owed else [],
        "charts": [
            _chart("owed", _("What customers have"), _("Credits of all customers at the end of each month, by kind."),
                   labels, _owed(owed[-SHOWN_MONTHS:]), Kind.STACKED),
            _chart("revenue", _("Earned and kept"), _("Credits earned by delivery and kept without it, by month."),
                   labels, _earned(shown)),
            _chart("clauses", _("Returned, by clause"), _("Credits that each clause gave back, by month."), labels,
                   _returned(labels, back, [clause for clause, _units, _count in clauses])),
            _chart("returned", _("Returned and expired"), _("Credits that went back, and that expired, by month."),
                   labels, _lost(shown)),
            _chart("sold", _("Bought and given"), _("Credits that customers bought and that were given, by month."),
                   labels, _sold(shown)),
        ],
    }  # fmt: skip
    return desk_show(request, person, "desk/reports.html", context)


REPORT = [
    Column("Month", Type.DAY), *[
        Column(head, Type.CREDITS)
        for head in (
            "Bought", "Given", "Earned", "Kept", "Refunded", "Released", "Expired", "Removed", "Corrected", "Owed",
            "Owed: available, paid", "Owed: available, bonus", "Owed: available, goodwill",
            "Owed: available, correction", "Owed: held", "Owed: frozen",
        )
    ],
]  # fmt: skip
CLAUSE_REPORT = [
    Column("Month", Type.DAY),
    Column("Clause"),
    Column("Credits", Type.CREDITS),
    Column("Transfers", Type.NUMBER),
]


@desk_page("GET")
def report_sheet(request: HttpRequest, person: Person, format: str) -> HttpResponse:
    """The same months as CSV or XLSX."""
    rows = [
        (one.first, one.bought, one.given, one.earned, one.kept, one.refunded, one.released, one.expired, one.removed,
         one.corrected, one.owed, *(owed.available[origin] for origin in ORIGINS), owed.held, owed.disputed)
        for one, owed in zip(months(settings.TIME_ZONE), liabilities(settings.TIME_ZONE), strict=True)
    ]  # fmt: skip
    return sheet_response(_format(format), "credits-by-month", REPORT, rows, sheet="Credits")


@desk_page("GET")
def clause_sheet(request: HttpRequest, person: Person, format: str) -> HttpResponse:
    """What each clause gave back in each month, as CSV or XLSX."""
    rows = [(one.first, one.clause, one.units, one.transfers) for one in returned(settings.TIME_ZONE)]
    return sheet_response(_format(format), "returned-by-clause", CLAUSE_REPORT, rows, sheet="Clauses")


Rows = list[tuple[str, list[int]]]
"""Names of series and their Credit units by month."""


def _names() -> dict[str, str]:
    return {
        "paid": _("Available, bought"), "bonus": _("Available, bonus"), "goodwill": _("Available, goodwill"),
        "adjustment": _("Available, corrections"),
    }  # fmt: skip


def _kinds(last: Liability) -> list[tuple[str, int]]:
    names = _names()
    rows = [(names[origin], last.available[origin]) for origin in ORIGINS]
    return [*rows, (_("Held for orders"), last.held), (_("Frozen by disputes"), last.disputed)]


def _owed(rows: Sequence[Liability]) -> Rows:
    names = _names()
    series = [(names[origin], [one.available[origin] for one in rows]) for origin in ORIGINS]
    return [
        *series, (_("Held for orders"), [one.held for one in rows]),
        (_("Frozen by disputes"), [one.disputed for one in rows]),
    ]  # fmt: skip


def _earned(shown: Sequence[Month]) -> Rows:
    return [(_("Earned"), [one.earned for one in shown]), (_("Kept"), [one.kept for one in shown])]


def _lost(shown: Sequence[Month]) -> Rows:
    return [
        (_("Released before delivery"), [one.released for one in shown]),
        (_("Refunded"), [one.refunded for one in shown]),
        (_("Expired"), [one.expired for one in shown]),
    ]


def _sold(shown: Sequence[Month]) -> Rows:
    return [(_("Bought"), [one.bought for one in shown]), (_("Given"), [one.given for one in shown])]


def _returned(labels: Sequence[date], rows: Sequence[Returned], clauses: Sequence[str]) -> Rows:
    """The largest clauses each on their own, the others together."""
    units = {(row.first, row.clause): row.units for row in rows}
    own = clauses[: CLAUSES if len(clauses) > CLAUSES + 1 else CLAUSES + 1]
    series = [
        (_("Clause %(number)s") % {"number": clause} if clause else _("none named"),
         [units.get((first, clause), 0) for first in labels])
        for clause in own
    ]  # fmt: skip
    rest = clauses[len(own) :]
    if rest:
        series.append((_("Other clauses"), [sum(units.get((first, one), 0) for one in rest) for first in labels]))
    return series


def _chart(
    key: str, title: str, said: str, labels: Sequence[date], series: Rows, kind: Kind = Kind.STACKED
) -> tuple[str, Chart]:
    if any(value < 0 for _name, values in series for value in values):
        kind = Kind.LINES  # only a ledger that was tampered with says so; the page must show it all the same
    return key, Chart(
        title, said, tuple(first.strftime("%m/%Y") for first in labels),
        tuple(Series(name, tuple(values)) for name, values in series), kind, lambda value: shown_credits(round(value)),
    )  # fmt: skip


def _format(format: str) -> str:
    if format not in ("csv", "xlsx"):
        raise Refusal(RefusalCode.NOT_FOUND)
    return format
