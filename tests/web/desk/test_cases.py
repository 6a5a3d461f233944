"""A case at the desk: what is shown before a decision, what a decision does, and two people above the limit."""

import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charge, wallet
from smmatic.kernel.amounts import UNITS
from smmatic.refunds.queries import case as case_by_id
from smmatic.refunds.queries import claims_of
from tests.builders import customer, ledger_of, new_key, reread
from tests.web.desk.builders import alleged_by_provider, browser, finished, reviewed_case, the_case, version_on, words

pytestmark = pytest.mark.django_db


def test_an_agent_checks_a_claim_sees_the_decision_and_decides_on_one_page():
    who, agent = customer(500), browser()
    case = alleged_by_provider(who)
    page = agent.get(f"/desk/cases/{case.id}")
    said = words(page)
    assert "Not decidable yet" in said
    assert "wrong information in the order: confirmed 0.00 3.2" in said
    assert "wrong information in the order: checked and not confirmed 63.00 2.1" in said
    assert "account not eligible" in said
    assert "of business time left" in said

    page = agent.post(
        f"/desk/cases/{case.id}/claim", claim="wrong_information", proof="refuted", version=version_on(page),
        evidence="The account is open; I loaded it.",
    )  # fmt: skip
    said = words(page)
    assert "Decide: return 63.00 Credits" in said
    assert "105.00 charged − 42.00 for 40 of 100 delivered = 63.00 Credits come back" in said
    assert wallet(who.id).held == 105 * UNITS

    page = agent.post(f"/desk/cases/{case.id}/decide", version=version_on(page), why="Thank you for waiting.")
    assert "63.00 Credits are back in the wallet" in words(page)
    assert "/decide" not in page
    found = case_by_id(case.id)
    assert (found.state, found.clause, found.units, found.decided_by_id) == ("settled", "2.1", 63 * UNITS, agent.who.id)
    assert charge(case.order_id).returned == 63 * UNITS
    assert prove_account(who.id)[1] == []
    assert f"/desk/cases/{case.id}" in agent.get("/desk/cases/decided", clause="2.1")
    assert f'/desk/cases/{case.id}"' not in agent.get("/desk/cases/decided", clause="3.4")


def test_a_correction_of_what_was_delivered_changes_the_decision_at_once():
    who, agent = customer(500), browser()
    order = finished(who)
    from smmatic.refunds.actions import request_refund

    request_refund(who, order.id, reason_code="not_delivered", words="30 are missing.", key=new_key())
    case = the_case(order)
    page = agent.get(f"/desk/cases/{case.id}")
    assert "correct the count first" in words(page)
    page = agent.post(
        f"/desk/cases/{case.id}/delivered",
        delivered="70",
        evidence="The balance page shows 70.",
        version=version_on(page),
    )
    assert "a failure in the delivery: confirmed 31.50 2.1" in words(page)
    assert reread(order.id).delivered == 70


def test_above_the_limit_a_second_person_approves_exactly_the_amount():
    who = customer(3000)
    agent, approver = browser(), browser(Role.APPROVER)
    case = alleged_by_provider(who, 1000, delivered=200)
    page = agent.get(f"/desk/cases/{case.id}")
    page = agent.post(
        f"/desk/cases/{case.id}/claim",
        claim="wrong_information",
        proof="refuted",
        evidence="Seen.",
        version=version_on(page),
    )
    assert "a second person has to approve it before it moves" in words(page)
    before = wallet(who.id).available
    page = agent.post(f"/desk/cases/{case.id}/decide", version=version_on(page))
    assert "It waits for a second person" in words(page)
    assert wallet(who.id).available == before
    assert "/approve" not in page
    agent.post(f"/desk/cases/{case.id}/approve", 403, version=str(case_by_id(case.id).version))
    assert wallet(who.id).available == before
    assert "Second person needed" in words(approver.get("/desk/cases", show="second"))

    page = approver.get(f"/desk/cases/{case.id}")
    assert "Approve 840.00 Credits" in words(page)
    approver.post(f"/desk/cases/{case.id}/approve", version=version_on(page))
    assert wallet(who.id).available == before + 840 * UNITS
    found = case_by_id(case.id)
    assert (found.decided_by_id, found.approved_by_id) == (agent.who.id, approver.who.id)
    approver.post(f"/desk/cases/{case.id}/approve", 409, version=version_on(page))
    assert wallet(who.id).available == before + 840 * UNITS


