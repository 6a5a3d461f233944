"""Failed sign-ins slow down whoever makes them, and never keep the owner of an account out."""

import pytest
from django.test import Client, override_settings

from tests.builders import customer, new_key

pytestmark = pytest.mark.django_db


def sign_in(who, password, address, **headers):
    client = Client(REMOTE_ADDR=address, headers=headers)
    client.post("/account/login/", {"login": who.email, "password": password})
    return "_auth_user_id" in client.session


def test_failing_on_purpose_locks_out_only_whoever_fails():
    password = new_key()
    who, other = customer(0, password=password), customer(0, password=password)
    for _ in range(5):
        assert not sign_in(who, "a wrong guess", "203.0.113.7")
    assert not sign_in(who, password, "203.0.113.7"), "guessing goes on only after a pause"
    assert sign_in(other, password, "203.0.113.7")
    assert sign_in(who, password, "198.51.100.7"), "the owner, from elsewhere"


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_a_proxy_people_are_told_apart_by_the_address_that_it_gives():
    password = new_key()
    who = customer(0, password=password)
    for number in range(5):  # what a client writes itself stands before what the proxy adds
        assert not sign_in(who, "a wrong guess", "192.0.2.1", x_forwarded_for=f"10.0.0.{number}, 203.0.113.8")
    assert not sign_in(who, password, "192.0.2.1", x_forwarded_for="10.9.9.9, 203.0.113.8")
    assert sign_in(who, password, "192.0.2.1", x_forwarded_for="198.51.100.8")
