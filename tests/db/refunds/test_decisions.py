"""Each row of the policy's table, on a real order: what is decided, what moves, and what a refusal leaves untouched."""

import pytest

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charge, wallet
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.steps import PROVIDER, SYSTEM, actor_of, move
from smmatic.policy.explanations import Explanation
from smmatic.refunds.actions import (
    add_to_case,
    answer_stop,
    ask_stop,
    cancel,
    end_order,
    presume_undelivered,
    preview_cancel,
    preview_refund,
    request_refund,
)
from smmatic.refunds.appeal_actions import appeal, appeal_until
from smmatic.refunds.explaining import explain_case, explain_plan
from smmatic.refunds.queries import cases_of_order, claims_of, events_of_case, open_case
from smmatic.refunds.review_actions import approve, correct_delivered, decide, send_back, set_claim, withdraw
from smmatic.refunds.situations import ClaimInput
from smmatic.refunds.steps import record_claims
from smmatic.support.actions import ask_customer, post_message
from tests.builders import begun, change, customer, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db

PRICE = 105 * UNITS


def test_4_1_a_pending_order_is_cancelled_with_the_full_charge_at_once():
    who = customer(105)
    made = placed(who)
    preview = preview_cancel(who, made.id)
    assert preview.refusal is None
    done = cancel(who, made.id)
    assert (done.clause, done.decision, done.units_back, done.state) == ("4.1", "approve", PRICE, "settled")
    assert preview.plan.units_back == done.units_back
    assert wallet(who.id).available == PRICE
    assert reread(made.id).status == "cancelled"
    _proven(who)


def test_4_2_an_accepted_order_is_not_cancelled_and_the_answer_says_what_to_do():
    who = customer(105)
    made = begun(who)
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        cancel(who, made.id)
    assert refused.value.code == RefusalCode.ORDER_ACCEPTED
    assert refused.value.clause == "4.2"
    assert refused.value.next_step
    assert ledger_of(who) == before


def test_2_2_refused_before_work_gives_everything_back_whatever_the_cause():
    who = customer(105)
    made = placed(who, start_now=True)
    with atomic():
        move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
    claim = ClaimInput("wrong_information", "alleged", "provider", "no such account")
    done = end_order(made.id, "rejected", actor=PROVIDER, why="no such account", claims=[claim])
    assert done is not None
    assert (done.clause, done.units_back, done.state) == ("2.2", PRICE, "settled")
    assert wallet(who.id).available == PRICE
    _proven(who)


def test_2_1_a_verified_error_after_40_percent_gives_back_60_percent_to_the_unit():
    who = customer(105)
    made = begun(who, delivered=40)
    claim = ClaimInput("fulfilment_fault", "verified", "provider", "our server failed")
    done = end_order(made.id, "partial", delivered=40, actor=PROVIDER, claims=[claim])
    assert done is not None
    assert (done.clause, done.units_back) == ("2.1", 63 * UNITS)
    row = charge(made.id)
    assert row is not None
    assert (row.captured, row.released, row.forfeited) == (42 * UNITS, 63 * UNITS, 0)
    _proven(who)


def test_2_3_our_fault_beats_a_proven_wrong_link():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=20)
    claim = ClaimInput("wrong_information", "alleged", "provider", "wrong account")
    waiting = end_order(made.id, "partial", delivered=20, actor=PROVIDER, claims=[claim])
    assert waiting is not None
    assert (waiting.state, waiting.decision) == ("in_review", "review")
    assert wallet(who.id).available == 0, "nothing moves while a person looks"
    case = open_case(made.id)
    assert case is not None
    assert case.due_at is not None
    case = set_claim(agent, case.id, claim="wrong_information", proof="verified", evidence="typo", version=case.version)
    case = set_claim(agent, case.id, claim="platform_fault", proof="verified", evidence="log", version=case.version)
    case = decide(agent, case.id, version=case.version)
    assert (case.state, case.clause, case.units) == ("settled", "2.3", 84 * UNITS)
    assert wallet(who.id).available == 84 * UNITS
    _proven(who)


