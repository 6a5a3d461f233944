"""Conversations with customers, linked to their orders and cases, and the mails that came in."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

__all__ = ["Attachment", "Conversation", "Inbound", "Mailbox", "Message", "SavedReply"]

AUTHORS = ("customer", "staff", "system")
CHANNELS = ("page", "mail")
PROOFS = ("", "signed", "other", "verified", "claimed", "unknown")
INBOUND_KINDS = ("new", "message", "automatic", "bounce", "own", "unreadable", "erased")


class Conversation(models.Model):
    """One thread: about an order, or about nothing in particular. `case` is the case it was last about.

    `waiting_for` says who has to answer next: 'staff', 'customer' or nobody (''). A thread that began by mail
    (`origin`) has a topic; without a customer its other side is `address`. `answer_due_at` is until when staff mean to
    answer, while somebody waits. `writer_id` and `writing_at` say who is writing an answer at this moment.
    """

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    case = models.ForeignKey("smmatic.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    assignee = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    origin = models.CharField(max_length=10, db_default="page")
    topic = models.CharField(max_length=200, db_default="")
    address = models.CharField(max_length=320, db_default="")
    name = models.CharField(max_length=120, db_default="")
    language = models.CharField(max_length=5, db_default="en")
    waiting_for = models.CharField(max_length=10, db_default="")
    answer_due_at = models.DateTimeField(null=True)
    writer_id = models.BigIntegerField(null=True)
    writing_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_conversation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(order__isnull=False, origin="page"),
                name="support_conversation_one_an_order",
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(order__isnull=True, origin="page"),
                name="support_conversation_one_general",
            ),
            models.CheckConstraint(
                condition=Q(waiting_for__in=("", "staff", "customer")), name="support_conversation_waiting_for"
            ),
            models.CheckConstraint(condition=Q(origin__in=CHANNELS), name="support_conversation_origin"),
            models.CheckConstraint(
                condition=Q(origin="mail") | Q(customer__isnull=False), name="support_conversation_page_has_customer"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["customer", "-last_at"], name="support_conversation_customer"),
            models.Index(
                fields=["order"], name="support_conversation_order", condition=Q(order__isnull=False)
            ),
            models.Index(
                F("answer_due_at").asc(nulls_last=True), F("last_at"), name="support_conversation_open",
                condition=Q(waiting_for="staff"),
            ),
        ]  # fmt: skip


class Message(models.Model):
    """What somebody wrote. Append-only; an `internal` one is a note that the customer never sees.

    Of a mail: `proof` says how its sender is known (see intake_actions.py), `sender` the address in From, and `quoted`
    what it repeats of earlier mails.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="+")
    author_kind = models.CharField(max_length=10)
    author_id = models.BigIntegerField(null=True)
    case = models.ForeignKey("smmatic.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.TextField()
    internal = models.BooleanField(db_default=False)
    channel = models.CharField(max_length=10, db_default="page")
    proof = models.CharField(max_length=10, db_default="")
    sender = models.CharField(max_length=320, db_default="")
    quoted = models.TextField(db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_message"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(author_kind__in=AUTHORS), name="support_message_author_kind"),
            models.CheckConstraint(condition=~Q(body=""), name="support_message_not_empty"),
            models.CheckConstraint(
                condition=Q(internal=False) | ~Q(author_kind="customer"), name="support_message_internal_by_staff"
            ),
            models.CheckConstraint(condition=Q(channel__in=CHANNELS), name="support_message_channel"),
            models.CheckConstraint(condition=Q(proof__in=PROOFS), name="support_message_proof"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["at"], name="support_message_notify", condition=Q(internal=False) & ~Q(author_kind="customer")
            )
        ]


class Attachment(models.Model):
    """A file that came with a message. What the file checks refused keeps its name and the refusal's code only.

    With an order the content is that order's evidence (`file`); else it is kept here until staff take it as evidence.
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100, db_default="")
    size = models.IntegerField()
    sha256 = models.BinaryField(max_length=32, null=True)
    content = models.BinaryField(null=True)
    file = models.ForeignKey("smmatic.File", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    refused = models.CharField(max_length=40, db_default="")

    class Meta:
        db_table = "support_attachment"


class Inbound(models.Model):
    """One mail that came in, recorded before anything is done with it or to the mailbox; copies only count.

    new: to be sorted, with `raw` as it came. message: it stands in its conversation. automatic: a program wrote it.
    bounce: a mail of ours came back (`bounced` names it; `noted_at` once the mail log knows). own: a mail of ours that
    reached our own mailbox. unreadable: sorting failed; `raw` is kept for a person. `header_id` is its Message-ID;
    `digest` is the same for two copies of one mail.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    header_id = models.CharField(max_length=320, db_default="")
    sender = models.CharField(max_length=320, db_default="")
    subject = models.CharField(max_length=200, db_default="")
    envelope = models.CharField(max_length=1000, db_default="")
    source = models.CharField(max_length=10)
    kind = models.CharField(max_length=12, db_default="new")
    why = models.CharField(max_length=200, db_default="")
    bounced = models.CharField(max_length=320, db_default="")
    noted_at = models.DateTimeField(null=True)
    raw = models.BinaryField(null=True)
    attempts = models.IntegerField(db_default=0)
    tried_at = models.DateTimeField(null=True)
    copies = models.IntegerField(db_default=0)
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, null=True, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_inbound"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=INBOUND_KINDS), name="support_inbound_kind"),
            models.CheckConstraint(condition=~Q(kind="new") | Q(raw__isnull=False), name="support_inbound_new_has_raw"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="support_inbound_new", condition=Q(kind="new")),
            models.Index(
                fields=["id"], name="support_inbound_bounce", condition=Q(kind="bounce", noted_at__isnull=True)
            ),
            models.Index(fields=["header_id"], name="support_inbound_header_id"),
            models.Index(fields=["sender"], name="support_inbound_sender"),
        ]


class Mailbox(models.Model):
    """How far a mailbox has been read: above `last_uid` everything is new, whoever marked it as seen meanwhile."""

    name = models.CharField(max_length=400, unique=True)
    uid_validity = models.BigIntegerField(db_default=0)
    last_uid = models.BigIntegerField(db_default=0)
    polled_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, db_default="")

    class Meta:
        db_table = "support_mailbox"


class SavedReply(models.Model):
    """An answer that staff write often, in both languages, with variables such as {name} and {order}."""

    title = models.CharField(max_length=80, unique=True)
    body_en = models.TextField()
    body_vi = models.TextField()
    author = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_saved_reply"
