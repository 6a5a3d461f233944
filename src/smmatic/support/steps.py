"""Writes conversations inside a transaction that an action has opened."""

from datetime import datetime, timedelta

from django.conf import settings

from smmatic.accounts.queries import Person
from smmatic.kernel.clock import now
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow
from smmatic.policy.business_time import closes_after
from smmatic.policy.queries import current_calendar, current_policy
from smmatic.refunds.pause_steps import resume_case
from smmatic.support.models import Conversation, Message
from smmatic.support.queries import MessageRow

WRITING_FOR = timedelta(seconds=40)
"""How long somebody counts as writing an answer after the last sign of it."""

LIVE = ("pending", "processing", "in_progress")


def open_conversation(customer_id: int, order_id: int | None, language: str) -> Conversation:
    """The conversation about an order, or the customer's general one; made where there is none yet, and locked."""
    made = Conversation(customer_id=customer_id, order_id=order_id, language=language)
    Conversation.objects.bulk_create([made], ignore_conflicts=True)
    rows = Conversation.objects.select_for_update(no_key=True).filter(origin="page")
    if order_id is not None:
        return rows.get(order_id=order_id)
    return rows.get(customer_id=customer_id, order=None)


def lock_conversation(conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends."""
    return Conversation.objects.select_for_update(no_key=True).get(id=conversation_id)


def write(
    conversation: Conversation, author_kind: str, author_id: int | None, body: str, *, internal: bool = False,
    case_id: int | None = None, waiting_for: str | None, channel: str = "page", proof: str = "", sender: str = "",
    quoted: str = "",
) -> MessageRow:  # fmt: skip
    """Adds a message; `waiting_for` None leaves who has to answer next as it was.

    The first message that waits for staff sets until when they mean to answer, in business hours; an answer ends it.
    """
    row = Message.objects.create(
        conversation_id=conversation.id, author_kind=author_kind, author_id=author_id, body=body, internal=internal,
        case_id=case_id, channel=channel, proof=proof, sender=sender, quoted=quoted,
    )  # fmt: skip
    row.refresh_from_db()
    columns: dict[str, object] = {"last_at": row.at}
    if waiting_for is not None:
        columns["waiting_for"] = waiting_for
        if waiting_for != "staff":
            columns |= {"answer_due_at": None, "writer_id": None, "writing_at": None}
        elif conversation.answer_due_at is None:
            columns["answer_due_at"] = answer_due(row.at)
    if case_id is not None:
        columns["case_id"] = case_id
    Conversation.objects.filter(id=conversation.id).update(**columns)
    return MessageRow(**{name: getattr(row, name) for name in MessageRow.__dataclass_fields__})


def answer_due(asked_at: datetime) -> datetime:
    """Until when staff mean to answer: so many business hours after the question, by the policy's calendar."""
    times = current_policy().document.times
    return closes_after(asked_at, settings.SMMATIC_FIRST_REPLY_HOURS, current_calendar().calendar, times)


def go_on(order: OrderRow, person: Person) -> None:
    """The customer has answered: a case or an order that waited for them goes on. Both must be locked."""
    resume_case(order.id, orders.actor_of(person))
    if order.waiting_since is None:
        return
    waited = now() - order.waiting_since if order.waiting_since else timedelta(0)
    promised = order.start_promised_at + waited if order.started_at is None else order.start_promised_at
    if orders.change(order.id, LIVE, waiting_since=None, start_promised_at=promised):
        orders.record(
            order.id, "answered", actor=orders.actor_of(person), facts={"waited_seconds": int(waited.total_seconds())}
        )
