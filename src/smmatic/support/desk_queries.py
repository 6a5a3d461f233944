"""Reads of conversations for the desk: the queue, who writes, what came in, and answers that are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.support.models import Attachment, Conversation, Inbound, Mailbox, SavedReply
from smmatic.support.queries import ConversationRow, MessageRow, conversation_of
from smmatic.support.steps import WRITING_FOR


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A file of a message, without its content; `refused` is why it was not kept, `file_id` the evidence it became."""

    id: int
    message_id: int
    name: str
    media_type: str
    size: int
    file_id: int | None
    refused: str


@dataclass(frozen=True, slots=True)
class InboundRow:
    """A mail that came in and what became of it (see models.Inbound)."""

    id: int
    header_id: str
    sender: str
    subject: str
    source: str
    kind: str
    why: str
    copies: int
    conversation_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox that is polled; `error` is why the last look failed, or ''."""

    name: str
    polled_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """An answer that staff keep, in both languages, with variables in braces."""

    id: int
    title: str
    body_en: str
    body_vi: str
    changed_at: datetime

    def body(self, language: str) -> str:
        """The words in a language, variables as they are."""
        return self.body_vi if language == "vi" else self.body_en


_FIELDS = tuple(ConversationRow.__dataclass_fields__)
_FILE_FIELDS = tuple(AttachmentRow.__dataclass_fields__)
_INBOUND_FIELDS = tuple(InboundRow.__dataclass_fields__)


def unanswered(limit: int = 100, *, assignee_id: int | None = None, free: bool = False) -> list[ConversationRow]:
    """Conversations that wait for staff, whose answer is due first on top; one person's, or nobody's with `free`."""
    rows = Conversation.objects.filter(waiting_for="staff")
    if assignee_id is not None:
        rows = rows.filter(assignee_id=assignee_id)
    if free:
        rows = rows.filter(assignee=None)
    ordered = rows.order_by(F("answer_due_at").asc(nulls_last=True), "last_at", "id")
    return [ConversationRow(**row) for row in ordered.values(*_FIELDS)[:limit]]


def latest(limit: int = 100) -> list[ConversationRow]:
    """Every conversation, the latest first, whoever has to answer."""
    rows = Conversation.objects.order_by("-last_at", "-id")
    return [ConversationRow(**row) for row in rows.values(*_FIELDS)[:limit]]


def writer_of(row: ConversationRow, besides: Person) -> int | None:
    """Who else is writing an answer in this conversation at this moment, or None."""
    fresh = row.writing_at is not None and row.writing_at > now() - WRITING_FOR
    return row.writer_id if fresh and row.writer_id != besides.id else None


def attachments_of(messages: Iterable[MessageRow]) -> dict[int, list[AttachmentRow]]:
    """The files of these messages, by message."""
    found: dict[int, list[AttachmentRow]] = {}
    rows = Attachment.objects.filter(message_id__in=[one.id for one in messages]).order_by("id")
    for values in rows.values(*_FILE_FIELDS):
        row = AttachmentRow(**values)
        found.setdefault(row.message_id, []).append(row)
    return found


def attachment_content(person: Person, attachment_id: int) -> tuple[str, str, bytes]:
    """Name, media type and content of a file that came by mail, for whoever may read its conversation.

    Raises:
        Refusal: `not_found`, also for a file of an internal note, or whose content became an order's evidence.
    """
    row = Attachment.objects.select_related("message").filter(id=attachment_id).exclude(content=None).first()
    if row is None or row.content is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    conversation_of(person, row.message.conversation_id)
    if row.message.internal and not person.may(Permission.DESK_READ):
        raise Refusal(RefusalCode.NOT_FOUND)
    return row.name, row.media_type, bytes(row.content)


def inbound(*, kinds: Iterable[str] = (), before_id: int | None = None, limit: int = 50) -> list[InboundRow]:
    """Mails that came in, newest first."""
    rows = Inbound.objects.all()
    if wanted := list(kinds):
        rows = rows.filter(kind__in=wanted)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [InboundRow(**row) for row in rows.order_by("-id").values(*_INBOUND_FIELDS)[: max(1, min(limit, 200))]]


def original(person: Person, conversation_id: int) -> bytes:
    """The mail of a conversation that could not be read, as it came, for staff.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    person.need(Permission.DESK_READ)
    row = Inbound.objects.filter(conversation_id=conversation_id, kind="unreadable").exclude(raw=None).first()
    if row is None or row.raw is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return bytes(row.raw)


def has_original(conversation_id: int) -> bool:
    """Whether a mail of the conversation could not be read and is kept as it came."""
    return Inbound.objects.filter(conversation_id=conversation_id, kind="unreadable", raw__isnull=False).exists()


def replies() -> list[ReplyRow]:
    """The saved replies, by title."""
    return [ReplyRow(**row) for row in SavedReply.objects.order_by("title").values(*ReplyRow.__dataclass_fields__)]


def mailboxes() -> list[MailboxRow]:
    """The mailboxes that are or were polled."""
    return [MailboxRow(row.name, row.polled_at, row.error) for row in Mailbox.objects.order_by("id")]


def new_bounces(limit: int = 100) -> list[tuple[int, str]]:
    """Mails that came back and that the mail log does not know of yet: id, and the Message-ID of ours."""
    rows = Inbound.objects.filter(kind="bounce", noted_at=None).order_by("id")
    return list(rows.values_list("id", "bounced")[:limit])


def last_mail(conversation_id: int) -> tuple[str, str, list[str]]:
    """Of a conversation: subject and Message-ID of the last mail that came in, and the Message-IDs before it."""
    rows = list(
        Inbound.objects.filter(Q(message__internal=False), conversation_id=conversation_id)
        .exclude(header_id="")
        .order_by("-id")
        .values_list("subject", "header_id")[:10]
    )
    if not rows:
        return "", "", []
    return rows[0][0], rows[0][1], [header_id for _subject, header_id in rows[1:]][::-1]
