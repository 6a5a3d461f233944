"""Staff work through the pages: whose it is, what is late, rework, and each refused form."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from smmatic.accounts.rules import Role
from smmatic.fulfilment.rework_actions import ask_rework
from smmatic.fulfilment.rework_queries import rework
from smmatic.orders.queries import files_of
from tests.builders import customer, ledger_of, person, reread
from tests.web.desk.builders import Browser, browser, delivered_order, staff_order, words

pytestmark = pytest.mark.django_db


def test_an_order_is_claimed_handed_over_taken_over_and_put_back_on_its_page():
    first, second = browser(), browser(Role.APPROVER)
    order = staff_order(customer(500))
    page = first.post(f"/desk/work/{order.id}/assign", what="claim")
    assert "Nothing has begun yet" in words(page)
    assert reread(order.id).status == "processing"
    assert "Take it over" in words(second.get(f"/desk/work/{order.id}"))
    assert f"/desk/work/{order.id}/progress" not in second.get(f"/desk/work/{order.id}")
    refused = second.post(f"/desk/work/{order.id}/progress", 409, units="1", note="x")
    assert f"being worked on by {first.who.shown_name}" in words(refused)
    first.post(f"/desk/work/{order.id}/assign", what="hand", to=str(second.who.id), note="Half is in the folder.")
    assert reread(order.id).staff_id == second.who.id
    assert "Half is in the folder." in words(second.get(f"/desk/work/{order.id}"))
    first.post(f"/desk/work/{order.id}/assign", what="take_over")
    assert reread(order.id).staff_id == first.who.id
    first.post(f"/desk/work/{order.id}/assign", what="put_back")
    assert reread(order.id).staff_id is None
    queue = words(first.get("/desk/work", who=str(second.who.id)))
    assert "Who has how much" in queue


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"what": "hand", "to": ""}, "Nobody of this name can work on orders."),
        ({"what": "hand", "to": "1e400"}, "Nobody of this name can work on orders."),
        ({"what": "hand", "to": "99999999999999999999"}, "Nobody of this name can work on orders."),
        ({"what": "steal"}, "This value does not fit here"),
        ({}, "This value does not fit here"),
    ],
)
def test_a_refused_change_of_hands_changes_nothing(fields, sentence):
    agent = browser()
    order = staff_order(customer(500))
    assert sentence in words(agent.post(f"/desk/work/{order.id}/assign", 422, **fields))
    assert reread(order.id).staff_id is None


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("progress", {"units": "1", "links": "javascript:alert(1)"}, "can't be handed over"),
        ("progress", {"units": "1", "proof": "x" * 4001}, "longer than 4000"),
        ("finish", {"links": "http://127.0.0.1/"}, "can't be handed over"),
        ("finish", {"proof": "Only a proof."}, "nothing that the customer could look at"),
    ],
)
def test_a_refused_handover_changes_nothing(path, fields, sentence):
    who, agent = customer(500), browser()
    order = staff_order(who)
    before = ledger_of(who)
    assert sentence in words(agent.post(f"/desk/work/{order.id}/{path}", 422, **fields))
    assert (reread(order.id).delivered, ledger_of(who), files_of(order.id)) == (0, before, [])


def test_rework_is_begun_and_handed_over_or_refused_with_a_reason():
    who, agent = customer(500), browser()
    order = delivered_order(who, agent.who)
    number = ask_rework(who, order.id, "Page two is missing.")
    assert f"/desk/work/{order.id}" in agent.get("/desk/work", show="rework")
    assert "Page two is missing." in words(agent.get(f"/desk/work/{order.id}"))
    there = f"/desk/work/{order.id}/rework/{number}"
    assert "A reason is needed" in words(agent.post(there, 422, answer="refuse", why=""))
    assert "This value does not fit here" in words(agent.post(there, 422, answer="perhaps"))
    assert "nothing that the customer could look at" in words(agent.post(there, 422, answer="finish"))
    assert rework(number).state == "pending"
    agent.post(there, answer="begin")
    assert rework(number).state == "in_progress"
    other = browser()
    assert "being worked on by" in words(other.post(there, 409, answer="finish", note="Mine."))
    agent.post(there, answer="finish", note="Page two.", upload=SimpleUploadedFile("page-2.txt", b"Pork"))
    assert (rework(number).state, files_of(order.id)[0].name) == ("completed", "page-2.txt")
    assert "already been answered" in words(agent.post(there, 409, answer="refuse", why="No."))
    stray = staff_order(who)
    agent.post(f"/desk/work/{stray.id}/rework/{number}", 404, answer="begin")


def test_the_queue_says_what_is_late_and_nobody_without_the_right_sees_a_button():
    who = customer(500)
    order = staff_order(who)
    from smmatic.kernel.database import atomic
    from smmatic.orders.steps import change

    with atomic():
        assert change(order.id, ("processing",), start_promised_at=order.placed_at)
    page = browser().get("/desk/work", show="late")
    assert f"/desk/work/{order.id}" in page
    assert "late by" in words(page)
    auditor = Browser(person(Role.AUDITOR))
    assert "/assign" not in auditor.get(f"/desk/work/{order.id}")
    auditor.post(f"/desk/work/{order.id}/assign", 403, what="claim")


def test_a_form_without_files_sends_empty_ids_and_is_carried_out():
    agent = browser()
    order = staff_order(customer(500))
    page = agent.post(f"/desk/work/{order.id}/progress", units="2", note="So far.", file_ids="", proof_ids="")
    assert "2 of 10 done" in words(page)
    assert reread(order.id).delivered == 2
    agent.post(f"/desk/work/{order.id}/progress", 422, units="3", note="x", file_ids="x")
    assert reread(order.id).delivered == 2


def test_every_question_to_a_customer_stands_in_the_audit_trail():
    agent = browser()
    order = staff_order(customer(500))
    for question in ("Which background?", "And which size?"):
        agent.post(f"/desk/work/{order.id}/write", kind="question", body=question)
    trail = words(Browser(person(Role.AUDITOR)).get("/desk/audit", who=str(agent.who.id)))
    assert trail.count("A question to the customer") == 2
    assert "Which background?" in trail
    assert "And which size?" in trail
