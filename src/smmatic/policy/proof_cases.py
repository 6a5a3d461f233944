"""Proof 8: every worked case gives the answer that its author wrote beside it."""

from __future__ import annotations

from collections.abc import Iterator

from .arithmetic import refundable_units
from .compiler import Evaluation, fits
from .problems import Problem
from .shape import Case
from .terms import Share

_SCALE = 10_000
"""Worked cases are written in Credits with up to four decimals, the default scale of an installation."""


def case_problems(evaluation: Evaluation) -> Iterator[Problem]:
    """Every worked case whose answer or amount differs from what it states."""
    for case in evaluation.document.cases:
        yield from _answer(evaluation, case)


def _answer(evaluation: Evaluation, case: Case) -> Iterator[Problem]:
    document = evaluation.document
    facts = document.complete(case.facts)
    reasons = [item.reason.raw("en") for item in document.impossible if fits(item.when, facts)]
    if reasons:
        yield _problem(case, f"its facts cannot be: {' '.join(reasons)}", "Correct its facts.")
        return
    cell = 1 << evaluation.space.cell(facts)
    standing = [rule for rule in document.rules if evaluation.unbeaten[rule.id] & cell]
    if not standing:
        return  # proof 1 says so already
    outcome = evaluation.outcomes[min(rule.id for rule in standing)]
    given = {key: getattr(outcome, key) for key in ("decision", "credits", "order", "clause")}
    if given != dict(case.expect):
        yield _problem(
            case,
            f"it expects {_said(dict(case.expect))}, and {outcome.rule} answers {_said(given)}.",
            "Correct the rules, or what the case expects.",
        )
        return
    yield from _amount(case, document.share(outcome.credits))


def _amount(case: Case, share: Share) -> Iterator[Problem]:
    if case.amounts is None:
        return
    amounts = case.amounts
    given = refundable_units(_units(amounts.charge), amounts.delivered, amounts.ordered, 0, 0, share)
    if given != _units(amounts.returns):
        said = f"{given // _SCALE}.{given % _SCALE:04d}"
        yield _problem(case, f"it expects {amounts.returns} Credits, and {said} come back.", "Correct 'returns'.")


def _units(amount: str) -> int:
    whole, _, fraction = amount.partition(".")
    return int(whole) * _SCALE + int(fraction.ljust(4, "0")[:4] or "0")


def _said(answer: dict[str, str]) -> str:
    return ", ".join(answer[key] for key in ("decision", "credits", "order")) + f" by {answer['clause']}"


def _problem(case: Case, message: str, remedy: str) -> Problem:
    clause = case.expect.get("clause", "")
    return Problem(case.line, clause, "case_differs", f"The case '{case.id}': {message}", remedy, 8)
