"""Deposits: bank transfers that an operator has seen, or not."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.deposits.actions import confirm_deposit, decline_deposit
from smmatic.deposits.queries import deposits_ended, deposits_to_confirm
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.refusals import Refusal
from smmatic.web.pages import checked_id, cursor, search_text
from smmatic.web.templatetags.smm import credits as shown_credits

PAGE = 30


@desk_page("GET")
def deposit_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Deposits to confirm, the oldest first, and what became of the others."""
    return _page(request, person)


@desk_page("POST", need=Permission.DEPOSIT_CONFIRM)
def confirm(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """Books the Credits for money that has arrived. An unlike amount without a reason is parked, not credited."""
    received, why = request.POST.get("received", ""), request.POST.get("why", "")
    try:
        row = confirm_deposit(person, checked_id(deposit_id), received=received, why=why)
    except Refusal as refused:
        return _page(request, person, refused, f"other-{deposit_id}")
    if row.state == "parked":
        text = _("The amount is not the one asked for. Nothing was credited: say why it is right, then confirm again.")
    else:
        text = _("%(reference)s confirmed: %(amount)s Credits are in the customer's wallet.") % {
            "reference": row.reference, "amount": shown_credits(row.credited_units),
        }  # fmt: skip
    return done(request, text, "desk:deposits")


@desk_page("POST", need=Permission.DEPOSIT_CONFIRM)
def decline(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """Ends a deposit without crediting it, with a reason that the customer reads."""
    try:
        row = decline_deposit(person, checked_id(deposit_id), why=request.POST.get("why", ""))
    except Refusal as refused:
        return _page(request, person, refused, f"decline-{deposit_id}")
    text = _("%(reference)s declined. Nothing was credited.") % {"reference": row.reference}
    return done(request, text, "desk:deposits")


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    words = search_text(request)
    after = cursor(request)
    waiting = deposits_to_confirm(words)
    ended = deposits_ended(before_id=after, limit=PAGE + 1)
    context = {
        "room": "desk-deposits",
        "waiting": waiting,
        "ended": ended[:PAGE],
        "names": names_of({row.customer_id for row in (*waiting, *ended)} | {row.ended_by_id for row in ended}),
        "q": words,
        "first": after is None,
        "next_cursor": ended[PAGE - 1].id if len(ended) > PAGE else None,
    }
    return desk_show(request, person, "desk/deposits.html", context, refused, posted)
