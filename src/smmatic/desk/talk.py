"""Conversations: what waits for an answer of staff, and writing to a customer about an order, a case or nothing."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person, staff_people
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.desk.due import Due, due_of_answer
from smmatic.desk.replies import filled
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import order_of
from smmatic.support.actions import ask_customer, staff_message, staff_reply
from smmatic.support.desk_queries import (
    attachments_of,
    has_original,
    latest,
    mailboxes,
    replies,
    unanswered,
    writer_of,
)
from smmatic.support.queries import ConversationRow, MessageRow, conversation_of, messages_of, messages_of_order
from smmatic.web.pages import MAX_ID, checked_id

KINDS = ("message", "question", "note")
"""What staff can write: an answer, a question that the order waits for, a note that only staff see."""

SHOWS = ("", "mine", "free", "all")
"""Which conversations the list shows: all that wait, mine, nobody's, or every one."""


@desk_page("GET")
def talk_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Conversations that wait for an answer, whose answer is due first on top; or, asked for, every one."""
    show = request.GET.get("show", "")
    if show not in SHOWS:
        show = ""
    if show == "all":
        rows = latest()
    else:
        rows = unanswered(assignee_id=person.id if show == "mine" else None, free=show == "free")
    labels = {"": _("Waiting"), "mine": _("Mine"), "free": _("Nobody's"), "all": _("All")}
    context = {
        "room": "desk-talks",
        "rows": [(row, _due(row)) for row in rows],
        "names": names_of({row.customer_id for row in rows}, {row.assignee_id for row in rows}),
        "shows": list(labels.items()),
        "show": show,
        "mailboxes": [box for box in mailboxes() if box.error],
    }
    return desk_show(request, person, "desk/talks.html", context)


@desk_page("GET")
def talk_page(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """One conversation; `?reply=` puts a saved reply into the form."""
    return conversation_page(request, person, conversation_id)


@desk_page("GET")
def talk_live(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """The messages, and who is writing, for the page that follows them."""
    row = conversation_of(person, checked_id(conversation_id))
    return desk_show(request, person, "desk/_talk_live.html", _live(person, row))


@desk_page("POST", need=Permission.CASE_WORK)
def reply(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """An answer in a conversation, which goes out by mail, or a note for staff."""
    try:
        internal = request.POST.get("kind") == "note"
        seen = _seen(request.POST.get("seen", ""))
        staff_reply(person, checked_id(conversation_id), request.POST.get("body", ""), internal=internal, seen=seen)
    except Refusal as refused:
        return conversation_page(request, person, conversation_id, refused, "write")
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
    return _shown(messages_of_order(person, order_id))


def conversation_page(
    request: HttpRequest, person: Person, conversation_id: int, refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    """The page of a conversation, with a refusal of one of its forms."""
    row = conversation_of(person, checked_id(conversation_id))
    customer = person_by_id(row.customer_id) if row.customer_id else None
    order = order_of(person, row.order_id) if row.order_id else None
    kept = replies()
    chosen = next((one for one in kept if str(one.id) == request.GET.get("reply", "")), None)
    language = customer.language if customer else row.language
    context = {
        "room": "desk-talks",
        "customer": customer,
        "order": order,
        "due": _due(row) if row.waiting_for == "staff" else None,
        "assignee": person_by_id(row.assignee_id) if row.assignee_id else None,
        "colleagues": [(one.id, one.shown_name) for one in staff_people() if one.may(Permission.CASE_WORK)],
        "replies": [("", _("Begin with a saved reply …")), *((one.id, one.title) for one in kept)],
        "chosen": chosen.id if chosen else "",
        "draft": filled(chosen, language, customer, order, person) if chosen else "",
        "original": has_original(row.id),
        "answer_language": language,
    }
    return desk_show(request, person, "desk/talk.html", context | _live(person, row), refused, posted)


def _live(person: Person, row: ConversationRow) -> dict[str, object]:
    messages = messages_of(person, row.id)
    writer = writer_of(row, person)
    return _shown(messages) | {
        "conversation": row,
        "seen": messages[-1].id if messages else 0,
        "writer": person_by_id(writer) if writer else None,
    }


def _shown(messages: Sequence[MessageRow]) -> dict[str, object]:
    return {
        "talk": messages,
        "talk_names": names_of({message.author_id for message in messages}),
        "talk_files": attachments_of(messages),
    }


def _due(row: ConversationRow) -> Due | None:
    return due_of_answer(row.answer_due_at) if row.answer_due_at else None


def _seen(text: str) -> int | None:
    """The last message that stood on the page, or None where the form does not say."""
    return min(int(text), MAX_ID) if text.isascii() and text.isdigit() and len(text) <= 19 else None
