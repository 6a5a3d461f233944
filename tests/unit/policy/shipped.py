"""The shipped policy, read and compiled once for all tests of this folder, and ways to break it."""

import dataclasses
from functools import cache

from smmatic.policy.compiler import CompiledPolicy, compile_policy
from smmatic.policy.document import SHIPPED_FILE, PolicyDocument, load_policy
from smmatic.policy.prover import Proof, check_text, prove
from smmatic.policy.shape import Rule

TEXT = SHIPPED_FILE.read_text(encoding="utf-8")


@cache
def document() -> PolicyDocument:
    return load_policy(TEXT, "smmatic.toml")


@cache
def compiled() -> CompiledPolicy:
    return compile_policy(document())


def decide(**facts: str):
    """The answer to facts, those left out at their default: (decision, credits, order, clause)."""
    outcome = compiled().decide(document().complete(facts))
    return outcome.decision, outcome.credits, outcome.order, outcome.clause


def without_override(rule_id: str, target: str) -> PolicyDocument:
    """The shipped policy with one exception taken out."""

    def changed(rule: Rule) -> Rule:
        if rule.id != rule_id:
            return rule
        return dataclasses.replace(rule, overrides=tuple(item for item in rule.overrides if item != target))

    clauses = tuple(
        dataclasses.replace(clause, rules=tuple(changed(rule) for rule in clause.rules))
        for clause in document().clauses
    )
    return dataclasses.replace(document(), clauses=clauses)


def broken(*replacements: tuple[str, str]) -> Proof:
    """The proof of the shipped text with each (old, new) replaced once; the old text has to be there."""
    text = TEXT
    for old, new in replacements:
        assert old in text, f"not in the file: {old}"
        text = text.replace(old, new, 1)
    return check_text(text)[1]


def problems_of(proof: Proof, number: int) -> list[str]:
    """What failed one proof."""
    return [str(problem) for problem in proof.problems if problem.proof == number]


__all__ = ["TEXT", "broken", "compiled", "decide", "document", "problems_of", "prove", "without_override"]
