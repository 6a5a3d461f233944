"""One order of the customer: progress, what happens next and until when, what was delivered, and what can be done."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charge
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.live import order_mark, unchanged
from smmatic.dashboard.stages import stages
from smmatic.dashboard.talk import talk_of_order
from smmatic.fulfilment.rework_actions import accept_work, accepted, ask_rework
from smmatic.fulfilment.rework_queries import plan_of, reworks_of_order
from smmatic.fulfilment.work_queries import handed_over
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import EventRow, FileRow, OrderRow, events_of, file_of, files_of, order_of
from smmatic.refunds.actions import ask_stop, cancel, preview_cancel, preview_refund, preview_stop
from smmatic.refunds.incidents import incidents_of
from smmatic.refunds.queries import cases_of_order
from smmatic.refunds.question_steps import last_question
from smmatic.web.pages import checked_id, download, new_key, show
from smmatic.web.timeline import lines

SHOWN = 12
"""Lines of the timeline that stand on the page at once; the earlier ones are a click away."""

GIVEN = 4
"""Handovers that stand on the page at once."""


@require_safe
@customer_page
def order_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """One order: progress, what happens next and until when, timeline, files, and what can be done."""
    return order_response(request, person, order_id)


@require_safe
@customer_page
def order_live(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """The part of the page that follows the order by itself."""
    if unchanged(request, order_mark(order_of(person, checked_id(order_id)))):
        return HttpResponse(status=204)
    return show(request, "dashboard/_order.html", order_context(request, person, order_id) | {"live": True})


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


@form_of("dashboard:order")
@customer_page
def rework_order(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Asks for what was delivered to be done again."""
    try:
        ask_rework(person, checked_id(order_id), request.POST.get("reason", ""), key=request.POST.get("key") or None)
    except Refusal as refused:
        typed = {"reason": request.POST.get("reason", "")}
        return order_response(request, person, order_id, refused, _("The rework was not asked for"), typed, "rework")
    return redirect("dashboard:order", order_id)


@form_of("dashboard:order")
@customer_page
def accept_order(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Accepts what was delivered."""
    try:
        accept_work(person, checked_id(order_id))
    except Refusal as refused:
        return order_response(request, person, order_id, refused, _("The delivery was not accepted"))
    return redirect("dashboard:order", order_id)


@require_safe
@customer_page
def file_download(request: HttpRequest, person: Person, file_id: int) -> HttpResponse:
    """A file of one's own or of one's order."""
    row, content = file_of(person, checked_id(file_id))
    return download(row.name, row.media_type, content)


def order_context(request: HttpRequest, person: Person, order_id: int) -> dict[str, object]:
    """What the page of an order shows.

    Raises:
        Refusal: `not_found`.
    """
    row = order_of(person, checked_id(order_id))
    files, events = files_of(row.id), events_of(row.id)
    cancelling = preview_cancel(person, row.id)
    cases = cases_of_order(row.id)
    stop = preview_stop(person, row.id)
    return {
        "room": "orders",
        "order": row,
        "mark": order_mark(row),
        "charge": charge(row.id),
        "stages": stages(row),
        **_timeline(request, events, person),
        **_work(row),
        **_given(request, events, files),
        "sent_files": [file for file in files if file.purpose in ("brief", "evidence")],
        "policy_version": cancelling.situation.policy.version,
        "document": cancelling.situation.policy.document,
        "cancelling": cancelling,
        "refunding": preview_refund(person, row.id, "not_delivered"),
        "stop": stop if stop.refusal is None and cancelling.refusal is not None else None,
        "stop_ended": stop_end(row),
        "stop_why": next((event.why for event in reversed(events) if event.kind == "stop_answered"), ""),
        "cases": [case for case in cases if case.ask != "cancel"],
        "open_case": next((case for case in cases if case.open), None),
        "undo_until": undo_until(row),
        "incidents": incidents_of(row) if row.live or any(case.open for case in cases) else [],
        "question": last_question(row.id)[0] if row.waiting_since else None,
        "overdue": row.live and row.started_at is None and row.status != "pending",
        "live_query": "".join(f"&{name}=all" for name in ("timeline", "given") if request.GET.get(name) == "all"),
        "needs_poll": row.live or any(case.open for case in cases) or any(r.open for r in reworks_of_order(row.id)),
    }


def undo_until(row: OrderRow) -> datetime | None:
    """Until when a pending order can be undone for sure; None once it is due to be accepted."""
    return row.accept_after if row.status == "pending" and not row.start_now else None


def stop_end(row: OrderRow) -> str:
    """How a stop request stands, by the word of the page's sentence about it; empty where none was asked for."""
    if row.stop_status == "asked" and not row.live:
        return "too_late"
    return row.stop_status


def order_response(
    request: HttpRequest, person: Person, order_id: int, refused: Refusal | None = None, title: str = "",
    values: dict[str, str] | None = None, posted: str = "",
) -> HttpResponse:  # fmt: skip
    """The order's page, again with what is refused where something is."""
    context = order_context(request, person, order_id)
    context |= {
        "refused_title": title,
        "values": values or {},
        "posted": posted,
        "key": new_key(),
        "order_id": order_id,
    } | talk_of_order(person, order_id)
    return show(request, "dashboard/order.html", context, refused)


def _timeline(request: HttpRequest, events: list[EventRow], person: Person) -> dict[str, object]:
    """The newest lines, or with `?timeline=all` every one; the first line always stands."""
    everything = request.GET.get("timeline") == "all"
    hidden = max(0, len(events) - SHOWN) if not everything else 0
    shown = events if hidden <= 1 else [events[0], *events[-(SHOWN - 1) :]]
    return {
        "events": lines(shown, viewer_id=person.id),
        "hidden_events": len(events) - len(shown),
        "whole_timeline": everything and len(events) > SHOWN,
    }


def _given(request: HttpRequest, events: list[EventRow], files: list[FileRow]) -> dict[str, object]:
    """What was handed over, the newest first: a few, or with `?given=all` everything."""
    given = handed_over(events, files)
    few = given if request.GET.get("given") == "all" or len(given) <= GIVEN + 1 else given[:GIVEN]
    return {"given": few, "hidden_given": len(given) - len(few), "whole_given": len(given) > GIVEN + 1 and few is given}


def _work(row: OrderRow) -> dict[str, object]:
    """Rework and acceptance: what was asked for, how it stands, and what can be asked for now."""
    reworks = reworks_of_order(row.id)
    complete = row.status == "completed"
    return {
        "reworks": reworks,
        "open_rework": next((one for one in reworks if one.open), None),
        "reworking": plan_of(row) if complete else None,
        "work_accepted": complete and accepted(row.id),
    }
