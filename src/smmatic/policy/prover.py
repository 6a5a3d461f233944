"""Proves a policy file by going through every combination of facts: the eight proofs, failures with examples.

1 every possible combination has an answer. 2 unbeaten rules agree. 3 the exceptions have no circle, and each is used.
4 no rule or deciding clause is dead. 5 declared and built-in properties hold. 6 every outcome has a transition and a
due date. 7 every text is there in every language, with no number typed. 8 every worked case gives its answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from .compiler import Evaluation, evaluate
from .loading import load_policy
from .problems import PolicyError, Problem
from .proof_cases import case_problems
from .proof_properties import property_problems
from .proof_texts import text_problems
from .shape import AT_ONCE, BUSINESS_DAYS, PolicyDocument, Rule
from .words import facts_in_words

PROOFS = {
    1: "every possible combination has an answer",
    2: "rules that stand agree",
    3: "exceptions have no circle, and each is used",
    4: "no rule or clause is dead",
    5: "properties hold",
    6: "every outcome has a transition and a due date",
    7: "texts are complete, with no number typed",
    8: "worked cases give their answers",
}


@dataclass(frozen=True)
class Proof:
    """The result of checking a file: `ok` when there is no problem.

    combinations: all that the facts can make; possible: those not ruled out; seconds: time the check took.
    """

    ok: bool
    combinations: int
    possible: int
    rules: int
    overrides: int
    cases: int
    seconds: float
    problems: tuple[Problem, ...]


def prove(document: PolicyDocument) -> Proof:
    """Proves a policy; never raises for a bad one, but says everything that is wrong with it."""
    began = time.perf_counter()
    try:
        evaluation = evaluate(document)
    except PolicyError as error:
        return _proof(document, 0, 0, time.perf_counter() - began, list(error.problems))
    problems = [
        *_unanswered(evaluation),
        *_contradictions(evaluation),
        *_circles(evaluation),
        *_unused_overrides(evaluation),
        *_dead(evaluation),
        *property_problems(evaluation),
        *_outcomes(evaluation),
        *text_problems(document),
        *case_problems(evaluation),
    ]
    seconds = time.perf_counter() - began
    return _proof(document, evaluation.space.size, evaluation.possible.bit_count(), seconds, problems)


def check_text(text: str, source: str = "") -> tuple[PolicyDocument | None, Proof]:
    """Reads and proves the text of a file; what cannot be read gives no document, only its problems."""
    began = time.perf_counter()
    try:
        document = load_policy(text, source)
    except PolicyError as error:
        return None, Proof(False, 0, 0, 0, 0, 0, time.perf_counter() - began, error.problems)
    reading = time.perf_counter() - began
    proof = prove(document)
    return document, Proof(
        proof.ok,
        proof.combinations,
        proof.possible,
        proof.rules,
        proof.overrides,
        proof.cases,
        proof.seconds + reading,
        proof.problems,
    )


def _proof(document: PolicyDocument, size: int, possible: int, seconds: float, problems: list[Problem]) -> Proof:
    overrides = sum(len(rule.overrides) for rule in document.rules)
    found = tuple(sorted(problems, key=lambda problem: (problem.proof, problem.line)))
    return Proof(not found, size, possible, len(document.rules), overrides, len(document.cases), seconds, found)


def _unanswered(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 1, with one example for each stage."""
    document, space = evaluation.document, evaluation.space
    gaps = evaluation.possible & ~evaluation.answered()
    stage = next((fact.id for fact in document.facts_in_role("stage")), "")
    while gaps:
        facts = space.first(gaps)
        alike = gaps & space.mask(stage, [facts[stage]]) if stage else gaps
        example = facts_in_words(document, facts, "en")
        yield Problem(
            0,
            "",
            "no_answer",
            f"{alike.bit_count()} combination(s) have no answer, for example: {example}.",
            "Add a rule that fits it, or an [[impossible]] with its reason.",
            1,
        )
        gaps &= ~alike


