"""Providers, attempts to hand an order to one of them, what they say and cost, and the workers that are alive."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from smmatic.fulfilment.rules import AttemptState

__all__ = [
    "Attempt",
    "BalanceReading",
    "CallMinute",
    "Callback",
    "Offer",
    "Provider",
    "ProviderEvent",
    "ProviderWord",
    "Rework",
    "WorkerHeartbeat",
]

OPEN_REWORK = ("pending", "in_progress")
LIVE_STATES = ("prepared", "sent", "confirmed", "unknown")
ADAPTER_NAMES = ("sandbox", "http_v2", "webhook")


class Provider(models.Model):
    """One who delivers over the network. Times in seconds.

    `services` are the codes that it delivers, empty for all; among several the lowest `priority` is taken.
    `settles_after`: how long after an unknown outcome its 'no such order' is final, longer than a request of ours can
    linger on the way; NULL where it never is. `gives_up_after`: how long it may stay unreachable before an order that
    never left this machine is refused.

    `secret` signs calls both ways (webhook adapter); `previous_secret` is still taken until `previous_until`.
    `failures` in a row open the breaker: no new call before `open_until`, then one probe at a time (`probe_until`).
    `calls_per_minute`: NULL for no limit; `tokens` are the calls that may be made at once as of `tokens_at`.
    `currency_units`: what one of its currency costs us, in Credit units. `low_balance_nano`: alarm below it.
    Amounts in its currency are counted in billionths ("nano").
    """

    code = models.CharField(max_length=40, unique=True)
    adapter = models.CharField(max_length=20)
    base_url = models.CharField(max_length=300)
    api_key = models.CharField(max_length=300, db_default="")
    services = models.JSONField(db_default=[])
    priority = models.SmallIntegerField(db_default=100)
    timeout = models.FloatField(db_default=15.0)
    settles_after = models.FloatField(null=True)
    gives_up_after = models.FloatField(db_default=86400.0)
    poll_shortest = models.FloatField(db_default=1.0)
    poll_longest = models.FloatField(db_default=300.0)
    max_attempts = models.SmallIntegerField(db_default=3)
    active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=Now())
    secret = models.CharField(max_length=200, db_default="")
    previous_secret = models.CharField(max_length=200, db_default="")
    previous_until = models.DateTimeField(null=True)
    breaker_after = models.SmallIntegerField(db_default=5)
    breaker_pause = models.FloatField(db_default=30.0)
    failures = models.IntegerField(db_default=0)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    open_pause = models.FloatField(db_default=0.0)
    probe_until = models.DateTimeField(null=True)
    calls_per_minute = models.IntegerField(null=True)
    tokens = models.FloatField(db_default=0.0)
    tokens_at = models.DateTimeField(db_default=Now())
    currency = models.CharField(max_length=10, db_default="")
    currency_units = models.BigIntegerField(null=True)
    low_balance_nano = models.BigIntegerField(null=True)
    balance_nano = models.BigIntegerField(null=True)
    balance_at = models.DateTimeField(null=True)
    balance_due_at = models.DateTimeField(db_default=Now())
    prices_due_at = models.DateTimeField(db_default=Now())
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "fulfilment_provider"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(adapter__in=ADAPTER_NAMES), name="fulfilment_provider_adapter"),
            models.CheckConstraint(
                condition=Q(breaker_after__gte=1, breaker_pause__gt=0)
                & (Q(calls_per_minute=None) | Q(calls_per_minute__gte=1))
                & (Q(currency_units=None) | Q(currency_units__gt=0)),
                name="fulfilment_provider_limits",
            ),
            models.CheckConstraint(
                condition=Q(
                    timeout__gt=0, gives_up_after__gte=0, poll_shortest__gt=0, poll_longest__gt=0, max_attempts__gte=1
                ),
                name="fulfilment_provider_times",
            ),
            # While a call can still be on its way, 'no such order' proves nothing.
            models.CheckConstraint(
                condition=Q(settles_after=None) | Q(settles_after__gt=F("timeout")), name="fulfilment_provider_settles"
            ),
        ]


class Attempt(models.Model):
    """One submission of an order. It and its `reference` are committed before the call.

    `answer` is the provider's newest answer as we read it, `flags` what was odd about it, `quiet` how many answers in a
    row changed nothing. `stop_sent_at`: when the stop request last went out. `flagged_at`: since when its flags need a
    person. `closed_at`: when the provider was known to have ended, which may be long after the order.
    `told_at`: the provider's own time of the newest statement that was taken, against reordered callbacks.
    `expected_nano`: what it should cost by the price list when it was prepared; `charged_nano`: what the provider says
    that it charges. `owed_at`: since when the provider has paid us back more than the customer got back.
    `owner_id`: the person who looks into an unknown outcome.
    """

    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.SmallIntegerField()
    reference = models.UUIDField(unique=True)
    state = models.CharField(max_length=10, db_default=AttemptState.PREPARED.value)
    remote_id = models.CharField(max_length=64, db_default="")
    code = models.CharField(max_length=30, db_default="")
    answer = models.JSONField(db_default={})
    flags = models.JSONField(db_default=[])
    quiet = models.IntegerField(db_default=0)
    prepared_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    unknown_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    stop_sent_at = models.DateTimeField(null=True)
    flagged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    expected_nano = models.BigIntegerField(null=True)
    charged_nano = models.BigIntegerField(null=True)
    owed_at = models.DateTimeField(null=True)
    owner_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "fulfilment_attempt"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "number"], name="fulfilment_attempt_number"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=LIVE_STATES), name="fulfilment_attempt_one_live"
            ),
            models.UniqueConstraint(
                fields=["provider", "remote_id"], condition=~Q(remote_id=""), name="fulfilment_attempt_remote"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in AttemptState]), name="fulfilment_attempt_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(remote_id=""), name="fulfilment_attempt_confirmed_has_remote"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["flagged_at"], name="fulfilment_attempt_flagged", condition=Q(flagged_at__isnull=False)
            ),
            models.Index(fields=["owed_at"], name="fulfilment_attempt_owed", condition=Q(owed_at__isnull=False)),
            # What is out at a provider and not settled: in flight, unknown, or read again after its end.
            models.Index(
                fields=["provider", "state"],
                name="fulfilment_attempt_out",
                condition=Q(state__in=("sent", "unknown")),
            ),
            models.Index(fields=["provider", "closed_at"], name="fulfilment_attempt_closed"),
        ]


class Offer(models.Model):
    """What a provider calls one of our services, and what one unit of it costs there, in billionths of its currency."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="+", db_index=False)
    service_code = models.CharField(max_length=20)
    remote_service = models.CharField(max_length=64)
    cost_nano = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "fulfilment_offer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "service_code"], name="fulfilment_offer_once"),
            models.CheckConstraint(
                condition=~Q(remote_service="") & (Q(cost_nano=None) | Q(cost_nano__gte=0)),
                name="fulfilment_offer_stands",
            ),
        ]


