"""Orders: the list with its filters, and the page of one order, live, with everything that can be done about it."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import ChargeRow, charge, charges
from smmatic.dashboard.common import customer_page, form_of
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import LIVE, OrderRow, events_of, file_of, files_of, order_of, orders_of
from smmatic.policy.arithmetic import refundable_units
from smmatic.refunds.actions import Preview, ask_stop, cancel, preview_cancel, preview_refund
from smmatic.refunds.queries import cases_of_order
from smmatic.support.queries import messages_of_order
from smmatic.web.pages import checked_id, cursor, download, search_text, show
from smmatic.web.templatetags.smm import count
from smmatic.web.timeline import lines

PAGE = 20
FILTERS = {
    "live": (gettext_lazy("In work"), LIVE),
    "done": (gettext_lazy("Delivered"), ("completed", "partial")),
    "stopped": (gettext_lazy("Not delivered"), ("cancelled", "rejected", "failed")),
}
"""Filters of the list: what the address says, the word, and the statuses."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the progress bar: done, now, todo or stopped."""

    label: str
    state: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """What asking for a stop would give back if it were confirmed this minute, in Credit units."""

    units_now: int


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


@require_safe
@customer_page
def order_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """One order: progress, what happens next and until when, timeline, files, and what can be done."""
    return order_response(request, person, order_id)


@require_safe
@customer_page
def order_live(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """The part of the page that follows the order by itself."""
    return show(request, "dashboard/_order.html", order_context(person, order_id) | {"live": True})


@form_of("dashboard:order")
@customer_page
def cancel_order(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Cancels a pending order: an undo, with the full charge back when the page shows again."""
    try:
        cancel(person, checked_id(order_id), key=request.POST.get("key") or None)
    except Refusal as refused:
        return order_response(request, person, order_id, refused, _("The order was not cancelled"))
    return redirect("dashboard:order", order_id)


@form_of("dashboard:order")
@customer_page
def stop_order(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Asks for a stop of an order in work."""
    try:
        ask_stop(person, checked_id(order_id))
    except Refusal as refused:
        return order_response(request, person, order_id, refused, _("The stop was not asked for"))
    return redirect("dashboard:order", order_id)


@require_safe
@customer_page
def file_download(request: HttpRequest, person: Person, file_id: int) -> HttpResponse:
    """A file of one's own or of one's order."""
    row, content = file_of(person, checked_id(file_id))
    return download(row.name, row.media_type, content)


def order_context(person: Person, order_id: int) -> dict[str, object]:
    """What the page of an order shows.

    Raises:
        Refusal: `not_found`.
    """
    row = order_of(person, checked_id(order_id))
    money = charge(row.id)
    files = files_of(row.id)
    cancelling = preview_cancel(person, row.id)
    refunding = preview_refund(person, row.id, "not_delivered")
    cases = cases_of_order(row.id)
    return {
        "room": "orders",
        "order": row,
        "charge": money,
        "stages": stages(row),
        "events": lines(events_of(row.id), viewer_id=person.id),
        "deliverables": [file for file in files if file.purpose == "deliverable"],
        "sent_files": [file for file in files if file.purpose != "deliverable"],
        "policy_version": cancelling.situation.policy.version,
        "document": cancelling.situation.policy.document,
        "cancelling": cancelling,
        "refunding": refunding,
        "stop": _stop(row, money, cancelling),
        "cases": [case for case in cases if case.ask != "cancel"],
        "open_case": next((case for case in cases if case.open), None),
        "needs_poll": row.live or any(case.open for case in cases),
        "undo_until": undo_until(row),
        "overdue": row.live and row.started_at is None and row.status != "pending",
    }


def undo_until(row: OrderRow) -> datetime | None:
    """Until when a pending order can be undone for sure; None once it is due to be accepted."""
    return row.accept_after if row.status == "pending" and not row.start_now else None


def stages(row: OrderRow) -> list[Stage]:
    """The named stages of an order with where it stands."""
    units = _("%(done)s of %(wanted)s") % {"done": count(row.delivered), "wanted": count(row.quantity)}
    placed, accepted = Stage(_("Placed"), "done", "check"), Stage(_("Accepted"), "done", "check")
    working, delivered = Stage(_("In work"), "done", "check"), Stage(_("Delivered"), "done", "check")
    todo = [Stage(_("Accepted"), "todo"), Stage(_("In work"), "todo"), Stage(_("Delivered"), "todo")]
    if row.status == "pending":
        return [placed, Stage(_("Waiting"), "now", "hourglass"), *todo[1:]]
    if row.status == "processing":
        return [placed, accepted, Stage(_("Getting started"), "now", "progress"), todo[2]]
    if row.status == "in_progress":
        label = _("In work: %(units)s") % {"units": units} if row.quantity > 1 else _("In work")
        return [placed, accepted, Stage(label, "now", "progress"), todo[2]]
    if row.status == "completed":
        return [placed, accepted, working, delivered]
    if row.status == "partial":
        label = _("Partly delivered: %(units)s") % {"units": units}
        return [placed, accepted, working, Stage(label, "stopped", "circle-dot")]
    if row.status == "failed":
        return [placed, accepted, Stage(_("Failed"), "stopped", "circle-x")]
    if row.status == "rejected":
        return [placed, Stage(_("Rejected"), "stopped", "ban")]
    return [placed, *([accepted] if row.accepted_at else []), Stage(_("Cancelled"), "stopped", "arrow-back-up")]


def _stop(row: OrderRow, money: ChargeRow | None, cancelling: Preview) -> Stop | None:
    if row.status not in ("processing", "in_progress") or not row.stop_offered or money is None:
        return None
    if row.stop_status in ("asked", "confirmed") or row.unknown_since or cancelling.refusal is None:
        return None
    units = refundable_units(
        charge=money.amount, delivered=row.delivered, ordered=row.quantity, released=money.released,
        refunded=money.refunded, credits="undelivered",
    )  # fmt: skip
    return Stop(units)


def order_response(
    request: HttpRequest, person: Person, order_id: int, refused: Refusal | None = None, title: str = "",
    values: dict[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    """The order's page, again with what is refused where something is."""
    context = order_context(person, order_id)
    context |= {
        "refused_title": title,
        "values": values or {},
        "talk": messages_of_order(person, order_id),
        "order_id": order_id,
    }
    return show(request, "dashboard/order.html", context, refused)
