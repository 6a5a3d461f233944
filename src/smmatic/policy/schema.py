"""The JSON Schema of the policy file, so that editors complete and check it while it is written.

`policy.schema.json` beside this module is what `json_text()` gives; a test holds them together, and holds the keys to
those that the loader reads. References between tables and everything proven stay with `smmatic policy check`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .shape import CLAUSE_KINDS, CREDITS, DECISIONS, ORDER_EFFECTS, ROLES
from .terms import ATTRIBUTES, MOMENTS, NUMBERS

SCHEMA_FILE = Path(__file__).parent / "policy.schema.json"
Node = dict[str, Any]

_TEXT: Node = {"type": "string", "minLength": 1}
_ID: Node = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_NUMBER: Node = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}
_CLOCK: Node = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_SPAN: Node = {"type": "string", "pattern": "^[1-9][0-9]{0,4} ?(h|hours?|days?|business days?)$"}
_STRINGS: Node = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "uniqueItems": True}]}
_WORDS: Node = {"type": "object", "additionalProperties": _TEXT, "minProperties": 1}
_ASSIGNMENT: Node = {"type": "object", "additionalProperties": _STRINGS, "minProperties": 1}
_WHEN: Node = {"anyOf": [_ASSIGNMENT, {"type": "array", "items": _ASSIGNMENT}]}
_MAPPING: Node = {"type": "object", "additionalProperties": {"type": "string"}}


def schema() -> Node:
    """The whole schema as plain data."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://smmatic.com/schemas/policy-1.json",
        "title": "Refund and cancellation policy of SMMATIC, format 1",
        **_table(
            {
                "format": {"const": 1},
                **_head(),
                **_facts_and_answers(),
                **_clauses(),
                "property": _list(_property()),
                "case": _list(_case()),
            },
            optional=("impossible", "preview", "note", "property", "share", "promise"),
        ),
    }


def json_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _head() -> Mapping[str, Node]:
    return {
        "policy": _table(
            {
                "id": _ID,
                "version": _TEXT,
                "effective": {"description": "A date with time and offset, 2026-01-01T00:00:00+07:00."},
                "selected_by": {"const": "order.placed_at"},
                "languages": _STRINGS,
                "support_address": _TEXT,
                "title": _WORDS,
                "intro": _WORDS,
            }
        ),
        "times": _table(
            {
                "zone": _TEXT,
                "calendar": _ID,
                "opens": _CLOCK,
                "cut_off": _CLOCK,
                "due_by": _CLOCK,
                "paused_by": _STRINGS,
            },
            optional=("paused_by",),
        ),
        "incident": _table({"excludes": {"const": "business_hours"}, "at_most_days": _whole(0, 90)}),
        "deadlines": _table({"unknown_hours": _whole(1, 10_000), "stop_answer_hours": _whole(1, 10_000)}),
        "approvals": _table(
            {
                "case_credits": _whole(0, 10**12),
                "customer_credits": _whole(0, 10**12),
                "customer_days": _whole(1, 3_650),
            }
        ),
        "appeal": _table({"days": _whole(0, 3_650), "times": _whole(0, 100)}),
        "bonus": _table({"grace_days": _whole(0, 3_650)}),
        "service_class": _list(
            _table(
                {"id": _ID, "name": _WORDS, "business_days": _whole(0, 90), "hours": _whole(1, 10_000)},
                optional=("business_days", "hours"),
            )
        ),
        "units": _table(
            {
                unit: {"type": "object", "additionalProperties": _STRINGS}
                for unit in ("business_days", "days", "hours", "credits")
            }
        ),
        "words": _table(
            {
                name: _table(dict.fromkeys(options, _WORDS))
                for name, options in (("decision", DECISIONS), ("credits", CREDITS), ("order", ORDER_EFFECTS))
            }
        ),
        "transitions": _table(
            {
                effect: _table({"from": _STRINGS, "to": {"type": "array", "items": _TEXT}}, optional=("from",))
                for effect in ORDER_EFFECTS
            }
        ),
    }


