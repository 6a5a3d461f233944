"""Help: conversations with our staff, about an order or about anything else, written here or by mail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.orders import order_response
from smmatic.dashboard.talk import general_talk_of, talk_in, talk_of_order
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.support.actions import answer_in, post_message
from smmatic.support.desk_queries import attachment_content
from smmatic.support.queries import conversation_of, conversations_of, general_conversation
from smmatic.web.pages import checked_id, download, show


@require_safe
@customer_page
def help_page(request: HttpRequest, person: Person) -> HttpResponse:
    """How to reach us, and every conversation."""
    return _page(request, person)


@require_safe
@customer_page
def general_talk(request: HttpRequest, person: Person) -> HttpResponse:
    """The general conversation's messages, for the page that follows it."""
    return show(request, "dashboard/_messages.html", general_talk_of(person))


@require_safe
@customer_page
def order_talk(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """An order's messages, for the page that follows it."""
    return show(request, "dashboard/_messages.html", talk_of_order(person, checked_id(order_id)))


@require_safe
@customer_page
def thread_page(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """One of the person's conversations."""
    return _thread(request, person, conversation_id)


@require_safe
@customer_page
def thread_talk(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """Its messages, for the page that follows it."""
    return show(request, "dashboard/_messages.html", talk_in(person, checked_id(conversation_id)))


@form_of("dashboard:thread")
@customer_page
def write_in_thread(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """A message in one of the person's conversations."""
    body = request.POST.get("body", "")
    try:
        answer_in(person, checked_id(conversation_id), body)
    except Refusal as refused:
        if refused.code is RefusalCode.NOT_FOUND:
            raise
        return _thread(request, person, conversation_id, body, refused)
    return redirect("dashboard:thread", conversation_id)


@require_safe
@customer_page
def attachment(request: HttpRequest, person: Person, attachment_id: int) -> HttpResponse:
    """A file that the person sent by mail, as a download."""
    return download(*attachment_content(person, checked_id(attachment_id)))


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
    general = general_conversation(person)
    context = general_talk_of(person) | {
        "room": "help",
        "values": {"body": body},
        "threads": [row for row in conversations_of(person) if general is None or row.id != general.id],
    }
    return show(request, "dashboard/help.html", context, refused)


def _thread(
    request: HttpRequest, person: Person, conversation_id: int, body: str = "", refused: Refusal | None = None
) -> HttpResponse:
    row = conversation_of(person, checked_id(conversation_id))
    context = talk_in(person, row.id) | {"room": "help", "values": {"body": body}, "conversation": row}
    return show(request, "dashboard/thread.html", context, refused)
