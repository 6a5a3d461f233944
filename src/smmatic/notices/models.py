"""Mails to people: written as rows first, sent afterwards, never twice."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Mail"]

STATES = ("kept", "skipped", "prepared", "sending", "sent", "failed", "uncertain")


class Mail(models.Model):
    """One mail to one person.

    `event_key` names what it tells of ('order:12', 'case:5', 'message:9', 'deposit:3'): one mail an event, ever. NULL
    for mails that no event of ours asked for, such as a new password's link.

    kept: shown on the development page, never sent. skipped: the event needs no mail of its own. prepared: to be sent.
    sending: handed to the mail server; found so after a crash it becomes uncertain and is not sent again.
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
