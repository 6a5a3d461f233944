"""Refund cases: the queue by what is due first, one case on one screen, and what was decided before."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.actions import give_credits
from smmatic.desk.common import days_of, desk_page, desk_show, done, gift_limits, names_of, version_of
from smmatic.desk.due import due_of_case
from smmatic.desk.orders import order_facts
from smmatic.desk.review import claim_rows, review_of
from smmatic.desk.talk import talk_of, write
from smmatic.kernel.amounts import parse_count, parse_credits
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import OrderRow, events_of, order_of, orders_by_id
from smmatic.policy.queries import current_policy
from smmatic.refunds import review_actions
from smmatic.refunds.explaining import explain_case
from smmatic.refunds.queries import (
    CaseRow,
    case_of,
    decided_cases,
    events_of_case,
    review_queue,
    totals_by_clause,
)
from smmatic.refunds.situations import situation_of
from smmatic.web.pages import checked_id, cursor, language, new_key, search_text
from smmatic.web.templatetags.smm import credits as shown_credits
from smmatic.web.timeline import Line, lines

PAGE = 50
SECOND = "second"


@desk_page("GET")
def queue(request: HttpRequest, person: Person) -> HttpResponse:
    """Open cases, what is due first on top."""
    rows = review_queue()
    only_second = request.GET.get("show") == SECOND
    orders = orders_by_id([case.order_id for case in rows])
    shown = [
        (case, orders[case.order_id], due_of_case(case, orders[case.order_id]))
        for case in rows
        if not only_second or case.state == "approved"
    ]
    context = {
        "room": "desk-cases",
        "rows": shown,
        "open_count": len(rows),
        "second_count": sum(case.state == "approved" for case in rows),
        "only_second": only_second,
        "names": names_of({case.customer_id for case in rows}),
    }
    return desk_show(request, person, "desk/cases.html", context)


@desk_page("GET")
def history(request: HttpRequest, person: Person) -> HttpResponse:
    """Cases that ended, newest first, with what each clause gave back."""
    clause, after = search_text(request, "clause")[:10], cursor(request)
    rows = decided_cases(clause=clause, before_id=after, limit=PAGE + 1)
    shown, totals = rows[:PAGE], totals_by_clause()
    context = {
        "room": "desk-cases",
        "rows": shown,
        "orders": orders_by_id([case.order_id for case in shown]),
        "names": names_of({case.customer_id for case in shown} | {case.decided_by_id for case in shown}),
        "totals": totals,
        "other_clauses": [number for number in _deciding_clauses() if number not in {row.clause for row in totals}],
        "clause": clause,
        "first": after is None,
        "next_cursor": rows[PAGE - 1].id if len(rows) > PAGE else None,
    }
    return desk_show(request, person, "desk/history.html", context)


@desk_page("GET")
def case_page(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """One case with everything that its decision rests on."""
    return _page(request, person, case_id)


@desk_page("POST", need=Permission.CASE_WORK)
def set_claim(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Records that a claim is verified or refuted, with the evidence."""
    claim, proof = request.POST.get("claim", ""), request.POST.get("proof", "")

    def act() -> str:
        evidence = request.POST.get("evidence", "")
        review_actions.set_claim(
            person, checked_id(case_id), claim=claim, proof=proof, evidence=evidence, version=version_of(request)
        )
        return _("Recorded. The customer can read the finding and its evidence.")

    return _act(request, person, case_id, f"claim-{claim}", act)


