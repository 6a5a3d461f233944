"""Claims about an order, refund cases and what happened to them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

__all__ = ["Case", "CaseEvent", "Claim"]

OPEN_STATES = ("open", "waiting", "in_review", "approved")
STATES = (*OPEN_STATES, "denied", "withdrawn", "settled")
CLAIMS = ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation", "expectations")
PROOFS = ("alleged", "verified", "refuted", "claimed", "withdrawn")


class Case(models.Model):
    """One decision on one order's Credits: a cancel, a refund request, or the system's own settlement.

    `version` counts changes: who decides states the version that they saw. `units` is what goes back, in Credit units.
    `appeal_of` is the decided case that this one contests: a decision can be contested once.
    """

    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+")
    ask = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    automatic = models.BooleanField(db_default=False)
    reason = models.CharField(max_length=40, db_default="")
    words = models.TextField(db_default="")
    service_class = models.CharField(max_length=20)
    policy_version = models.ForeignKey(
        "smmatic.PolicyVersion", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    opened_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True)
    due_skipped = models.JSONField(db_default=[])
    facts = models.JSONField(db_default={})
    cell = models.IntegerField(null=True)
    arithmetic = models.JSONField(db_default={})
    decision = models.CharField(max_length=10, db_default="")
    clause = models.CharField(max_length=10, db_default="")
    credits = models.CharField(max_length=12, db_default="")
    units = models.BigIntegerField(db_default=0)
    appeal_of = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="+")
    version = models.IntegerField(db_default=1)
    reviewed = models.BooleanField(db_default=False)
    decided_by_id = models.BigIntegerField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refunds_case"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order"], condition=Q(state__in=OPEN_STATES), name="refunds_case_one_open"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="refunds_case_state"),
            models.CheckConstraint(condition=Q(ask__in=("cancel", "refund", "none")), name="refunds_case_ask"),
            models.CheckConstraint(condition=Q(units__gte=0), name="refunds_case_units_not_negative"),
            models.CheckConstraint(
                condition=Q(approved_by_id=None) | ~Q(approved_by_id=models.F("decided_by_id")),
                name="refunds_case_two_people",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="refunds_case_due", condition=Q(state__in=OPEN_STATES)),
            models.Index(fields=["customer", "-id"], name="refunds_case_customer"),
        ]


class CaseEvent(models.Model):
    """What happened to a case. Append-only; `notify` asks for a mail to the customer."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=1000, db_default="")
    facts = models.JSONField(db_default={})
    visible = models.BooleanField(db_default=True)
    notify = models.BooleanField(db_default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "refunds_event"
        indexes: ClassVar = [models.Index(fields=["at"], name="refunds_event_notify", condition=Q(notify=True))]


class Claim(models.Model):
    """What somebody says about an order, and how far it is proven. Append-only: the newest of a claim counts."""

    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, related_name="+")
    claim = models.CharField(max_length=24)
    proof = models.CharField(max_length=10)
    source = models.CharField(max_length=10)
    source_id = models.BigIntegerField(null=True)
    evidence = models.TextField(db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "refunds_claim"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(claim__in=CLAIMS, proof__in=PROOFS), name="refunds_claim_known"),
            # A provider's word alleges; by itself it never proves the customer's error.
            models.CheckConstraint(
                condition=~Q(
                    source="provider", proof="verified", claim__in=("wrong_information", "third_party_violation")
                ),
                name="refunds_claim_provider_never_proves_customer_error",
            ),
        ]
