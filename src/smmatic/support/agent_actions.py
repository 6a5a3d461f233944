"""What agents do with conversations besides answering: take them, link them, end them, and keep good answers."""

import string

from smmatic.accounts.queries import Person, people
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line, clean_text
from smmatic.orders import steps as orders
from smmatic.orders.files import CheckedFile
from smmatic.orders.queries import order_of
from smmatic.support import steps
from smmatic.support.models import Attachment, Conversation, SavedReply
from smmatic.support.queries import conversation_of

MAX_REPLY = 4_000
VARIABLES = ("name", "order", "service", "status", "due", "agent", "support")
"""What a saved reply may name in braces; the desk fills them in (see desk/replies.py)."""


def assign(agent: Person, conversation_id: int, colleague_id: int | None) -> None:
    """Gives a conversation to a member of staff, or with None back to everybody.

    Raises:
        Refusal: `role_missing`, `not_found`, `colleague_unknown` for somebody who can't answer.
    """
    agent.need(Permission.CASE_WORK)
    conversation_of(agent, conversation_id)
    if colleague_id is not None:
        colleague = people([colleague_id]).get(colleague_id)
        if colleague is None or not colleague.may(Permission.CASE_WORK):
            raise Refusal(RefusalCode.COLLEAGUE_UNKNOWN, "colleague")
    Conversation.objects.filter(id=conversation_id).update(assignee_id=colleague_id)


def note_writing(agent: Person, conversation_id: int) -> None:
    """Says that the agent is writing an answer now, for whoever else opens the conversation.

    Who began first stays named until they stop.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    agent.need(Permission.CASE_WORK)
    row = conversation_of(agent, conversation_id)
    taken = row.writing_at is not None and row.writer_id != agent.id and row.writing_at > now() - steps.WRITING_FOR
    if not taken:
        Conversation.objects.filter(id=conversation_id).update(writer_id=agent.id, writing_at=now())


def link(agent: Person, conversation_id: int, order_id: int) -> None:
    """Links a conversation that came by mail to an order, and thereby to its customer: answers go to that customer's
    own address from then on.

    Raises:
        Refusal: `role_missing`, `not_found`, `conversation_linked` for one of another customer or order, or of a page.
    """
    agent.need(Permission.CASE_WORK)
    row = conversation_of(agent, conversation_id)
    order = order_of(agent, order_id)
    if row.origin != "mail" or row.customer_id not in (None, order.customer_id) or row.order_id not in (None, order.id):
        raise Refusal(RefusalCode.CONVERSATION_LINKED, "order")
    with atomic():
        locked = steps.lock_conversation(conversation_id)
        Conversation.objects.filter(id=conversation_id).update(order_id=order.id, customer_id=order.customer_id)
        text = f"Linked to order {order.id}."
        steps.write(locked, "staff", agent.id, text, internal=True, waiting_for=None)


def settle(agent: Person, conversation_id: int) -> None:
    """Ends the waiting of a conversation that needs no answer.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    agent.need(Permission.CASE_WORK)
    conversation_of(agent, conversation_id)
    Conversation.objects.filter(id=conversation_id, waiting_for="staff").update(waiting_for="", answer_due_at=None)


def take_as_evidence(agent: Person, attachment_id: int) -> int:
    """Makes a file that came by mail evidence of the order that its conversation is linked to; the order.

    Raises:
        Refusal: `role_missing`, `not_found`, `conversation_without_order`.
    """
    agent.need(Permission.CASE_WORK)
    with atomic():
        found = Attachment.objects.filter(id=attachment_id).select_related("message__conversation").first()
        if found is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        thread = found.message.conversation
        if thread.order_id is None or thread.customer_id is None:
            raise Refusal(RefusalCode.CONVERSATION_WITHOUT_ORDER)
        row = Attachment.objects.select_for_update(no_key=True).get(id=attachment_id)
        if row.content is None or row.sha256 is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        file = CheckedFile(row.name, row.media_type, bytes(row.content), bytes(row.sha256))
        row.file_id = orders.keep_evidence(thread.customer_id, thread.order_id, file)
        row.content = None
        row.save(update_fields=["file", "content"])
    return thread.order_id


def save_reply(agent: Person, reply_id: int | None, *, title: str, body_en: str, body_vi: str) -> int:
    """Keeps an answer under a title in both languages; its id.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_missing`, `text_*`, `reply_variable_unknown`, `reply_title_taken`.
    """
    agent.need(Permission.CASE_WORK)
    columns = {"title": clean_line(title, "title", 80)} | {
        name: clean_text(body, name, MAX_REPLY) for name, body in (("body_en", body_en), ("body_vi", body_vi))
    }
    for name, text in columns.items():
        if not text:
            raise Refusal(RefusalCode.FIELD_MISSING, name)
    for name in ("body_en", "body_vi"):
        _check_variables(columns[name], name)
    with atomic():
        others = SavedReply.objects.exclude(id=reply_id) if reply_id is not None else SavedReply.objects.all()
        if others.filter(title__iexact=columns["title"]).exists():
            raise Refusal(RefusalCode.REPLY_TITLE_TAKEN, "title")
        changed = {**columns, "author_id": agent.id, "changed_at": now()}
        if reply_id is None:
            return SavedReply.objects.create(**changed).id
        if not SavedReply.objects.filter(id=reply_id).update(**changed):
            raise Refusal(RefusalCode.NOT_FOUND)
    return reply_id


def drop_reply(agent: Person, reply_id: int) -> None:
    """Forgets a saved reply.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    agent.need(Permission.CASE_WORK)
    if not SavedReply.objects.filter(id=reply_id).delete()[0]:
        raise Refusal(RefusalCode.NOT_FOUND)


def _check_variables(text: str, field: str) -> None:
    try:
        named = {name for _text, name, *_rest in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise Refusal(RefusalCode.REPLY_VARIABLE_UNKNOWN, field, known=_known()) from error
    if named - set(VARIABLES):
        raise Refusal(RefusalCode.REPLY_VARIABLE_UNKNOWN, field, known=_known())


def _known() -> str:
    return ", ".join(f"{{{name}}}" for name in VARIABLES)