class Callback(models.Model):
    """A signed message of a provider, kept for ever as it came, and what became of it. Append-only.

    `outcome`: 'applied', 'late' (the order had ended), 'stale' (older than what was known), 'stranger' (about no order
    of ours), 'unreadable'. `webhook_id` counts once for each provider, so a replay is known.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    webhook_id = models.CharField(max_length=120)
    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=12)
    body = models.TextField()
    told_at = models.DateTimeField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "fulfilment_callback"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "webhook_id"], name="fulfilment_callback_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=("applied", "late", "stale", "stranger", "unreadable")),
                name="fulfilment_callback_outcome",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["provider", "-at"], name="fulfilment_callback_at")]


class BalanceReading(models.Model):
    """What a provider said that we have left there. Append-only.

    `quiet`: no submission was on its way when it was read, so that two quiet readings can be compared.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_nano = models.BigIntegerField()
    currency = models.CharField(max_length=10)
    quiet = models.BooleanField()
    asked_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "fulfilment_balance"
        indexes: ClassVar = [models.Index(fields=["provider", "-at"], name="fulfilment_balance_at")]


class CallMinute(models.Model):
    """Calls to a provider in one minute, by what was asked: how many, how many failed, and how long they took."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="+", db_index=False)
    minute = models.DateTimeField()
    kind = models.CharField(max_length=8)
    calls = models.IntegerField(db_default=0)
    failures = models.IntegerField(db_default=0)
    total_ms = models.BigIntegerField(db_default=0)
    longest_ms = models.IntegerField(db_default=0)

    class Meta:
        db_table = "fulfilment_call"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "minute", "kind"], name="fulfilment_call_minute")
        ]


class ProviderWord(models.Model):
    """Words that a provider used for a refusal, a state or an early end, and what a person says that they mean.

    `meaning` is '' until somebody has mapped it: then it says nothing about anybody, and a person decides.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="+", db_index=False)
    place = models.CharField(max_length=8)
    word = models.CharField(max_length=200)
    meaning = models.CharField(max_length=30, db_default="")
    heard = models.BigIntegerField(db_default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    mapped_by_id = models.BigIntegerField(null=True)
    mapped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "fulfilment_word"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "place", "word"], name="fulfilment_word_once"),
            models.CheckConstraint(condition=Q(place__in=("refusal", "state", "end")), name="fulfilment_word_place"),
        ]


class ProviderEvent(models.Model):
    """What happened to a provider: switched on or off, breaker opened or closed, balance low, secret or price changed.

    Append-only. `actor_id` is NULL where the machine did it.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    facts = models.JSONField(db_default={})
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "fulfilment_event"
        indexes: ClassVar = [models.Index(fields=["provider", "-at"], name="fulfilment_event_at")]


class Rework(models.Model):
    """What was delivered is to be done again: asked by the customer within the days pinned to the order.

    `start_by` is until when work on it begins or it is answered; `answer` the note handed over with it, or why not.
    """

    order = models.ForeignKey("smmatic.Order", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, db_default="pending")
    reason = models.TextField()
    asked_at = models.DateTimeField(db_default=Now())
    start_by = models.DateTimeField()
    staff_id = models.BigIntegerField(null=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    answer = models.TextField(db_default="")

    class Meta:
        db_table = "fulfilment_rework"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=OPEN_REWORK), name="fulfilment_rework_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=(*OPEN_REWORK, "completed", "rejected")), name="fulfilment_rework_state"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="fulfilment_rework_reason"),
            models.CheckConstraint(
                condition=Q(ended_at=None, state__in=OPEN_REWORK)
                | (Q(ended_at__isnull=False) & ~Q(state__in=OPEN_REWORK)),
                name="fulfilment_rework_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["start_by", "id"], name="fulfilment_rework_open", condition=Q(state__in=OPEN_REWORK))
        ]


class WorkerHeartbeat(models.Model):
    """A worker process: who it is, when it was last alive, what it has done since its start."""

    name = models.CharField(max_length=60, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True)
    counts = models.JSONField(db_default={})

    class Meta:
        db_table = "fulfilment_worker"
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="fulfilment_worker_seen")]
