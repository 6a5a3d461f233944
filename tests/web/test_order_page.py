"""4.3: the Dashboard shows where an order stands: its status, what happened, who did it, what comes next, until when."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from smmatic.accounts.rules import Role
from smmatic.fulfilment.staff_actions import staff_finish, staff_progress
from smmatic.kernel.database import atomic
from smmatic.orders.steps import PROVIDER, SYSTEM, change, move, record
from smmatic.refunds.actions import ask_stop, cancel, end_order, request_refund
from smmatic.refunds.situations import ClaimInput
from smmatic.support.actions import ask_customer
from tests.builders import begun, customer, new_key, person, placed, reread

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def shown(client, who, order, path=""):
    """The words of the order's page, as its customer reads them."""
    client.force_login(get_user_model().objects.get(id=who.id), backend=BACKEND)
    response = client.get(f"/orders/{order.id}{path}")
    assert response.status_code == 200
    body = response.content.decode()
    main = body.split("<main", 1)[1].split("</main>", 1)[0] if "<main" in body else body
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def moment(value):
    """A moment as pages write it, in the shop's zone."""
    return timezone.localtime(value).strftime("%-d %b %Y, %H:%M")


def timeline(words):
    """What the page tells under 'Timeline'."""
    return words.split(" Timeline ", 1)[1].split(" Conversation ", 1)[0]


