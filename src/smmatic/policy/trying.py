"""What if: a visitor picks a situation and gets decision, clause and reason. As typed values in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .compiler import CompiledPolicy, ImpossibleFacts
from .explanations import Explanation, explain
from .words import say


@dataclass(frozen=True)
class Choice:
    """A fact to pick a value of: its id, name, description, the values with their words, and the one picked."""

    fact: str
    name: str
    description: str
    values: tuple[tuple[str, str], ...]
    picked: str


@dataclass(frozen=True)
class Tried:
    """The answer to a situation: an explanation, or why it cannot be."""

    explanation: Explanation | None
    impossible: tuple[str, ...]


def choices(compiled: CompiledPolicy, picked: Mapping[str, str], language: str) -> tuple[Choice, ...]:
    """Every fact with its values in words; what is not picked, or is no value, has its default.

    A fact without a default has the last value that fits a plain order: a refund is asked for while it is processed.
    """
    document = compiled.document
    plain = {"ask": "refund", "stage": "begun"}
    found: list[Choice] = []
    for fact in document.facts:
        usual = fact.default or plain.get(fact.id, "")
        value = picked.get(fact.id, usual)
        if value not in fact.value_ids:
            value = usual if usual in fact.value_ids else fact.value_ids[0]
        found.append(
            Choice(
                fact.id,
                say(document, fact.name, language),
                say(document, fact.description, language),
                tuple((one.id, say(document, one.name, language)) for one in fact.values),
                value,
            )
        )
    return tuple(found)


def try_out(compiled: CompiledPolicy, picked: tuple[Choice, ...], language: str) -> Tried:
    """Decides the picked situation, in words."""
    facts = {choice.fact: choice.picked for choice in picked}
    try:
        return Tried(explain(compiled, facts, {}, language), ())
    except ImpossibleFacts as error:
        return Tried(None, tuple(reason.get(language, "") for reason in error.reasons))
