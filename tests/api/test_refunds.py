"""Refunds over the API: the preview is what happens, the clause is named, Credits come back as Credits."""

import pytest

from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import UNITS
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import end_order
from tests.api.clients import order_body, place, rich
from tests.builders import begun, change, ledger_of, new_key

pytestmark = pytest.mark.django_db


def test_a_missed_start_is_refunded_at_once_as_the_preview_said_and_can_be_spent_in_the_same_second():
    from datetime import timedelta

    from smmatic.kernel.clock import now
    from tests.builders import accept_due

    who, api = rich(105)
    number = place(api, start_now=True)
    accept_due()
    change(number, ("processing",), start_promised_at=now() - timedelta(hours=1))
    preview = api.get(f"/orders/{number}/refund?reason=not_started").body
    assert (preview["decision"], preview["clause"], preview["returns"]["units"]) == ("approve", "2.1", 105 * UNITS)
    assert preview["due"] is None
    asked = api.post(f"/orders/{number}/refunds", {"reason": "not_started"}, key=new_key())
    assert asked.status == 201
    assert (asked.body["returned"], asked.body["clause"]) == (preview["returns"], "2.1")
    assert asked.body["explanation"]["sentence"] == preview["explanation"]["sentence"]
    assert wallet(who.id).available == 105 * UNITS
    assert api.post("/orders", order_body(), key=new_key()).status == 201


def test_what_a_person_must_look_at_has_a_due_date_with_the_days_that_do_not_count():
    who, api = rich()
    row = begun(who, delivered=40)
    before = wallet(who.id)
    preview = api.get(f"/orders/{row.id}/refund?reason=not_delivered").body
    assert (preview["decision"], preview["clause"], preview["returns"]["units"]) == ("review", "5.1", 0)
    body = {"reason": "not_delivered", "words": "60 are missing."}
    key = new_key()
    asked, again = (api.post(f"/orders/{row.id}/refunds", body, key=key) for _ in range(2))
    assert (asked.status, asked.body["state"]) == (201, "in_review")
    assert asked.body == again.body
    assert (
        api.post(f"/orders/{row.id}/refunds", body | {"words": "Other words"}, key=key).code == "idempotency_key_reused"
    )
    assert api.post(f"/orders/{row.id}/refunds", body, key=new_key()).code == "case_open"
    case = api.get(f"/refunds/{asked.body['case_id']}").body
    assert case["due"]["at"] == asked.body["due_at"] == preview["due"]["at"]
    assert case["due"]["skipped"] == preview["due"]["skipped"]
    assert case["words"] == "60 are missing."
    assert wallet(who.id) == before
    noted = api.post(f"/refunds/{case['id']}/notes", {"words": "Here is a list of them."})
    assert noted.body["events"][-1]["kind"] == "note"
    assert api.post(f"/refunds/{case['id']}/withdraw").body["state"] == "withdrawn"
    assert api.post(f"/refunds/{case['id']}/notes", {"words": "more"}).code == "case_closed"


def test_expectations_are_answered_at_once_with_3_4_and_nothing_moves():
    who, api = rich()
    row = begun(who, delivered=40)
    before = wallet(who.id)
    asked = api.post(f"/orders/{row.id}/refunds", {"reason": "not_as_expected"}, key=new_key())
    assert (asked.status, asked.body["decision"], asked.body["clause"]) == (201, "deny", "3.4")
    assert asked.body["returned"]["units"] == 0
    assert wallet(who.id) == before
    listed = api.get("/refunds").body["items"]
    assert [(item["order_id"], item["decision"]) for item in listed] == [(row.id, "deny")]


def test_a_fault_without_words_and_an_unknown_reason_are_refused():
    who, api = rich()
    row = begun(who)
    before = ledger_of(who)
    table = [
        (row.id, {"reason": "not_delivered"}, 422, "evidence_missing"),
        (row.id, {"reason": "because"}, 422, "reason_unknown"),
        (row.id, {"reason": ""}, 422, "reason_unknown"),
        (row.id, {}, 422, "field_missing"),
        (row.id, {"reason": "defective", "words": "a\u202eb"}, 422, "text_forbidden_characters"),
        (row.id, {"reason": "defective", "words": "x" * 4001}, 422, "text_too_long"),
        (row.id, {"reason": "defective", "words": "broken", "units": 5}, 422, "field_unknown"),
    ]
    for number, body, status, code in table:
        answer = api.post(f"/orders/{number}/refunds", body, key=new_key())
        assert (answer.status, answer.code) == (status, code), body
    assert api.get(f"/orders/{row.id}/refund").code == "field_missing"
    assert api.get(f"/orders/{row.id}/refund?reason=nothing").code == "reason_unknown"
    assert ledger_of(who) == before


def test_reasons_say_which_of_them_need_words():
    _who, api = rich(0)
    needed = {item["code"]: item["words_needed"] for item in api.get("/refund-reasons").body["items"]}
    assert needed["not_delivered"]
    assert not needed["not_started"]
    assert not needed["changed_mind"]


def test_a_denial_can_be_contested_once_over_the_api():
    who, api = rich()
    order = begun(who, delivered=100)
    end_order(order.id, "completed", actor=PROVIDER)
    denied = api.post(f"/orders/{order.id}/refunds", {"reason": "not_as_expected"}, key=new_key())
    assert denied.body["state"] == "denied"
    case = denied.body["case_id"]
    assert api.post(f"/refunds/{case}/appeal", {"words": ""}, key=new_key()).code == "evidence_missing"
    made = api.post(f"/refunds/{case}/appeal", {"words": "Half of it is blurred."}, key=new_key())
    assert (made.status, made.body["state"]) == (201, "in_review")
    assert made.body["due_at"]
    again = api.post(f"/refunds/{case}/appeal", {"words": "Again."}, key=new_key())
    assert (again.status, again.code) == (409, "appeal_closed")
