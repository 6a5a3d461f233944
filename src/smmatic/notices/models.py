"""Mails to people and notices in their dashboard: written as rows first, sent afterwards, never twice."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Mail", "Notice", "Preference"]

STATES = ("kept", "skipped", "prepared", "sending", "sent", "failed", "uncertain")


class Mail(models.Model):
    """One mail to one person.

    `event_key` names what it tells of ('order:12', 'case:5', 'message:9', 'deposit:3'): one mail an event, ever. NULL
    for mails that no event of ours asked for, such as a new password's link.

    kept: shown on the development page, never sent. skipped: the event needs no mail of its own, or the customer
    wants none. prepared: to be sent. sending: handed to the mail server; found so after a crash it becomes uncertain
    and is not sent again. `resend_of` is the mail that staff sent once more as this one. `bounced_at`: it came back.
    """

    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(db_default="")
    language = models.CharField(max_length=5, db_default="en")
    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    case = models.ForeignKey("smmatic.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    event_key = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001  # NULL: no event of ours
    topic = models.CharField(max_length=10, db_default="")
    conversation_id = models.BigIntegerField(null=True)
    reply_to = models.CharField(max_length=320, db_default="")
    answers = models.CharField(max_length=998, db_default="")
    automatic = models.BooleanField(db_default=True)
    resend_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    bounced_at = models.DateTimeField(null=True)
    reference = models.UUIDField(unique=True)
    state = models.CharField(max_length=10)
    attempts = models.IntegerField(db_default=0)
    error = models.CharField(max_length=500, db_default="")
    written_at = models.DateTimeField(db_default=Now())
    send_after = models.DateTimeField(db_default=Now())
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notices_mail"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="notices_mail_state"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent"), name="notices_mail_sent_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["send_after", "id"], name="notices_mail_due", condition=Q(state="prepared")),
            models.Index(fields=["sending_at"], name="notices_mail_sending", condition=Q(state="sending")),
            models.Index(fields=["customer", "-id"], name="notices_mail_customer"),
        ]


class Notice(models.Model):
    """What a customer is told in the dashboard: one an event, ever. `words` holds subject and text in each language."""

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    event_key = models.CharField(max_length=40, unique=True)
    topic = models.CharField(max_length=10)
    words = models.JSONField()
    path = models.CharField(max_length=200)
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notices_notice"
        indexes: ClassVar = [
            models.Index(fields=["customer", "-id"], name="notices_notice_customer"),
            models.Index(fields=["customer"], name="notices_notice_unread", condition=Q(read_at=None)),
        ]


class Preference(models.Model):
    """What a customer does not want to be mailed: a topic without a row is mailed."""

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    topic = models.CharField(max_length=10)

    class Meta:
        db_table = "notices_preference"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "topic"], name="notices_preference_once"),
        ]
