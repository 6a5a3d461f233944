"""What needs two people or an operator in the ledger: gifts above the limit, disputed deposits, frozen accounts; and
statements of Credits."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.credits.account_actions import set_account
from smmatic.credits.approval_actions import approvals, approve_gift, refuse_gift
from smmatic.deposits.dispute_actions import confirm_end, disputes, open_dispute, propose_end
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.amounts import parse_credits
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.pages import checked_id
from smmatic.web.statements import period_of, statement_file, statement_response
from smmatic.web.templatetags.smm import credits as shown_credits


@desk_page("GET")
def two_people(request: HttpRequest, person: Person) -> HttpResponse:
    """Everything that waits for a second person: gifts and corrections, and deposits in dispute."""
    return _two_people(request, person)


@desk_page("POST", need=Permission.CREDITS_GRANT)
def approve(request: HttpRequest, person: Person, approval_id: int) -> HttpResponse:
    """Books a gift or correction that a colleague asked for, as much as was seen."""
    try:
        row = approve_gift(person, checked_id(approval_id), units=parse_credits(request.POST.get("credits", "")))
    except Refusal as refused:
        return _two_people(request, person, refused, f"approval-{approval_id}")
    text = _("%(amount)s Credits booked.") % {"amount": shown_credits(row.units)}
    return done(request, text, "desk:two_people")


@desk_page("POST", need=Permission.CREDITS_GRANT)
def refuse(request: HttpRequest, person: Person, approval_id: int) -> HttpResponse:
    """Ends a request without booking anything, with a reason."""
    try:
        refuse_gift(person, checked_id(approval_id), why=request.POST.get("why", ""))
    except Refusal as refused:
        return _two_people(request, person, refused, f"approval-{approval_id}")
    return done(request, _("Not booked. Whoever asked can read why."), "desk:two_people")


@desk_page("POST", need=Permission.DEPOSIT_CONFIRM)
def dispute(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """Freezes the Credits of a deposit whose money the bank takes back."""
    try:
        row = open_dispute(
            person, checked_id(deposit_id), document=request.POST.get("document", ""), why=request.POST.get("why", "")
        )
    except Refusal as refused:
        return _two_people(request, person, refused, "dispute")
    text = _("%(amount)s Credits are frozen.") % {"amount": shown_credits(row.frozen)}
    return done(request, text, "desk:two_people")


@desk_page("POST", need=Permission.DEPOSIT_CONFIRM)
def propose(request: HttpRequest, person: Person, dispute_id: int) -> HttpResponse:
    """Proposes how a dispute ends."""
    try:
        propose_end(person, checked_id(dispute_id), end=request.POST.get("end", ""))
    except Refusal as refused:
        return _two_people(request, person, refused, f"dispute-{dispute_id}")
    return done(request, _("Proposed. Another operator has to confirm it."), "desk:two_people")


@desk_page("POST", need=Permission.DEPOSIT_CONFIRM)
def confirm(request: HttpRequest, person: Person, dispute_id: int) -> HttpResponse:
    """Ends a dispute as a colleague proposed."""
    try:
        row = confirm_end(person, checked_id(dispute_id), end=request.POST.get("end", ""))
    except Refusal as refused:
        return _two_people(request, person, refused, f"dispute-{dispute_id}")
    if row.state == "restored":
        text = _("The Credits are back.")
    else:
        text = _("%(removed)s Credits removed; %(debt)s are owed.") % {
            "removed": shown_credits(row.removed), "debt": shown_credits(row.debt),
        }  # fmt: skip
    return done(request, text, "desk:two_people")


@desk_page("POST", need=Permission.PEOPLE_MANAGE)
def account(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """Freezes, reopens or closes a customer's account, with a reason."""
    from smmatic.desk.people import customer_response

    customer = _the_customer(person_id)
    try:
        set_account(person, customer.id, request.POST.get("what", ""), why=request.POST.get("why", ""))
    except Refusal as refused:
        return customer_response(request, person, person_id, refused, "account")
    return done(request, _("Done, and recorded with your reason."), "desk:customer", person_id)


@desk_page("GET")
def statement_page(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """A customer's statement, as they see it themselves."""
    context = {"room": "desk-people", "customer": _the_customer(person_id)}
    return statement_response(request, person_id, "desk/statement.html", context)


@desk_page("GET")
def statement_sheet(request: HttpRequest, person: Person, person_id: int, format: str) -> HttpResponse:
    """A customer's statement as CSV or XLSX."""
    return statement_file(_the_customer(person_id).id, period_of(request), _format(format))


def _format(format: str) -> str:
    if format not in ("csv", "xlsx"):
        raise Refusal(RefusalCode.NOT_FOUND)
    return format


def _the_customer(person_id: int) -> Person:
    found = person_by_id(checked_id(person_id))
    if found is None or found.staff:
        raise Refusal(RefusalCode.NOT_FOUND)
    return found


def _two_people(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    waiting, disputed = approvals(), disputes()
    ids = {row.customer_id for row in waiting} | {row.customer_id for row in disputed}
    people = [(row.opened_by_id, row.proposed_by_id) for row in disputed]
    context = {
        "room": "desk-money",
        "waiting": waiting,
        "disputes": disputed,
        "names": names_of(ids, {row.asked_by_id for row in waiting}, *people),
        "kinds": {
            "bonus": _("Bonus"), "goodwill": _("Goodwill"), "adjust_up": _("Correction upwards"),
            "adjust_down": _("Correction downwards"),
        },
        "ends": [("restored", _("Give the Credits back")), ("removed", _("Remove the Credits"))],
    }  # fmt: skip
    return desk_show(request, person, "desk/two_people.html", context, refused, posted)
