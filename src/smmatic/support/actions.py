"""Writing in conversations: customers, staff, and questions that an order or a case waits for."""

from datetime import timedelta

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as orders
from smmatic.orders.queries import OrderRow, order_of
from smmatic.refunds import steps as refunds
from smmatic.refunds.pause_steps import pause_case, resume_case
from smmatic.refunds.queries import case_of
from smmatic.support.models import Conversation, Message
from smmatic.support.queries import MessageRow, conversation_of

MAX_BODY = 5_000
"""Longest message in characters."""

MAX_AN_HOUR = 30
"""Most messages that one customer may write within an hour."""

_LIVE = ("pending", "processing", "in_progress")


def post_message(person: Person, order_id: int | None, body: str) -> MessageRow:
    """A customer's message about one of their orders, or with None about nothing in particular.

    An order that waits for the customer goes on: the time it waited is added to its promised start. So does a case
    that waits for them: its due date moves by the business time it waited.

    Raises:
        Refusal: `not_found` for another's order, `field_missing`, `text_*`, `rate_limited`.
    """
    text = _body(body)
    if order_id is not None and order_of(person, order_id).customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    with atomic():
        order = refunds.lock_order(order_id) if order_id is not None else None
        conversation = _open(person.id, order_id)
        _check_rate(person.id)
        row = _write(conversation, "customer", person.id, text, waiting_for="staff")
        if order is not None:
            resume_case(order.id, orders.actor_of(person))
            if order.waiting_since is not None:
                _go_on(order, person)
    return row


def staff_reply(agent: Person, conversation_id: int, body: str, *, internal: bool = False) -> MessageRow:
    """An answer of staff to the customer, who is mailed; or an internal note that only staff see.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_missing`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    text = _body(body)
    conversation_of(agent, conversation_id)
    with atomic():
        conversation = Conversation.objects.select_for_update(no_key=True).get(id=conversation_id)
        return _write(conversation, "staff", agent.id, text, internal=internal, waiting_for=None if internal else "")


def staff_message(
    agent: Person, order_id: int, body: str, *, internal: bool = False, case_id: int | None = None
) -> MessageRow:
    """As `staff_reply`, about an order of which nobody may have written yet.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_missing`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    text = _body(body)
    customer_id = order_of(agent, order_id).customer_id
    _check_case(agent, case_id, order_id)
    with atomic():
        conversation = _open(customer_id, order_id)
        waiting_for = None if internal else ""
        return _write(
            conversation, "staff", agent.id, text, internal=internal, case_id=case_id, waiting_for=waiting_for
        )


def ask_customer(agent: Person, order_id: int, body: str, *, case_id: int | None = None) -> MessageRow:
    """A question that the order waits for: the customer is mailed, a live order shows 'waiting for you', and the case,
    where one is named, keeps the question in its history and its clock stands still until the customer answers.

    Raises:
        Refusal: `role_missing`, `not_found` (also for a case of another order), `field_missing`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    text = _body(body)
    order_of(agent, order_id)
    _check_case(agent, case_id, order_id)
    with atomic():
        case = refunds.lock_case(case_id) if case_id is not None else None
        order = orders.lock_order(order_id)
        row = _write(
            _open(order.customer_id, order_id), "staff", agent.id, text, case_id=case_id, waiting_for="customer"
        )
        actor = orders.actor_of(agent)
        if order.waiting_since is None and orders.change(order_id, _LIVE, waiting_since=now()):
            orders.record(order_id, "question", actor=actor, why=text[:1000])
        if case is not None:
            pause_case(case, actor)
            # The message itself is mailed, so the event asks for no second mail.
            refunds.record_case(case.id, "question", actor=actor, why=text[:1000])
    return row


def _go_on(order: OrderRow, person: Person) -> None:
    waited = now() - order.waiting_since if order.waiting_since else timedelta(0)
    promised = order.start_promised_at + waited if order.started_at is None else order.start_promised_at
    if orders.change(order.id, _LIVE, waiting_since=None, start_promised_at=promised):
        orders.record(
            order.id, "answered", actor=orders.actor_of(person), facts={"waited_seconds": int(waited.total_seconds())}
        )


def _body(body: object) -> str:
    text = clean_text(body, "body", MAX_BODY)
    if not text:
        raise Refusal(RefusalCode.FIELD_MISSING, "body")
    return text


def _check_case(agent: Person, case_id: int | None, order_id: int) -> None:
    if case_id is not None and case_of(agent, case_id).order_id != order_id:
        raise Refusal(RefusalCode.NOT_FOUND)


def _check_rate(customer_id: int) -> None:
    since = now() - timedelta(hours=1)
    if Message.objects.filter(author_kind="customer", author_id=customer_id, at__gt=since).count() >= MAX_AN_HOUR:
        raise Refusal(RefusalCode.RATE_LIMITED, "body", seconds=3600)


def _open(customer_id: int, order_id: int | None) -> Conversation:
    """The conversation, made where there is none yet, and locked."""
    Conversation.objects.bulk_create([Conversation(customer_id=customer_id, order_id=order_id)], ignore_conflicts=True)
    rows = Conversation.objects.select_for_update(no_key=True)
    return rows.get(order_id=order_id) if order_id is not None else rows.get(customer_id=customer_id, order=None)


def _write(
    conversation: Conversation, author_kind: str, author_id: int, body: str, *, internal: bool = False,
    case_id: int | None = None, waiting_for: str | None,
) -> MessageRow:  # fmt: skip
    """Adds a message; `waiting_for` None leaves who has to answer next as it was."""
    row = Message.objects.create(
        conversation_id=conversation.id, author_kind=author_kind, author_id=author_id, body=body, internal=internal,
        case_id=case_id,
    )  # fmt: skip
    row.refresh_from_db()
    columns: dict[str, object] = {"last_at": row.at}
    if waiting_for is not None:
        columns["waiting_for"] = waiting_for
    if case_id is not None:
        columns["case_id"] = case_id
    Conversation.objects.filter(id=conversation.id).update(**columns)
    return MessageRow(**{name: getattr(row, name) for name in MessageRow.__dataclass_fields__})
