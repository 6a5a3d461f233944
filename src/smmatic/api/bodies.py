"""Reads JSON more strictly than Python does: no duplicate keys, no NaN, UTF-8 only. Pure."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from smmatic.kernel.refusals import Refusal, RefusalCode

MAX_FIELD_NAME = 60


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body.

    Numbers with a point or an exponent stay floats, which no field of ours accepts: 25.0 and 1e400 are refused there,
    with the field's name.

    Raises:
        Refusal: `json_malformed` with line and column, `field_twice` with the field's name.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(1, error.start + 1) from error
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _malformed(error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:
        # An integer of thousands of digits, or hundreds of levels of nesting.
        raise _malformed(1, 1) from error
    if not isinstance(value, dict):
        raise _malformed(1, 1)
    return value


def shown_name(name: str) -> str:
    """A field's name as it may be repeated in an answer: printable and short."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:MAX_FIELD_NAME])


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal(RefusalCode.FIELD_TWICE, shown_name(name))
        found[name] = value
    return found


def _no_constant(_name: str) -> NoReturn:
    raise _malformed(1, 1)


def _malformed(line: int, column: int) -> Refusal:
    return Refusal(RefusalCode.JSON_MALFORMED, line=line, column=column)
