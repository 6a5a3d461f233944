"""The checker: the shipped file holds, no exception in it is spare, and each of the eight proofs can fail."""

import time

import pytest

from .shipped import TEXT, broken, document, problems_of, prove, without_override

OVERRIDES = [(rule.id, target) for rule in document().rules for target in rule.overrides]


def test_the_shipped_policy_is_proven():
    proof = prove(document())
    assert proof.problems == ()
    assert proof.ok
    assert proof.combinations == 64_512
    assert proof.possible == 27_148


def test_the_whole_check_takes_less_than_two_tenths_of_a_second():
    from smmatic.policy.prover import check_text

    def seconds():
        began = time.perf_counter()
        check_text(TEXT)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.2


@pytest.mark.parametrize(("rule", "target"), OVERRIDES, ids=[f"{rule}-{target}" for rule, target in OVERRIDES])
def test_taking_out_any_exception_fails_with_an_example(rule, target):
    proof = prove(without_override(rule, target))
    contradictions = [problem for problem in proof.problems if problem.code == "contradiction"]
    assert contradictions
    named = " ".join(problem.message for problem in contradictions)
    assert rule.split(".")[0] in named
    assert "order " in contradictions[0].message
    assert "says" in contradictions[0].message
    assert "override" in contradictions[0].remedy


NEW_RULE = """
[[clause.rule]]
id = "2.2.{name}"
when = {when}
then = {{ decision = "{decision}", credits = "{credits}", order = "{order}", due = "{due}" }}
overrides = {overrides}
because.en = "Because."
because.vi = "Vì."

[[clause]]
number = "2.3"
"""


def rule(when, *, decision="deny", credits="none", order="keep", due="at_once", overrides="[]", name="extra"):
    """A replacement that adds a rule to 2.2."""
    new = NEW_RULE.format(
        name=name, when=when, decision=decision, credits=credits, order=order, due=due, overrides=overrides
    )
    return '\n[[clause]]\nnumber = "2.3"\n', new


def test_proof_1_a_combination_without_an_answer_is_shown():
    found = problems_of(broken(('when = { stage = "refused" }', 'when = { stage = "refused", ask = "refund" }')), 1)
    assert "no answer" in found[0]
    assert "refused before any work began" in found[0]


def test_proof_2_two_answers_to_the_same_facts_are_shown():
    found = problems_of(broken(rule('{ stage = "refused", wrong_information = "refuted" }')), 2)
    assert "2.2.extra says deny" in found[0]
    assert "2.2.refused says approve" in found[0]
    assert "claimed and refuted" in found[0]


def test_proof_3_exceptions_in_a_circle_are_shown():
    found = problems_of(broken(('overrides = ["3.1"]\n', 'overrides = ["3.1", "2.1.ended"]\n')), 3)
    assert any("circle" in problem and "3.4.expectations" in problem for problem in found)


def test_proof_3_an_exception_that_changes_nothing_is_shown():
    spare = ('["4.2.stopped", "5.1.after_stop"]', '["4.2.stopped", "5.1.after_stop", "5.1.platform"]')
    assert "2.1.stopped overrides 5.1.platform, and that never changes" in problems_of(broken(spare), 3)[0]


def test_proof_4_a_rule_that_never_decides_is_shown():
    extra = rule('{ stage = "pending", delivered = "part" }')
    found = problems_of(broken(extra), 4)
    assert "2.2.extra never decides" in found[0]
    assert "impossible" in found[0]


def test_proof_4_a_clause_that_never_decides_is_shown():
    proof = broken(
        ('when = { stage = "refused" }', 'when = { stage = "refused", delivered = "all" }'),
    )
    assert any("2.2 never decides anything" in problem for problem in problems_of(proof, 4))


def test_proof_5_a_declared_property_that_does_not_hold_is_shown():
    proof = broken(
        (
            'then = { decision = "approve", credits = "undelivered", order = "stop", due = "at_once" }\noverrides = [\n',
            'then = { decision = "approve", credits = "undelivered", order = "keep", due = "at_once" }\noverrides = [\n',
        )
    )
    assert any("Nothing is given back for work that goes on" in problem for problem in problems_of(proof, 5))


