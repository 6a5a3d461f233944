"""Reads of conversations. A customer reaches one only through the getters here, which check whose it is."""

from dataclasses import dataclass
from datetime import datetime

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import order_of
from smmatic.support.models import Conversation, Message


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A thread; `waiting_for` is 'staff', 'customer' or ''."""

    id: int
    customer_id: int
    order_id: int | None
    case_id: int | None
    waiting_for: str
    opened_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message; an `internal` one is for staff only."""

    id: int
    conversation_id: int
    author_kind: str
    author_id: int | None
    case_id: int | None
    body: str
    internal: bool
    at: datetime


_FIELDS = tuple(ConversationRow.__dataclass_fields__)
_MESSAGE_FIELDS = tuple(MessageRow.__dataclass_fields__)


def conversation_of(person: Person, conversation_id: int) -> ConversationRow:
    """One of the person's own conversations; staff who may read the desk reach every conversation.

    Raises:
        Refusal: `not_found`, the same whether it is another's or does not exist.
    """
    rows = Conversation.objects.filter(id=conversation_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(customer_id=person.id)
    values = rows.values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return ConversationRow(**values)


def conversation_of_order(person: Person, order_id: int) -> ConversationRow | None:
    """The conversation about an order that the person may see, or None where nobody has written yet.

    Raises:
        Refusal: `not_found` for another's order.
    """
    order_of(person, order_id)
    values = Conversation.objects.filter(order_id=order_id).values(*_FIELDS).first()
    return ConversationRow(**values) if values else None


def general_conversation(person: Person) -> ConversationRow | None:
    """The person's own conversation that is about no order, or None."""
    values = Conversation.objects.filter(customer_id=person.id, order=None).values(*_FIELDS).first()
    return ConversationRow(**values) if values else None


def conversations_of(person: Person, limit: int = 50) -> list[ConversationRow]:
    """The person's own conversations, the latest first."""
    rows = Conversation.objects.filter(customer_id=person.id).order_by("-last_at", "-id")
    return [ConversationRow(**row) for row in rows.values(*_FIELDS)[:limit]]


def unanswered(limit: int = 100) -> list[ConversationRow]:
    """Conversations that wait for staff, the longest waiting first, for the desk."""
    rows = Conversation.objects.filter(waiting_for="staff").order_by("last_at", "id")
    return [ConversationRow(**row) for row in rows.values(*_FIELDS)[:limit]]


def messages_of(person: Person, conversation_id: int) -> list[MessageRow]:
    """The messages of a conversation that the person may see, oldest first; internal notes only for staff.

    Raises:
        Refusal: `not_found` for another's conversation.
    """
    conversation_of(person, conversation_id)
    rows = Message.objects.filter(conversation_id=conversation_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(internal=False)
    return [MessageRow(**row) for row in rows.order_by("id").values(*_MESSAGE_FIELDS)]


def messages_of_order(person: Person, order_id: int) -> list[MessageRow]:
    """The messages about an order that the person may see, oldest first; empty where nobody has written yet.

    Raises:
        Refusal: `not_found` for another's order.
    """
    found = conversation_of_order(person, order_id)
    return messages_of(person, found.id) if found else []


def message(message_id: int) -> tuple[MessageRow, ConversationRow] | None:
    """Any message and its conversation, for the notices."""
    values = Message.objects.filter(id=message_id).values(*_MESSAGE_FIELDS).first()
    if values is None:
        return None
    row = MessageRow(**values)
    return row, ConversationRow(**Conversation.objects.values(*_FIELDS).get(id=row.conversation_id))
