"""Providers, attempts to hand an order to one of them, and the workers that are alive."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from smmatic.fulfilment.rules import AttemptState

__all__ = ["Attempt", "Provider", "WorkerHeartbeat"]

LIVE_STATES = ("prepared", "sent", "confirmed", "unknown")


class Provider(models.Model):
    """One who delivers over the network. Times in seconds.

    `services` are the codes that it delivers, empty for all; among several the lowest `priority` is taken.
    `settles_after`: how long after an unknown outcome its 'no such order' is final, longer than a request of ours can
    linger on the way; NULL where it never is. `gives_up_after`: how long it may stay unreachable before an order that
    never left this machine is refused.
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

    class Meta:
        db_table = "fulfilment_provider"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(adapter__in=("sandbox",)), name="fulfilment_provider_adapter"),
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
            )
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
