"""Conversations with customers, linked to their orders and cases."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Conversation", "Message"]

AUTHORS = ("customer", "staff", "system")


class Conversation(models.Model):
    """One thread: about an order, or about nothing in particular. `case` is the case it was last about.

    `waiting_for` says who has to answer next: 'staff', 'customer' or nobody ('').
    """

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    case = models.ForeignKey("smmatic.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    waiting_for = models.CharField(max_length=10, db_default="")
    opened_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_conversation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(order__isnull=False), name="support_conversation_one_an_order"
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(order__isnull=True), name="support_conversation_one_general"
            ),
            models.CheckConstraint(
                condition=Q(waiting_for__in=("", "staff", "customer")), name="support_conversation_waiting_for"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-last_at"], name="support_conversation_customer"),
            models.Index(fields=["last_at"], name="support_conversation_open", condition=Q(waiting_for="staff")),
        ]


class Message(models.Model):
    """What somebody wrote. Append-only; an `internal` one is a note that the customer never sees."""

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="+")
    author_kind = models.CharField(max_length=10)
    author_id = models.BigIntegerField(null=True)
    case = models.ForeignKey("smmatic.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.TextField()
    internal = models.BooleanField(db_default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "support_message"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(author_kind__in=AUTHORS), name="support_message_author_kind"),
            models.CheckConstraint(condition=~Q(body=""), name="support_message_not_empty"),
            models.CheckConstraint(
                condition=Q(internal=False) | Q(author_kind="staff"), name="support_message_internal_by_staff"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["at"], name="support_message_notify", condition=Q(internal=False) & ~Q(author_kind="customer")
            )
        ]
