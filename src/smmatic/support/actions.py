"""Writing in conversations: customers, staff, and questions that an order or a case waits for."""

from datetime import timedelta

from smmatic.accounts.queries import Person, person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as orders
from smmatic.orders.queries import order_of
from smmatic.refunds import steps as refunds
from smmatic.refunds.pause_steps import pause_case
from smmatic.refunds.queries import case_of
from smmatic.support import steps
from smmatic.support.models import Conversation, Message
from smmatic.support.queries import MessageRow, conversation_of

MAX_BODY = 5_000
"""Longest message in characters."""

MAX_AN_HOUR = 30
"""Most messages that one customer may write within an hour."""

ABOUT = ("link", "access", "brief", "answer")
"""What a question asks the customer to correct or give."""


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
        conversation = steps.open_conversation(person.id, order_id, person.language)
        _check_rate(person.id)
        row = steps.write(conversation, "customer", person.id, text, waiting_for="staff")
        if order is not None:
            steps.go_on(order, person)
    return row


def answer_in(person: Person, conversation_id: int, body: str) -> MessageRow:
    """A customer's message in a thread of their own, such as one that they began by mail.

    Raises:
        Refusal: as `post_message`; `not_found` for another's thread.
    """
    text = _body(body)
    found = conversation_of(person, conversation_id)
    if found.customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    with atomic():
        if found.order_id is not None:
            order = refunds.lock_order(found.order_id)
        conversation = steps.lock_conversation(conversation_id)
        _check_rate(person.id)
        row = steps.write(conversation, "customer", person.id, text, waiting_for="staff")
        if found.order_id is not None:
            steps.go_on(order, person)
    return row


def staff_reply(
    agent: Person, conversation_id: int, body: str, *, internal: bool = False, seen: int | None = None
) -> MessageRow:
    """An answer of staff, which goes out by mail in its thread; or an internal note that only staff see.

    Args:
        agent: who answers.
        conversation_id: the thread.
        body: the words.
        internal: a note for staff instead of an answer.
        seen: id of the last message that the agent has read; an answer to less than all is refused once.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_missing`, `text_*`, `conversation_moved`, `mail_address_missing`.
    """
    agent.need(Permission.CASE_WORK)
    text = _body(body)
    conversation_of(agent, conversation_id)
    with atomic():
        conversation = steps.lock_conversation(conversation_id)
        if not internal:
            _check_seen(conversation, seen)
            if conversation.customer_id is None and not conversation.address:
                raise Refusal(RefusalCode.MAIL_ADDRESS_MISSING)
        return steps.write(
            conversation, "staff", agent.id, text, internal=internal, waiting_for=None if internal else ""
        )


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
        conversation = _thread_of_order(customer_id, order_id)
        waiting_for = None if internal else ""
        return steps.write(
            conversation, "staff", agent.id, text, internal=internal, case_id=case_id, waiting_for=waiting_for
        )


def ask_customer(
    agent: Person, order_id: int, body: str, *, case_id: int | None = None, about: str = "answer"
) -> MessageRow:
    """A question that the order waits for: the customer is mailed, a live order shows 'waiting for you', and the case,
    where one is named, keeps the question in its history and its clock stands still until the customer answers.
    `about` says what is to be corrected: 'link', 'access', 'brief', or only an 'answer'.

    Raises:
        Refusal: `role_missing`, `field_invalid` (about), `not_found` (also for a case of another order),
            `field_missing`, `text_*`.
    """
    agent.need(Permission.CASE_WORK)
    if about not in ABOUT:
        raise Refusal(RefusalCode.FIELD_INVALID, "about")
    text = _body(body)
    order_of(agent, order_id)
    _check_case(agent, case_id, order_id)
    with atomic():
        case = refunds.lock_case(case_id) if case_id is not None else None
        order = orders.lock_order(order_id)
        thread = _thread_of_order(order.customer_id, order_id)
        row = steps.write(thread, "staff", agent.id, text, case_id=case_id, waiting_for="customer")
        actor = orders.actor_of(agent)
        if order.waiting_since is None:
            orders.change(order_id, steps.LIVE, waiting_since=now())
        # Every question stands in the history, which the audit trail reads: a second one, and one after the end too.
        orders.record(order_id, "question", actor=actor, why=text[:1000], facts={"about": about})
        if case is not None:
            pause_case(case, actor)
            # The message itself is mailed, so the event asks for no second mail.
            refunds.record_case(case.id, "question", actor=actor, why=text[:1000])
    return row


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


def _check_seen(conversation: Conversation, seen: int | None) -> None:
    if seen is None:
        return
    newer = Message.objects.filter(conversation_id=conversation.id, id__gt=seen).exclude(author_kind="system")
    if newer.exists():
        raise Refusal(RefusalCode.CONVERSATION_MOVED, "body")


def _thread_of_order(customer_id: int, order_id: int) -> Conversation:
    """Where the customer last wrote about the order, by mail or on its page; made where nobody has yet, and locked."""
    found = Conversation.objects.filter(order_id=order_id).order_by("-last_at").values_list("id", flat=True).first()
    if found is not None:
        return steps.lock_conversation(found)
    customer = person(customer_id)
    return steps.open_conversation(customer_id, order_id, customer.language if customer else "en")
