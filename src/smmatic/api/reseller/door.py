"""The one address of API v2: what every request passes, and the one form of its answers.

HTTP 200 also for errors, since the field's clients lose the text of any other status. The key stands in the body, where
no log keeps it; a key in an address is refused unused.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from smmatic.accounts.actions import note_key_use
from smmatic.accounts.queries import KeyHolder, holder_of_key
from smmatic.api.bodies import shown_name
from smmatic.api.gate import accepted_language, check_no_key, content_length
from smmatic.api.limits import count_address, count_call
from smmatic.api.problems import MEGABYTE, answer, refusal_for
from smmatic.api.reseller import orders, page, refills, rooms
from smmatic.api.reseller.fields import check_fields, parse_body
from smmatic.api.reseller.words import error
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
Action = Callable[[KeyHolder, Mapping[str, Any]], Any]

ACTIONS: Mapping[str, tuple[Action, tuple[str, ...]]] = {
    "services": (rooms.services, ("read", "order")),
    "add": (orders.add, ("order",)),
    "status": (orders.status, ("read", "order")),
    "refill": (refills.refill, ("order", "refund")),
    "refill_status": (refills.refill_status, ("read", "order", "refund")),
    "cancel": (orders.cancel_many, ("order",)),
    "balance": (rooms.balance, ("read", "order")),
}
"""Every action, and the scopes of which a key needs one."""


def reseller_api(request: HttpRequest) -> HttpResponse:
    """POST for programs; whoever opens the address in a browser gets its description."""
    if request.method in ("GET", "HEAD") and not request.META.get("QUERY_STRING"):
        return page.reference(request)
    language = accepted_language(request.headers.get("Accept-Language", ""))
    request.language_chosen = ""  # type: ignore[attr-defined]  # no cookie is set on an answer of the API
    with translation.override(language or "en"):
        try:
            told = _told(request, language)
        except Refusals as several:
            told = error(several.refusals[0])
        except Exception as failed:
            told = error(failed if isinstance(failed, Refusal) else refusal_for(request, failed))
        response = answer(200, told)
        response["Content-Language"] = translation.get_language() or "en"
    response["Cache-Control"] = "no-store"
    return response


reseller_api.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie is looked at, so there is nothing to forge


def _told(request: HttpRequest, language: str) -> Mapping[str, Any] | Sequence[Any]:
    count_address(request)
    _check_request(request)
    fields = parse_body(request.body, request.content_type or "")
    holder = _holder(fields.get("key"))
    if not language:
        translation.activate(holder.person.language)
    name = fields.get("action")
    if not isinstance(name, str) or name not in ACTIONS:
        raise Refusal(RefusalCode.ACTION_UNKNOWN, "action", allowed=", ".join(ACTIONS))
    check_fields(name, fields)
    work, scopes = ACTIONS[name]
    if not holder.scopes & set(scopes):
        holder.need(scopes[0])
    found: Mapping[str, Any] | Sequence[Any] = work(holder, fields)
    return found


def _check_request(request: HttpRequest) -> None:
    check_no_key(request)
    if request.method != "POST":
        raise Refusal(RefusalCode.METHOD_NOT_ALLOWED, method=shown_name(str(request.method)), allowed="POST")
    for name in request.GET:
        raise Refusal(RefusalCode.FIELD_UNKNOWN, shown_name(name))
    if content_length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise Refusal(RefusalCode.BODY_TOO_LARGE, maximum_mb=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // MEGABYTE)
    if request.content_type == "multipart/form-data":
        raise Refusal(RefusalCode.BODY_TYPE, expected=FORM)


def _holder(key: object) -> KeyHolder:
    if not isinstance(key, str):
        raise Refusal(RefusalCode.API_KEY_INVALID)
    holder = holder_of_key(key.strip(" "))
    if count_call(holder.key_id).first:
        note_key_use(holder.key_id)
    if holder.person.staff:
        raise Refusal(RefusalCode.CUSTOMERS_ONLY)
    return holder
