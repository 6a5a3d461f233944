"""What mails say of conversations: answers and questions to customers, and customers' words to the support address."""

from django.conf import settings
from django.utils.translation import gettext as _

from smmatic.accounts.queries import person
from smmatic.notices.draft import Content, Draft, Thread, Topic
from smmatic.support import queries as support
from smmatic.support.desk_queries import last_mail
from smmatic.support.queries import ConversationRow, MessageRow
from smmatic.support.reply_address import reply_address, thread_id

MOST_REFERENCES = 900
"""Characters of the References header; the newest Message-IDs stay."""


def draft(message_id: int) -> Draft | None:
    """The draft for a message: to the customer, or from the customer to the support address; None for a note, and for
    what came by mail: it is in the mailbox already.
    """
    found = support.message(message_id)
    if found is None or found[0].internal:
        return None
    message, conversation = found
    if message.author_kind == "customer":
        return None if message.channel == "mail" else _to_support(message, conversation)
    subject, *_ids = last_mail(conversation.id)
    asked = conversation.waiting_for == "customer"

    def content(language: str) -> Content:
        paragraphs = [message.body, _("The order waits for your answer.")] if asked else [message.body]
        about, route, route_id = _about(conversation, asked)
        said = _answer_to(subject) or about
        return Content(said, tuple(paragraphs), _("Open the conversation"), route, route_id, headed=not subject)

    return Draft(
        conversation.customer_id, conversation.order_id, message.case_id, content, Topic.MESSAGES,
        # Who wrote by mail waits for the answer by mail, whatever they chose to be told of.
        essential=asked or bool(subject), automatic=False, thread=thread_of(conversation.id),
        address="" if conversation.customer_id else conversation.address, language=conversation.language,
    )  # fmt: skip


def thread_of(conversation_id: int) -> Thread:
    """Where a mail of a conversation belongs: its signed reply address, and the Message-IDs that it answers."""
    secret, address = settings.SECRET_KEY, settings.SMMATIC_SUPPORT_ADDRESS
    _subject, latest, earlier = last_mail(conversation_id)
    ids = [*earlier, latest] if latest else []
    while ids and len(" ".join(ids)) > MOST_REFERENCES - 100:
        ids.pop(0)
    root = thread_id(conversation_id, address.rpartition("@")[2], secret)
    return Thread(conversation_id, reply_address(conversation_id, address, secret), " ".join([root, *ids]))


def _about(conversation: ConversationRow, asked: bool) -> tuple[str, str, int | None]:
    """Subject and page of an answer that answers no mail."""
    if conversation.order_id is None:
        if conversation.customer_id is None or conversation.origin == "page":
            return _("An answer from our team"), "dashboard:help" if conversation.customer_id else "", None
        return _("An answer from our team"), "dashboard:thread", conversation.id
    subject = _("A question about order %(id)s") if asked else _("An answer about order %(id)s")
    return subject % {"id": conversation.order_id}, "dashboard:order", conversation.order_id


def _answer_to(subject: str) -> str:
    """The subject of an answer to a mail with this one."""
    if not subject:
        return ""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"[:200]


def _to_support(message: MessageRow, conversation: ConversationRow) -> Draft:
    """A customer's question reaches the support mailbox too (6.1), so that nobody has to watch the desk."""
    author = person(conversation.customer_id) if conversation.customer_id else None
    name = author.shown_name if author else conversation.address

    def content(_language: str) -> Content:
        facts = {"id": conversation.order_id, "name": name}
        subject = _("Order %(id)s: %(name)s writes") if conversation.order_id else _("%(name)s writes")
        return Content(subject % facts, (message.body,), _("Answer at the desk"), "desk:talk", conversation.id)

    return Draft(
        conversation.customer_id, conversation.order_id, message.case_id, content, Topic.MESSAGES, essential=True,
        address=settings.SMMATIC_SUPPORT_ADDRESS, language=settings.LANGUAGE_CODE, quiet=True,
    )  # fmt: skip
