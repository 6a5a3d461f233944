"""The one table of the API: how often each key was used in its newest minute."""

from django.db import models

__all__ = ["Window"]


class Window(models.Model):
    """Requests of a key in one minute since 1970. The database keeps no log of it: it is worth nothing later."""

    key_id = models.BigIntegerField(primary_key=True)
    minute = models.BigIntegerField()
    calls = models.IntegerField()

    class Meta:
        db_table = "api_window"
