"""Claims about an order, refund cases and what happened to them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

__all__ = ["Case", "CaseEvent", "Claim", "Incident", "IncidentEvent"]

OPEN_STATES = ("open", "waiting", "in_review", "approved")
STATES = (*OPEN_STATES, "denied", "withdrawn", "settled")
CLAIMS = ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation", "expectations")
SCOPES = ("all", "platform", "class", "service")
PROOFS = ("alleged", "verified", "refuted", "claimed", "withdrawn")


def _number(name: str) -> models.GeneratedField:
    """A number of a case's arithmetic as a column of its own, kept by the database."""
    return models.GeneratedField(
        expression=Cast(KT(f"arithmetic__{name}"), models.BigIntegerField()),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )


class Case(models.Model):
    """One decision on one order's Credits: a cancel, a refund request, or the system's own settlement.

    `version` counts changes: who decides states the version that they saw. `units` is what goes back, in Credit units.
    `facts` are what the policy decided on, `cell` their combination; `described` keeps the raw facts behind them, the
    order's moments and attributes, so that other versions can judge the case. `charged`, `delivered`, `ordered` and
    `back` repeat numbers of `arithmetic`, for sums over many cases.
    `appeal_of` is the decided case that this one contests: a decision can be contested once. `override_why` is set
    where people decided otherwise than the policy, whose own answer stays in `cell`. `warned` is the last warning
    on the due date (0 none, 1 half, 2 last day, 3 late), `warn_at` the moment to look again.
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
    described = models.JSONField(db_default={})
    arithmetic = models.JSONField(db_default={})
    charged = _number("charge")
    delivered = _number("delivered")
    ordered = _number("ordered")
    back = models.GeneratedField(
        expression=Cast(KT("arithmetic__released"), models.BigIntegerField())
        + Cast(KT("arithmetic__refunded"), models.BigIntegerField()),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )
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
    override_why = models.CharField(max_length=1000, db_default="")
    warned = models.SmallIntegerField(db_default=0)
    warn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refunds_case"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order"], condition=Q(state__in=OPEN_STATES), name="refunds_case_one_open"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="refunds_case_state"),
            models.CheckConstraint(condition=Q(ask__in=("cancel", "refund", "none")), name="refunds_case_ask"),
            models.CheckConstraint(condition=Q(units__gte=0), name="refunds_case_units_not_negative"),
            # Where one is not known there were not two.
            models.CheckConstraint(
                condition=Q(approved_by_id=None)
                | (Q(decided_by_id__isnull=False) & ~Q(approved_by_id=models.F("decided_by_id"))),
                name="refunds_case_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(decided_by_id__isnull=False), name="refunds_case_first_of_two"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="refunds_case_due", condition=Q(state__in=OPEN_STATES)),
            models.Index(fields=["customer", "-id"], name="refunds_case_customer"),
            models.Index(fields=["warn_at"], name="refunds_case_warn", condition=Q(warn_at__isnull=False)),
            models.Index(fields=["decided_at"], name="refunds_case_decided", condition=Q(decided_at__isnull=False)),
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
        indexes: ClassVar = [
            models.Index(fields=["at"], name="refunds_event_notify", condition=Q(notify=True)),
            models.Index(fields=["-id"], name="refunds_event_staff", condition=Q(actor_kind="staff")),
        ]


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


class Incident(models.Model):
    """A declared disturbance: since when, until when, and which orders it affects. Ends once; never edited otherwise.

    `scope` is 'all', 'platform', 'class' or 'service', and `scope_value` which one.
    """

    title_en = models.CharField(max_length=120)
    title_vi = models.CharField(max_length=120)
    scope = models.CharField(max_length=10)
    scope_value = models.CharField(max_length=40, db_default="")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    declared_at = models.DateTimeField(db_default=Now())
    declared_by_id = models.BigIntegerField()

    class Meta:
        db_table = "refunds_incident"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(scope__in=SCOPES), name="refunds_incident_scope"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("began_at")), name="refunds_incident_span"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-began_at"], name="refunds_incident_began")]


class IncidentEvent(models.Model):
    """What was told about an incident, in both languages. Append-only."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    text_en = models.TextField()
    text_vi = models.TextField()
    actor_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "refunds_incident_event"
