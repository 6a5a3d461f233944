"""Activated versions of the policy and of the business calendar. Append-only: history stays judgeable for ever."""

from django.db import models
from django.db.models.functions import Now

__all__ = ["CalendarVersion", "PolicyVersion"]


class PolicyVersion(models.Model):
    """A policy file that was proven and activated: its text, its compiled table, from when, by whom and why."""

    policy_id = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    source = models.TextField()
    digest = models.BinaryField(max_length=32, unique=True)
    compiled = models.JSONField()
    effective_at = models.DateTimeField()
    activated_at = models.DateTimeField(db_default=Now())
    activated_by_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "policy_version"
        constraints = [
            models.UniqueConstraint(fields=["policy_id", "version"], name="policy_version_number"),
        ]
        indexes = [models.Index(fields=["-effective_at", "-id"], name="policy_version_effective")]


class CalendarVersion(models.Model):
    """A business calendar: which days differ from Monday to Friday, and why. Orders pin the version at placing.

    `days` maps ISO dates to {"kind": "off" | "worked", "en": why, "vi": why}.
    """

    calendar = models.CharField(max_length=40)
    days = models.JSONField()
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "policy_calendar"
