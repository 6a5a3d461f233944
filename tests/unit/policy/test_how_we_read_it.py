"""Every row of 'how we read it', over every possible combination, against a second reading written independently."""

from itertools import product

import pytest

from smmatic.policy.compiler import ImpossibleFacts

from .shipped import compiled, decide, document

PROOF = ("none", "alleged", "verified", "refuted")
WORKED = ("begun", "stop_confirmed", "halted", "done")
ENDED = ("halted", "done")


def impossible(f):
    stage, reviewed = f["stage"], f["reviewed"] == "yes"
    claims = [f[name] for name in ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation")]
    return (
        (f["ask"] == "none" and stage in ("pending", "begun"))
        or (stage in ("pending", "refused", "unknown") and f["delivered"] != "none")
        or (reviewed and "alleged" in claims)
        or (reviewed and stage == "unknown")
    )


def as_written(f):
    """The settled reading, first match wins, in plain code that shares nothing with the rules of the file."""
    stage, ask = f["stage"], f["ask"]
    ours, theirs = f["platform_fault"], f["fulfilment_fault"]
    wrong, violation = f["wrong_information"], f["third_party_violation"]
    reviewed, undelivered = f["reviewed"] == "yes", f["delivered"] != "all"
    proven_against = "verified" in (wrong, violation)
    stops = "stop" if stage in ("begun", "stop_confirmed") else "keep"
    if stage == "unknown":
        return "review", "none", "keep", "2.1"
    if stage == "pending":
        return "approve", "all", "cancel", "4.1"
    if stage == "refused":
        return "approve", "all", "keep", "2.2"
    if ours == "verified":
        return "approve", "undelivered", stops, "2.3"
    if theirs == "verified" and not proven_against:
        return "approve", "undelivered", stops, "2.1"
    if stage == "stop_confirmed":
        if ask == "refund" and "alleged" in (ours, theirs):
            return "review", "none", "keep", "5.1"
        return "approve", "undelivered", "stop", "4.2"
    if ours == "alleged":
        return "review", "none", "keep", "5.1"
    if proven_against:
        return "deny", "none", "keep", "3.2" if wrong == "verified" else "3.3"
    if "alleged" in (theirs, wrong, violation):
        return "review", "none", "keep", "5.1"
    if stage in ENDED and undelivered and reviewed:
        return "approve", "undelivered", "keep", "2.1"
    if stage == "halted" and undelivered:
        return "review", "none", "keep", "5.1"
    if stage == "begun" and ask == "cancel":
        return "deny", "none", "keep", "4.2"
    return "deny", "none", "keep", "3.4" if f["expectations"] == "claimed" else "3.1"


def test_every_combination_is_decided_as_the_policy_is_read():
    names = [fact.id for fact in document().facts]
    possible = 0
    for values in product(*(fact.value_ids for fact in document().facts)):
        facts = dict(zip(names, values, strict=True))
        if impossible(facts):
            assert compiled().outcome_of(compiled().cell(facts)) is None, facts
            continue
        possible += 1
        outcome = compiled().decide(facts)
        assert (outcome.decision, outcome.credits, outcome.order, outcome.clause) == as_written(facts), facts
    assert possible > 20_000


ROWS = [
    ("customer asks while pending", {"ask": "cancel", "stage": "pending"}, ("approve", "all", "cancel", "4.1")),
    (
        "refused before any work, whatever the cause",
        {"ask": "none", "stage": "refused", "wrong_information": "verified", "third_party_violation": "verified"},
        ("approve", "all", "keep", "2.2"),
    ),
    (
        "our fault verified outweighs everything",
        {
            "ask": "refund",
            "stage": "halted",
            "delivered": "part",
            "platform_fault": "verified",
            "wrong_information": "verified",
            "expectations": "claimed",
        },
        ("approve", "undelivered", "keep", "2.3"),
    ),
    (
        "provider's error verified",
        {"ask": "none", "stage": "halted", "delivered": "part", "fulfilment_fault": "verified"},
        ("approve", "undelivered", "keep", "2.1"),
    ),
    (
        "provider's error yields to what is proven against the customer",
        {"ask": "none", "stage": "halted", "fulfilment_fault": "verified", "third_party_violation": "verified"},
        ("deny", "none", "keep", "3.3"),
    ),
    (
        "provider's error does not yield to a mere word",
        {"ask": "none", "stage": "halted", "fulfilment_fault": "verified", "third_party_violation": "alleged"},
        ("approve", "undelivered", "keep", "2.1"),
    ),
    (
        "our fault alleged",
        {"ask": "refund", "stage": "done", "platform_fault": "alleged"},
        ("review", "none", "keep", "5.1"),
    ),
    (
        "provider's fault alleged",
        {"ask": "refund", "stage": "begun", "fulfilment_fault": "alleged"},
        ("review", "none", "keep", "5.1"),
    ),
    (
        "wrong information proven",
        {"ask": "refund", "stage": "halted", "wrong_information": "verified"},
        ("deny", "none", "keep", "3.2"),
    ),
    (
        "violation proven",
        {"ask": "refund", "stage": "halted", "third_party_violation": "verified"},
        ("deny", "none", "keep", "3.3"),
    ),
    (
        "wrong information alleged",
        {"ask": "refund", "stage": "halted", "wrong_information": "alleged"},
        ("review", "none", "keep", "5.1"),
    ),
    (
        "below expectations only",
        {"ask": "refund", "stage": "done", "delivered": "all", "expectations": "claimed"},
        ("deny", "none", "keep", "3.4"),
    ),
    (
        "stop confirmed",
        {"ask": "cancel", "stage": "stop_confirmed", "delivered": "part"},
        ("approve", "undelivered", "stop", "4.2"),
    ),
    ("halted, cause unknown", {"ask": "none", "stage": "halted"}, ("review", "none", "keep", "5.1")),
    ("begun, nothing else", {"ask": "refund", "stage": "begun"}, ("deny", "none", "keep", "3.1")),
    ("done, nothing else", {"ask": "none", "stage": "done", "delivered": "all"}, ("deny", "none", "keep", "3.1")),
    ("outcome unknown", {"ask": "none", "stage": "unknown"}, ("review", "none", "keep", "2.1")),
    ("cancel once begun", {"ask": "cancel", "stage": "begun"}, ("deny", "none", "keep", "4.2")),
    (
        "reviewed, cut short, nothing proven",
        {"ask": "refund", "stage": "halted", "delivered": "part", "reviewed": "yes", "wrong_information": "refuted"},
        ("approve", "undelivered", "keep", "2.1"),
    ),
]


@pytest.mark.parametrize(("facts", "answer"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_row_of_the_table_is_answered_as_it_says(facts, answer):
    assert decide(**facts) == answer


def test_facts_that_cannot_be_are_refused_with_their_reason():
    with pytest.raises(ImpossibleFacts) as caught:
        decide(ask="refund", stage="pending", delivered="part")
    assert "accepted" in caught.value.reasons[0]["en"]
    assert caught.value.reasons[0]["vi"]


def test_after_a_review_no_answer_is_a_review():
    for cell in range(compiled().space.size):
        facts = compiled().space.facts(cell)
        outcome = compiled().outcome_of(cell)
        if outcome and facts["reviewed"] == "yes":
            assert outcome.decision != "review", facts
