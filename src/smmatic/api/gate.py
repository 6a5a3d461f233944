"""What every request to the API passes before and after its own work: method, address, body, language, headers."""

import re
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import NinjaAPI

from smmatic.api.bodies import parse_object, shown_name
from smmatic.api.keys import KEY_PREFIX
from smmatic.api.problems import MEGABYTE, of_anything, refused
from smmatic.kernel.refusals import Refusal, RefusalCode

View = Callable[..., HttpResponse]

JSON = "application/json"
MULTIPART = "multipart/form-data"
FORM_OVERHEAD = 64 * 1024
"""What a multipart body may be larger than the file in it."""

_KEY_NAMES = {"key", "api_key", "apikey", "token", "access_token", "authorization", "bearer"}
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def gated(api: NinjaAPI, view: View) -> View:
    """A view of ninja behind the gate. It takes no cookie, so it needs no protection against forged forms."""

    @wraps(view)
    def passed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _choose_language(request)
        try:
            operation = _operation(api, request)
            _check_address(request, operation)
            _check_body(request, operation)
            head = request.method == "HEAD"
            if head:
                request.method = "GET"
            response = view(request, *args, **kwargs)
            if head:
                request.method = "HEAD"
        except Exception as error:
            response = refused([error]) if isinstance(error, Refusal) else of_anything(request, error)
        return _finished(request, response)

    passed.csrf_exempt = True  # type: ignore[attr-defined]
    return passed


def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 in JSON for every address below the API that is none of ours."""
    _choose_language(request)
    try:
        _check_no_key(request)
        raise Refusal(RefusalCode.NOT_FOUND)
    except Refusal as refusal:
        return _finished(request, refused([refusal]))


unknown_address.csrf_exempt = True  # type: ignore[attr-defined]


def only_read(view: View) -> View:
    """A view that takes GET and HEAD alone, and says so in JSON to every other method."""

    @wraps(view)
    def passed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        return refused([Refusal(RefusalCode.METHOD_NOT_ALLOWED, method=shown_name(str(request.method)), allowed="GET")])

    passed.csrf_exempt = True  # type: ignore[attr-defined]
    return passed


def accepted_language(header: str) -> str:
    """The first language of an Accept-Language header that we speak ('en' or 'vi'), or ''."""
    for code, _quality in parse_accept_lang_header(header.lower()[:200]):
        base = code.split("-")[0]
        if base in dict(settings.LANGUAGES):
            return base
    return ""


@cache
def _schema(api: NinjaAPI) -> Mapping[str, Any]:
    paths: Mapping[str, Any] = api.get_openapi_schema(path_prefix="")["paths"]
    return paths


def _operation(api: NinjaAPI, request: HttpRequest) -> Mapping[str, Any]:
    """What the OpenAPI description says about this route and method.

    Raises:
        Refusal: `method_not_allowed`.
    """
    match = request.resolver_match
    route = "/" + _CONVERTER.sub(r"{\1}", match.route.partition("v1/")[2]) if match else "/"
    methods: Mapping[str, Mapping[str, Any]] = _schema(api).get(route, {})
    method = "get" if request.method == "HEAD" else str(request.method).lower()
    if method not in methods:
        allowed = sorted(name.upper() for name in methods)
        raise Refusal(
            RefusalCode.METHOD_NOT_ALLOWED, method=shown_name(str(request.method)), allowed=", ".join(allowed)
        )
    return methods[method]


def _check_address(request: HttpRequest, operation: Mapping[str, Any]) -> None:
    _check_no_key(request)
    known = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"}
    for name, values in request.GET.lists():
        if name not in known:
            raise Refusal(RefusalCode.FIELD_UNKNOWN, shown_name(name))
        if len(values) > 1:
            raise Refusal(RefusalCode.FIELD_TWICE, name)


def _check_no_key(request: HttpRequest) -> None:
    for name, values in request.GET.lists():
        if name.lower() in _KEY_NAMES or any(value.startswith(KEY_PREFIX) for value in values):
            raise Refusal(RefusalCode.API_KEY_IN_ADDRESS, shown_name(name))
    if f"/{KEY_PREFIX}" in request.path:
        raise Refusal(RefusalCode.API_KEY_IN_ADDRESS)


def _check_body(request: HttpRequest, operation: Mapping[str, Any]) -> None:
    if request.method in ("GET", "HEAD"):
        return
    length = _length(request)
    expected = next(iter(operation.get("requestBody", {}).get("content", {})), JSON)
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if expected == MULTIPART:
        limit = settings.SMMATIC_MAX_FILE_BYTES + FORM_OVERHEAD
    if length > limit:
        raise Refusal(RefusalCode.BODY_TOO_LARGE, maximum_mb=limit // MEGABYTE)
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    if length and (request.content_type != expected or charset.lower() not in ("utf-8", "utf8")):
        raise Refusal(RefusalCode.BODY_TYPE, expected=expected)
    if length and "requestBody" not in operation:
        for name in parse_object(request.body):
            raise Refusal(RefusalCode.FIELD_UNKNOWN, shown_name(name))


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _choose_language(request: HttpRequest) -> None:
    language = accepted_language(request.headers.get("Accept-Language", ""))
    request.language_asked = language  # type: ignore[attr-defined]  # else the key's holder decides
    request.language_chosen = ""  # type: ignore[attr-defined]  # no cookie is set on an answer of the API
    translation.activate(language or "en")


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response["Content-Language"] = translation.get_language() or "en"
    response["Vary"] = "Accept-Language, Authorization"
    if not response.has_header("Cache-Control"):
        response["Cache-Control"] = "no-store"
    allowance = getattr(request, "allowance", None)
    if allowance is not None:
        response["RateLimit-Limit"] = str(allowance.limit)
        response["RateLimit-Remaining"] = str(allowance.remaining)
        response["RateLimit-Reset"] = str(allowance.seconds)
    return response
