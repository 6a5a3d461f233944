"""What mails say of conversations: answers and questions to customers, and customers' words to the support address."""

from django.conf import settings
from django.utils.translation import gettext as _

from smmatic.accounts.queries import person
from smmatic.notices.draft import Content, Draft, Topic
from smmatic.support import queries as support
from smmatic.support.queries import ConversationRow, MessageRow


def draft(message_id: int) -> Draft | None:
    """The draft for a message: to the customer, or from the customer to the support address; None for a note."""
    found = support.message(message_id)
    if found is None or found[0].internal:
        return None
    message, conversation = found
    if message.author_kind == "customer":
        return _to_support(message, conversation)

    def content(language: str) -> Content:
        if conversation.order_id is None:
            return Content(_("An answer from our team"), (message.body,), _("Answer"), "dashboard:help")
        facts = {"id": conversation.order_id}
        asked = conversation.waiting_for == "customer"
        subject = _("A question about order %(id)s") if asked else _("An answer about order %(id)s")
        paragraphs = [message.body, _("The order waits for your answer.")] if asked else [message.body]
        return Content(subject % facts, tuple(paragraphs), _("Answer"), "dashboard:order", conversation.order_id)

    return Draft(
        conversation.customer_id, conversation.order_id, message.case_id, content, Topic.MESSAGES,
        essential=conversation.waiting_for == "customer", automatic=False,
    )  # fmt: skip


def _to_support(message: MessageRow, conversation: ConversationRow) -> Draft:
    """A customer's question reaches the support mailbox too (6.1), so that nobody has to watch the desk."""
    author = person(conversation.customer_id)
    name = author.shown_name if author else str(conversation.customer_id)

    def content(_language: str) -> Content:
        facts = {"id": conversation.order_id, "name": name}
        subject = _("Order %(id)s: %(name)s writes") if conversation.order_id else _("%(name)s writes")
        return Content(subject % facts, (message.body,), _("Answer at the desk"), "desk:talk", conversation.id)

    return Draft(
        conversation.customer_id, conversation.order_id, message.case_id, content, Topic.MESSAGES, essential=True,
        address=settings.SMMATIC_SUPPORT_ADDRESS, language=settings.LANGUAGE_CODE, quiet=True,
    )  # fmt: skip
