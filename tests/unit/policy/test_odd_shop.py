"""A third policy, written from the guide alone on top of the starter: odd rules fit the format and are proven."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smmatic.policy.compiler import compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy_file
from smmatic.policy.facts import own_facts
from smmatic.policy.promises import promised
from smmatic.policy.prover import prove
from smmatic.policy.terms import Span
from smmatic.policy.vietnam import vietnam_calendar

DOCUMENT = load_policy_file(Path(__file__).with_name("night_market.toml"))
COMPILED = compile_policy(DOCUMENT)
PLACED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
CANCEL = {"ask": "cancel", "stage": "begun"}


def test_it_is_proven():
    proof = prove(DOCUMENT)
    assert proof.problems == ()
    assert proof.combinations == 1_032_192


def test_the_starter_is_the_smallest_policy_that_is_proven():
    proof = prove(load_policy_file(SHIPPED_FILE.with_name("starter.toml")))
    assert proof.problems == ()
    assert proof.combinations < 10_000


@pytest.mark.parametrize(
    ("described", "hours", "facts", "answer"),
    [
        ({"order.started": False}, 25, CANCEL, ("undelivered", "2.4")),
        ({"order.started": True}, 25, CANCEL, ("restocked", "2.6")),
        ({"order.started": False}, 24, CANCEL, ("restocked", "2.6")),
        ({"order.started": False, "service.platform": "tiktok"}, 25, CANCEL, ("restocked", "2.6")),
        ({"order.started": True, "customer.type": "consumer"}, 24 * 6, CANCEL, ("undelivered", "2.5")),
        ({"order.started": True, "customer.type": "consumer"}, 24 * 9, CANCEL, ("restocked", "2.6")),
        ({"order.started": True, "order.credits": 5_000}, 30, CANCEL, ("none", "3.1")),
        ({"ended_at": PLACED}, 6, {"ask": "refund", "stage": "done", "fulfilment_fault": "alleged"}, ("none", "4.1")),
        ({"ended_at": PLACED}, 7, {"ask": "refund", "stage": "done", "fulfilment_fault": "alleged"}, ("none", "3.3")),
    ],
)
def test_it_decides_by_start_platform_buyer_size_and_business_hours(described, hours, facts, answer):
    known = {"placed_at": PLACED, **described}
    own = own_facts(DOCUMENT, known, PLACED + timedelta(hours=hours), vietnam_calendar())
    outcome = COMPILED.decide(DOCUMENT.complete({**facts, **own}))
    assert (outcome.credits, outcome.clause) == answer


def test_its_night_shift_answers_in_business_hours():
    assert promised(DOCUMENT, "night_shift", "creative") == Span(4, "business_hours")
    assert promised(DOCUMENT, "night_shift", "report") == Span(2, "business_days")
