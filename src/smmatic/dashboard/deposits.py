"""Adding Credits: asking for a deposit by bank transfer, and what to write on the transfer."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.wallet import wallet_response
from smmatic.deposits.actions import cancel_deposit, request_deposit
from smmatic.deposits.queries import deposit_of
from smmatic.deposits.rules import check_units, money_for
from smmatic.kernel.amounts import parse_credits
from smmatic.kernel.refusals import Refusal
from smmatic.web.pages import checked_id, show


@form_of("dashboard:wallet")
@customer_page
def ask(request: HttpRequest, person: Person) -> HttpResponse:
    """Asks for a deposit and goes to its page with the reference to copy."""
    text = request.POST.get("credits", "")
    try:
        asked = request_deposit(person, parse_credits(text), request.POST.get("key", ""))
    except Refusal as refused:
        return wallet_response(request, person, {"credits": text}, refused)
    return redirect("dashboard:deposit", asked.deposit.id)


@require_safe
@customer_page
def price(request: HttpRequest, person: Person) -> HttpResponse:
    """While typing: what the Credits cost in dong."""
    text = request.GET.get("credits", "")
    rate = int(settings.SMMATIC_CREDIT_PRICE_VND)
    try:
        money, refusal = (money_for(check_units(parse_credits(text)), rate) if text else None), None
    except Refusal as found:
        money, refusal = None, found
    return show(request, "dashboard/_dong.html", {"money": money, "money_refusal": refusal, "rate": rate})


@require_safe
@customer_page
def deposit_page(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """One deposit: the bank, the amount and the reference to copy, and where it stands."""
    return _page(request, person, deposit_id)


@require_safe
@customer_page
def deposit_live(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """The part of the page that follows the deposit by itself."""
    return show(request, "dashboard/_deposit.html", _context(person, deposit_id))


@form_of("dashboard:deposit")
@customer_page
def cancel(request: HttpRequest, person: Person, deposit_id: int) -> HttpResponse:
    """Takes back a request for which no money was sent."""
    try:
        cancel_deposit(person, checked_id(deposit_id))
    except Refusal as refused:
        return _page(request, person, deposit_id, refused)
    return redirect("dashboard:wallet")


def _page(request: HttpRequest, person: Person, deposit_id: int, refused: Refusal | None = None) -> HttpResponse:
    title = _("The deposit was not cancelled")
    return show(request, "dashboard/deposit.html", _context(person, deposit_id) | {"refused_title": title}, refused)


def _context(person: Person, deposit_id: int) -> dict[str, object]:
    return {
        "room": "wallet",
        "deposit": deposit_of(person, checked_id(deposit_id)),
        "bank": settings.SMMATIC_BANK_DETAILS,
    }
