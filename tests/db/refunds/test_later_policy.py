"""An order stays under the version it was placed under; a later one governs only where it is better, if switched on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from smmatic.credits import queries as credits
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal
from smmatic.policy import queries as policy
from smmatic.policy.compiler import compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.refunds import queries
from smmatic.refunds.actions import cancel, end_order, preview_cancel, preview_refund, request_refund
from smmatic.refunds.situations import ClaimInput, own_facts_of, situation_of
from tests.builders import SYSTEM, begun, change, customer, new_key, placed, reread

pytestmark = pytest.mark.django_db
TEXT = SHIPPED_FILE.read_text(encoding="utf-8")
SEN = (SHIPPED_FILE.parent / "sen_studio.toml").read_text(encoding="utf-8")


def other_version(text):
    """A version that is in force only in this test: nothing of it is stored."""
    document = load_policy(text)
    current = policy.current_policy()
    return replace(current, id=987_654_321, version="later", document=document, compiled=compile_policy(document))


@pytest.fixture
def later(monkeypatch, settings):
    """Switches 'better for the customer' on and makes a text the version in force."""
    settings.SMMATIC_LATER_POLICY_IF_BETTER = True

    def make(text):
        row = other_version(text)
        monkeypatch.setattr(policy, "current_policy", lambda at=None: row)
        return row

    return make


def test_a_later_version_that_gives_more_governs_an_earlier_order(later):
    order = begun(customer(), delivered=40)
    row = later(SEN)  # there a running order can be stopped for the undelivered part less 15 percent
    governed = situation_of(order).governed("cancel")
    plan, charge = governed.plan("cancel"), credits.charge(order.id).amount
    assert (governed.policy.id, plan.outcome.clause) == (row.id, "2.3")  # a consumer withdraws in time
    assert plan.units_back == charge - charge * 40 // 100
    company = replace(order, terms={**order.terms, "customer_type": "business"})
    plan = situation_of(company).governed("cancel").plan("cancel")
    assert (plan.outcome.clause, plan.outcome.credits) == ("2.4", "setup_kept")
    assert plan.units_back == charge - charge * 40 // 100 - charge * 15 // 100


def test_a_later_version_that_gives_less_never_does(later):
    order = begun(customer(), delivered=10)
    fault = ClaimInput("fulfilment_fault", "verified", "staff", "seen")
    denied = TEXT.replace(
        'id = "2.1.ended"\nwhen = { stage = ["halted", "done"], fulfilment_fault = "verified" }\nthen = { decision = "approve", credits = "undelivered"',
        'id = "2.1.ended"\nwhen = { stage = ["halted", "done"], fulfilment_fault = "verified" }\nthen = { decision = "deny", credits = "none"',
    )
    later(denied)
    decided = end_order(order.id, "partial", actor=SYSTEM, claims=[fault])
    assert decided.units_back == order.amount - order.amount * 10 // 100
    assert queries.case(decided.case_id).policy_version_id == order.policy_version_id


def test_without_the_switch_the_pinned_version_governs(later, settings):
    order = begun(customer(), delivered=40)
    later(SEN)
    settings.SMMATIC_LATER_POLICY_IF_BETTER = False
    assert situation_of(order).governed("cancel").policy.id == order.policy_version_id


def test_facts_of_its_own_come_from_the_order_and_the_customer_pinned_on_it():
    row = other_version(SEN)
    order = placed(customer(), quantity=100)
    assert order.terms["customer_type"] == "consumer"
    assert order.terms["customer_jurisdiction"] == "VN"
    own = own_facts_of(order, row)
    assert own == {
        "in_claim_time": "yes",
        "may_withdraw": "yes",
        "buyer": "consumer",
        "country": "withdrawal_country",
        "bulk": "no",
    }
    ended = replace(order, ended_at=now() - timedelta(hours=49), quantity=500, placed_at=now() - timedelta(days=16))
    late = own_facts_of(ended, row)
    assert (late["in_claim_time"], late["bulk"], late["may_withdraw"]) == ("no", "yes", "no")


def test_a_window_is_judged_when_the_customer_asked_not_when_a_person_answers():
    row, who = other_version(SEN), customer()
    order = begun(who, delivered=100)
    end_order(order.id, "completed", actor=SYSTEM)
    request_refund(who, order.id, reason_code="defective", words="a tear", key=new_key())
    asked = queries.open_case(order.id)
    ended = replace(reread(order.id), ended_at=asked.opened_at - timedelta(hours=48))
    assert own_facts_of(ended, row)["in_claim_time"] == "yes"  # however late it is answered
    assert own_facts_of(ended, row, asked.opened_at + timedelta(seconds=1))["in_claim_time"] == "no"


REASONS = ("not_delivered", "defective", "platform_error", "not_as_expected", "changed_mind")
CLAIMS = ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation")
STEP = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 100)),
    st.tuples(st.just("refund"), st.sampled_from(REASONS)),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("end"), st.tuples(st.sampled_from(("completed", "partial", "failed")), st.sampled_from(CLAIMS), st.sampled_from(("alleged", "verified", "refuted")))),
)  # fmt: skip


@checked(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.booleans(), st.lists(STEP, min_size=1, max_size=5))
def test_whatever_happens_to_an_order_no_refund_exceeds_what_was_not_delivered(started, steps):
    who = customer(2000)
    order = begun(who) if started else placed(who)
    for name, value in steps:
        order = reread(order.id)
        before = credits.charge(order.id)
        try:
            if name == "deliver" and order.live and order.status == "in_progress":
                change(order.id, (order.status,), delivered=max(order.delivered, value))
            elif name == "refund":
                expected = preview_refund(who, order.id, value)
                done = request_refund(who, order.id, reason_code=value, words="told", key=new_key())
                assert expected.refusal is None
                assert (expected.plan.units_back, expected.plan.outcome.clause) == (done.units_back, done.clause)
                assert credits.charge(order.id).returned - before.returned == done.units_back
            elif name == "cancel":
                expected = preview_cancel(who, order.id)
                done = cancel(who, order.id, key=new_key())
                assert expected.refusal is None
                assert expected.plan.units_back == done.units_back == order.amount
            elif name == "end":
                status, claim, proof = value
                end_order(order.id, status, actor=SYSTEM, claims=[ClaimInput(claim, proof, "staff", "seen")])
        except Refusal:
            assert credits.charge(order.id) == before
        order, charge = reread(order.id), credits.charge(order.id)
        assert charge.returned <= charge.amount
        assert charge.returned <= charge.amount - charge.amount * order.delivered // order.quantity
        assert charge.captured + charge.released <= charge.amount