@desk_page("POST", need=Permission.CASE_WORK)
def correct(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Lowers the delivered units to those that conform, with the evidence."""

    def act() -> str:
        delivered = parse_count(request.POST.get("delivered", ""), field="delivered")
        review_actions.correct_delivered(
            person, checked_id(case_id), delivered=delivered, evidence=request.POST.get("evidence", ""),
            version=version_of(request),
        )  # fmt: skip
        return _("Corrected. The decision below uses the new count.")

    return _act(request, person, case_id, "correct", act)


@desk_page("POST", need=Permission.CASE_WORK)
def decide(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Decides by the policy from the facts as they are."""

    def act() -> str:
        case = review_actions.decide(
            person, checked_id(case_id), version=version_of(request), why=request.POST.get("why", "")
        )
        return decided_words(case)

    return _act(request, person, case_id, "decide", act)


@desk_page("POST", need=Permission.CASE_APPROVE)
def approve(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """The second person's yes: settles exactly the amount that was decided."""

    def act() -> str:
        return decided_words(review_actions.approve(person, checked_id(case_id), version=version_of(request)))

    return _act(request, person, case_id, "approve", act)


@desk_page("POST", need=Permission.CASE_APPROVE)
def send_back(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """The second person's no: back into review with a reason."""

    def act() -> str:
        why = request.POST.get("why", "")
        review_actions.send_back(person, checked_id(case_id), version=version_of(request), why=why)
        return _("Sent back into review. Nothing has moved.")

    return _act(request, person, case_id, "send-back", act)


@desk_page("POST", need=Permission.CASE_WORK)
def say(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Writes to the customer: an answer, a question that the order waits for, or a note for staff."""

    def act() -> str:
        return write(person, request, case_of(person, checked_id(case_id)).order_id, case_id)

    return _act(request, person, case_id, "write", act)


@desk_page("POST", need=Permission.CREDITS_GRANT)
def goodwill(request: HttpRequest, person: Person, case_id: int) -> HttpResponse:
    """Gives goodwill Credits: no refund, another transfer, by a person with a reason (3.4)."""

    def act() -> str:
        case = case_of(person, checked_id(case_id))
        units = parse_credits(request.POST.get("credits", ""))
        give_credits(
            person, case.customer_id, kind="goodwill", units=units, reason=request.POST.get("reason", ""),
            key=request.POST.get("key", ""), limits=gift_limits(), days=days_of(request), order_id=case.order_id,
        )  # fmt: skip
        return _("%(amount)s goodwill Credits given. The case is as it was.") % {"amount": shown_credits(units)}

    return _act(request, person, case_id, "goodwill", act)


def decided_words(case: CaseRow) -> str:
    """What a decision did, for the toast."""
    if case.state == "approved":
        return _("Decided: %(amount)s Credits. It waits for a second person.") % {"amount": shown_credits(case.units)}
    if case.state == "settled":
        return _("Decided: %(amount)s Credits are back in the wallet.") % {"amount": shown_credits(case.units)}
    return _("Decided: no Credits return. The customer reads why.")


def _act(request: HttpRequest, person: Person, case_id: int, form: str, act: Callable[[], str]) -> HttpResponse:
    try:
        text = act()
    except Refusal as refused:
        return _page(request, person, case_id, refused, form)
    return done(request, text, "desk:case", case_id)


def _page(
    request: HttpRequest, person: Person, case_id: int, refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    case = case_of(person, checked_id(case_id))
    order = order_of(person, case.order_id)
    situation = situation_of(order)
    waiting = [row.id for row in review_queue()]
    can_work = case.state in ("open", "waiting", "in_review")
    claims = claim_rows(situation)
    unclaimed = [(row.claim, row.question) for row in claims if row.state is None]
    if posted.removeprefix("claim-") in dict(unclaimed):
        posted = "claim-other"
    context = order_facts(person, order) | talk_of(person, order.id) | {
        "room": "desk-cases",
        "case": case,
        "due": due_of_case(case, order) if case.open else None,
        "claims": claims,
        "has_claims": len(unclaimed) < len(claims),
        "unclaimed": unclaimed,
        "shown_words": case.words if all(row.said != case.words for row in claims) else "",
        "all_delivered": order.delivered >= order.quantity,
        "expectations": situation.claims.get("expectations"),
        "review": review_of(case, situation, language()) if can_work else None,
        "explained": None if can_work else explain_case(case, language()),
        "events": _timeline(case, order),
        "names": names_of({case.decided_by_id, case.approved_by_id}),
        "can_work": can_work,
        "key": new_key(),
        "next_id": _next(waiting, case.id),
        "place": waiting.index(case.id) + 1 if case.id in waiting else None,
        "waiting_count": len(waiting),
    }  # fmt: skip
    return desk_show(request, person, "desk/case.html", context, refused, posted)


def _deciding_clauses() -> list[str]:
    return [clause.number for clause in current_policy().document.clauses if clause.rules]


def _next(waiting: list[int], case_id: int) -> int | None:
    """The case after this one in the queue, else the first."""
    others = waiting[waiting.index(case_id) + 1 :] + waiting if case_id in waiting else waiting
    return next((number for number in others if number != case_id), None)


def _timeline(case: CaseRow, order: OrderRow) -> list[Line]:
    """The order's and the case's history as one, oldest first, staff's own lines included."""
    of_order, of_case = events_of(order.id, all_of_them=True), events_of_case(case.id, all_of_them=True)
    names = names_of({event.actor_id for event in of_order} | {event.actor_id for event in of_case})
    both = lines(of_order, viewer_id=None, names=names) + lines(of_case, viewer_id=None, names=names)
    return sorted(both, key=lambda line: line.at)