def test_whoever_decided_is_not_the_second_person_and_may_be_sent_back_with_a_reason():
    who = customer(3000)
    first, second = browser(Role.APPROVER), browser(Role.APPROVER)
    case = alleged_by_provider(who, 1000, delivered=200)
    page = first.get(f"/desk/cases/{case.id}")
    page = first.post(
        f"/desk/cases/{case.id}/claim",
        claim="wrong_information",
        proof="refuted",
        evidence="Seen.",
        version=version_on(page),
    )
    page = first.post(f"/desk/cases/{case.id}/decide", version=version_on(page))
    before = ledger_of(who)
    assert "You decided this yourself" in words(page)
    page = first.post(f"/desk/cases/{case.id}/approve", 403, version=version_on(page))
    assert "a second person must approve" in words(page)
    page = second.post(f"/desk/cases/{case.id}/send-back", 422, version=version_on(page), why=" ")
    assert "A reason is needed" in words(page)
    assert ledger_of(who) == before
    second.post(f"/desk/cases/{case.id}/send-back", version=version_on(page), why="Which page did you see?")
    assert case_by_id(case.id).state == "in_review"
    assert ledger_of(who)["transfers"] == before["transfers"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "sentence"),
    [
        ("claim", {"claim": "fulfilment_fault", "proof": "verified", "evidence": ""}, 422, "This needs evidence"),
        ("claim", {"claim": "expectations", "proof": "verified", "evidence": "x"}, 422, "This value does not fit here"),
        (
            "claim",
            {"claim": "fulfilment_fault", "proof": "maybe", "evidence": "x"},
            422,
            "This value does not fit here",
        ),
        (
            "claim",
            {"claim": "platform_fault", "proof": "verified", "evidence": "a\u202eb"},
            422,
            "invisible or control",
        ),
        ("delivered", {"delivered": "41", "evidence": "x"}, 422, "must be between 0 and 40"),
        ("delivered", {"delivered": "４", "evidence": "x"}, 422, "not a whole number"),
        ("decide", {}, 409, "the policy still asks for a review"),
        ("decide", {"version": "7"}, 409, "changed while you were looking"),
        ("decide", {"version": "1_0"}, 422, "not a whole number"),
        ("write", {"kind": "question", "body": ""}, 422, "This field is needed"),
        ("write", {"kind": "shout", "body": "x"}, 422, "This value does not fit here"),
    ],
)
def test_a_refused_form_changes_nothing_says_why_and_keeps_what_was_typed(path, fields, status, sentence):
    who, agent = customer(500), browser()
    case = reviewed_case(who)
    before = ledger_of(who)
    page = agent.post(f"/desk/cases/{case.id}/{path}", status, **({"version": "1"} | fields))
    said = words(page)
    assert sentence in said
    assert "Nothing was changed." in said
    assert 'role="alert"' in page
    assert ledger_of(who) == before
    typed = fields.get("evidence", "")
    if len(typed) > 1 and "\u202e" not in typed:
        assert typed in page


def test_a_question_is_put_to_the_customer_and_a_note_stays_with_staff():
    from smmatic.support.queries import messages_of_order

    who, agent = customer(500), browser()
    case = reviewed_case(who)
    page = agent.post(f"/desk/cases/{case.id}/write", body="Which page did you see?", kind="question")
    assert "the order waits for the answer" in words(page)
    agent.post(f"/desk/cases/{case.id}/write", body="He wrote before.", kind="note")
    assert [message.body for message in messages_of_order(who, case.order_id)] == ["Which page did you see?"]
    assert reread(case.order_id).waiting_since is not None
    assert "He wrote before." in agent.get(f"/desk/cases/{case.id}")


def test_goodwill_is_apart_from_the_case_and_needs_its_permission():
    who, agent, approver = customer(500), browser(), browser(Role.APPROVER)
    case = reviewed_case(who)
    before = wallet(who.id).available
    key = new_key()
    agent.post(f"/desk/cases/{case.id}/goodwill", 403, credits="5", reason="Sorry.", key=key)
    assert "/goodwill" not in agent.get(f"/desk/cases/{case.id}")
    approver.post(f"/desk/cases/{case.id}/goodwill", 422, credits="5,0", reason="Sorry.", key=key)
    for _twice in range(2):
        approver.post(f"/desk/cases/{case.id}/goodwill", credits="5", reason="Sorry.", key=key, days="30")
    assert wallet(who.id).available == before + 5 * UNITS
    assert case_by_id(case.id).state == "in_review"


def test_a_finding_on_a_claim_that_nobody_made_is_refused_in_its_own_form():
    who, agent = customer(500), browser()
    case = reviewed_case(who)
    page = agent.post(
        f"/desk/cases/{case.id}/claim", 422, version="1", claim="third_party_violation", proof="verified", evidence=""
    )
    assert '<details id="form-claim-other" open>' in page
    agent.post(
        f"/desk/cases/{case.id}/claim", version="1", claim="third_party_violation", proof="verified",
        evidence="TikTok shows a strike for counterfeit goods.",
    )  # fmt: skip
    assert claims_of(case.order_id)["third_party_violation"].proof == "verified"


def test_the_queue_has_what_is_due_first_on_top():
    from smmatic.kernel.database import execute

    who, agent = customer(2000), browser()
    later, sooner = reviewed_case(who), reviewed_case(who)
    execute("UPDATE refunds_case SET due_at = now() - interval '3 hours' WHERE id = %s", [sooner.id])
    page = agent.get("/desk/cases")
    assert page.index(f'/desk/cases/{sooner.id}"') < page.index(f'/desk/cases/{later.id}"')
    assert "late by 3 h" in words(page)
    assert "late" in words(agent.get("/desk/"))
