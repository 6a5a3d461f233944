"""4.3: the Dashboard shows where an order stands: its status, what happened, who did it, what comes next, until when."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from tests.builders import begun, customer, placed

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def shown(client, who, order):
    """The words of the order's page, as its customer reads them."""
    client.force_login(get_user_model().objects.get(id=who.id), backend=BACKEND)
    response = client.get(f"/orders/{order.id}")
    assert response.status_code == 200
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def test_a_pending_order_shows_its_status_its_beginning_and_until_when_it_can_be_undone(client):
    who = customer(105)
    order = placed(who)
    words = shown(client, who, order)
    until = timezone.localtime(order.accept_after).strftime("%H:%M")
    assert "Status Pending" in words
    assert f"accepted at {until}" in words
    assert f"undo this order until {until}" in words
    assert "Order placed" in words
    assert "You ·" in words
    assert "clause 4.1" in words


def test_an_order_in_work_shows_how_far_it_is_who_did_what_and_what_can_be_done_instead_of_cancelling(client):
    who = customer(105)
    words = shown(client, who, begun(who, delivered=40))
    assert "Status In progress" in words
    assert "40 of 100" in words
    assert "Accepted for processing SMMATIC" in words
    assert "clause 4.2" in words
    assert "ask for a stop" in words


def test_nobody_else_sees_it(client):
    order = placed(customer(105))
    stranger = customer(0)
    client.force_login(get_user_model().objects.get(id=stranger.id), backend=BACKEND)
    assert client.get(f"/orders/{order.id}").status_code == 404
