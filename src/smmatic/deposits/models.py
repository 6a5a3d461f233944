"""Deposits by bank transfer, and what happened to them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from smmatic.deposits.rules import CURRENCY, MAX_MONEY, MAX_UNITS, METHOD, STATES

__all__ = ["Deposit", "DepositEvent"]


class Deposit(models.Model):
    """A customer's intent to buy Credits and what became of it. Units of Credits; money in dong, which has no cents.

    `price` is what one Credit costs, pinned when it was asked for. `received` and `credited_units` are what the
    operator found on the bank statement and what was booked for it.
    """

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    units = models.BigIntegerField()
    money = models.BigIntegerField()
    price = models.BigIntegerField()
    currency = models.CharField(max_length=3, db_default=CURRENCY)
    method = models.CharField(max_length=20, db_default=METHOD)
    reference = models.CharField(max_length=12, unique=True)
    state = models.CharField(max_length=10, db_default="requested")
    requested_at = models.DateTimeField(db_default=Now())
    received = models.BigIntegerField(null=True)
    credited_units = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "deposits_deposit"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="deposits_deposit_state"),
            models.CheckConstraint(
                condition=Q(units__gt=0, units__lte=MAX_UNITS, money__gt=0, money__lte=MAX_MONEY, price__gt=0),
                name="deposits_deposit_amounts",
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", credited_units__gt=0, received__gt=0, ended_by__isnull=False)
                | (~Q(state="confirmed") & Q(credited_units=None)),
                name="deposits_deposit_credited_when_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("requested", "parked"), ended_at=None)
                | Q(state__in=("confirmed", "declined", "cancelled"), ended_at__isnull=False),
                name="deposits_deposit_ended_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-id"], name="deposits_deposit_customer"),
            models.Index(fields=["id"], name="deposits_deposit_open", condition=Q(state__in=("requested", "parked"))),
        ]


class DepositEvent(models.Model):
    """What happened to a deposit. Append-only; `notify` asks for a mail to the customer."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=500, db_default="")
    facts = models.JSONField(db_default={})
    notify = models.BooleanField(db_default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "deposits_event"
        indexes: ClassVar = [models.Index(fields=["at"], name="deposits_event_notify", condition=Q(notify=True))]
