"""The list of orders: filters that stand in the address, views that keep them, and an export of what is shown."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import services
from smmatic.credits.queries import charges
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.live import list_mark, unchanged
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line
from smmatic.orders.list_queries import ListFilter, every_order, order_list, services_ordered, views_of
from smmatic.orders.queries import LIVE, OrderRow
from smmatic.orders.view_actions import delete_view, save_view
from smmatic.web import words
from smmatic.web.pages import checked_id, cursor, language, search_text, show
from smmatic.web.sheets import MAX_XLSX_ROWS, Column, Type, sheet_response

PAGE = 20
FILTERS = {
    "live": (gettext_lazy("In work"), LIVE),
    "done": (gettext_lazy("Delivered"), ("completed", "partial")),
    "stopped": (gettext_lazy("Not delivered"), ("cancelled", "rejected", "failed")),
}
"""Filters of the list: what the address says, the word, and the statuses."""

NAMES = ("show", "service", "from", "to", "q")
"""What of an address makes a view."""


@require_safe
@customer_page
def list_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The customer's orders, newest first; the filters stand in the address."""
    return _page(request, person)


@require_safe
@customer_page
def export(request: HttpRequest, person: Person, kind: str) -> HttpResponseBase:
    """Every order that the list shows with these filters, on all its pages, as a file."""
    columns = [
        Column(_("Order"), Type.NUMBER), Column(_("Service code")), Column(_("Service"), width=40),
        Column(_("Link"), width=50), Column(_("Status")), Column(_("Quantity"), Type.NUMBER),
        Column(_("Delivered"), Type.NUMBER), Column(_("Price"), Type.CREDITS), Column(_("Returned"), Type.CREDITS),
        Column(_("Placed"), Type.MOMENT, 20), Column(_("Ended"), Type.MOMENT, 20),
    ]  # fmt: skip
    rows: Iterable[OrderRow] = every_order(person.id, _wanted(request))
    if kind == "xlsx":
        rows = islice(rows, MAX_XLSX_ROWS)
    return sheet_response(kind, "orders", columns, _cells(rows, language()), sheet="orders")


@form_of("dashboard:orders")
@customer_page
def keep_view(request: HttpRequest, person: Person) -> HttpResponse:
    """Saves the filters that are shown under a name."""
    query = _query({name: clean_line(request.POST.get(name, ""), name, 200) for name in NAMES})
    try:
        save_view(person, request.POST.get("name", ""), query)
    except Refusal as refused:
        return _page(request, person, refused)
    return redirect(reverse("dashboard:orders") + (f"?{query}" if query else ""))


@form_of("dashboard:orders")
@customer_page
def drop_view(request: HttpRequest, person: Person) -> HttpResponse:
    """Deletes a saved view; the orders stay as they are."""
    typed = request.POST.get("view", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        raise Refusal(RefusalCode.NOT_FOUND)
    delete_view(person, checked_id(int(typed)))
    return redirect("dashboard:orders")


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None) -> HttpResponse:
    given = request.GET if request.method in ("GET", "HEAD") else request.POST
    wanted = _wanted(request)
    after = cursor(request)
    page = order_list(person.id, wanted, before_id=after, limit=PAGE)
    money = charges([row.id for row in page.rows])
    mark = list_mark((row, money.get(row.id)) for row in page.rows)
    if refused is None and unchanged(request, mark):
        return HttpResponse(status=204)
    chosen = given.get("show", "")
    everything = services(active_only=False)
    known = services_ordered(person.id, [row.code for row in everything])
    names = {row.code: row.name(language()) for row in everything}
    query = _query({name: given.get(name, "") for name in NAMES})
    context = {
        "room": "orders",
        "rows": [(row, money.get(row.id)) for row in page.rows],
        "mark": mark,
        "follows": any(row.live for row in page.rows),
        "filters": [(code, label) for code, (label, _statuses) in FILTERS.items()],
        "show": chosen if chosen in FILTERS else "",
        "q": wanted.search,
        "service": wanted.service_code,
        "services": [("", _("Every service")), *((code, names[code]) for code in known)],
        "since": given.get("from", "") if wanted.since else "",
        "until": given.get("to", "") if wanted.until else "",
        "narrowed": wanted.narrow,
        "more_open": bool(wanted.service_code or wanted.since or wanted.until or refused),
        "first": after is None,
        "next_cursor": page.next_id,
        "looked_back_to": page.looked_back_to,
        "query": query,
        "kept": {name: given.get(name, "") for name in NAMES if given.get(name)},
        "views": views_of(person.id),
        "values": {"name": request.POST.get("name", "")},
    }
    return show(request, "dashboard/orders.html", context, refused)


def _wanted(request: HttpRequest) -> ListFilter:
    """What the address asks for; what it says wrongly is left out, as no one types it by hand."""
    given = request.GET if request.method in ("GET", "HEAD") else request.POST
    chosen, code = given.get("show", ""), given.get("service", "")
    known = {row.code for row in services(active_only=False)} if code else set()
    since, until = _day(given.get("from", "")), _day(given.get("to", ""))
    return ListFilter(
        tuple(FILTERS[chosen][1]) if chosen in FILTERS else (),
        code if code in known else "",
        search_text(request),
        _start(since) if since else None,
        _start(until + timedelta(days=1)) if until else None,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2200 else None


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())


def _query(values: dict[str, str]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _cells(rows: Iterable[OrderRow], spoken: str) -> Iterator[list[object]]:
    """The lines of the export; the charges are read for some hundreds of orders at once."""
    source = iter(rows)
    while part := list(islice(source, 500)):
        money = charges([row.id for row in part])
        for row in part:
            charge = money.get(row.id)
            yield [
                row.id, row.service_code, row.name(spoken), row.link, str(words.word("order", row.status).label),
                row.quantity, row.delivered, row.amount, charge.returned if charge else 0, row.placed_at, row.ended_at,
            ]  # fmt: skip
