"""Customers' wishes to be forgotten."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Erasure"]


class Erasure(models.Model):
    """A customer asked that their data be erased. It happens at `due_at`, or earlier when an operator confirms it.

    asked: it waits; the customer can take it back (withdrawn). done: everything is erased. `units` are the Credits that
    were left on the account: they stay in the books and belong to nobody any more.
    """

    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10, db_default="asked")
    units = models.BigIntegerField(db_default=0)
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        "smmatic.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_erasure"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=("asked", "done")), name="privacy_erasure_one"
            ),
            models.CheckConstraint(condition=Q(state__in=("asked", "withdrawn", "done")), name="privacy_erasure_state"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="privacy_erasure_due", condition=Q(state="asked")),
        ]
