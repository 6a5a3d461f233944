"""What pages with a conversation show: its messages, their files, and where it is followed and written in."""

from django.urls import reverse

from smmatic.accounts.queries import Person
from smmatic.support.desk_queries import attachments_of
from smmatic.support.queries import MessageRow, general_conversation, messages_of, messages_of_order


def talk_of_order(person: Person, order_id: int) -> dict[str, object]:
    """The conversation about an order.

    Raises:
        Refusal: `not_found` for another's order.
    """
    return _talk(messages_of_order(person, order_id), "order", order_id)


def talk_in(person: Person, conversation_id: int) -> dict[str, object]:
    """One thread.

    Raises:
        Refusal: `not_found` for another's.
    """
    return _talk(messages_of(person, conversation_id), "thread", conversation_id)


def general_talk_of(person: Person) -> dict[str, object]:
    """The conversation about nothing in particular."""
    found = general_conversation(person)
    return _talk(messages_of(person, found.id) if found else [], "help")


def _talk(messages: list[MessageRow], route: str, *ids: int) -> dict[str, object]:
    return {
        "talk": messages,
        "talk_files": attachments_of(messages),
        "talk_url": reverse(f"dashboard:{route}_talk", args=ids),
        "write_url": reverse(f"dashboard:{route}_write", args=ids),
    }
