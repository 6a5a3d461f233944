"""Orders, what happened to them, and the files that belong to them.

Constraints over closed lists of words stand in `functions.sql`: a CHECK's expression is read anew for each statement.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

__all__ = ["Event", "File", "Order"]


class Order(models.Model):
    """One order. Price, terms, policy and calendar are pinned at placing; amounts are Credit units.

    `waiting_since` is the flag 'waiting for you'; 'refunded' is read from the charge and never a status.
    `next_check_at` outlives the end: until it is NULL somebody may still be delivering.
    """

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    # Rows that all customers share carry no database constraint: each insert would lock them (FOR KEY SHARE). Placing
    # checks service and policy itself, and versions are append-only.
    service = models.ForeignKey(
        "smmatic.Service", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    service_code = models.CharField(max_length=40)
    terms = models.JSONField()
    policy_version = models.ForeignKey(
        "smmatic.PolicyVersion", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    calendar_version = models.ForeignKey(
        "smmatic.CalendarVersion", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.CharField(max_length=10)
    quantity = models.IntegerField()
    delivered = models.IntegerField(db_default=0)
    amount = models.BigIntegerField()
    link = models.CharField(max_length=2000, db_default="")
    link_kind = models.CharField(max_length=20, db_default="")
    brief = models.TextField(db_default="")
    texts = models.TextField(db_default="")
    runs = models.IntegerField(null=True)
    interval_minutes = models.IntegerField(null=True)
    status = models.CharField(max_length=12, db_default="pending")
    start_now = models.BooleanField(db_default=False)
    placed_at = models.DateTimeField(db_default=Now())
    accept_after = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    start_promised_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    stop_status = models.CharField(max_length=10, db_default="")
    stop_asked_at = models.DateTimeField(null=True)
    stop_deadline = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    unknown_deadline = models.DateTimeField(null=True)
    staff_id = models.BigIntegerField(null=True)
    next_check_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=60, db_default="")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "orders_order"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0, amount__gt=0), name="orders_order_positive"),
            models.CheckConstraint(
                condition=Q(delivered__gte=0, delivered__lte=F("quantity")),
                name="orders_order_delivered_within_quantity",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-id"], name="orders_order_customer"),
            models.Index(fields=["accept_after", "id"], name="orders_order_due", condition=Q(status="pending")),
            models.Index(
                fields=["next_check_at"],
                name="orders_order_check",
                condition=Q(next_check_at__isnull=False),
            ),
            models.Index(
                fields=["unknown_deadline"], name="orders_order_unknown", condition=Q(unknown_since__isnull=False)
            ),
        ]


class Event(models.Model):
    """What happened to an order: who, what, why, from, to, facts. Append-only.

    `visible` shows it to the customer; `notify` asks for a mail.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    status_from = models.CharField(max_length=12, db_default="")
    status_to = models.CharField(max_length=12, db_default="")
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=1000, db_default="")
    facts = models.JSONField(db_default={})
    visible = models.BooleanField(db_default=True)
    notify = models.BooleanField(db_default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "orders_event"
        indexes: ClassVar = [models.Index(fields=["at"], name="orders_event_notify", condition=Q(notify=True))]


class File(models.Model):
    """A file of an order: the customer's brief or evidence, or what staff delivered. Kept in the database.

    Until it is attached `order` is NULL and only its owner may see it. `name` is ours for storing and downloading;
    the content decides the media type, never the name.
    """

    owner = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=12)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.IntegerField()
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "orders_file"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(purpose__in=("brief", "deliverable", "evidence")), name="orders_file_purpose"
            )
        ]
