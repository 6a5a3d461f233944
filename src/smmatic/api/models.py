"""The tables of the API: how often each key and address was used in its newest minute, and what was just ordered."""

from django.db import models

__all__ = ["AddressWindow", "RecentAdd", "Window"]


class Window(models.Model):
    """Requests of a key in one minute since 1970. The database keeps no log of it: it is worth nothing later."""

    key_id = models.BigIntegerField(primary_key=True)
    minute = models.BigIntegerField()
    calls = models.IntegerField()

    class Meta:
        db_table = "api_window"


class AddressWindow(models.Model):
    """Requests from a network address in one minute since 1970; of IPv6 its first 64 bits. Not logged either."""

    address = models.CharField(max_length=50, primary_key=True)
    minute = models.BigIntegerField()
    calls = models.IntegerField()

    class Meta:
        db_table = "api_address_window"
        indexes = [models.Index(fields=["minute"], name="api_address_window_minute")]


class RecentAdd(models.Model):
    """When a reseller's order without a key of its own was last placed, by a fingerprint of what it was."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()
    order_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "api_recent_add"
        indexes = [models.Index(fields=["at"], name="api_recent_add_at")]
