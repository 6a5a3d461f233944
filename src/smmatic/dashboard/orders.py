"""Orders: the list with its filters."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charges
from smmatic.dashboard.common import customer_page
from smmatic.orders.queries import LIVE, orders_of
from smmatic.web.pages import cursor, search_text, show

PAGE = 20
FILTERS = {
    "live": (gettext_lazy("In work"), LIVE),
    "done": (gettext_lazy("Delivered"), ("completed", "partial")),
    "stopped": (gettext_lazy("Not delivered"), ("cancelled", "rejected", "failed")),
}
"""Filters of the list: what the address says, the word, and the statuses."""


@require_safe
@customer_page
def order_list(request: HttpRequest, person: Person) -> HttpResponse:
    """The customer's orders, newest first; the filters stand in the address."""
    chosen = request.GET.get("show", "")
    statuses = FILTERS[chosen][1] if chosen in FILTERS else ()
    words = search_text(request)
    after = cursor(request)
    rows = orders_of(person.id, statuses=statuses, search=words, before_id=after, limit=PAGE + 1)
    shown = rows[:PAGE]
    money = charges([row.id for row in shown])
    context = {
        "room": "orders",
        "rows": [(row, money.get(row.id)) for row in shown],
        "filters": [(code, label) for code, (label, _statuses) in FILTERS.items()],
        "show": chosen if chosen in FILTERS else "",
        "q": words,
        "first": after is None,
        "next_cursor": shown[-1].id if len(rows) > PAGE else None,
    }
    return show(request, "dashboard/orders.html", context)
