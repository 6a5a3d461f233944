"""From a policy file to a table with one answer for every combination of facts.

The semantics is default logic with labelled exceptions, as in Catala (https://catala-lang.org): of the rules that
fit, those beaten by a fitting exception drop out, and the rest must agree. The order of lines decides nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from .problems import PolicyError, Problem
from .shape import Assignment, Fact, PolicyDocument, Rule
from .space import Space, as_bytes
from .terms import BASIC

TABLE_FORMAT = 1
IMPOSSIBLE = 255
MOST_COMBINATIONS = 4_000_000
MOST_RULES = 254


@dataclass(frozen=True)
class Outcome:
    """One answer: decision, what comes back, what happens to the order, when, by which clause and rule.

    decision: approve | deny | review; credits: all | undelivered | none | a share of the policy's own;
    order: cancel | stop | keep; due: 'at_once', 'business_days', a deadline in hours, or a promise of its own.
    """

    decision: str
    credits: str
    order: str
    due: str
    clause: str
    rule: str

    @property
    def same_answer(self) -> tuple[str, str, str, str, str]:
        """What rules have to agree on: everything but which of them says it."""
        return (self.decision, self.credits, self.order, self.due, self.clause)


class ImpossibleFacts(Exception):
    """These facts cannot be true together; `reasons` says why, by language. Such an order goes to review."""

    def __init__(self, facts: Mapping[str, str], reasons: tuple[Mapping[str, str], ...]) -> None:
        self.facts = dict(facts)
        self.reasons = reasons
        super().__init__("; ".join(next(iter(reason.values()), "") for reason in reasons))


class UnknownFacts(ValueError):
    """A fact is missing, is not of this policy, or has a value that it cannot have."""


@dataclass(frozen=True)
class Evaluation:
    """All combinations of a policy evaluated: for every rule, where it fits and where it stands unbeaten."""

    document: PolicyDocument
    space: Space
    possible: int
    impossible: dict[str, int]
    overrides: dict[str, tuple[str, ...]]
    fits: dict[str, int]
    unbeaten: dict[str, int]
    outcomes: dict[str, Outcome]

    def answered(self) -> int:
        """Every combination in which some rule stands."""
        found = 0
        for mask in self.unbeaten.values():
            found |= mask
        return found

    def by_answer(self) -> dict[tuple[str, str, str, str, str], int]:
        """The combinations of each different answer."""
        found: dict[tuple[str, str, str, str, str], int] = {}
        for rule, mask in self.unbeaten.items():
            answer = self.outcomes[rule].same_answer
            found[answer] = found.get(answer, 0) | mask
        return found

    def contradictions(self) -> int:
        """Every combination in which unbeaten rules give different answers."""
        once = twice = 0
        for mask in self.by_answer().values():
            twice |= once & mask
            once |= mask
        return twice

    def where(self, **wanted: str) -> int:
        """The possible combinations whose (unbeaten) answer has these values of decision, credits, order, clause."""
        found = 0
        for rule, mask in self.unbeaten.items():
            outcome = self.outcomes[rule]
            if all(getattr(outcome, key) == value for key, value in wanted.items()):
                found |= mask
        return found


def resolved_overrides(document: PolicyDocument, rule: Rule) -> tuple[str, ...]:
    """The rule ids that `rule` beats, with a clause number standing for all of its rules."""
    found: list[str] = []
    for target in rule.overrides:
        of_clause = [other.id for other in document.rules if other.clause == target]
        found.extend(of_clause or [target])
    return tuple(dict.fromkeys(found))


def evaluate(document: PolicyDocument) -> Evaluation:
    """Evaluates every combination. Raises PolicyError when there are more than a table can hold."""
    _check_size(document)
    space = Space(document.facts)
    impossible = {item.id: space.fitting(item.when) for item in document.impossible}
    possible = space.everything
    for mask in impossible.values():
        possible &= ~mask
    fits = {rule.id: space.fitting(rule.when) & possible for rule in document.rules}
    overrides = {rule.id: resolved_overrides(document, rule) for rule in document.rules}
    beaten = dict.fromkeys(fits, 0)
    for rule_id, targets in overrides.items():
        for target in targets:
            beaten[target] |= fits[rule_id]
    outcomes = {rule.id: _outcome(rule) for rule in document.rules}
    unbeaten = {rule_id: mask & ~beaten[rule_id] for rule_id, mask in fits.items()}
    return Evaluation(document, space, possible, impossible, overrides, fits, unbeaten, outcomes)


@dataclass(frozen=True)
class CompiledPolicy:
    """A policy ready to decide: one byte a combination, naming the rule that answers it.

    `table` and `outcomes` are what is stored with a version; `document` gives the words. Deciding costs one
    dictionary lookup once a combination has been seen.
    """

    document: PolicyDocument
    space: Space
    outcomes: tuple[Outcome, ...]
    table: bytes
    _key: itemgetter[Any] = field(repr=False, compare=False)
    _seen: dict[Any, Outcome] = field(default_factory=dict, repr=False, compare=False)

    @property
    def version(self) -> str:
        """The version that the file gives itself."""
        return self.document.version

    def decide(self, facts: Mapping[str, str]) -> Outcome:
        """The answer to these facts: every fact of the policy with one of its values.

        Raises UnknownFacts for a missing or unknown fact or value, ImpossibleFacts for facts that cannot be true
        together.
        """
        try:
            return self._seen[self._key(facts)]
        except KeyError:
            return self._first_time(facts)

    def cell(self, facts: Mapping[str, str]) -> int:
        """The number of this combination in the table of this version. Raises UnknownFacts."""
        try:
            return self.space.cell(facts)
        except KeyError as error:
            raise UnknownFacts(self._unknown(facts)) from error

    def outcome_of(self, cell: int) -> Outcome | None:
        """The answer of a cell; None where the facts are impossible."""
        index = self.table[cell]
        return None if index == IMPOSSIBLE else self.outcomes[index]

    def as_json(self) -> dict[str, Any]:
        """Everything needed to judge by this version for ever, as plain data; `table` is base64, a byte a cell."""
        return {
            "format": TABLE_FORMAT,
            "facts": [[name, list(self.space.values[name])] for name in self.space.names],
            "outcomes": [
                {
                    "decision": outcome.decision,
                    "credits": outcome.credits,
                    "order": outcome.order,
                    "due": outcome.due,
                    "clause": outcome.clause,
                    "rule": outcome.rule,
                }
                for outcome in self.outcomes
            ],
            "shares": {
                name: {"of": share.of, "percent": share.percent, "withheld": share.withheld}
                for name, share in {**BASIC, **self.document.shares}.items()
            },
            "impossible": IMPOSSIBLE,
            "table": base64.b64encode(self.table).decode("ascii"),
        }

    def _first_time(self, facts: Mapping[str, str]) -> Outcome:
        outcome = self.outcome_of(self.cell(facts))
        if outcome is None:
            raise ImpossibleFacts(facts, impossible_reasons(self.document, facts))
        self._seen[self._key(facts)] = outcome
        return outcome

    def _unknown(self, facts: Mapping[str, str]) -> str:
        for fact in self.document.facts:
            if fact.id not in facts:
                return f"The fact '{fact.id}' is missing; it is one of: {', '.join(fact.value_ids)}."
            if facts[fact.id] not in fact.value_ids:
                return f"'{facts[fact.id]}' is no value of '{fact.id}'; it is one of: {', '.join(fact.value_ids)}."
        return "These facts are not those of this policy."


def compile_policy(document: PolicyDocument) -> CompiledPolicy:
    """Makes the table of a policy.

    Raises PolicyError when a possible combination has no answer or two. Use `prover.prove` first for the whole proof
    with examples: this is only the last guard.
    """
    evaluation = evaluate(document)
    gaps = evaluation.possible & ~evaluation.answered()
    if gaps or evaluation.contradictions():
        message = "Some combination of facts has no answer, or two that differ."
        raise PolicyError([Problem(0, "", "undecided", message, "Prove it first: smmatic policy check.", 1)])
    table = _table(evaluation)
    outcomes = tuple(evaluation.outcomes[rule.id] for rule in document.rules)
    return CompiledPolicy(document, evaluation.space, outcomes, table, itemgetter(*evaluation.space.names))


def restore_policy(document: PolicyDocument, stored: Mapping[str, Any]) -> CompiledPolicy:
    """The compiled policy of a stored version, by its stored table: what was decided once stays decided so.

    Raises ValueError when the stored table does not belong to this file.
    """
    space = Space(document.facts)
    if stored.get("format") != TABLE_FORMAT:
        raise ValueError(f"The stored table has format {stored.get('format')}, expected {TABLE_FORMAT}.")
    if [[name, list(space.values[name])] for name in space.names] != stored["facts"]:
        raise ValueError("The stored table was made for other facts than those of its file.")
    table = base64.b64decode(stored["table"])
    if len(table) != space.size:
        raise ValueError(f"The stored table has {len(table)} cells, its facts make {space.size}.")
    outcomes = tuple(Outcome(**outcome) for outcome in stored["outcomes"])
    return CompiledPolicy(document, space, outcomes, table, itemgetter(*space.names))


def fits(alternatives: tuple[Assignment, ...], facts: Mapping[str, str]) -> bool:
    """Whether one combination fits any of the partial assignments."""
    return any(all(facts[fact] in values for fact, values in item.items()) for item in alternatives)


def impossible_reasons(document: PolicyDocument, facts: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    """Why these facts cannot be true together, in every language; empty when they can."""
    return tuple(item.reason.by_language for item in document.impossible if fits(item.when, facts))


def _outcome(rule: Rule) -> Outcome:
    then = rule.then
    return Outcome(then.decision, then.credits, then.order, then.due, rule.clause, rule.id)


def _table(evaluation: Evaluation) -> bytes:
    """Where several rules of one clause agree, the one with the smallest id speaks first: not the order of lines."""
    size = evaluation.space.size
    free = evaluation.possible
    total = int.from_bytes(as_bytes(evaluation.possible, size, IMPOSSIBLE, 0), "little")
    numbers = {rule.id: index for index, rule in enumerate(evaluation.document.rules)}
    for rule_id in sorted(evaluation.unbeaten):
        mask = evaluation.unbeaten[rule_id] & free
        free &= ~mask
        total |= int.from_bytes(as_bytes(mask, size, 0, numbers[rule_id]), "little")
    return total.to_bytes(size, "little")


def _check_size(document: PolicyDocument) -> None:
    size = 1
    for fact in document.facts:
        size *= len(fact.values)
    if size > MOST_COMBINATIONS or len(document.rules) > MOST_RULES:
        message = f"It has {size:,} combinations of facts and {len(document.rules)} rules."
        remedy = f"Stay within {MOST_COMBINATIONS:,} combinations and {MOST_RULES} rules."
        raise PolicyError([Problem(_line_of(document.facts), "", "too_many", message, remedy, 1)])


def _line_of(facts: tuple[Fact, ...]) -> int:
    return facts[-1].line if facts else 0
