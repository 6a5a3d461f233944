"""Routes of the API: every room behind the gate, its description, and a JSON answer for every other address."""

from django.urls import URLPattern, path, re_path

from smmatic.api import reference
from smmatic.api.application import api
from smmatic.api.gate import gated, unknown_address

app_name = "api"


def _rooms() -> list[URLPattern]:
    patterns = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    return [
        URLPattern(pattern.pattern, gated(api, pattern.callback), pattern.default_args, pattern.name)
        for pattern in patterns
    ]


urlpatterns = [
    path("", reference.index, name="index"),
    path("docs", reference.docs, name="docs"),
    path("openapi.json", reference.openapi, name="openapi"),
    *_rooms(),
    re_path(r"^(?P<rest>(?s:.*))\Z", unknown_address),
]
