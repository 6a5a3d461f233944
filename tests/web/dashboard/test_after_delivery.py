"""What a customer sees after ordering: what a stop may bring, how it ended, what was delivered, rework, acceptance."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from smmatic.accounts.rules import Role
from smmatic.fulfilment.rework_actions import begin_rework, refuse_rework
from smmatic.fulfilment.rework_queries import open_rework, reworks_of_order
from smmatic.fulfilment.staff_actions import staff_answer_stop, staff_finish, staff_progress
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import atomic
from smmatic.orders.actions import accept_due, keep_file
from smmatic.orders.queries import events_of
from smmatic.orders.steps import SYSTEM, change
from smmatic.refunds.actions import answer_stop, ask_stop, preview_stop
from tests.builders import begun, customer, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db


def ordered(who, code="ANY-PHOTO", quantity=10):
    """An order for our own people, accepted."""
    order = placed(who, code, quantity, start_now=True, link="", brief="Remove the background, please.")
    while reread(order.id).status == "pending":
        accept_due()
    return reread(order.id)


def delivered(who, agent):
    """A translation of ours that is complete."""
    order = ordered(who, "ANY-TRANS", 3)
    staff_finish(agent, order.id, "All three pages.")
    return reread(order.id)


def test_before_asking_for_a_stop_each_end_is_said_with_the_exact_credits(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = ordered(who)
    staff_progress(agent, order.id, 4)
    page = words(sign_in(who).get(f"/orders/{order.id}"))
    assert preview_stop(who, order.id).units_now == 9 * UNITS
    assert "with 4 of 10 delivered, 9.00 Credits come back" in page
    for said in ("Not possible", "Too late", "No answer within 12 hours", "you can ask again", "clause 4.2"):
        assert said in page


@pytest.mark.parametrize(
    ("answer", "badge", "said"),
    [
        ("confirmed", "Stopped", "It ended with 4 of 10 delivered. 9.00 Credits are back in your wallet."),
        ("refused", "Stop not possible", "Whoever delivers can't stop it. The order goes on as before. “They are nearly ready.”"),
        ("too_late", "Too late to stop", "It ended before it could be stopped. Nothing comes back"),
        ("unknown", "No answer to the stop request", "Nobody answered in time. The order goes on, and you can ask again."),
    ],
)  # fmt: skip
def test_each_end_of_a_stop_is_shown_and_the_plan_is_what_was_carried_out(sign_in, words, answer, badge, said):
    who, agent = customer(200), person(Role.AGENT)
    order = ordered(who)
    staff_progress(agent, order.id, 4)
    stopping = ask_stop(who, order.id)
    asked = words(sign_in(who).get(f"/orders/{order.id}"))
    assert f"Answer by {timezone.localtime(stopping.stop_deadline).strftime('%-d %b %Y, %H:%M')}" in asked
    assert "If nobody has answered by then, you are told, and you can ask again." in asked
    promised = preview_stop(who, order.id)
    if answer in ("confirmed", "refused"):
        decided = staff_answer_stop(agent, order.id, stops=answer == "confirmed", why="They are nearly ready.")
        assert decided is None or decided.units_back == promised.units_now
    elif answer == "too_late":
        staff_finish(agent, order.id, "All ten.")
    else:
        answer_stop(order.id, "unknown", delivered=0, actor=SYSTEM)
    page = words(sign_in(who).get(f"/orders/{order.id}"))
    assert badge in page
    assert said in page
    assert ("Ask for a stop again" in page) == (answer in ("refused", "unknown"))


def test_what_the_page_names_is_what_the_api_names(sign_in, words):
    from tests.api.clients import api_of

    who = customer(200)
    order = begun(who, delivered=40)
    stop = api_of(who).get(f"/orders/{order.id}").body["stop"]
    assert (stop["possible"], stop["answer_hours"]) == (True, 12)
    assert stop["returns_now"]["units"] == preview_stop(who, order.id).units_now == 63 * UNITS
    assert "63.00 Credits come back" in words(sign_in(who).get(f"/orders/{order.id}"))


def test_links_and_proof_stand_with_the_file_and_only_its_customer_gets_them(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = ordered(who)
    shot = keep_file(agent, name="shot.txt", content=b"seen", purpose="proof")
    staff_progress(
        agent, order.id, 4, "The first four", links="https://drive.google.com/drive/folders/1a2b", proof="Seen at 10:00",
        proof_files=[shot.id],
    )  # fmt: skip
    page = sign_in(who).get(f"/orders/{order.id}")
    body = page.content.decode()
    assert (
        'href="https://drive.google.com/drive/folders/1a2b" target="_blank" rel="noopener noreferrer nofollow"' in body
    )
    assert "Proof of the work" in words(page)
    assert "Seen at 10:00" in words(page)
    assert sign_in(who).get(f"/files/{shot.id}").content == b"seen"
    assert sign_in(customer(0)).get(f"/files/{shot.id}").status_code == 404


def test_rework_is_asked_for_on_the_page_with_until_when_and_its_answer_is_read_there(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = delivered(who, agent)
    client = sign_in(who)
    page = words(client.get(f"/orders/{order.id}"))
    assert "You can ask until" in page
    assert "It costs nothing." in page
    before = ledger_of(who)
    assert client.post(f"/orders/{order.id}/rework", {"reason": "Page two.", "key": new_key()}).status_code == 302
    page = words(client.get(f"/orders/{order.id}"))
    assert "Rework asked for" in page
    assert "“Page two.”" in page
    number = open_rework(order.id).id
    begin_rework(agent, number)
    assert "It is being done again." in words(client.get(f"/orders/{order.id}/live"))
    refuse_rework(agent, number, "Page two is there, below the picture.")
    page = words(client.get(f"/orders/{order.id}"))
    assert "Not done again" in page
    assert "Page two is there, below the picture." in page
    assert "See what a refund request would give" in page
    assert ledger_of(who) == before


@pytest.mark.parametrize(
    ("reason", "status", "said"),
    [
        ("", 422, "A reason is needed"), (" \n ", 422, "A reason is needed"), ("a\x00b", 422, "invisible or control"),
        ("\u202etxet", 422, "invisible or control"), ("x" * 2001, 422, "longer than 2000"),
    ],
)  # fmt: skip
def test_a_bad_reason_is_refused_at_its_field_and_nothing_changes(sign_in, words, reason, status, said):
    who, agent = customer(200), person(Role.AGENT)
    order = delivered(who, agent)
    before, events = ledger_of(who), len(events_of(order.id))
    answer = sign_in(who).post(f"/orders/{order.id}/rework", {"reason": reason, "key": new_key()})
    assert answer.status_code == status
    assert said in words(answer)
    assert "reason" in answer.context["errors"]
    assert '<details id="rework" open' in answer.content.decode()
    assert (ledger_of(who), len(events_of(order.id)), reworks_of_order(order.id)) == (before, events, [])


def test_rework_that_can_not_be_asked_for_says_why_on_the_page_and_by_the_form(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = delivered(who, agent)
    with atomic():
        assert change(order.id, ("completed",), ended_at=order.ended_at - timedelta(days=8))
    client = sign_in(who)
    page = words(client.get(f"/orders/{order.id}"))
    assert "its 7 days from completion are over" in page
    answer = client.post(f"/orders/{order.id}/rework", {"reason": "Page two.", "key": new_key()})
    assert answer.status_code == 409
    assert "The rework was not asked for" in words(answer)
    live = ordered(who)
    for path, fields in (("rework", {"reason": "Please."}), ("accept", {})):
        assert sign_in(who).post(f"/orders/{live.id}/{path}", fields).status_code == 409
        assert sign_in(customer(0)).post(f"/orders/{order.id}/{path}", fields).status_code == 404
    assert reworks_of_order(order.id) == []


def test_it_is_accepted_once_and_rework_stays_open(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = delivered(who, agent)
    client = sign_in(who)
    assert "Yes, I accept it" in words(client.get(f"/orders/{order.id}"))
    for _ in range(2):
        assert client.post(f"/orders/{order.id}/accept").status_code == 302
    page = words(client.get(f"/orders/{order.id}"))
    assert "You have accepted it. Thank you." in page
    assert "Delivery accepted" in page
    assert "No, ask for rework" in page
    assert [event.kind for event in events_of(order.id)].count("work_accepted") == 1


def test_a_page_with_a_hundred_events_shows_the_newest_and_leads_to_all(sign_in, words):
    who, agent = customer(500), person(Role.AGENT)
    order = ordered(who, quantity=100)
    for units in range(1, 41):
        staff_progress(agent, order.id, units, f"Picture {units}.")
    client = sign_in(who)
    page = client.get(f"/orders/{order.id}")
    assert page.content.decode().count('class="tl-item"') == 12
    assert page.content.decode().count('class="given-item"') == 4
    assert "Order placed" in words(page)
    assert "Picture 40." in words(page)
    whole = client.get(f"/orders/{order.id}?timeline=all&given=all").content.decode()
    assert whole.count('class="tl-item"') == len(events_of(order.id))
    assert whole.count('class="given-item"') == 40
    assert re.search(r'hx-get="/orders/\d+/live\?seen=\w+&amp;timeline=all&amp;given=all"', whole)
