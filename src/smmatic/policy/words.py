"""Turns the texts of a policy into words for people: numbers come from the data, never from the text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .shape import Case, PolicyDocument, Text

PLACEHOLDER = re.compile(r"\{(?:([a-z_]+):)?([a-z][a-z0-9_.]*)\}")
OPTIONAL = re.compile(r"\[\?(.*?)\]", re.DOTALL)
RUNTIME = frozenset({"amount", "due", "until", "since"})
"""Values that are known only when a sentence is said."""

_GROUPING = {"en": ",", "vi": "."}


class MissingValue(KeyError):
    """A sentence needs a value that nobody gave."""


def say(document: PolicyDocument, text: Text, language: str, **values: str) -> str:
    """The words of `text` in `language`, with the policy's numbers and `values` filled in.

    `values` are ready for people (amounts and times already formatted). Parts written as [? ... ] vanish when a value
    in them is missing; outside of such a part a missing value raises MissingValue.
    """
    raw = OPTIONAL.sub(lambda found: _optional(document, found.group(1), language, values), text.raw(language))
    return _fill(document, raw, language, values)


def say_case(document: PolicyDocument, case: Case, text: Text, language: str) -> str:
    """As `say`, for a worked case: its own numbers are known as case.charge, case.ordered, case.delivered."""
    return say(document, text, language, **case_values(case))


def case_values(case: Case) -> dict[str, str]:
    """The numbers of a worked case by their placeholder."""
    if case.amounts is None:
        return {}
    return {
        "case.charge": case.amounts.charge,
        "case.ordered": str(case.amounts.ordered),
        "case.delivered": str(case.amounts.delivered),
        "case.returns": case.amounts.returns,
    }


def preview_sentence(document: PolicyDocument, name: str, language: str, **values: str) -> str:
    """What a page says before a click: the preview `name` of the policy file.

    Raises KeyError when the policy has no such preview, MissingValue when a value it needs is not given.
    """
    for preview in document.previews:
        if preview.id == name:
            return say(document, preview.text, language, **values)
    raise KeyError(name)


def with_unit(document: PolicyDocument, unit: str, number: int | str, language: str) -> str:
    """'1 business day', '3 ngày làm việc', '15%'. Raises KeyError for a unit that the policy has no words for."""
    if unit == "percent":
        return f"{number}%"
    forms = document.units[unit].get(language) or next(iter(document.units[unit].values()))
    said = (
        f"{number:,}".replace(",", _GROUPING.get(language, ","))
        if isinstance(number, int)
        else _decimal(number, language)
    )
    return f"{said} {forms[0] if str(number) == '1' else forms[-1]}"


def facts_in_words(document: PolicyDocument, facts: Mapping[str, str], language: str) -> str:
    """'an order being processed, delivered nothing, ...' for messages: what is out of the ordinary in these facts."""
    said: list[str] = []
    for fact in document.facts:
        value = facts.get(fact.id, fact.default)
        if value and value != fact.default:
            name = fact.name.raw(language)
            said.append(f"{name[:1].lower()}{name[1:]} {fact.value(value).name.raw(language)}")
    return ", ".join(said)


def joined(items: list[str], language: str) -> str:
    """'a, b and c' in `language`."""
    if len(items) < 2:
        return "".join(items)
    word = {"vi": "và"}.get(language, "and")
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def _optional(document: PolicyDocument, part: str, language: str, values: Mapping[str, str]) -> str:
    try:
        return _fill(document, part, language, values)
    except MissingValue:
        return ""


def _fill(document: PolicyDocument, raw: str, language: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        unit, path = found.group(1), found.group(2)
        known: int | str | None = values.get(path, document.data.get(path))
        if known is None:
            raise MissingValue(path)
        return with_unit(document, unit, known, language) if unit else str(known)

    return PLACEHOLDER.sub(value, raw)


def _decimal(number: str, language: str) -> str:
    return number.replace(".", ",") if language == "vi" and number.replace(".", "", 1).isdigit() else number
