"""The ledger's tables. Rows are written only by the functions in `functions.sql`; the app's role may only read them.

Constraints over closed lists of words (kinds, statuses, origins) stand in `functions.sql` as calls of a function:
PostgreSQL reads a CHECK's expression anew for each statement, and long lists of words made placing a fifth dearer.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

__all__ = ["Account", "Charge", "Grant", "GrantUse", "Idempotency", "Transfer"]

KINDS: dict[str, tuple[str, str]] = {
    # kind: (bucket debited, bucket credited). 'available', 'held', 'disputed' and 'debt' belong to the one
    # customer of the row; every other bucket is the platform's. A row names one customer, so that no kind
    # can move Credits between customers, and no bucket is outside the platform: clauses 1.1 and 1.2.
    "deposit": ("issuance", "available"),
    "bonus": ("promotion", "available"),
    "goodwill": ("goodwill", "available"),
    "hold": ("available", "held"),
    "release": ("held", "available"),
    "capture": ("held", "revenue"),
    "forfeit": ("held", "forfeited"),
    "refund": ("refunds", "available"),
    "breakage": ("available", "breakage"),
    "dispute_freeze": ("available", "disputed"),
    "dispute_restore": ("disputed", "available"),
    "dispute_remove": ("disputed", "disputes"),
    "dispute_debt": ("debt", "disputes"),
    "debt_repay": ("available", "debt"),
    "adjust_up": ("adjustments", "available"),
    "adjust_down": ("available", "adjustments"),
}


class Account(models.Model):
    """A customer's Credits, in units. The only row that a posting locks in the ledger besides charge and grants."""

    customer = models.OneToOneField("smmatic.User", on_delete=models.PROTECT, primary_key=True, related_name="+")
    available = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    disputed = models.BigIntegerField(db_default=0)
    debt = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField(db_default=0)
    chain_head = models.BinaryField(max_length=32, db_default=b"")
    status = models.CharField(max_length=10, db_default="open")
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "credits_account"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(available__gte=0), name="credits_account_available_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="credits_account_held_not_negative"),
            models.CheckConstraint(condition=Q(disputed__gte=0), name="credits_account_disputed_not_negative"),
            models.CheckConstraint(condition=Q(debt__gte=0), name="credits_account_debt_not_negative"),
            models.CheckConstraint(
                condition=Q(available__lte=4 * 10**18 - F("held")), name="credits_account_within_bigint"
            ),
        ]


class Transfer(models.Model):
    """One movement of Credits, append-only and chained by SHA-256 within its account.

    `hash` covers the account's previous hash and every column but `id`; see `credits_transfer_hash_v1`.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    debit = models.CharField(max_length=12)
    credit = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    business_key = models.CharField(max_length=120)
    available_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    disputed_after = models.BigIntegerField()
    debt_after = models.BigIntegerField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    order_id = models.BigIntegerField(null=True)
    case_id = models.BigIntegerField(null=True)
    deposit_id = models.BigIntegerField(null=True)
    clause = models.CharField(max_length=10, null=True)  # noqa: DJ001  # NULL and '' are told apart in the chain
    reason = models.CharField(max_length=500)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "credits_transfer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "version"], name="credits_transfer_version"),
            models.UniqueConstraint(fields=["account", "business_key"], name="credits_transfer_business_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credits_transfer_amount_positive"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_id"], name="credits_transfer_order", condition=Q(order_id__isnull=False))
        ]


class Grant(models.Model):
    """Where available Credits came from and until when they last. `remaining` is the sum of its uses."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    origin = models.CharField(max_length=10)
    priority = models.SmallIntegerField(db_default=100)
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", db_index=False)
    predecessor = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "credits_grant"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("granted"), granted__gt=0),
                name="credits_grant_remaining_within_granted",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "id"], name="credits_grant_open", condition=Q(remaining__gt=0)),
            models.Index(fields=["account"], name="credits_grant_account"),
        ]


class GrantUse(models.Model):
    """A signed slice of a grant: what a transfer took from it or gave back. Append-only.

    `slice_grant` is the grant that the order's slice was first taken from; it differs from `grant` where a slice
    returned after its grant had expired and became a successor grant.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+")
    slice_grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+", db_index=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", db_index=False)
    order_id = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()

    class Meta:
        db_table = "credits_grant_use"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount=0), name="credits_grant_use_amount_not_zero")
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_id"], name="credits_grant_use_order", condition=Q(order_id__isnull=False))
        ]


class Charge(models.Model):
    """What one order holds and has taken, in units. The cumulative refund cap is its constraints."""

    order_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(db_default=0)
    forfeited = models.BigIntegerField(db_default=0)
    released = models.BigIntegerField(db_default=0)
    refunded = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "credits_charge"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, captured__gte=0, forfeited__gte=0, released__gte=0, refunded__gte=0),
                name="credits_charge_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=F("captured") + F("released")), name="credits_charge_settled_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("refunded")), name="credits_charge_refunded_within_captured"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("forfeited")), name="credits_charge_forfeited_within_captured"
            ),
        ]


class Idempotency(models.Model):
    """The answer given under a customer's key; the hash is of what the client sent. Kept for ever."""

    account = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=120)
    request_hash = models.BinaryField(max_length=32)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "credits_idempotency"
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "key"], name="credits_idempotency_key")]
