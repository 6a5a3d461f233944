"""The one Django application."""

from django.apps import AppConfig


class SmmaticConfig(AppConfig):
    """All tables of SMMATIC live in this app, label `smmatic`, with one migration history."""

    name = "smmatic"
    label = "smmatic"
    verbose_name = "SMMATIC"
