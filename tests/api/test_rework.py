"""After the delivery, by program: what was handed over is read, accepted, and asked to be done again, once under a key."""

import pytest

from smmatic.accounts.rules import Role
from smmatic.api.application import description
from smmatic.fulfilment.handover import checked_handover
from smmatic.fulfilment.rework_actions import begin_rework, finish_rework
from smmatic.fulfilment.rework_queries import reworks_of_order
from smmatic.orders.actions import keep_file
from smmatic.orders.queries import events_of
from tests.api.clients import api_of, rich
from tests.builders import begun, ledger_of, new_key, person, placed
from tests.web.desk.builders import delivered_order

pytestmark = pytest.mark.django_db

BODY = {"reason": "Page two is missing."}


def test_a_delivery_is_read_with_its_file_link_and_proof_and_accepted_once():
    who, api = rich()
    agent = person(Role.AGENT)
    order = delivered_order(who, agent)
    file = keep_file(agent, name="page-2.txt", content=b"Grilled pork", purpose="deliverable")
    number = api.post(f"/orders/{order.id}/rework", BODY, key=new_key()).body["id"]
    link = "https://drive.google.com/file/d/1a2b3c"
    finish_rework(agent, number, checked_handover("With our apologies.", link, (file.id,), "Compared word by word."))
    before = ledger_of(who)
    found = api.get(f"/orders/{order.id}/deliveries").body
    newest = found["items"][0]
    assert (newest["note"], newest["links"], newest["proof"]) == (
        "With our apologies.",
        [link],
        "Compared word by word.",
    )
    assert (newest["rework_id"], newest["files"][0]["name"], found["accepted"]) == (number, "page-2.txt", False)
    assert api.get(newest["files"][0]["url"].removeprefix("/api/v1")).headers["raw"] == "Grilled pork"
    for _again in range(2):
        answer = api.post(f"/orders/{order.id}/accept")
        assert (answer.status, answer.body["accepted"]) == (200, True)
    assert [event.kind for event in events_of(order.id)].count("work_accepted") == 1
    assert ledger_of(who) == before


def test_what_reading_says_is_what_asking_does_and_a_repeat_is_the_same_rework():
    who, api = rich()
    agent = person(Role.AGENT)
    order = delivered_order(who, agent)
    seen = api.get(f"/orders/{order.id}/rework").body
    assert (seen["possible"], seen["refusal"], seen["items"]) == (True, None, [])
    assert seen["until"] > seen["start_by"]
    key = new_key()
    first, again = (api.post(f"/orders/{order.id}/rework", BODY, key=key) for _ in range(2))
    assert (first.status, first.body["state"], first.body["reason"]) == (201, "pending", BODY["reason"])
    assert again.body == first.body
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post(f"/orders/{order.id}/rework", {"reason": "Page three."}, key=key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert len(reworks_of_order(order.id)) == 1
    begin_rework(agent, first.body["id"])
    after = api.get(f"/orders/{order.id}/rework").body
    assert (after["possible"], after["refusal"]["code"], after["start_by"]) == (False, "rework_open", None)
    assert [item["state"] for item in after["items"]] == ["in_progress"]


def test_each_refusal_names_its_code_and_changes_nothing():
    who, api = rich()
    done, live, topped = delivered_order(who), placed(who), begun(who)
    before = ledger_of(who)
    table = [
        (api.post(f"/orders/{live.id}/rework", BODY, key=new_key()), 409, "rework_not_offered"),
        (api.post(f"/orders/{topped.id}/accept"), 409, "rework_too_early"),
        (api.post(f"/orders/{done.id}/rework", {"reason": " "}, key=new_key()), 422, "reason_missing"),
        (api.post(f"/orders/{done.id}/rework", {}, key=new_key()), 422, "field_missing"),
        (api.post(f"/orders/{done.id}/rework", BODY | {"to": 1}, key=new_key()), 422, "field_unknown"),
        (api.post(f"/orders/{done.id}/rework", BODY), 400, "idempotency_key_missing"),
        (api_of(who, "read").post(f"/orders/{done.id}/rework", BODY, key=new_key()), 403, "scope_missing"),
        (api_of(who, "read").post(f"/orders/{done.id}/accept"), 403, "scope_missing"),
    ]
    assert [(answer.status, answer.code) for answer, _status, _code in table] == [row[1:] for row in table]
    assert reworks_of_order(done.id) == []
    assert ledger_of(who) == before


def test_answers_have_exactly_the_fields_that_are_described():
    whole = description("/api/v1")["components"]["schemas"]
    who, api = rich()
    order = delivered_order(who)
    samples = {
        "DeliveryList": api.get(f"/orders/{order.id}/deliveries").body,
        "DeliveryOut": api.get(f"/orders/{order.id}/deliveries").body["items"][0],
        "ReworkOut": api.post(f"/orders/{order.id}/rework", BODY, key=new_key()).body,
        "ReworkPreviewOut": api.get(f"/orders/{order.id}/rework").body,
    }
    for name, body in samples.items():
        assert set(body) == set(whole[name]["properties"]), name
