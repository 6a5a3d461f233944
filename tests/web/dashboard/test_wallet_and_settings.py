"""Wallet, deposits, settings, languages: what is typed is checked, what is shown is whole."""

import csv
import io

import pytest
from django.utils import translation

from smmatic.accounts.queries import api_keys, holder_of_key, person_by_email
from smmatic.accounts.rules import Role
from smmatic.dashboard.wallet import defused
from smmatic.deposits.actions import confirm_deposit
from smmatic.deposits.queries import deposits_of
from smmatic.web.templatetags.smm import count, credits, dong, signed
from tests.builders import UNITS, customer, give, ledger_of, new_key, person, placed

pytestmark = pytest.mark.django_db


def test_the_wallet_shows_available_held_and_bonus(sign_in, words):
    who = customer(1500)
    give(who, 200 * UNITS, "bonus", priority=1)
    placed(who)
    text = words(sign_in(who).get("/wallet"))
    assert "1,595.00" in text
    assert "105.00" in text
    assert "bonus 95.00" in text


def test_credits_are_asked_for_and_the_page_follows_the_transfer(sign_in, words):
    who = customer(0)
    client = sign_in(who)
    key = new_key()
    asked = client.post("/wallet/deposits", {"credits": "250", "key": key})
    assert asked.status_code == 302
    assert (
        client.post("/wallet/deposits", {"credits": "250", "key": key}).headers["Location"] == asked.headers["Location"]
    )
    deposit = deposits_of(who.id)[0]
    text = words(client.get(asked.headers["Location"]))
    assert deposit.reference in text
    assert "6,250,000" in text
    confirm_deposit(person(Role.OPERATOR), deposit.id, received=deposit.money)
    assert "+250.00" in words(client.get(f"{asked.headers['Location']}/live"))
    late = client.post(f"{asked.headers['Location']}/cancel")
    assert late.status_code == 409
    assert "Confirmed" in words(late)


@pytest.mark.parametrize("typed", ["", "0", "-5", "1e9", "１００", "1_000", "0.00001", "99999999999", "abc", "\x00"])
def test_a_wrong_amount_is_told_at_its_field(sign_in, typed):
    who = customer(0)
    before = ledger_of(who)
    client = sign_in(who)
    response = client.post("/wallet/deposits", {"credits": typed, "key": new_key()})
    assert response.status_code == 422
    assert "credits" in response.context["errors"]
    assert deposits_of(who.id) == []
    assert ledger_of(who) == before
    assert client.get("/wallet/deposits/price", {"credits": typed}).status_code == 200


def test_the_statement_is_whole_and_safe_to_import(sign_in):
    who = customer(1000)
    placed(who)
    rows = list(csv.DictReader(io.StringIO(sign_in(who).get("/wallet/statement.csv").content.decode())))
    assert [row["kind"] for row in rows] == ["deposit", "hold"]
    assert rows[-1]["available_after"] == "895.00"
    assert rows[-1]["held_after"] == "105.00"
    assert defused("=1+1") == "'=1+1"
    assert defused("plain") == "plain"


def test_a_key_is_shown_once_and_ends_when_revoked(sign_in):
    who = customer(0)
    client = sign_in(who)
    made = client.post("/settings/keys", {"label": "Shop", "scopes": ["read"], "days": "90"})
    secret = made.context["secret"]
    assert made.status_code == 200
    assert secret in made.content.decode()
    assert holder_of_key(secret).scopes == {"read"}
    assert secret not in client.get("/settings").content.decode()
    key_id = api_keys(who)[0].id
    assert sign_in(customer(0)).post(f"/settings/keys/{key_id}/revoke").status_code == 404
    assert sign_in(who).post(f"/settings/keys/{key_id}/revoke").status_code == 302
    assert api_keys(who) == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"label": "a", "days": "7000"}, "days"),
        ({"label": "a", "scopes": ["all"]}, "scopes"),
    ],
)
def test_a_wrong_key_is_told_at_its_field(sign_in, fields, where):
    who = customer(0)
    response = sign_in(who).post("/settings/keys", {"scopes": ["read"], "days": "30"} | fields)
    assert response.status_code == 422
    assert where in response.context["errors"]
    assert api_keys(who) == []


def test_name_and_language_are_kept(sign_in):
    who = customer(0)
    client = sign_in(who)
    response = client.post("/settings/profile", {"name": "Nguyễn An", "language": "vi"})
    assert response.status_code == 302
    kept = person_by_email(who.email)
    assert (kept.name, kept.language) == ("Nguyễn An", "vi")
    assert '<html lang="vi"' in client.get("/settings").content.decode()
    assert client.post("/settings/profile", {"name": "x" * 200, "language": "vi"}).status_code == 422
    bought = {"name": "An", "language": "vi", "customer_type": "business", "country": "de"}
    assert client.post("/settings/profile", bought).status_code == 302
    assert 'value="DE"' in client.get("/settings").content.decode()
    assert client.post("/settings/profile", bought | {"country": "Đ1"}).status_code == 422
    assert client.post("/settings/profile", bought | {"customer_type": "king"}).status_code == 422
    assert client.post("/settings/profile", {"name": "x", "language": "xx"}).status_code == 422


def test_a_new_device_speaks_the_persons_language(sign_in):
    client = sign_in(customer(0, language="vi"))
    response = client.get("/orders", headers={"accept-language": "en"})
    assert '<html lang="vi"' in response.content.decode()
    assert response.cookies["smmatic_language"].value == "vi"


def test_the_language_switch_goes_back_and_never_elsewhere(client):
    back = client.post("/language", {"language": "vi", "next": "/policy?x=1"})
    assert back.headers["Location"] == "/policy?x=1"
    assert back.cookies["smmatic_language"].value == "vi"
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)", ""):
        assert client.post("/language", {"language": "vi", "next": elsewhere}).headers["Location"] == "/"
    assert client.post("/language", {"language": "xx", "next": "/"}).status_code == 302
    assert '<html lang="vi"' in client.get("/policy?lang=vi").content.decode()


def test_amounts_read_as_people_write_them():
    with translation.override("en"):
        assert credits(12_345_000) == "1,234.50"
        assert signed(10_000) == "+1.00"
        assert credits(-5) == "−0.0005"
        assert count(1_000_000) == "1,000,000"
        assert dong(2_500_000) == "2,500,000\u00a0₫"
    with translation.override("vi"):
        assert credits(12_345_000) == "1.234,50"
        assert count(1_000_000) == "1.000.000"
    assert credits(None) == ""
    assert count("x") == ""


def test_signing_up_asks_for_three_things_and_opens_the_services(client):
    email = f"{new_key()}@example.test"
    page = client.get("/account/signup/")
    assert [field.name for field in page.context["form"]] == ["name", "email", "password1"]
    made = client.post("/account/signup/", {"name": "Bình", "email": email, "password1": "long-enough-words"})
    assert made.status_code == 302
    assert made.headers["Location"] == "/services"
    assert person_by_email(email).name == "Bình"