def accepted(order):
    """The order as processing."""
    with atomic():
        assert move(order.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
    return reread(order.id)


def ended(order, status, delivered=0, *, fault=False, actor=PROVIDER, why=""):
    """The order after its end, with a verified fault of whoever delivers where one is named."""
    claim = ClaimInput("fulfilment_fault", "verified", "provider", "stopped by an error")
    end_order(order.id, status, actor=actor, delivered=delivered, why=why, claims=[claim] if fault else [])
    return reread(order.id)


def test_a_pending_order_shows_its_status_its_beginning_and_until_when_it_can_be_undone(client):
    who = customer(105)
    order = placed(who)
    words = shown(client, who, order)
    until = timezone.localtime(order.accept_after).strftime("%H:%M")
    assert "Status Pending" in words
    assert f"accepted at {until}" in words
    assert f"undo this order until {until}" in words
    assert f"Work starts by {moment(order.start_promised_at)}" in words
    assert "Order placed, 105.00 Credits held You ·" in timeline(words)
    assert "clause 4.1" in words


def test_an_order_that_was_accepted_shows_when_work_starts_at_the_latest_and_what_holds_if_it_does_not(client):
    who = customer(105)
    order = accepted(placed(who, start_now=True))
    words = shown(client, who, order)
    assert "Status Processing" in words
    assert f"Work starts by {moment(order.start_promised_at)}" in words
    assert "If it doesn't" in words
    assert "clause 2.1" in words
    assert "Accepted for processing SMMATIC ·" in timeline(words)


def test_an_order_in_work_shows_how_far_it_is_who_did_what_and_what_can_be_done_instead_of_cancelling(client):
    who = customer(105)
    words = shown(client, who, begun(who, delivered=40))
    assert "Status In progress" in words
    assert "40 of 100" in words
    assert "Each delivered unit shows here at once" in words
    assert "Accepted for processing SMMATIC" in words
    assert "clause 4.2" in words
    assert "ask for a stop" in words


def test_a_completed_order_shows_the_end_what_staff_said_and_until_when_it_is_done_again(client):
    who, agent = customer(9), person(Role.AGENT)
    order = accepted(placed(who, "ANY-TRANS", 3, link="", brief="A menu.", start_now=True))
    staff_progress(agent, order.id, 1, "First page.")
    staff_finish(agent, order.id, "All three pages.")
    words = shown(client, who, order)
    assert "Status Completed" in words
    assert "All of it was delivered." in words
    assert "tell us within 7 days and we do it again" in words
    line = timeline(words)
    assert "Work began: 1 of 3 delivered First page. Our staff ·" in line
    assert "Completed All three pages. Our staff ·" in line
    assert agent.name not in words  # staff act as the shop


def test_a_partly_delivered_order_shows_what_came_and_which_credits_are_back(client):
    who = customer(105)
    words = shown(client, who, ended(begun(who, delivered=40), "partial", 40, fault=True))
    assert "Status Partly delivered" in words
    assert "40 of 100" in words
    assert "63.00 Credits are back in your wallet" in words
    assert "63.00 Credits returned clause 2.1" in words.replace(" · ", " ")
    assert "40 of 100 delivered Delivery partner ·" in timeline(words)


def test_a_failed_order_whose_cause_is_unknown_shows_that_a_person_looks_at_it_and_until_when(client):
    who = customer(105)
    words = shown(client, who, ended(begun(who), "failed"))
    assert "Status Failed" in words
    assert "a person is looking at its Credits" in words
    assert re.search(r"Answer due by \w+day, \d+ \w+ \d+, 18:00 \(Vietnam time\)", words)
    assert "Failed: 0 of 100 delivered Delivery partner ·" in timeline(words)


def test_a_cancelled_order_shows_who_cancelled_it_and_that_everything_is_back(client):
    who = customer(105)
    order = placed(who)
    cancel(who, order.id, key=new_key())
    words = shown(client, who, order)
    assert "Status Cancelled" in words
    assert "105.00 Credits are back in your wallet" in words
    assert re.search(r"Cancelled .*You ·", timeline(words))
    assert "105.00 Credits returned to the wallet clause 4.1" in timeline(words)


def test_a_rejected_order_shows_why_and_that_everything_is_back(client):
    who = customer(105)
    order = ended(accepted(placed(who, start_now=True)), "rejected", actor=SYSTEM, why="The account takes no top-ups.")
    words = shown(client, who, order)
    assert "Status Rejected" in words
    assert "The account takes no top-ups." in timeline(words)
    assert "105.00 Credits are back in your wallet" in words
    assert "clause 2.2" in words


def test_an_order_that_waits_for_its_customer_says_so_first(client):
    who, agent = customer(105), person(Role.AGENT)
    order = begun(who)
    ask_customer(agent, order.id, "Which of the two accounts?")
    words = shown(client, who, order)
    assert "Status Waiting for you" in words
    assert "We need something from you." in words
    assert "Which of the two accounts?" in words


def test_an_unknown_outcome_shows_until_when_it_is_found_out(client):
    who = customer(105)
    order = accepted(placed(who, start_now=True))
    deadline = timezone.now() + timedelta(hours=24)
    with atomic():
        assert change(order.id, ("processing",), unknown_since=timezone.now(), unknown_deadline=deadline)
        record(order.id, "unknown", actor=SYSTEM)
    words = shown(client, who, order)
    assert moment(deadline) in words
    assert "We are finding out whether it was delivered SMMATIC ·" in timeline(words)


def test_a_stop_that_was_asked_for_shows_until_when_it_is_answered(client):
    who = customer(105)
    order = begun(who, delivered=40)
    stopping = ask_stop(who, order.id)
    words = shown(client, who, order)
    assert "Stop asked" in words
    assert f"Answer by {moment(stopping.stop_deadline)}" in words
    assert "this is a request, not a promise clause 4.2 You ·" in timeline(words)


def test_an_open_request_shows_its_due_date_on_the_order(client):
    who = customer(105)
    order = begun(who, delivered=100)
    ended(order, "completed")
    request_refund(who, order.id, reason_code="not_delivered", words="Nothing came.", key=new_key())
    words = shown(client, who, order)
    assert "Refund request" in words
    assert "In review" in words
    assert re.search(r"Answer due by \w+day, \d+ \w+ \d+, 18:00 \(Vietnam time\)", words)


def test_the_part_that_follows_by_itself_shows_the_same(client):
    who = customer(105)
    order = begun(who, delivered=40)
    live = shown(client, who, order, "/live")
    for part in ("Status In progress", "40 of 100", "Accepted for processing SMMATIC", "clause 4.2"):
        assert part in live


def test_nobody_else_sees_it(client):
    order = placed(customer(105))
    stranger = customer(0)
    client.force_login(get_user_model().objects.get(id=stranger.id), backend=BACKEND)
    assert client.get(f"/orders/{order.id}").status_code == 404
    assert client.get(f"/orders/{order.id}/live").status_code == 404
