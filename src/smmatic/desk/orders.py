"""Orders at the desk: all of them with filters, one with everything we know, and those whose outcome is unknown."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from smmatic.accounts.queries import Person, find_customers
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.credits.queries import charge, charges, transfers_of_order
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.desk.talk import talk_of, write
from smmatic.fulfilment import staff_actions
from smmatic.fulfilment.queries import attempts_of, troubled
from smmatic.fulfilment.staff_actions import presume_undelivered, resolve_found
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import (
    ENDED,
    LIVE,
    OrderRow,
    desk_orders,
    events_of,
    file_of,
    files_of,
    order_of,
)
from smmatic.refunds.actions import Decided
from smmatic.refunds.queries import cases_of_order, claim_history
from smmatic.web.pages import checked_id, cursor, download, search_text
from smmatic.web.templatetags.smm import credits as shown_credits
from smmatic.web.timeline import Line, lines

PAGE = 50
STATUSES = (*LIVE, *ENDED)
FILTERS = {
    "live": (gettext_lazy("In work"), LIVE),
    "ended": (gettext_lazy("Ended"), ENDED),
} | {status: (None, (status,)) for status in STATUSES}
"""Filters of the list: what the address says, its word (None: the status's own), and the statuses."""


@desk_page("GET")
def order_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Everybody's orders, newest first; the filters stand in the address."""
    chosen, delivery = request.GET.get("show", ""), request.GET.get("by", "")
    words, after = search_text(request), cursor(request)
    trouble = chosen == "trouble"
    troubles = {found.order.id: found for found in troubled()} if trouble else {}
    if trouble:
        rows = [found.order for found in troubles.values()]
    else:
        statuses = FILTERS[chosen][1] if chosen in FILTERS else ()
        by = delivery if delivery in ("staff", "provider") else ""
        rows = desk_orders(statuses=statuses, search=words, delivery=by, before_id=after, limit=PAGE + 1)
    shown = rows if trouble else rows[:PAGE]
    context = {
        "room": "desk-orders",
        "rows": shown,
        "troubles": troubles,
        "charges": charges([row.id for row in shown]),
        "names": names_of({row.customer_id for row in shown}),
        "customers": find_customers(words, limit=5) if "@" in words else [],
        "statuses": STATUSES,
        "show": chosen if trouble or chosen in FILTERS else "",
        "by": delivery,
        "q": words,
        "first": after is None,
        "next_cursor": shown[-1].id if not trouble and len(rows) > PAGE else None,
    }
    return desk_show(request, person, "desk/orders.html", context)


@desk_page("GET")
def order_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """One order with everything we know; `?as=customer` leaves out what the customer doesn't see."""
    return _page(request, person, order_id)


@desk_page("POST", need=Permission.ORDER_RESOLVE)
def presume(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Ends an order whose outcome stayed unknown as undelivered, with evidence."""

    def act() -> str:
        return ended(presume_undelivered(person, checked_id(order_id), request.POST.get("evidence", "")))

    return _act(request, person, order_id, "presume", act)


@desk_page("POST", need=Permission.ORDER_RESOLVE)
def found(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Records that the order was found at the provider: it did start, and is followed there from now on."""

    def act() -> str:
        remote_id, evidence = request.POST.get("remote_id", ""), request.POST.get("evidence", "")
        resolve_found(person, checked_id(order_id), remote_id, evidence)
        return _("Recorded. The order is followed at the delivery partner from now on.")

    return _act(request, person, order_id, "found", act)


@desk_page("POST", need=Permission.ORDER_RESOLVE)
def refuse(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Refuses an order that was never handed to a delivery partner: everything goes back (2.2)."""

    def act() -> str:
        return ended(staff_actions.refuse_unsent(person, checked_id(order_id), request.POST.get("why", "")))

    return _act(request, person, order_id, "refuse", act)


@desk_page("POST", need=Permission.ORDER_RESOLVE)
def give_up(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Ends an order that its delivery partner does not finish: what was not delivered goes back (2.1)."""

    def act() -> str:
        return ended(staff_actions.give_up(person, checked_id(order_id), request.POST.get("why", "")))

    return _act(request, person, order_id, "give-up", act)


@desk_page("POST", need=Permission.CASE_WORK)
def say(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Writes to the customer of an order."""
    return _act(request, person, order_id, "write", lambda: write(person, request, checked_id(order_id)))


@desk_page("GET")
def file_download(request: HttpRequest, person: Person, file_id: int) -> HttpResponse:
    """A file of any order."""
    row, content = file_of(person, checked_id(file_id))
    return download(row.name, row.media_type, content)


def order_facts(person: Person, row: OrderRow, *, as_customer: bool = False) -> dict[str, object]:
    """What the pages of an order, a case and staff work show of one order."""
    files = files_of(row.id)
    return {
        "order": row,
        "customer": person_by_id(row.customer_id),
        "charge": charge(row.id),
        "brief_files": [file for file in files if file.purpose == "brief"],
        "evidence_files": [file for file in files if file.purpose == "evidence"],
        "deliverables": [file for file in files if file.purpose == "deliverable"],
        "attempts": [] if as_customer else attempts_of(person, row.id),
    }


def order_lines(row: OrderRow, *, as_customer: bool = False) -> list[Line]:
    """The order's timeline for the desk, or as its customer reads it."""
    events = events_of(row.id, all_of_them=not as_customer)
    if as_customer:
        return lines(events, viewer_id=row.customer_id)
    return lines(events, viewer_id=None, names=names_of({event.actor_id for event in events}))


def ended(decided: Decided | None) -> str:
    """What the end of an order gave back, for the toast."""
    if decided is None:
        return _("The order had ended already. Nothing was changed.")
    if decided.state == "approved":
        return _("Recorded. The amount is above the limit: a second person has to approve it.")
    if decided.state == "in_review":
        return _("Recorded. A person has to review what goes back; the case is in the queue.")
    return _("Ended. %(amount)s Credits went back to the customer.") % {"amount": shown_credits(decided.units_back)}


def _act(request: HttpRequest, person: Person, order_id: int, form: str, act: Callable[[], str]) -> HttpResponse:
    try:
        text = act()
    except Refusal as refused:
        return _page(request, person, order_id, refused, form)
    return done(request, text, "desk:order", order_id)


def _page(
    request: HttpRequest, person: Person, order_id: int, refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    as_customer = request.GET.get("as") == "customer"
    row = order_of(person, checked_id(order_id))
    facts = order_facts(person, row, as_customer=as_customer)
    context = facts | talk_of(person, row.id) | {
        "room": "desk-orders",
        "presumable": row.unknown_deadline is not None and row.unknown_deadline <= now(),
        "as_customer": as_customer,
        "unsent": not any(attempt.sent for attempt in attempts_of(person, row.id)) and row.started_at is None,
        "events": order_lines(row, as_customer=as_customer),
        "cases": cases_of_order(row.id),
        "claims": claim_history(row.id),
        "transfers": transfers_of_order(row.customer_id, row.id),
    }  # fmt: skip
    return desk_show(request, person, "desk/order.html", context, refused, posted)
