"""Routes of this package."""

from django.urls import path

from smmatic.ops import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