BUILT_IN = {
    "nothing moves while the outcome is unknown": (
        [
            (
                'then = { decision = "review", credits = "none", order = "keep", due = "unknown_hours" }\noverrides',
                'then = { decision = "approve", credits = "all", order = "keep", due = "at_once" }\noverrides',
            )
        ],
        "nothing may move",
    ),
    "delivering more never pays more": (
        [rule('{ stage = "begun", delivered = "all" }', decision="approve", credits="all", order="stop")],
        "Delivering more",
    ),
    "our fault never pays less": (
        [('platform_fault = "verified" }\nthen', 'platform_fault = ["none", "refuted", "alleged"] }\nthen')],
        "gets less than without",
    ),
    "a review ends": ([('delivered = ["none", "part"], reviewed = "no" }', 'delivered = ["none", "part"] }')], "again"),
    "no never gives Credits": (
        [
            (
                'when = { wrong_information = "verified" }\nthen = { decision = "deny", credits = "none"',
                'when = { wrong_information = "verified" }\nthen = { decision = "deny", credits = "all"',
            )
        ],
        "gives Credits",
    ),
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_proof_5_a_built_in_property_is_shown(name):
    replacements, words = BUILT_IN[name]
    assert any(words in problem for problem in problems_of(broken(*replacements), 5))


@pytest.mark.parametrize("paid", ["cash", "card", "payment_method"])
def test_proof_5_nothing_but_credits_can_come_back(paid):
    proof = broken(
        (
            'then = { decision = "approve", credits = "all", order = "keep"',
            f'then = {{ decision = "approve", credits = "{paid}", order = "keep"',
        )
    )
    assert any("Nothing is ever paid out" in problem for problem in problems_of(proof, 5))


def test_proof_6_an_outcome_that_the_order_cannot_carry_out_is_shown():
    found = problems_of(broken(('cancel = { from = ["pending"]', 'cancel = { from = ["refused"]')), 6)
    assert "4.1.pending answers 'cancel'" in found[0]


def test_proof_6_a_review_without_a_due_date_is_shown():
    found = problems_of(broken(('due = "unknown_hours" }\noverrides', 'due = "some_day" }\noverrides')), 6)
    assert any("2.1.unknown asks for a person and has no due date" in problem for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("within {days:appeal.days}. What", "within 7 days. What", "typed"),
        ("within {days:appeal.days}. What", "within seven days. What", "typed"),
        ("{days:incident.at_most_days}. While", "{hours:incident.at_most_days}. While", "in hours"),
        ("{days:bonus.grace_days} to use", "{days:bonus.gracious} to use", "no value"),
        ('because.vi = "Đơn hàng chưa được tiếp nhận xử lý."\n', "", "'vi'"),
        ("(5.1).\"\"\"\ntext.vi", "(5.7).\"\"\"\ntext.vi", "'5.7' typed"),
        ("answers you[? by {due}].", "answers you by {due}.", "not always known"),
        ("{credits:approvals.case_credits} in a case", "some amount in a case", "in one language than"),
    ],
)  # fmt: skip
def test_proof_7_a_text_that_is_missing_or_types_a_number_is_shown(old, new, words):
    assert any(words in problem for problem in problems_of(broken((old, new)), 7))


def test_proof_8_a_case_with_another_answer_is_shown():
    found = problems_of(broken(('clause = "3.4" }', 'clause = "3.1" }')), 8)
    assert "below_expectations" in found[0]
    assert "3.4.expectations answers" in found[0]


def test_proof_8_a_case_with_another_amount_is_shown():
    found = problems_of(broken(('returns = "63"', 'returns = "64"')), 8)
    assert "63.0000 come back" in found[0]


def test_a_failure_names_clauses_and_shows_a_concrete_order_in_words():
    proof = prove(without_override("2.3.running", "3.1"))
    problem = next(problem for problem in proof.problems if problem.code == "contradiction")
    assert "order being processed" in problem.message
    assert "error of our platform verified" in problem.message
    assert "2.3.running says approve" in problem.message
    assert "3.1.begun says deny" in problem.message
    assert problem.line
    assert problem.clause
