"""Credits in sight: what customers hold, what moved, what each clause gave back, and whether the ledger adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.credits.proof import account_ids, prove_ledger
from smmatic.credits.queries import liability, takings, totals_by_kind, transfer_kinds
from smmatic.desk.common import desk_page, desk_show
from smmatic.kernel.clock import now
from smmatic.refunds.proof import prove_orders
from smmatic.refunds.queries import totals_by_clause
from smmatic.web.words import BUCKETS

PERIODS = {"30": 30, "90": 90, "365": 365}
MOST_ACCOUNTS = 5_000
"""Above this many accounts a page can't wait for the proof; `smmatic prove` takes its time."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: its word, its Credit units, how long its bar is in percent of the longest, and a note."""

    label: str
    units: int
    percent: int
    note: str = ""
    clause: str = ""

    @property
    def width(self) -> str:
        """The percent as SVG writes it, whatever the page's language."""
        return str(self.percent)


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof made for this page: how much was proven, and the differences in words."""

    accounts: int
    transfers: int
    orders: int
    differences: list[str]


@desk_page("GET")
def money_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Liability, movements by kind, refunds by clause; on request the proof of the whole ledger."""
    chosen = request.GET.get("days", "")
    days = PERIODS.get(chosen)
    totals = totals_by_kind(since=now() - timedelta(days=days) if days else None)
    owed = liability()
    few = len(account_ids()) <= MOST_ACCOUNTS
    kinds = [
        (_(kind.words), totals.get(kind.kind, 0), f"{_bucket(kind.debit)} → {_bucket(kind.credit)}", "")
        for kind in transfer_kinds()
    ]
    clauses = [
        (_("Clause %(number)s") % {"number": row.clause}, row.units, str(row.cases), row.clause)
        for row in totals_by_clause()
    ]
    context = {
        "room": "desk-money",
        "owed": owed,
        "owed_total": sum(owed.values()),
        "kinds": bars(kinds),
        "clauses": bars(clauses),
        "takings": None if days else takings(),
        "returned": totals.get("release", 0) + totals.get("refund", 0),
        "expired": totals.get("breakage", 0),
        "days": chosen if days else "",
        "periods": list(PERIODS),
        "can_prove": few,
        "proven": _prove() if few and request.GET.get("prove") else None,
    }
    return desk_show(request, person, "desk/money.html", context)


def _bucket(name: str) -> str:
    return str(BUCKETS.get(name, name))


def bars(rows: Sequence[tuple[str, int, str, str]]) -> list[Bar]:
    """Rows of (label, units, note, clause) as bars, the longest 100 percent; a row above zero always shows."""
    longest = max((units for _label, units, _note, _clause in rows), default=0)
    return [
        Bar(label, units, max(1, round(100 * units / longest)) if longest and units else 0, note, clause)
        for label, units, note, clause in rows
    ]


def _prove() -> Proven:
    ledger = prove_ledger()
    orders, differences = prove_orders()
    return Proven(ledger.accounts, ledger.transfers, orders, [str(one) for one in (*ledger.differences, *differences)])
