"""Many at once against API v2: one effect, no more than the balance is worth, and limits that count every call."""

import pytest
from django.test import RequestFactory

from smmatic.api.limits import client_address
from smmatic.api.reseller import actions
from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import UNITS
from tests.api.clients import storm
from tests.api.reseller_clients import FORM, URL, Reseller, ads, reseller
from tests.builders import ledger_of, new_key

pytestmark = pytest.mark.django_db
MANY = 50


def at_once(who, calls):
    """The answers to these calls, each from a client of its own, all at the same moment."""
    return storm([lambda fields=fields: Reseller(who.person, who.secret).form(**fields) for fields in calls])


def placed_of(answers):
    return [told["order"] for told in answers if "order" in told]


def test_50_identical_adds_at_once_are_one_order_and_49_duplicates():
    who = reseller(10_000)
    answers = at_once(who, [{"action": "add", **ads()}] * MANY)
    assert len(placed_of(answers)) == 1
    assert [told["error"] for told in answers if "error" in told] == ["Duplicate order"] * (MANY - 1)
    assert {told["facts"]["earlier"] for told in answers if "error" in told} == set(placed_of(answers))
    assert len(ledger_of(who.person)["orders"]) == 1
    assert wallet(who.person.id).held == 105 * UNITS


def test_the_control_without_the_claim_the_same_storm_places_more_than_one(monkeypatch):
    monkeypatch.setattr(actions, "_CLAIM", "SELECT %(print)s AS fingerprint WHERE %(force)s OR %(seconds)s > 0")
    who = reseller(10_000)
    assert len(placed_of(at_once(who, [{"action": "add", **ads()}] * 10))) > 1


def test_50_adds_under_one_idempotency_key_get_one_order_and_one_answer():
    who = reseller(10_000)
    answers = at_once(who, [{"action": "add", **ads(idempotency_key=new_key())}] * MANY)
    assert answers == [answers[0]] * MANY
    assert len(ledger_of(who.person)["orders"]) == 1


def test_forced_adds_at_once_are_all_placed_and_never_beyond_the_balance():
    who = reseller(1000)
    answers = at_once(who, [{"action": "add", **ads(force=1)}] * 16)
    assert len(placed_of(answers)) == 9
    assert {told["error"] for told in answers if "error" in told} == {"Not enough funds on balance"}
    assert wallet(who.person.id).available == (1000 - 9 * 105) * UNITS


def test_cancels_of_one_order_at_once_give_the_charge_back_once():
    who = reseller(1000)
    number = who.form("add", **ads())["order"]
    answers = at_once(who, [{"action": "cancel", "orders": number}] * 20)
    assert answers == [[{"order": number, "cancel": 1}]] * 20
    assert wallet(who.person.id).available == 1000 * UNITS
    assert len([row for row in ledger_of(who.person)["transfers"] if row["kind"] == "release"]) == 1


def test_a_key_has_so_many_calls_a_minute_and_the_answer_says_so_with_status_200(settings):
    settings.SMMATIC_API_CALLS_PER_MINUTE = 5
    who = reseller(1000)
    answers = at_once(who, [{"action": "balance"}] * 20)
    assert 5 <= sum("balance" in told for told in answers) <= 10, "one window, or two where a minute ended between"
    refused = next(told for told in answers if "error" in told)
    assert (refused["error"], refused["code"]) == ("Too many requests", "rate_limited")
    assert reseller(1).form("balance")["balance"] == "1.00", "another key has its own"


def test_an_address_has_so_many_calls_a_minute_whatever_the_key(settings):
    settings.SMMATIC_API_CALLS_PER_MINUTE_ADDRESS = 10
    who = reseller(1)

    def call(secret, address):
        return who.raw(who.client.post(URL, f"key={secret}&action=balance", content_type=FORM, REMOTE_ADDR=address))

    words = [call(f"smm_wrong{number}", "203.0.113.77")["error"] for number in range(40)]
    assert 10 <= words.count("Invalid API key") <= 20
    assert words[-1] == "Too many requests"
    assert call(who.secret, "203.0.113.77")["error"] == "Too many requests", "before anything of it is read"
    assert call(who.secret, "203.0.113.78")["balance"] == "1.00", "another address has its own"


@pytest.mark.parametrize(
    ("told", "proxied", "trusted", "address"),
    [
        ("203.0.113.7", "198.51.100.1", False, "203.0.113.7"),
        ("203.0.113.7", "10.0.0.1, 198.51.100.1", True, "198.51.100.1"),
        ("203.0.113.7", "nonsense", True, "unknown"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", False, "203.0.113.7"),
        ("", "", False, "unknown"),
    ],
)
def test_an_address_is_that_of_the_network_and_never_what_a_client_claims(settings, told, proxied, trusted, address):
    settings.SMMATIC_TRUST_PROXY = trusted
    headers = {"x-forwarded-for": proxied} if proxied else {}
    request = RequestFactory().post(URL, REMOTE_ADDR=told, headers=headers)
    assert client_address(request) == address