def _facts_and_answers() -> Mapping[str, Node]:
    value = {"type": "object", "required": ["id"], "properties": {"id": _ID, "of": _STRINGS}}
    value["additionalProperties"] = _TEXT  # its name in each language
    return {
        "share": _list(
            _table(
                {
                    "id": _ID,
                    "name": _WORDS,
                    "of": {"enum": ["all", "undelivered"]},
                    "returns_percent": _whole(1, 99),
                    "withholds_percent": _whole(1, 99),
                },
                optional=("returns_percent", "withholds_percent"),
            )
        ),
        "promise": _list(
            _table(
                {"id": _ID, "within": _SPAN, "by_class": {"type": "object", "additionalProperties": _SPAN}},
                optional=("by_class",),
            )
        ),
        "fact": _list(
            _table(
                {
                    "id": _ID,
                    "role": {"enum": list(ROLES)},
                    "name": _WORDS,
                    "description": _WORDS,
                    "values": _list(value),
                    "default": _TEXT,
                    "since": {"enum": list(MOMENTS)},
                    "at_most": _SPAN,
                    "attribute": {"enum": [*ATTRIBUTES, *NUMBERS]},
                    "at_least": _whole(1, 10**12),
                },
                optional=("role", "default", "since", "at_most", "attribute", "at_least"),
            )
        ),
        "impossible": _list(_table({"id": _ID, "when": _WHEN, "reason": _WORDS})),
        "outcome": _list(_table({"then": _then(), "text": _WORDS})),
    }


def _clauses() -> Mapping[str, Node]:
    rule = _table(
        {
            "id": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?\\.[a-z][a-z0-9_]*$"},
            "when": _WHEN,
            "then": _then(),
            "overrides": _STRINGS,
            "because": _WORDS,
            "next": _WORDS,
        },
        optional=("overrides", "next"),
    )
    return {
        "section": _list(_table({"number": _NUMBER, "title": _WORDS})),
        "clause": _list(
            _table(
                {
                    "number": _NUMBER,
                    "kind": {"enum": list(CLAUSE_KINDS)},
                    "title": _WORDS,
                    "text": _WORDS,
                    "proven_by": _TEXT,
                    "rule": _list(rule),
                },
                optional=("proven_by", "rule"),
            )
        ),
        "preview": _list(_table({"id": _ID, "clause": _NUMBER, "text": _WORDS})),
        "note": _list(_table({"id": _ID, "clauses": _STRINGS, "title": _WORDS, "text": _WORDS})),
    }


def _then() -> Node:
    return _table(
        {
            "decision": {"enum": list(DECISIONS)},
            "credits": {**_TEXT, "examples": list(CREDITS), "description": "One of these, or the id of a share."},
            "order": {"enum": list(ORDER_EFFECTS)},
            "due": {**_TEXT, "examples": ["at_once", "business_days", "unknown_hours"]},
        },
        optional=("due",),
    )


def _property() -> Node:
    return _table(
        {
            "id": _ID,
            "kind": {"enum": ["always", "never", "compare"]},
            "when": _WHEN,
            "then": _MAPPING,
            "vary": _TEXT,
            "value": _TEXT,
            "than": _STRINGS,
            "never": {"enum": ["less", "more"]},
            "order_by": {"const": "credits"},
            "text": _WORDS,
        },
        optional=("when", "then", "vary", "value", "than", "never", "order_by"),
    )


def _case() -> Node:
    amount = {"type": "string", "pattern": "^[0-9]{1,12}(\\.[0-9]{1,6})?$"}
    return _table(
        {
            "id": _ID,
            "title": _WORDS,
            "story": _WORDS,
            "facts": _MAPPING,
            "expect": _table(dict.fromkeys(("decision", "credits", "order", "clause"), _TEXT)),
            "amounts": _table(
                {"charge": amount, "ordered": _whole(1, 10**12), "delivered": _whole(0, 10**12), "returns": amount}
            ),
        },
        optional=("amounts",),
    )


def _table(properties: Mapping[str, Node], optional: Sequence[str] = ()) -> Node:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(item: Node) -> Node:
    return {"type": "array", "items": item}


def _whole(least: int, most: int) -> Node:
    return {"type": "integer", "minimum": least, "maximum": most}
