"""Reads the body of a reseller's request: a form or a JSON object, whichever it is, each field once. Pure.

The field's clients send forms whose numbers are text, or JSON whose numbers are numbers; some send JSON and call it a
form. What the body is, is seen at its first character.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from smmatic.api.bodies import parse_object, shown_name
from smmatic.api.inputs import MAX_ID
from smmatic.kernel.refusals import Refusal, RefusalCode

MAX_FIELDS = 40
MAX_IDS = 100
"""Most ids in one request."""

FIELDS: Mapping[str, frozenset[str]] = {
    "services": frozenset(),
    "add": frozenset(
        {
            "service",
            "link",
            "quantity",
            "runs",
            "interval",
            "comments",
            "brief",
            "start_now",
            "idempotency_key",
            "force",
        }
    ),
    "status": frozenset({"order", "orders", "idempotency_key", "details"}),
    "refill": frozenset({"order", "orders", "reason"}),
    "refill_status": frozenset({"refill", "refills"}),
    "cancel": frozenset({"order", "orders"}),
    "balance": frozenset(),
}
"""Every action and the fields that it takes besides `key` and `action`."""


def parse_body(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a body. Empty ones and nulls are left out: to the field's clients they mean 'not given'.

    Raises:
        Refusal: `json_malformed`, `field_twice`, `malformed`.
    """
    if body.lstrip(b" \t\r\n").startswith(b"{") or content_type == "application/json":
        found = parse_object(body)
    else:
        found = _form(body)
    return {name: value for name, value in found.items() if value is not None and value != ""}


def check_fields(action: str, fields: Mapping[str, Any]) -> None:
    """Refuses fields that the action does not take, so that a mistyped one is never silently without effect.

    Raises:
        Refusal: `field_unknown` with the first of them.
    """
    for name in fields:
        if name not in FIELDS[action] and name not in ("key", "action"):
            raise Refusal(RefusalCode.FIELD_UNKNOWN, shown_name(name))


def text(fields: Mapping[str, Any], name: str) -> str:
    """A field that is text, '' where it is not given. A number is no text, except a link that is one (an ad account's).

    Raises:
        Refusal: `field_invalid`.
    """
    value = fields.get(name, "")
    if name == "link" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Refusal(RefusalCode.FIELD_INVALID, name)
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """A yes or no, sent as 1, 0, true, false or their texts.

    Raises:
        Refusal: `field_invalid`.
    """
    value = fields.get(name, False)
    known = {"1": True, "true": True, "0": False, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and str(value) in known:
        return known[str(value)]
    raise Refusal(RefusalCode.FIELD_INVALID, name)


def one_id(value: object) -> int | None:
    """An id as a number or as ASCII digits; None for anything that no id can be."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 < value <= MAX_ID else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return one_id(int(value))
    return None


def many_ids(fields: Mapping[str, Any], name: str) -> dict[str, int | None]:
    """Ids as a text with commas, a number or a list: each as it was sent, with the id that it is, if it is one.

    Raises:
        Refusal: `list_too_long`, `field_invalid`.
    """
    value = fields[name]
    if isinstance(value, str):
        words: Sequence[Any] = value.split(",")
    else:
        words = value if isinstance(value, list) else [value]
    if len(words) > MAX_IDS:
        raise Refusal(RefusalCode.LIST_TOO_LONG, name, maximum=MAX_IDS)
    if not all(isinstance(word, str | int) and not isinstance(word, bool) for word in words):
        raise Refusal(RefusalCode.FIELD_INVALID, name)
    trimmed = [word.strip(" ") if isinstance(word, str) else word for word in words]
    return {shown_name(str(number or word)): number for word in trimmed for number in [one_id(word)]}


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise Refusal(RefusalCode.MALFORMED) from error
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal(RefusalCode.FIELD_TWICE, shown_name(name))
        found[name] = value
    return found
