"""Which clause a sentence of the software rests on: found in the policy itself, so that no code knows a clause number.

What a policy decides is asked of its table: the clause of 'too late to cancel' is the one that answers a cancel of a
running order. What it promises without deciding is named by the clause itself (`topic`).
"""

from __future__ import annotations

from collections.abc import Mapping

from .compiler import CompiledPolicy
from .shape import PolicyDocument

REVIEW = "review"
SITUATIONS: Mapping[str, Mapping[str, str]] = {
    "undo": {"ask": "cancel", "stage": "pending"},
    "too_late": {"ask": "cancel", "stage": "begun"},
    "begun": {"ask": "refund", "stage": "begun"},
    "stopped": {"ask": "none", "stage": "stop_confirmed"},
    "refused": {"ask": "none", "stage": "refused"},
    "unknown": {"ask": "refund", "stage": "unknown"},
    "not_fulfilled": {"ask": "refund", "stage": "halted", "fulfilment_fault": "verified"},
    "our_error": {"ask": "refund", "stage": "halted", "platform_fault": "verified"},
    "wrong_information": {"ask": "refund", "stage": "halted", "wrong_information": "verified"},
    "expectations": {"ask": "refund", "stage": "done", "delivered": "all", "expectations": "claimed"},
}
"""What the software speaks of, as the situation in which the policy decides it; other facts have their default."""


def cite(compiled: CompiledPolicy, topic: str) -> str | None:
    """The number of the clause that speaks of `topic` in this version; None where none does.

    topic: one of SITUATIONS, 'review', or a topic that a clause names itself (`terms.TOPICS`).
    """
    document = compiled.document
    if topic == REVIEW:
        return document.review_clause
    if topic in SITUATIONS:
        return _decided(compiled, document, SITUATIONS[topic])
    return next((clause.number for clause in document.clauses if topic in clause.topics), None)


def _decided(compiled: CompiledPolicy, document: PolicyDocument, situation: Mapping[str, str]) -> str | None:
    known = {fact.id for fact in document.facts}
    given = {name: value for name, value in situation.items() if name in known}
    outcome = compiled.outcome_of(compiled.cell(document.complete(given)))
    return outcome.clause if outcome else None
