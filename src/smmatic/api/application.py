"""The one API object: its rooms, its form of answers and of refusals, and its description."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import NinjaAPI
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.types import DictStrAny

from smmatic.api.bodies import parse_object
from smmatic.api.problems import add_handlers
from smmatic.api.rooms import catalogue, orders, refunds, wallet

DESCRIPTION = _(
    "Order digital marketing services, follow them, cancel them and ask for refunds by the written policy. "
    "Amounts come in both forms: units (integers, 10,000 to a Credit) and credits (decimal text)."
)


class StrictParser(Parser):
    """Bodies without duplicate keys, NaN or anything but an object."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """The JSON object of the body.

        Raises:
            Refusal: `json_malformed`, `field_twice`.
        """
        return parse_object(request.body)


class Encoder(DjangoJSONEncoder):
    """Moments as ISO 8601 in UTC with a Z."""

    def default(self, o: Any) -> Any:
        """The JSON form of what JSON has no form for."""
        if isinstance(o, datetime):
            return o.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return super().default(o)


class Renderer(BaseRenderer):
    """JSON in UTF-8, letters as they are."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """The bytes of an answer."""
        text = json.dumps(data, cls=Encoder, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def build() -> NinjaAPI:
    """The API with every room, documented by itself and not by anything from elsewhere."""
    built = NinjaAPI(
        title="SMMATIC API",
        version="1.0",
        description=DESCRIPTION,
        docs_url=None,
        openapi_url=None,
        urls_namespace="api",
        parser=StrictParser(),
        renderer=Renderer(),
    )
    add_handlers(built)
    for room in (catalogue, orders, refunds, wallet):
        built.add_router("", room.router)
    return built


api = build()


@cache
def description(prefix: str) -> Mapping[str, Any]:
    """The OpenAPI 3.1 description with addresses below `prefix`."""
    found: Mapping[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=prefix), default=str))
    return found
