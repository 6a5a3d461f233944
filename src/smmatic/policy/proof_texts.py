"""Proof 7: every text is there in every language, and every number in it comes from the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .problems import Problem
from .shape import PolicyDocument, Text
from .words import OPTIONAL, PLACEHOLDER, RUNTIME

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_SECTIONS = re.compile(r"\b(?:sections?|mục)\s+[0-9]+(?:\s*(?:,|and|và)\s*(?:sections?\s+|mục\s+)?[0-9]+)*", re.I)
_WORDS = "two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười"
_SPELLED = re.compile(rf"\b(?:{_WORDS})\s+(?:business\s+)?(?:days?|hours?|weeks?|credits?|ngày|giờ|tuần)\b", re.I)
_CASE_VALUES = frozenset({"case.charge", "case.ordered", "case.delivered", "case.returns"})


@dataclass(frozen=True)
class Placed:
    """A text with where it stands: its clause, the values it may use, and those it may only use in [? ... ]."""

    text: Text
    what: str
    clause: str = ""
    values: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


def text_problems(document: PolicyDocument) -> Iterator[Problem]:
    """Every text that is missing in a language, types a number, or names a value that does not exist."""
    numbers = {clause.number for clause in document.clauses}
    sections = {section.number for section in document.sections}
    for placed in every_text(document):
        yield from _languages(document, placed)
        for language, raw in placed.text.by_language.items():
            yield from _typed_numbers(placed, language, raw, numbers, sections)
            yield from _placeholders(document, placed, language, raw)


def every_text(document: PolicyDocument) -> Iterator[Placed]:
    """All texts of a policy, in the order of the file."""
    yield Placed(document.title, "the title")
    yield Placed(document.intro, "the introduction")
    for group in document.words.values():
        for name, text in group.items():
            yield Placed(text, f"the name of '{name}'")
    for service_class in document.service_classes:
        yield Placed(service_class.name, f"the name of '{service_class.id}'")
    for fact in document.facts:
        yield Placed(fact.name, f"the name of '{fact.id}'")
        yield Placed(fact.description, f"the description of '{fact.id}'")
        for value in fact.values:
            yield Placed(value.name, f"the name of '{fact.id} = {value.id}'")
    for item in document.impossible:
        yield Placed(item.reason, f"the reason of '{item.id}'")
    for outcome in document.outcomes:
        yield Placed(outcome.text, "an outcome", optional=RUNTIME)
    yield from _clause_texts(document)
    for preview in document.previews:
        yield Placed(preview.text, f"the preview '{preview.id}'", preview.clause, values=RUNTIME)
    for note in document.notes:
        yield Placed(note.title, f"the title of '{note.id}'")
        yield Placed(note.text, f"the note '{note.id}'")
    for proven in document.properties:
        yield Placed(proven.text, f"the property '{proven.id}'")
    for case in document.cases:
        values = _CASE_VALUES if case.amounts else frozenset()
        yield Placed(case.title, f"the title of '{case.id}'", case.expect["clause"])
        yield Placed(case.story, f"the story of '{case.id}'", case.expect["clause"], values=values)


def _clause_texts(document: PolicyDocument) -> Iterator[Placed]:
    for section in document.sections:
        yield Placed(section.title, f"the title of section {section.number}")
    for clause in document.clauses:
        yield Placed(clause.title, f"the title of {clause.number}", clause.number)
        yield Placed(clause.text, f"the text of {clause.number}", clause.number)
        for rule in clause.rules:
            yield Placed(rule.because, f"the reason of {rule.id}", clause.number, optional=RUNTIME)
            if rule.next:
                yield Placed(rule.next, f"the next step of {rule.id}", clause.number, optional=RUNTIME)


def _languages(document: PolicyDocument, placed: Placed) -> Iterator[Problem]:
    said = placed.text.by_language
    missing = [language for language in document.languages if not said.get(language, "").strip()]
    if missing:
        yield _problem(
            placed,
            "untranslated",
            f"{_capital(placed.what)} is missing in: {', '.join(missing)}.",
            "Write it in every language.",
        )
        return
    used = {language: frozenset(PLACEHOLDER.findall(said[language])) for language in document.languages}
    if len(set(used.values())) > 1:
        yield _problem(
            placed,
            "numbers_differ",
            f"{_capital(placed.what)} shows other values in one language than in another.",
            "Use the same placeholders in every language.",
        )


def _typed_numbers(placed: Placed, language: str, raw: str, numbers: set[str], sections: set[str]) -> Iterator[Problem]:
    bare = PLACEHOLDER.sub(" ", raw)
    for found in _SECTIONS.finditer(bare):
        if set(_NUMBER.findall(found.group())) <= sections | numbers:
            bare = bare.replace(found.group(), " ")
    typed = [number for number in _NUMBER.findall(bare) if number not in numbers]
    typed += [found.group() for found in _SPELLED.finditer(bare)]
    for number in typed:
        yield _problem(
            placed,
            "typed_number",
            f"{_capital(placed.what)} ({language}) has the number '{number}' typed in it.",
            "Take it from the data with a placeholder such as {days:appeal.days}, or name an existing clause.",
        )


def _placeholders(document: PolicyDocument, placed: Placed, language: str, raw: str) -> Iterator[Problem]:
    required = OPTIONAL.sub(" ", raw)
    for unit, path in PLACEHOLDER.findall(raw):
        known = path in document.data or path in placed.values or path in placed.optional
        if not known:
            yield _problem(
                placed,
                "unknown_value",
                f"{_capital(placed.what)} ({language}) shows '{path}', which is no value.",
                f"Use one of: {', '.join([*document.data, *sorted(placed.values | placed.optional)])}.",
            )
        elif unit and unit != unit_of(document, path):
            yield _problem(
                placed,
                "wrong_unit",
                f"{_capital(placed.what)} ({language}) counts '{path}' in {unit}.",
                f"Its unit is {unit_of(document, path) or 'none'}.",
            )
    for _, path in PLACEHOLDER.findall(required):
        if path in placed.optional:
            yield _problem(
                placed,
                "may_be_missing",
                f"{_capital(placed.what)} ({language}) needs '{path}', not always known.",
                f"Write it as [? ... {{{path}}} ... ] so that the words work without it.",
            )


def unit_of(document: PolicyDocument, path: str) -> str:
    """The unit in which a value is counted, or ''."""
    if path in document.data_units:
        return document.data_units[path]
    if path.startswith("times.") and not path.endswith(("cut_off", "due_by")):
        return "business_days"
    for ending, unit in (("_hours", "hours"), ("_credits", "credits"), ("days", "days"), ("charge", "credits")):
        if path.endswith(ending):
            return unit
    return "credits" if path == "case.returns" else ""


def _problem(placed: Placed, code: str, message: str, remedy: str) -> Problem:
    return Problem(placed.text.line, placed.clause, code, message, remedy, 7)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
