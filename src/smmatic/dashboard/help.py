"""Help: conversations with our staff, about an order or about anything else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.orders import order_response
from smmatic.kernel.refusals import Refusal
from smmatic.support.actions import post_message
from smmatic.support.queries import general_conversation, messages_of, messages_of_order
from smmatic.web.pages import checked_id, show


@require_safe
@customer_page
def help_page(request: HttpRequest, person: Person) -> HttpResponse:
    """How to reach us, and the conversation that is about no order."""
    return _page(request, person)


@require_safe
@customer_page
def general_talk(request: HttpRequest, person: Person) -> HttpResponse:
    """The general conversation's messages, for the page that follows it."""
    return show(request, "dashboard/_messages.html", _context(person))


@require_safe
@customer_page
def order_talk(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """An order's messages, for the page that follows it."""
    talk = messages_of_order(person, checked_id(order_id))
    return show(request, "dashboard/_messages.html", {"talk": talk, "order_id": order_id})


@form_of("dashboard:help")
@customer_page
def write(request: HttpRequest, person: Person) -> HttpResponse:
    """A message about nothing in particular."""
    body = request.POST.get("body", "")
    try:
        post_message(person, None, body)
    except Refusal as refused:
        return _page(request, person, body, refused)
    return redirect("dashboard:help")


@form_of("dashboard:order")
@customer_page
def write_about_order(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """A message about an order; one that waits for the customer goes on."""
    body = request.POST.get("body", "")
    try:
        post_message(person, checked_id(order_id), body)
    except Refusal as refused:
        return order_response(request, person, order_id, refused, values={"body": body})
    return redirect("dashboard:order", order_id)


def _page(request: HttpRequest, person: Person, body: str = "", refused: Refusal | None = None) -> HttpResponse:
    return show(request, "dashboard/help.html", _context(person) | {"room": "help", "values": {"body": body}}, refused)


def _context(person: Person) -> dict[str, object]:
    found = general_conversation(person)
    return {"talk": messages_of(person, found.id) if found else [], "order_id": None}