@pytest.mark.parametrize(("claim", "clause"), [("wrong_information", "3.2"), ("third_party_violation", "3.3")])
def test_3_2_and_3_3_proven_against_the_customer_keep_the_charge_as_forfeited(claim, clause):
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who)
    alleged = ClaimInput(claim, "alleged", "provider", "no")
    end_order(made.id, "failed", delivered=0, actor=PROVIDER, claims=[alleged])
    case = open_case(made.id)
    assert case is not None
    case = set_claim(agent, case.id, claim=claim, proof="verified", evidence="seen by us", version=case.version)
    case = decide(agent, case.id, version=case.version)
    assert (case.state, case.clause, case.units) == ("denied", clause, 0)
    row = charge(made.id)
    assert row is not None
    assert (row.captured, row.forfeited) == (PRICE, PRICE)
    _proven(who)


def test_a_refuted_allegation_after_review_gives_the_undelivered_part_back():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who)
    alleged = ClaimInput("wrong_information", "alleged", "provider", "no")
    end_order(made.id, "failed", delivered=0, actor=PROVIDER, claims=[alleged])
    case = open_case(made.id)
    assert case is not None
    with pytest.raises(Refusal) as refused:
        decide(agent, case.id, version=case.version)
    assert refused.value.code == RefusalCode.CASE_UNDECIDED
    case = set_claim(
        agent, case.id, claim="wrong_information", proof="refuted", evidence="it exists", version=case.version
    )
    case = decide(agent, case.id, version=case.version)
    assert (case.state, case.clause, case.units) == ("settled", "2.1", PRICE)
    _proven(who)


def test_a_providers_word_can_never_prove_the_customers_error():
    who = customer(105)
    made = begun(who)
    before = ledger_of(who)
    proven = ClaimInput("wrong_information", "verified", "provider", "trust me")
    with pytest.raises(Exception, match="provider_never_proves"):
        end_order(made.id, "failed", delivered=0, actor=PROVIDER, claims=[proven])
    assert ledger_of(who) == before


def test_3_1_and_3_4_a_completed_order_and_disappointment():
    who = customer(105)
    made = begun(who, delivered=100)
    done = end_order(made.id, "completed", actor=PROVIDER)
    assert done is not None
    assert (done.clause, done.units_back, done.case_id) == ("3.1", 0, None)
    preview = preview_refund(who, made.id, "not_as_expected")
    answer = request_refund(who, made.id, reason_code="not_as_expected", key=new_key())
    assert (answer.clause, answer.state, answer.units_back) == ("3.4", "denied", 0)
    assert preview.plan.outcome.clause == answer.clause
    again = request_refund(who, made.id, reason_code="changed_mind", key=new_key())
    assert again.decision == "deny"
    _proven(who)


