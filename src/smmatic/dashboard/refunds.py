"""Asking for a refund: choose a reason, see at once what the policy gives, add evidence, follow the case."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.place import kept_uploads
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import order_of, orders_by_id, own_files
from smmatic.policy.queries import policy
from smmatic.refunds.actions import add_to_case, preview_refund, request_refund
from smmatic.refunds.appeal_actions import appeal, appeal_until
from smmatic.refunds.explaining import explain_case, explain_plan
from smmatic.refunds.queries import case_of, cases_of, claim_history, events_of_case
from smmatic.refunds.reasons import REASONS, Reason, reasons_for
from smmatic.refunds.review_actions import withdraw
from smmatic.web.pages import checked_id, cursor, ids, language, new_key, show
from smmatic.web.timeline import lines

PAGE = 20


@require_safe
@customer_page
def request_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """The form: reasons, what each gives, evidence."""
    return _request_page(request, person, order_id, request.GET.get("reason", ""))


@require_safe
@customer_page
def request_preview(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """What the policy gives for the chosen reason, changing nothing."""
    return show(request, "dashboard/_gives.html", _gives(person, order_id, request.GET.get("reason", "")))


@form_of("dashboard:refund")
@customer_page
def send_request(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Asks. What the policy answers by itself is answered on the next page; the rest is a case with a due date."""
    chosen, words = request.POST.get("reason", ""), request.POST.get("words", "")
    kept: list[int] = []
    try:
        order_of(person, checked_id(order_id))
        kept = [row.id for row in own_files(person, ids(request.POST.getlist("file_ids")))]
        kept += kept_uploads(request, person, "evidence")
        answer = request_refund(
            person, order_id, reason_code=chosen, words=words, file_ids=kept, key=request.POST.get("key", "")
        )
    except Refusal as refused:
        return _request_page(request, person, order_id, chosen, words, kept, refused)
    if answer.case_id is None:
        return redirect("dashboard:order", order_id)
    if answer.decision == "review":
        messages.success(request, _("Your request is with our team. You'll find the due date on this page."))
    return redirect("dashboard:case", answer.case_id)


@require_safe
@customer_page
def case_list(request: HttpRequest, person: Person) -> HttpResponse:
    """The customer's refund requests and settlements, newest first."""
    after = cursor(request)
    rows = cases_of(person.id, before_id=after, limit=PAGE + 1)
    shown = [row for row in rows[:PAGE] if row.ask != "cancel"]
    orders = orders_by_id([row.order_id for row in shown])
    context = {
        "room": "orders",
        "rows": [(row, orders.get(row.order_id)) for row in shown],
        "first": after is None,
        "next_cursor": rows[PAGE - 1].id if len(rows) > PAGE else None,
    }
    return show(request, "dashboard/cases.html", context)


@require_safe
@customer_page
def case_page(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """One case: state, due date, what was said and checked, the decision and why."""
    return _case_page(request, person, case_id)


@require_safe
@customer_page
def case_live(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """The part of a case's page that follows it by itself."""
    return show(request, "dashboard/_case.html", _case_context(person, case_id))


@form_of("dashboard:case")
@customer_page
def add_words(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Adds what the customer knows to an open case."""
    words = request.POST.get("words", "")
    try:
        add_to_case(person, checked_id(case_id), words=words)
    except Refusal as refused:
        return _case_page(request, person, case_id, refused, words)
    return redirect("dashboard:case", case_id)


@form_of("dashboard:case")
@customer_page
def withdraw_case(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Takes back one's own request."""
    try:
        withdraw(person, checked_id(case_id))
    except Refusal as refused:
        return _case_page(request, person, case_id, refused)
    return redirect("dashboard:case", case_id)


@form_of("dashboard:case")
@customer_page
def contest_case(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Contests a denial, once; the page that opens is the new case."""
    words = request.POST.get("words", "")
    try:
        made = appeal(person, checked_id(case_id), words=words, key=request.POST.get("key", ""))
    except Refusal as refused:
        return _case_page(request, person, case_id, refused, words)
    return redirect("dashboard:case", made.id)


def _request_page(
    request: HttpRequest, person: Person, order_id: int, chosen: str, words: str = "",
    kept: list[int] | None = None, refused: Refusal | None = None,
) -> HttpResponse:  # fmt: skip
    order = order_of(person, checked_id(order_id))
    context = _gives(person, order_id, chosen) | {
        "room": "orders",
        "reasons": reasons_for(order),
        "values": {"words": words},
        "files": own_files(person, kept or []),
        "key": new_key(),
    }
    return show(request, "dashboard/refund.html", context, refused)


def _gives(person: Person, order_id: int, chosen: str) -> dict[str, object]:
    order = order_of(person, checked_id(order_id))
    known = _reason(chosen)
    shown = preview_refund(person, order.id, known.code if known else REASONS[1].code)
    context: dict[str, object] = {
        "order": order,
        "chosen": known,
        "charge": shown.situation.charge,
        "barred": shown.refusal,
    }
    if known:
        due = shown.due.at if shown.due else None
        context |= {
            "preview": shown,
            "explained": explain_plan(shown.situation, shown.plan, language(), due_at=due),
        }
    return context


def _reason(code: str) -> Reason | None:
    return next((known for known in REASONS if known.code == code), None)


def _case_page(
    request: HttpRequest, person: Person, case_id: int, refused: Refusal | None = None, words: str = ""
) -> HttpResponse:
    return show(request, "dashboard/case.html", _case_context(person, case_id) | {"values": {"words": words}}, refused)


def _case_context(person: Person, case_id: int) -> dict[str, object]:
    case = case_of(person, checked_id(case_id))
    order = order_of(person, case.order_id)
    until = appeal_until(case)
    return {
        "room": "orders",
        "contest_until": until if until and until > now() else None,
        "key": new_key(),
        "case": case,
        "order": order,
        "reason": _reason(case.reason),
        "policy_version": policy(case.policy_version_id).version,
        "claims": claim_history(order.id),
        "events": lines(events_of_case(case.id), viewer_id=person.id),
        "explained": explain_case(case, language()),
        "can_withdraw": case.ask == "refund" and case.state in ("open", "waiting", "in_review"),
    }