def _contradictions(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 2, with one example for each pair of rules."""
    document = evaluation.document
    rules = document.rules
    for index, first in enumerate(rules):
        for second in rules[index + 1 :]:
            both = evaluation.unbeaten[first.id] & evaluation.unbeaten[second.id]
            if not both or _answer(evaluation, first) == _answer(evaluation, second):
                continue
            example = facts_in_words(document, evaluation.space.first(both), "en")
            yield Problem(
                max(first.line, second.line),
                second.clause,
                "contradiction",
                f"{example}: {_says(first)}, {_says(second)}.",
                f"One must override the other: add the beaten rule to 'overrides' of {first.id} or of {second.id}.",
                2,
            )


def _circles(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 3, first half: an exception that leads back to itself would leave nothing standing."""
    rules = {rule.id: rule for rule in evaluation.document.rules}
    done: set[str] = set()
    reported: set[frozenset[str]] = set()

    def walk(rule_id: str, trail: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if rule_id in trail:
            yield (*trail[trail.index(rule_id) :], rule_id)
            return
        if rule_id in done:
            return
        for target in evaluation.overrides[rule_id]:
            yield from walk(target, (*trail, rule_id))
        done.add(rule_id)

    for rule_id in rules:
        for circle in walk(rule_id, ()):
            if frozenset(circle) in reported:
                continue
            reported.add(frozenset(circle))
            first = rules[circle[0]]
            yield Problem(
                first.line,
                first.clause,
                "circle",
                f"The exceptions run in a circle: {' > '.join(circle)}.",
                "Take one of these 'overrides' out, and narrow a 'when' instead.",
                3,
            )


def _unused_overrides(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 3, second half: an exception is used where, without it, the beaten rule would contradict the answer."""
    for rule in evaluation.document.rules:
        for target in rule.overrides:
            targets = [other for other in evaluation.document.rules if target in (other.id, other.clause)]
            if any(_is_used(evaluation, rule, other) for other in targets):
                continue
            yield Problem(
                rule.line,
                rule.clause,
                "unused_override",
                f"{rule.id} overrides {target}, and that never changes an answer.",
                f"Take {target} out of its 'overrides'.",
                3,
            )


def _is_used(evaluation: Evaluation, rule: Rule, beaten: Rule) -> bool:
    alone = evaluation.fits[rule.id] & evaluation.fits[beaten.id]
    for other_id, targets in evaluation.overrides.items():
        if other_id != rule.id and beaten.id in targets:
            alone &= ~evaluation.fits[other_id]
    if not alone:
        return False
    answer = _answer(evaluation, beaten)
    return any(
        mask & alone and evaluation.outcomes[winner].same_answer != answer
        for winner, mask in evaluation.unbeaten.items()
        if winner != beaten.id
    )


def _dead(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 4: every rule stands somewhere, every deciding clause decides something, every outcome's words are used."""
    document = evaluation.document
    for clause in document.clauses:
        dead = [rule for rule in clause.rules if not evaluation.unbeaten[rule.id]]
        for rule in dead:
            fits = evaluation.fits[rule.id]
            why = "its facts are impossible together"
            if fits:
                why = f"wherever it fits it is beaten, for example: {_example(evaluation, fits)}"
            yield Problem(
                rule.line,
                clause.number,
                "dead_rule",
                f"{rule.id} never decides: {why}.",
                "Widen its 'when', take it out of another rule's 'overrides', or remove it.",
                4,
            )
        if clause.rules and len(dead) == len(clause.rules):
            yield Problem(
                clause.line,
                clause.number,
                "dead_clause",
                f"{clause.number} never decides anything.",
                "Give it a rule that stands somewhere, or make it a statement.",
                4,
            )
    yield from _spare(document)
    used = {rule.then for rule in document.rules}
    for outcome in document.outcomes:
        if outcome.then not in used:
            yield Problem(
                outcome.line,
                "",
                "dead_outcome",
                "These words of an [[outcome]] are for an answer that no rule gives.",
                "Take the [[outcome]] out, or correct its 'then'.",
                4,
            )


def _spare(document: PolicyDocument) -> Iterator[Problem]:
    """Shares and promises that no rule gives, and facts of the policy's own that nothing asks for."""
    named = {rule.then.credits for rule in document.rules} | {rule.then.due for rule in document.rules}
    for name in (*document.shares, *document.promises):
        if name not in named:
            line = document.promises[name].line if name in document.promises else document.words["credits"][name].line
            message = f"No rule answers with '{name}'."
            yield Problem(line, "", "dead_share", message, "Take it out, or let a rule use it.", 4)
    asked = {fact for rule in document.rules for item in rule.when for fact in item}
    for fact in document.own_facts:
        if fact.id not in asked:
            message = f"No rule depends on '{fact.id}'."
            yield Problem(fact.line, "", "dead_fact", message, "Take it out: it multiplies the combinations.", 4)


def _outcomes(evaluation: Evaluation) -> Iterator[Problem]:
    """Proof 6: an answer can be carried out at the stages where it is given, and people know until when."""
    document, space = evaluation.document, evaluation.space
    stages = document.facts_in_role("stage")
    worded = {outcome.then for outcome in document.outcomes}
    for rule in document.rules:
        effect = document.transitions[rule.then.order]
        for stage in stages:
            allowed = space.mask(stage.id, effect.from_stages)
            wrong = evaluation.unbeaten[rule.id] & ~allowed
            if wrong:
                yield Problem(
                    rule.line,
                    rule.clause,
                    "no_transition",
                    f"{rule.id} answers '{rule.then.order}', which is not possible for: {_example(evaluation, wrong)}.",
                    "Narrow its 'when', change its 'order', or add the stage to [transitions].",
                    6,
                )
        problem = _due_problem(document, rule)
        if problem:
            yield Problem(rule.line, rule.clause, "no_due_date", *problem, 6)
        if rule.then not in worded:
            yield Problem(
                rule.line,
                rule.clause,
                "no_words",
                f"There are no words for the answer of {rule.id}.",
                "Add an [[outcome]] with the same 'then'.",
                6,
            )


def _due_problem(document: PolicyDocument, rule: Rule) -> tuple[str, str] | None:
    due = rule.then.due
    if rule.then.decision != "review":
        if due == AT_ONCE:
            return None
        return f"{rule.id} decides by itself and is due '{due or 'never'}'.", f'Write due = "{AT_ONCE}".'
    deadlines = (*document.deadlines.__dataclass_fields__, *document.promises)
    if due in deadlines or (due == BUSINESS_DAYS and document.service_classes):
        return None
    options = ", ".join((BUSINESS_DAYS, *deadlines))
    return f"{rule.id} asks for a person and has no due date ('{due}').", f"Write due as one of: {options}."


def _answer(evaluation: Evaluation, rule: Rule) -> tuple[str, str, str, str, str]:
    return evaluation.outcomes[rule.id].same_answer


def _says(rule: Rule) -> str:
    return f"{rule.id} says {rule.then.decision} ({rule.then.credits}, {rule.then.order})"


def _example(evaluation: Evaluation, mask: int) -> str:
    return facts_in_words(evaluation.document, evaluation.space.first(mask), "en")
