"""A second shop's policy, with windows, percentages, customer types and a threshold, is proven and decides by them."""

from datetime import UTC, datetime, timedelta

import pytest

from smmatic.policy.arithmetic import refundable_units, work_out
from smmatic.policy.compiler import compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.explanations import explain
from smmatic.policy.facts import own_facts
from smmatic.policy.prover import check_text, prove
from smmatic.policy.vietnam import vietnam_calendar

TEXT = (SHIPPED_FILE.parent / "sen_studio.toml").read_text(encoding="utf-8")
DOCUMENT = load_policy(TEXT)
COMPILED = compile_policy(DOCUMENT)
PLACED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def test_it_is_proven():
    proof = prove(DOCUMENT)
    assert proof.problems == ()
    assert (proof.combinations, proof.possible) == (258_048, 116_800)


@pytest.mark.parametrize(
    ("described", "hours", "facts", "answer"),
    [
        ({"customer.type": "business"}, 1, {"ask": "cancel", "stage": "begun"}, ("setup_kept", "2.4")),
        ({"customer.type": "business", "order.quantity": 500}, 1, {"ask": "cancel", "stage": "begun"}, ("none", "3.1")),
        ({"customer.type": "consumer", "customer.jurisdiction": "VN"}, 1, {"ask": "cancel", "stage": "begun"}, ("undelivered", "2.3")),
        ({"customer.type": "consumer", "customer.jurisdiction": "VN"}, 24 * 16, {"ask": "cancel", "stage": "begun"}, ("setup_kept", "2.4")),
        ({"customer.type": "consumer", "customer.jurisdiction": "US"}, 1, {"ask": "cancel", "stage": "begun"}, ("setup_kept", "2.4")),
        ({"ended_at": PLACED}, 48, {"ask": "refund", "stage": "done", "fulfilment_fault": "alleged"}, ("none", "4.1")),
        ({"ended_at": PLACED}, 49, {"ask": "refund", "stage": "done", "fulfilment_fault": "alleged"}, ("none", "3.2")),
        ({"ended_at": PLACED, "customer.type": "consumer"}, 49, {"ask": "refund", "stage": "done", "delivered": "part", "fulfilment_fault": "verified"}, ("half", "3.2")),
    ],
)  # fmt: skip
def test_it_decides_by_window_type_country_and_size(described, hours, facts, answer):
    own = own_facts(DOCUMENT, {"placed_at": PLACED, **described}, PLACED + timedelta(hours=hours), vietnam_calendar())
    outcome = COMPILED.decide(DOCUMENT.complete({**facts, **own}))
    assert (outcome.credits, outcome.clause) == answer


def test_the_fee_is_exact_and_explained_with_its_arithmetic():
    share = DOCUMENT.share("setup_kept")
    assert refundable_units(2_000_000, 10, 40, 0, 0, share) == 1_200_000
    numbers = work_out(2_000_000, 10, 40, 0, 0, "setup_kept", share)
    facts = DOCUMENT.complete({"ask": "cancel", "stage": "begun", "delivered": "part"})
    said = explain(COMPILED, facts, {}, "en", numbers)
    assert said.arithmetic == (
        "200.00 charged − 50.00 for 10 of 40 delivered − 30.00 withheld: 15% of the charge = 120.00 Credits come back"
    )
    assert "15%" in said.credits
    assert "15%" in explain(COMPILED, facts, {}, "vi", numbers).sentence


@pytest.mark.parametrize(
    ("rule", "target"), [(rule.id, target) for rule in DOCUMENT.rules for target in rule.overrides]
)
def test_none_of_its_exceptions_is_spare(rule, target):
    head, _, tail = TEXT.partition(f'id = "{rule}"\n')
    before, _, after = tail.partition("overrides = [")
    listed, _, rest = after.partition("]")
    left = ", ".join(item for item in listed.split(", ") if item != f'"{target}"')
    text = f'{head}id = "{rule}"\n{before}overrides = [{left}]{rest}'
    if not left:
        text = text.replace("overrides = []\n", "")
    assert any(problem.proof == 2 for problem in check_text(text)[1].problems)


def test_in_vietnamese_credits_are_credits():
    assert "hoàn tiền" not in TEXT.lower()
