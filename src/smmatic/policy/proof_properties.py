"""Proof 5: properties that hold for every possible combination, declared by the author or built in.

Amounts are compared for every order at once; `amounts.py` says how. A review is the interval from nothing to the
undelivered part, and both its ends are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from .amounts import Amounts
from .compiler import Evaluation
from .problems import Problem
from .shape import CREDITS, Property
from .words import facts_in_words


def property_problems(evaluation: Evaluation) -> Iterator[Problem]:
    """Every property that does not hold, with an example."""
    amounts = Amounts(evaluation)
    yield from _only_credits(evaluation)
    yield from _unknown_moves_nothing(evaluation)
    yield from _reviews_end(evaluation)
    yield from _delivery_is_monotone(evaluation, amounts)
    yield from _our_fault_pays(evaluation, amounts)
    for item in evaluation.document.properties:
        yield from _declared(evaluation, amounts, item)


def _only_credits(evaluation: Evaluation) -> Iterator[Problem]:
    """Never to anything but Credits, and never more than charged: nothing else can be said, and 'no' gives nothing."""
    for rule in evaluation.document.rules:
        then = rule.then
        if then.credits not in CREDITS and then.credits not in evaluation.document.shares:
            yield _problem(
                rule.line,
                rule.clause,
                "not_credits",
                f"{rule.id} returns '{then.credits}', which is not Credits.",
                f"Return one of: {', '.join(CREDITS)}.",
            )
        if then.decision != "approve" and then.credits != "none":
            yield _problem(
                rule.line,
                rule.clause,
                "pays_without_approval",
                f"{rule.id} says {then.decision} and gives Credits ({then.credits}).",
                'Write credits = "none", or decision = "approve".',
            )
        if then.decision == "approve" and then.credits == "none":
            yield _problem(
                rule.line,
                rule.clause,
                "approves_nothing",
                f"{rule.id} approves and gives nothing.",
                'Write decision = "deny", or say which Credits come back.',
            )


def _unknown_moves_nothing(evaluation: Evaluation) -> Iterator[Problem]:
    stage = evaluation.document.facts_in_role("stage")[0]
    if "unknown" not in stage.value_ids:
        return
    unknown = evaluation.space.mask(stage.id, ["unknown"])
    for rule in evaluation.document.rules:
        wrong = evaluation.unbeaten[rule.id] & unknown
        if wrong and (rule.then.credits != "none" or rule.then.decision != "review"):
            yield _problem(
                rule.line,
                rule.clause,
                "unknown_moves",
                f"While the outcome is unknown nothing may move, but {rule.id} says {rule.then.decision} "
                f"({rule.then.credits}) for: {_example(evaluation, wrong)}.",
                "Let a review wait for the outcome.",
            )


def _reviews_end(evaluation: Evaluation) -> Iterator[Problem]:
    reviewed = evaluation.document.facts_in_role("reviewed")[0]
    wrong = evaluation.where(decision="review") & evaluation.space.mask(reviewed.id, ["yes"])
    if wrong:
        yield _problem(
            0,
            "",
            "endless_review",
            f"After a review it says 'review' again, for: {_example(evaluation, wrong)}.",
            "Add a rule that decides it, or rule the combination out with its reason.",
        )


def _delivery_is_monotone(evaluation: Evaluation, amounts: Amounts) -> Iterator[Problem]:
    delivered = evaluation.document.facts_in_role("delivered")[0]
    for less, more in (("none", "part"), ("part", "all"), ("none", "all")):
        wrong = amounts.grows(delivered.id, less, more)
        if wrong:
            yield _problem(
                0,
                "",
                "delivery_pays",
                f"Delivering more ({more}) gives more Credits back than delivering less ({less}), for: "
                f"{_example(evaluation, wrong)}.",
                "The more is delivered, the less may come back: correct the rule that differs.",
            )


def _our_fault_pays(evaluation: Evaluation, amounts: Amounts) -> Iterator[Problem]:
    for fact in evaluation.document.facts_in_role("our_fault"):
        for absent in ("none", "refuted"):
            wrong = amounts.pays_less(fact.id, "verified", absent)
            if wrong:
                yield _problem(
                    fact.line,
                    "",
                    "fault_pays_less",
                    f"With '{fact.name.raw('en')}' verified the customer gets less than without, for: "
                    f"{_example(evaluation, wrong)}.",
                    "A fault of ours may never be to the customer's disadvantage: add the missing exception.",
                )


def _declared(evaluation: Evaluation, amounts: Amounts, item: Property) -> Iterator[Problem]:
    wrong = _violations(evaluation, amounts, item)
    if wrong:
        yield _problem(
            item.line,
            item.then.get("clause", ""),
            "property",
            f"'{item.text.raw('en')}' does not hold for: {_example(evaluation, wrong)} "
            f"({_answers(evaluation, wrong)}).",
            f"Correct the rules, or the property '{item.id}'.",
        )


def _violations(evaluation: Evaluation, amounts: Amounts, item: Property) -> int:
    if item.kind == "compare":
        found = 0
        for other in item.than:
            if item.never == "less":
                found |= amounts.pays_less(item.vary, item.value, other)
            else:
                found |= amounts.pays_less(item.vary, other, item.value)
        return found
    domain = evaluation.space.fitting(item.when) & evaluation.possible
    such = evaluation.where(**item.then)
    return domain & such if item.kind == "never" else domain & ~such


def _answers(evaluation: Evaluation, mask: int) -> str:
    lowest = mask & -mask
    said = [
        f"{rule.id} says {rule.then.decision}, {rule.then.credits}, {rule.then.order}"
        for rule in evaluation.document.rules
        if evaluation.unbeaten[rule.id] & lowest
    ]
    return "; ".join(said) or "no answer"


def _example(evaluation: Evaluation, mask: int) -> str:
    return facts_in_words(evaluation.document, evaluation.space.first(mask), "en")


def _problem(line: int, clause: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(line, clause, code, message, remedy, 5)
