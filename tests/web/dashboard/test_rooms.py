"""Every room opens in both languages, for its customer only, under a policy that allows no inline code."""

import re

import pytest

from smmatic.accounts.rules import Role
from smmatic.deposits.actions import request_deposit
from smmatic.refunds.actions import request_refund
from tests.builders import UNITS, begun, customer, new_key, person, placed

pytestmark = pytest.mark.django_db

PUBLIC = [
    "/?welcome",
    "/services",
    "/services/SP-LIST",
    "/services?category=Creative&platform=tiktok&q=video",
    "/policy",
]
OWN = ["/orders", "/orders?show=done&q=SP-LIST", "/requests", "/wallet", "/wallet/statement.csv", "/settings", "/help"]
FORMS = ["/services/SP-LIST/order", "/settings/profile", "/settings/keys", "/help/write", "/wallet/deposits"]


def things_of(who):
    """One of everything that a customer can have, by address."""
    pending, working = placed(who), begun(who, delivered=10)
    case = request_refund(who, working.id, reason_code="not_delivered", words="Nothing came", key=new_key())
    deposit = request_deposit(who, 10 * UNITS, new_key()).deposit
    return [
        f"/orders/{pending.id}", f"/orders/{pending.id}/live", f"/orders/{pending.id}/talk",
        f"/orders/{working.id}", f"/orders/{working.id}/refund", f"/orders/{working.id}/refund/gives?reason=defective",
        f"/requests/{case.case_id}", f"/requests/{case.case_id}/live",
        f"/wallet/deposits/{deposit.id}", f"/wallet/deposits/{deposit.id}/live",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_room_opens_and_carries_nothing_inline(sign_in, language):
    who = customer()
    client = sign_in(who)
    client.cookies["smmatic_language"] = language
    for address in [*PUBLIC, *OWN, *things_of(who)]:
        response = client.get(address)
        assert response.status_code == 200, address
        body = response.content.decode()
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=\"|javascript:", body), address
        if "<html" in body:
            assert f'<html lang="{language}"' in body, address
            policy = response.headers["Content-Security-Policy"]
            assert "unsafe" not in policy
            assert "script-src 'self'" in policy


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_pages_need_nobody(client, address):
    assert client.get(address).status_code == 200


def test_visitors_are_sent_to_sign_in_and_come_back(client):
    for address in OWN:
        response = client.get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/account/login/?next=/")


def test_another_customers_things_are_not_there(sign_in):
    addresses = things_of(customer())
    client = sign_in(customer())
    for address in addresses:
        assert client.get(address).status_code == 404, address
        for action in ("cancel", "stop", "refund/send", "write", "add", "withdraw"):
            assert client.post(f"{address.split('?')[0]}/{action}").status_code in (404, 405), (address, action)


def test_staff_are_sent_to_the_desk(sign_in):
    client = sign_in(person(Role.AGENT))
    for address in OWN:
        assert client.get(address).headers["Location"] == "/desk/"


def test_an_address_that_takes_forms_leads_to_the_page_with_the_form(sign_in):
    client = sign_in(customer())
    for address in FORMS:
        response = client.get(address)
        assert response.status_code == 302, address
        assert client.get(response.headers["Location"]).status_code == 200


@pytest.mark.parametrize(("language", "title"), [("en", "nothing at this address"), ("vi", "")])
def test_what_is_not_there_says_so_and_what_next(client, words, language, title):
    client.cookies["smmatic_language"] = language
    for address in ("/orders/x", "/nowhere", "/services/NOPE", "/services/%00", "/orders/99999999999999999999999"):
        response = client.get(address)
        assert response.status_code in (302, 404), address
        if response.status_code == 404:
            assert title in words(response)
            assert "support@smmatic.com" in response.content.decode()


@pytest.mark.parametrize("query", ["after=0", "after=-1", "after=٣", "after=1e3", "after=99999999999999999999"])
def test_a_wrong_cursor_is_refused(sign_in, query):
    client = sign_in(customer())
    for address in ("/orders", "/requests", "/wallet"):
        assert client.get(f"{address}?{query}").status_code == 422


@pytest.mark.parametrize("text", ["%00", "%E2%80%AE", "a" * 5000, "%25", "%F0%9F%90%8D", "'; DROP TABLE"])
def test_a_search_is_never_an_error(sign_in, text):
    client = sign_in(customer())
    for address in (f"/orders?q={text}&show={text}", f"/services?q={text}&platform={text}&category={text}"):
        assert client.get(address).status_code == 200


def test_the_list_narrows_by_status_and_pages_on(sign_in, words):
    who = customer(10_000)
    made = [placed(who).id for _turn in range(22)]
    client = sign_in(who)
    first = client.get("/orders").content.decode()
    assert f'href="/orders/{made[-1]}"' in first
    assert f'href="/orders/{made[0]}"' not in first
    older = re.search(r'href="(\?after=[0-9]+)"', first)
    assert older
    second = client.get(f"/orders{older[1]}").content.decode()
    assert f'href="/orders/{made[0]}"' in second
    assert f'href="/orders/{made[-1]}"' not in second
    assert "No order fits" in words(client.get("/orders?show=stopped"))
    assert f"#{made[3]} " in words(client.get(f"/orders?q={made[3]}"))


def test_empty_rooms_say_why_and_offer_one_thing(sign_in, words):
    client = sign_in(customer(0))
    assert "No orders yet" in words(client.get("/orders"))
    assert "No refund requests" in words(client.get("/requests"))
    assert "Nothing booked yet" in words(client.get("/wallet"))
    assert "No messages yet" in words(client.get("/help"))
