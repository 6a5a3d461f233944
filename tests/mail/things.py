"""What the rooms about mail lead to, for the tests that walk over every route."""

from hashlib import sha256

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.ids import new_readable_code
from smmatic.support.agent_actions import save_reply
from smmatic.support.models import Attachment, Conversation, Inbound, Message
from tests.builders import person


def mailed(who: Person, order_id: int | None = None) -> dict[str, int]:
    """A thread that a customer began by mail, with a file and an original that could not be read, and a saved reply."""
    thread = Conversation.objects.create(
        customer_id=who.id, order_id=order_id, origin="mail", topic="A question by mail", address=who.email,
        waiting_for="staff",
    )  # fmt: skip
    message = Message.objects.create(
        conversation=thread, author_kind="customer", body="See the file.", channel="mail", proof="claimed",
        sender=who.email,
    )  # fmt: skip
    content = b"Some text."
    file = Attachment.objects.create(
        message=message, name="a.txt", media_type="text/plain", size=len(content), content=content,
        sha256=sha256(content).digest(),
    )  # fmt: skip
    code = new_readable_code(12)
    Inbound.objects.create(
        digest=sha256(code.encode()).digest(), source="imap", kind="unreadable", raw=b"From: x\r\n\r\n?",
        conversation=thread, message=message,
    )  # fmt: skip
    reply = save_reply(person(Role.AGENT), None, title=f"Hello {code}", body_en="Dear {name},", body_vi="Chào {name},")
    return {"thread_id": thread.id, "attachment_id": file.id, "reply_id": reply}
