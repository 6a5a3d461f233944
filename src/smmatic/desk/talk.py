"""Conversations: what waits for an answer of staff, and writing to a customer about an order, a case or nothing."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import order_of
from smmatic.support.actions import ask_customer, staff_message, staff_reply
from smmatic.support.queries import conversation_of, messages_of, messages_of_order, unanswered
from smmatic.web.pages import checked_id

KINDS = ("message", "question", "note")
"""What staff can write: an answer, a question that the order waits for, a note that only staff see."""


@desk_page("GET")
def talk_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Conversations that wait for an answer, the longest waiting first."""
    rows = unanswered()
    context = {"room": "desk-talks", "rows": rows, "names": names_of({row.customer_id for row in rows})}
    return desk_show(request, person, "desk/talks.html", context)


@desk_page("GET")
def talk_page(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """One conversation."""
    return _page(request, person, conversation_id)


@desk_page("POST", need=Permission.CASE_WORK)
def reply(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """An answer in a conversation, or a note for staff."""
    try:
        internal = request.POST.get("kind") == "note"
        staff_reply(person, checked_id(conversation_id), request.POST.get("body", ""), internal=internal)
    except Refusal as refused:
        return _page(request, person, conversation_id, refused, "write")
    return done(request, said("note" if internal else "message"), "desk:talk", conversation_id)


def write(person: Person, request: HttpRequest, order_id: int, case_id: int | None = None) -> str:
    """Writes what the form 'write' of an order's or a case's page holds; the sentence for the toast.

    Raises:
        Refusal: `field_invalid`, and what the actions of `support` refuse.
    """
    kind, body = request.POST.get("kind", ""), request.POST.get("body", "")
    if kind not in KINDS:
        raise Refusal(RefusalCode.FIELD_INVALID, "kind")
    if kind == "question":
        ask_customer(person, order_id, body, case_id=case_id)
    else:
        staff_message(person, order_id, body, internal=kind == "note", case_id=case_id)
    return said(kind)


def said(kind: str) -> str:
    """What the toast says after writing."""
    if kind == "question":
        return _("Asked. The customer is mailed, and the order waits for the answer.")
    return _("Noted for staff only.") if kind == "note" else _("Sent. The customer is mailed.")


def talk_of(person: Person, order_id: int) -> dict[str, object]:
    """The conversation about an order, for the pages that show one.

    Raises:
        Refusal: `not_found`.
    """
    messages = messages_of_order(person, order_id)
    return {"talk": messages, "talk_names": names_of({row.author_id for row in messages})}


def _page(
    request: HttpRequest, person: Person, conversation_id: int, refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    row = conversation_of(person, checked_id(conversation_id))
    messages = messages_of(person, row.id)
    context = {
        "room": "desk-talks",
        "conversation": row,
        "customer": person_by_id(row.customer_id),
        "order": order_of(person, row.order_id) if row.order_id else None,
        "talk": messages,
        "talk_names": names_of({message.author_id for message in messages}),
    }
    return desk_show(request, person, "desk/talk.html", context, refused, posted)
