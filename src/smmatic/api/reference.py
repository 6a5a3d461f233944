"""The description of the API: as OpenAPI for programs, and as a page for people that needs no script at all."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from smmatic.api.application import description
from smmatic.api.gate import only_read
from smmatic.api.keys import SCOPES_OF
from smmatic.api.problems import answer
from smmatic.api.shapes import ROOT
from smmatic.kernel.refusals import CODES, RefusalCode

_WORDS = ("summary", "description")
_SAMPLE_ID = "1001"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a request or an answer; `ref` is the object that it holds, if it holds one."""

    name: str
    kind: str
    ref: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One address and method, as the page shows it."""

    id: str
    method: str
    path: str
    title: str
    text: str
    scopes: tuple[str, ...]
    parameters: list[FieldRow]
    body: list[FieldRow]
    body_type: str
    status: str
    answers: str
    refusals: list[str]
    example: str


@only_read
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 description in the language of the request, readable from any origin."""
    response = JsonResponse(_translated(description(ROOT)), json_dumps_params={"ensure_ascii": False})
    response["Access-Control-Allow-Origin"] = "*"
    return response


@only_read
def index(request: HttpRequest) -> HttpResponse:
    """Where to read on."""
    return answer(200, {"version": "1.0", "docs": f"{ROOT}/docs", "openapi": f"{ROOT}/openapi.json"})


@only_read
def docs(request: HttpRequest) -> HttpResponse:
    """The reference for people: every address with its fields, its refusals and an example for the command line."""
    whole = _translated(description(ROOT))
    groups: dict[str, list[Operation]] = {}
    for path, methods in whole["paths"].items():
        for method, found in methods.items():
            groups.setdefault(_(found["tags"][0]), []).append(_operation(whole, path, method, found))
    context = {
        "room": "api",
        "groups": groups,
        "objects": {name: _fields(whole, name) for name in sorted(whole["components"]["schemas"]) if _shown(name)},
        "codes": [(code.value, CODES[code].status, _(CODES[code].sentence)) for code in RefusalCode],
        "root": f"{settings.SMMATIC_PUBLIC_URL}{ROOT}",
        "limit": settings.SMMATIC_API_CALLS_PER_MINUTE,
        "problem": _PROBLEM,
    }
    return render(request, "api/docs.html", context)


def _operation(whole: Mapping[str, Any], path: str, method: str, found: Mapping[str, Any]) -> Operation:
    status, answers = next(
        ((code, _answer_of(item)) for code, item in found["responses"].items() if code.startswith("2")), ("", "")
    )
    content = found.get("requestBody", {}).get("content", {})
    body_type = next(iter(content), "")
    scopes = next((SCOPES_OF[name] for item in found.get("security", ()) for name in item), ())
    return Operation(
        id=f"{method}-{re.sub(r'[^a-z]+', '-', path.removeprefix(ROOT)).strip('-')}",
        method=method.upper(),
        path=path,
        title=found["summary"],
        text=found.get("description", ""),
        scopes=scopes,
        parameters=[
            FieldRow(item["name"], *_kind(item["schema"]), item["required"], item.get("description", ""))
            for item in found["parameters"]
        ],
        body=list(_rows(whole, content[body_type]["schema"])) if content else [],
        body_type=body_type,
        status=status,
        answers=answers,
        refusals=[code for code in found["responses"] if code[0] in "45"],
        example=_example(whole, path, method, found),
    )


def _example(whole: Mapping[str, Any], path: str, method: str, found: Mapping[str, Any]) -> str:
    """A call for the command line, ready to be pasted."""
    address = settings.SMMATIC_PUBLIC_URL + re.sub(r"{code}", "SP-LIST", path)
    address = re.sub(r"{\w+}", _SAMPLE_ID, address)
    needed = [f"{item['name']}=..." for item in found["parameters"] if item["in"] == "query" and item["required"]]
    address += "?" + "&".join(needed).replace("reason=...", "reason=not_delivered") if needed else ""
    parts = [f"curl {'' if method == 'get' else '-X ' + method.upper() + ' '}'{address}'"]
    if found.get("security"):
        parts.append('-H "Authorization: Bearer $SMMATIC_KEY"')
    if any(item["name"] == "Idempotency-Key" for item in found["parameters"]):
        parts.append('-H "Idempotency-Key: $(uuidgen)"')
    content = found.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        sample = _sample(whole, content["application/json"]["schema"])
        parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(sample, ensure_ascii=False)}'"]
    elif content:
        parts.append("-F 'file=@brief.pdf'")
    return " \\\n  ".join(parts)


def _sample(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    found = _resolved(whole, schema)
    sample: dict[str, Any] = {}
    for name, field in found.get("properties", {}).items():
        if "examples" in field:
            sample[name] = field["examples"][0]
        elif name in found.get("required", ()):
            sample[name] = "..."
    return sample


def _rows(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[FieldRow]:
    found = _resolved(whole, schema)
    for name, field in found.get("properties", {}).items():
        yield FieldRow(name, *_kind(field), name in found.get("required", ()), field.get("description", ""))


def _fields(whole: Mapping[str, Any], name: str) -> list[FieldRow]:
    return list(_rows(whole, {"$ref": f"/{name}"}))


def _resolved(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found


def _kind(schema: Mapping[str, Any]) -> tuple[str, str]:
    """A field's type in a word, and the object in it."""
    if "$ref" in schema:
        return "", schema["$ref"].rsplit("/", 1)[-1]
    if "anyOf" in schema:
        kinds = [_kind(item) for item in schema["anyOf"] if item.get("type") != "null"]
        optional = len(kinds) < len(schema["anyOf"])
        word = " | ".join(kind for kind, _ref in kinds if kind) or ""
        return (f"{word} | null" if optional else word).strip(" |" if not optional else " "), kinds[0][1]
    if schema.get("type") == "array":
        word, ref = _kind(schema.get("items", {}))
        return f"[{word}]" if word else "[ ]", ref
    return str(schema.get("format") or schema.get("type") or "any"), ""


def _answer_of(response: Mapping[str, Any]) -> str:
    content: list[Mapping[str, Any]] = list(response.get("content", {}).values())
    return _kind(content[0]["schema"])[1] if content else ""


def _shown(name: str) -> bool:
    return not name.endswith("In")


def _translated(part: Any, name: str = "") -> Any:
    """The description with its words in the active language."""
    if isinstance(part, Mapping):
        return {key: _translated(value, key) for key, value in part.items()}
    if isinstance(part, list):
        return [_translated(value) for value in part]
    return _(part) if name in _WORDS and isinstance(part, str) and part else part


_PROBLEM = """{
  "error": {
    "code": "quantity_too_small",
    "field": "quantity",
    "message": "At least 5 SKU are needed; this is 2.",
    "next": "Order 5 or more. Nothing was charged.",
    "facts": {"minimum": 5, "quantity": 2}
  },
  "errors": [ ... ]
}"""
