"""Every 'no' of the API in one form: {"error": {...}, "errors": [{...}]} with code, field, message and next step."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from smmatic.api.bodies import shown_name
from smmatic.kernel.database import refusal_of
from smmatic.kernel.refusals import CODES, Refusal, RefusalCode, Refusals

_log = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024

_BY_TYPE: dict[str, RefusalCode] = {
    "missing": RefusalCode.FIELD_MISSING,
    "extra_forbidden": RefusalCode.FIELD_UNKNOWN,
    "int_type": RefusalCode.COUNT_MALFORMED,
    "int_parsing": RefusalCode.COUNT_MALFORMED,
    "int_parsing_size": RefusalCode.COUNT_MALFORMED,
    "int_from_float": RefusalCode.COUNT_MALFORMED,
    "string_unicode": RefusalCode.TEXT_FORBIDDEN_CHARACTERS,
}
"""What pydantic found, and the refusal that says so; everything else is `field_invalid`."""

_SCALARS = (str, int, bool)


def answer(status: int, body: Mapping[str, Any]) -> HttpResponse:
    """A JSON answer in UTF-8; half a surrogate pair that a client sent is shown as '?'."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text.encode("utf-8", "replace"), status=status, content_type="application/json; charset=utf-8")


def as_problem(refusal: Refusal) -> dict[str, Any]:
    """One refusal as the API answers it; `facts` are its values for programs."""
    facts = {name: value for name, value in refusal.facts.items() if isinstance(value, _SCALARS)}
    return {"code": refusal.code.value, **refusal.as_dict(), "facts": facts}


def refused(refusals: Sequence[Refusal]) -> HttpResponse:
    """The answer to a request that is refused; its status is that of the first refusal."""
    problems = [as_problem(refusal) for refusal in refusals]
    response = answer(refusals[0].status, {"error": problems[0], "errors": problems})
    _add_headers(response, refusals[0])
    return response


def refusals_of(error: ValidationError) -> list[Refusal]:
    """What the schemas found wrong, one refusal a field."""
    found: dict[str | None, Refusal] = {}
    for item in error.errors:
        refusal = _refusal_of(item)
        found.setdefault(refusal.field, refusal)
    return list(found.values())


def add_handlers(api: NinjaAPI) -> None:
    """Makes every exception of a request an answer in the one form."""

    def of_refusal(_request: HttpRequest, error: Any) -> HttpResponse:
        return refused([error])

    def of_refusals(_request: HttpRequest, error: Any) -> HttpResponse:
        return refused(error.refusals)

    def of_schema(_request: HttpRequest, error: Any) -> HttpResponse:
        return refused(refusals_of(error))

    api.add_exception_handler(Refusal, of_refusal)
    api.add_exception_handler(Refusals, of_refusals)
    api.add_exception_handler(ValidationError, of_schema)
    # ninja answers HttpError and Http404 in a form of its own unless they are named here.
    for kind in (HttpError, Http404, Exception):
        api.add_exception_handler(kind, of_anything)


def of_anything(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to what is neither a refusal nor a finding of the schemas; our own faults are logged, not shown."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, Refusal):
        return refused([error.__cause__])
    refusal = _expected(error)
    if refusal is None:
        _log.error("%s %s failed", request.method, request.path, exc_info=error)
        refusal = Refusal(RefusalCode.INTERNAL)
    return refused([refusal])


def _expected(error: BaseException) -> Refusal | None:
    if isinstance(error, AuthenticationError):
        return Refusal(RefusalCode.API_KEY_INVALID)
    if isinstance(error, Http404):
        return Refusal(RefusalCode.NOT_FOUND)
    if isinstance(error, RequestDataTooBig):
        return Refusal(RefusalCode.BODY_TOO_LARGE, maximum_mb=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // MEGABYTE)
    if isinstance(error, HttpError | SuspiciousOperation | MultiPartParserError | UnreadablePostError):
        return Refusal(RefusalCode.MALFORMED)
    if isinstance(error, DatabaseError | InterfaceError):
        unreachable = isinstance(error, OperationalError | InterfaceError)
        return refusal_of(error) or (Refusal(RefusalCode.UNAVAILABLE) if unreachable else None)
    return None


def _refusal_of(item: Mapping[str, Any]) -> Refusal:
    place = item["loc"][2:] if item["loc"][0] == "body" else item["loc"][1:]
    field = ".".join(shown_name(str(part)) for part in place) or "body"
    kind, context = item["type"], item.get("ctx", {})
    if item["loc"][0] == "header" and kind == "missing":
        return Refusal(RefusalCode.KEY_MISSING, field)
    if kind == "string_too_long":
        return Refusal(RefusalCode.TEXT_TOO_LONG, field, maximum=context["max_length"])
    if kind in ("greater_than_equal", "less_than_equal"):
        return Refusal(RefusalCode.NUMBER_OUT_OF_RANGE, field, minimum=1, maximum=context.get("le", "?"))
    if kind in CODES:
        return Refusal(RefusalCode(kind), field, **context)
    return Refusal(_BY_TYPE.get(kind, RefusalCode.FIELD_INVALID), field)


def _add_headers(response: HttpResponse, refusal: Refusal) -> None:
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if refusal.status == 405:
        response["Allow"] = str(refusal.facts.get("allowed", ""))
    if refusal.status in (429, 503):
        response["Retry-After"] = str(refusal.facts.get("seconds", 2))