def test_5_1_a_claim_that_needs_a_person_has_a_due_date_and_ends_in_credits():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=100)
    end_order(made.id, "completed", actor=PROVIDER)
    answer = request_refund(who, made.id, reason_code="not_delivered", words="30 are missing", key=new_key())
    assert (answer.state, answer.clause) == ("in_review", "5.1")
    assert answer.due_at is not None
    assert answer.case_id is not None
    case = open_case(made.id)
    assert case is not None
    case = correct_delivered(agent, case.id, delivered=70, evidence="counted 70", version=case.version)
    case = set_claim(
        agent, case.id, claim="fulfilment_fault", proof="verified", evidence="counted", version=case.version
    )
    case = decide(agent, case.id, version=case.version, why="Thirty are missing.")
    assert (case.state, case.clause, case.units) == ("settled", "2.1", 31 * UNITS + UNITS // 2)
    row = charge(made.id)
    assert row is not None
    assert (row.captured, row.refunded) == (PRICE, 31 * UNITS + UNITS // 2)
    _proven(who)


def test_a_missed_start_is_verified_by_our_own_clock_and_settled_at_once():
    who = customer(105)
    made = placed(who)
    with atomic():
        move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
    early = preview_refund(who, made.id, "not_started")
    assert early.plan.outcome.decision == "deny", "before the promised time there is nothing to give back"
    with atomic():
        assert change(made.id, ("processing",), start_promised_at=now())
    answer = request_refund(who, made.id, reason_code="not_started", key=new_key())
    assert (answer.clause, answer.units_back, answer.state) == ("2.1", PRICE, "settled")
    assert reread(made.id).status == "failed"
    _proven(who)


def test_a_confirmed_stop_gives_back_what_is_not_delivered():
    who = customer(105)
    made = begun(who, delivered=10)
    ask_stop(who, made.id)
    with pytest.raises(Refusal) as refused:
        ask_stop(who, made.id)
    assert refused.value.code == RefusalCode.STOP_ASKED_ALREADY
    done = answer_stop(made.id, "confirmed", delivered=10, actor=PROVIDER)
    assert done is not None
    assert (done.clause, done.units_back) == ("4.2", 94 * UNITS + UNITS // 2)
    assert reread(made.id).status == "partial"
    _proven(who)


def test_an_unknown_outcome_moves_nothing_until_a_person_records_it():
    who, agent = customer(105), person(Role.AGENT)
    made = placed(who, start_now=True)
    with atomic():
        move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted", unknown_since=now())
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        request_refund(who, made.id, reason_code="not_delivered", words="nothing came", key=new_key())
    assert refused.value.code == RefusalCode.OUTCOME_UNKNOWN
    assert ledger_of(who) == before
    done = presume_undelivered(made.id, actor=actor_of(agent), evidence="No trace after 24 hours.")
    assert done is not None
    assert (done.clause, done.units_back) == ("2.1", PRICE)
    _proven(who)


def test_above_the_limit_a_second_person_settles_exactly_what_was_decided():
    who, agent, second = customer(2000), person(Role.AGENT), person(Role.APPROVER)
    made = begun(who, quantity=1000)
    end_order(made.id, "failed", delivered=0, actor=PROVIDER)
    case = open_case(made.id)
    assert case is not None
    case = set_claim(agent, case.id, claim="fulfilment_fault", proof="verified", evidence="log", version=case.version)
    case = decide(agent, case.id, version=case.version)
    assert case.state == "approved"
    assert wallet(who.id).available == 950 * UNITS, "nothing moved"
    before = ledger_of(who)
    for someone, code in ((agent, RefusalCode.ROLE_MISSING), (who, RefusalCode.ROLE_MISSING)):
        with pytest.raises(Refusal) as refused:
            approve(someone, case.id, version=case.version)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        approve(second, case.id, version=case.version - 1)
    assert refused.value.code == RefusalCode.CASE_STALE
    assert ledger_of(who) == before
    case = approve(second, case.id, version=case.version)
    assert (case.state, case.units, case.approved_by_id) == ("settled", 1050 * UNITS, second.id)
    assert wallet(who.id).available == 2000 * UNITS
    _proven(who)


def test_the_one_who_decided_is_never_the_second_person():
    who, boss = customer(2000), person(Role.OPERATOR)
    made = begun(who, quantity=1000)
    end_order(made.id, "failed", delivered=0, actor=PROVIDER)
    case = open_case(made.id)
    assert case is not None
    case = set_claim(boss, case.id, claim="fulfilment_fault", proof="verified", evidence="log", version=case.version)
    case = decide(boss, case.id, version=case.version)
    with pytest.raises(Refusal) as refused:
        approve(boss, case.id, version=case.version)
    assert refused.value.code == RefusalCode.SECOND_PERSON_NEEDED
    case = send_back(person(Role.APPROVER), case.id, version=case.version, why="Show me the log.")
    assert (case.state, case.units) == ("in_review", 0)


def test_splitting_a_large_refund_over_cases_is_caught_by_the_sum():
    who, agent = customer(10_000), person(Role.AGENT)
    states = []
    for _ in range(6):
        made = begun(who, quantity=400)
        end_order(made.id, "failed", delivered=0, actor=PROVIDER)
        case = open_case(made.id)
        assert case is not None
        case = set_claim(
            agent, case.id, claim="fulfilment_fault", proof="verified", evidence="log", version=case.version
        )
        states.append(decide(agent, case.id, version=case.version).state)
    assert states == ["settled"] * 4 + ["approved"] * 2, "420 Credits each: the fifth passes 2,000 in thirty days"


@pytest.mark.parametrize(
    ("change_it", "code"),
    [
        (lambda who, order: request_refund(who, order, reason_code="nonsense", key=new_key()), RefusalCode.REASON_UNKNOWN),
        (lambda who, order: request_refund(who, order, reason_code="not_delivered", key=new_key()), RefusalCode.EVIDENCE_MISSING),
        (lambda who, order: request_refund(who, order, reason_code="changed_mind", key="short"), RefusalCode.KEY_MALFORMED),
        (lambda who, order: request_refund(who, order, reason_code="defective", words="x" * 5000, key=new_key()), RefusalCode.TEXT_TOO_LONG),
        (lambda who, order: request_refund(who, order, reason_code="defective", words="a\u202eb", key=new_key()), RefusalCode.TEXT_FORBIDDEN_CHARACTERS),
        (lambda who, order: request_refund(person(), order, reason_code="changed_mind", key=new_key()), RefusalCode.NOT_FOUND),
        (lambda who, order: cancel(person(), order), RefusalCode.NOT_FOUND),
        (lambda who, order: ask_stop(person(), order), RefusalCode.NOT_FOUND),
        (lambda who, order: end_order(order, "partial", delivered=101, actor=PROVIDER), RefusalCode.UNITS_OUT_OF_RANGE),
        (lambda who, order: end_order(order, "partial", delivered=-1, actor=PROVIDER), RefusalCode.UNITS_OUT_OF_RANGE),
        (lambda who, order: end_order(order, "rejected", actor=PROVIDER), RefusalCode.ORDER_STATUS),
        (lambda who, order: presume_undelivered(order, actor=SYSTEM, evidence="x"), RefusalCode.ORDER_STATUS),
        (lambda who, order: presume_undelivered(order, actor=SYSTEM, evidence=" "), RefusalCode.EVIDENCE_MISSING),
    ],
)  # fmt: skip
def test_each_guard_alone_refuses_and_changes_nothing(change_it, code):
    who = customer(105)
    made = begun(who, delivered=10)
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        change_it(who, made.id)
    assert refused.value.code == code
    assert ledger_of(who) == before


def test_one_open_case_and_a_withdrawn_one_changes_nothing():
    who = customer(105)
    made = begun(who, delivered=50)
    answer = request_refund(who, made.id, reason_code="not_delivered", words="only half", key=new_key())
    assert answer.case_id is not None
    with pytest.raises(Refusal) as refused:
        request_refund(who, made.id, reason_code="defective", words="and bad", key=new_key())
    assert refused.value.code == RefusalCode.CASE_OPEN
    assert withdraw(who, answer.case_id).state == "withdrawn"
    with pytest.raises(Refusal) as refused:
        withdraw(who, answer.case_id)
    assert refused.value.code == RefusalCode.CASE_CLOSED
    assert wallet(who.id).held == PRICE
    _proven(who)


def test_an_order_that_ends_during_a_case_waits_for_the_decision():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=50)
    answer = request_refund(who, made.id, reason_code="not_delivered", words="only half", key=new_key())
    end_order(made.id, "completed", actor=PROVIDER)
    assert wallet(who.id).held == PRICE
    assert answer.case_id is not None
    case = open_case(made.id)
    assert case is not None
    case = set_claim(
        agent, case.id, claim="fulfilment_fault", proof="refuted", evidence="all there", version=case.version
    )
    case = decide(agent, case.id, version=case.version)
    assert (case.state, case.clause) == ("denied", "3.1")
    row = charge(made.id)
    assert row is not None
    assert (row.captured, row.forfeited) == (PRICE, 0)
    _proven(who)


def test_late_news_about_an_ended_order_change_nothing():
    who = customer(105)
    made = begun(who, delivered=100)
    end_order(made.id, "completed", actor=PROVIDER)
    before = ledger_of(who)
    assert end_order(made.id, "failed", delivered=0, actor=PROVIDER) is None
    assert ledger_of(who) == before


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_explanation_of_a_case_is_the_one_of_its_preview(language):
    who = customer(105)
    made = begun(who, delivered=100)
    end_order(made.id, "completed", actor=PROVIDER)
    preview = preview_refund(who, made.id, "not_as_expected")
    before: Explanation = explain_plan(preview.situation, preview.plan, language)
    request_refund(who, made.id, reason_code="not_as_expected", key=new_key())
    after = explain_case(cases_of_order(made.id)[-1], language)
    assert (before.clause, before.sentence, before.arithmetic) == (after.clause, after.sentence, after.arithmetic)
    assert after.sentence


def test_an_early_not_started_never_stands_in_the_way_of_a_real_claim():
    who = customer(105)
    made = begun(who, delivered=100)
    end_order(made.id, "completed", actor=PROVIDER)
    early = request_refund(who, made.id, reason_code="not_started", key=new_key())
    assert (early.state, early.clause) == ("denied", "3.1")
    later = request_refund(who, made.id, reason_code="defective", words="all blurred", key=new_key())
    assert (later.state, later.clause) == ("in_review", "5.1")


def test_a_promised_start_is_not_missed_while_the_order_waits_for_its_customer():
    who = customer(105)
    made = placed(who)
    with atomic():
        move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted", waiting_since=now())
        assert change(made.id, ("processing",), start_promised_at=now())
    assert preview_refund(who, made.id, "not_started").plan.outcome.decision == "deny"


def test_2_2_is_at_once_and_in_full_also_where_a_case_is_open():
    who = customer(105)
    made = placed(who, start_now=True)
    with atomic():
        move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
    asked = request_refund(who, made.id, reason_code="platform_error", words="it hangs", key=new_key())
    assert asked.state == "in_review"
    done = end_order(made.id, "rejected", actor=PROVIDER, why="no such account")
    assert done is not None
    assert (done.case_id, done.state, done.clause, done.units_back) == (asked.case_id, "settled", "2.2", PRICE)
    assert wallet(who.id).available == PRICE
    _proven(who)


def test_a_withdrawn_claim_is_no_claim_and_the_order_ends_as_if_nobody_had_asked():
    who = customer(105)
    made = begun(who, delivered=50)
    asked = request_refund(who, made.id, reason_code="not_delivered", words="only half", key=new_key())
    assert asked.case_id is not None
    withdraw(who, asked.case_id)
    done = end_order(made.id, "completed", actor=PROVIDER)
    assert done is not None
    assert (done.case_id, done.clause) == (None, "3.1")
    other = begun(customer(105), delivered=50)
    asked = request_refund(_owner(other), other.id, reason_code="not_delivered", words="only half", key=new_key())
    end_order(other.id, "completed", actor=PROVIDER)
    assert asked.case_id is not None
    withdraw(_owner(other), asked.case_id)
    assert open_case(other.id) is None
    row = charge(other.id)
    assert row is not None
    assert row.captured == PRICE
    _proven(who)


def test_a_cancel_with_our_verified_fault_stops_the_order_and_gives_the_undelivered_part():
    who = customer(105)
    made = begun(who, delivered=40)
    with atomic():
        record_claims(made.id, [ClaimInput("platform_fault", "verified", "staff", "log", 1)])
    assert preview_cancel(who, made.id).refusal is None
    done = cancel(who, made.id)
    assert (done.clause, done.units_back) == ("2.3", 63 * UNITS)
    assert reread(made.id).status == "partial"
    _proven(who)


def test_a_refund_asked_while_pending_comes_to_the_same_as_a_cancel():
    who = customer(105)
    made = placed(who)
    done = request_refund(who, made.id, reason_code="changed_mind", key=new_key())
    assert (done.state, done.units_back) == ("settled", PRICE)
    assert reread(made.id).status == "cancelled"
    _proven(who)


def test_nobody_works_on_a_case_of_their_own():
    who = customer(2000)
    made = begun(who, delivered=50)
    asked = request_refund(who, made.id, reason_code="not_delivered", words="half", key=new_key())
    insider = Person(who.id, who.email, who.name, who.language, Role.OPERATOR.value)
    case = open_case(made.id)
    assert case is not None
    before = ledger_of(who)
    for attempt in (
        lambda: set_claim(
            insider, case.id, claim="fulfilment_fault", proof="verified", evidence="me", version=case.version
        ),
        lambda: correct_delivered(insider, case.id, delivered=0, evidence="me", version=case.version),
        lambda: decide(insider, case.id, version=case.version),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.code == RefusalCode.ROLE_MISSING
    assert ledger_of(who) == before
    assert asked.case_id == case.id


def test_staff_cannot_cancel_or_claim_in_a_customers_place():
    who, agent = customer(105), person(Role.AGENT)
    made = placed(who)
    for attempt in (
        lambda: cancel(agent, made.id),
        lambda: request_refund(agent, made.id, reason_code="changed_mind", key=new_key()),
        lambda: ask_stop(agent, made.id),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.code == RefusalCode.NOT_FOUND


def test_evidence_that_is_not_the_customers_is_refused():
    who = customer(105)
    made = begun(who, delivered=50)
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        request_refund(who, made.id, reason_code="defective", words="x", file_ids=[10**12], key=new_key())
    assert (refused.value.code, refused.value.field) == (RefusalCode.NOT_FOUND, "files")
    assert ledger_of(who) == before


def test_new_words_of_the_customer_make_an_older_view_of_the_case_stale():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=50)
    request_refund(who, made.id, reason_code="not_delivered", words="half", key=new_key())
    case = open_case(made.id)
    assert case is not None
    case = set_claim(agent, case.id, claim="fulfilment_fault", proof="refuted", evidence="seen", version=case.version)
    add_to_case(who, case.id, words="Look at page two.")
    with pytest.raises(Refusal) as refused:
        decide(agent, case.id, version=case.version)
    assert refused.value.code == RefusalCode.CASE_STALE


def test_a_providers_later_word_does_not_undo_what_staff_found():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=50)
    with atomic():
        record_claims(made.id, [ClaimInput("wrong_information", "refuted", "staff", "it exists", agent.id)])
        record_claims(made.id, [ClaimInput("wrong_information", "alleged", "provider", "wrong")])
    assert claims_of(made.id)["wrong_information"].proof == "refuted"


def test_a_denial_is_contested_once_and_a_person_looks_anew():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who)
    end_order(
        made.id,
        "failed",
        delivered=0,
        actor=PROVIDER,
        claims=[ClaimInput("wrong_information", "alleged", "provider", "no")],
    )
    case = open_case(made.id)
    assert case is not None
    case = set_claim(agent, case.id, claim="wrong_information", proof="verified", evidence="typo", version=case.version)
    case = decide(agent, case.id, version=case.version)
    assert (case.state, case.clause) == ("denied", "3.2")
    assert appeal_until(case) is not None
    key = new_key()
    again = appeal(who, case.id, words="The account is mine: picture attached.", key=key)
    assert (again.state, again.reason, again.appeal_of_id) == ("in_review", "appeal", case.id)
    assert again.due_at is not None
    assert appeal(who, case.id, words="The account is mine: picture attached.", key=key).id == again.id
    again = set_claim(
        agent, again.id, claim="wrong_information", proof="refuted", evidence="picture", version=again.version
    )
    again = decide(agent, again.id, version=again.version)
    assert (again.state, again.clause, again.units) == ("settled", "2.1", PRICE)
    before = ledger_of(who)
    for target in (case.id, again.id):
        with pytest.raises(Refusal) as refused:
            appeal(who, target, words="And once more.", key=new_key())
        assert refused.value.code == RefusalCode.APPEAL_CLOSED
    assert ledger_of(who) == before
    _proven(who)


def test_the_clock_of_a_case_stands_still_from_the_question_to_the_answer():
    who, agent = customer(105), person(Role.AGENT)
    made = begun(who, delivered=100)
    end_order(made.id, "completed", actor=PROVIDER)
    request_refund(who, made.id, reason_code="not_delivered", words="half", key=new_key())
    case = open_case(made.id)
    assert case is not None
    ask_customer(agent, made.id, "Which page?", case_id=case.id)
    waiting = open_case(made.id)
    assert waiting is not None
    assert waiting.state == "waiting"
    post_message(who, made.id, "Page two.")
    resumed = open_case(made.id)
    assert resumed is not None
    assert resumed.state == "in_review"
    assert resumed.due_at is not None
    assert case.due_at is not None
    assert resumed.due_at >= case.due_at
    kinds = [event.kind for event in events_of_case(case.id)]
    assert kinds[:4] == ["opened", "waiting", "question", "resumed"]


def _owner(order):
    return Person(order.customer_id, "", "", "en", "")


def _proven(who):
    assert prove_account(who.id)[1] == []


def test_what_a_customer_cancels_does_not_count_as_given_by_the_desk():
    who, agent = customer(10_000), person(Role.AGENT)
    for _ in range(5):
        cancel(who, placed(who, quantity=450).id)
    made = begun(who, quantity=400)
    end_order(made.id, "failed", delivered=0, actor=PROVIDER)
    case = open_case(made.id)
    assert case is not None
    case = set_claim(agent, case.id, claim="fulfilment_fault", proof="verified", evidence="log", version=case.version)
    assert decide(agent, case.id, version=case.version).state == "settled"


def test_giving_up_orders_one_by_one_is_caught_by_the_same_sum():
    who, agent = customer(10_000), person(Role.AGENT)
    states = []
    for _ in range(6):
        made = begun(who, quantity=400)
        claim = ClaimInput("fulfilment_fault", "verified", "staff", "we can't", agent.id)
        done = end_order(made.id, "failed", delivered=0, actor=actor_of(agent), claims=[claim])
        assert done is not None
        states.append(done.state)
    assert states == ["settled"] * 4 + ["approved"] * 2
