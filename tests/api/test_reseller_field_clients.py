"""The public Python clients of the field against the server, over a socket: every method of each."""

import json
import urllib.request

import pytest
from safesmm import SafeSMM, SafeSMMError
from smmpy import smm

from smmatic.kernel.amounts import UNITS
from tests.api.clients import secret_of
from tests.api.reseller_clients import ads, number_of, served
from tests.builders import ADS_ACCOUNT, begun, customer, placed, reread

pytestmark = pytest.mark.django_db
PAGE = "https://www.facebook.com/yourpage"


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), served() as address:
        yield address


def test_every_method_of_smmpy(shop):
    who = customer(10_000)
    client = smm(f"{shop}/api/v2", secret_of(who))
    assert any(row["service"] == number_of("TT-ADS") for row in client.get_services())
    assert client.get_balance() == {"balance": "10000.00", "currency": "CREDIT"}
    first = client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 100)["order"]
    texts = client.add_order(number_of("FB-COPY"), PAGE, 5, comments="a\nb\nc\nd\ne")["order"]
    runs = client.add_order(number_of("FB-SCHED"), PAGE, 1, runs=4, interval=30)["order"]
    assert (reread(texts).quantity, reread(runs).quantity, reread(runs).interval_minutes) == (5, 4, 30)
    assert client.get_status(first)["status"] == "Pending"
    assert {number: row["charge"] for number, row in client.get_multi_status([first, texts, 1]).items() if "charge" in row} == {
        str(first): "105.00", str(texts): "20.00",
    }  # fmt: skip
    assert client.cancel_orders([first, 999_999_999]) == [
        {"order": first, "cancel": 1}, {"order": 999_999_999, "cancel": {"error": "Incorrect order ID"}},
    ]  # fmt: skip
    for call, error in (
        (lambda: client.get_status(999_999_999), "Incorrect order ID"),
        (lambda: client.add_order(999_999, ADS_ACCOUNT, 100), "Incorrect service ID"),
        (lambda: client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 1), "Quantity less than minimal 50"),
        (lambda: client.add_order(number_of("TT-ADS"), "nothing", 100), "Incorrect link"),
        (lambda: client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 10_000), "Not enough funds on balance"),
        (lambda: smm(f"{shop}/api/v2", "smm_wrong").get_balance(), "Invalid API key"),
    ):
        with pytest.raises(Exception) as raised:
            call()
        assert str(raised.value) == error, "this client shows the text of a 2xx alone"


def test_every_method_of_safesmm(shop):
    who = customer(10_000)
    client = SafeSMM(secret_of(who), api_url=f"{shop}/api/v2")
    assert any(row["service"] == number_of("TT-ADS") for row in client.services())
    assert client.balance() == {"balance": "10000.00", "currency": "CREDIT"}
    first = client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 100)["order"]
    package = client.add_order(number_of("SP-BANNER"), "https://shopee.vn/yourshop")["order"]
    runs = client.add_order(number_of("FB-SCHED"), PAGE, runs=5, interval=30)["order"]
    assert (reread(package).quantity, reread(runs).quantity) == (1, 5)
    assert client.status(first)["remains"] == "100"
    assert set(client.multi_status([first, package, runs])) == {str(first), str(package), str(runs)}
    working = begun(who, delivered=40)
    assert client.cancel(working.id) == [{"order": working.id, "cancel": 1}]
    assert reread(working.id).stop_status == "asked"
    with pytest.raises(SafeSMMError, match=r"^Order can not be refilled$"):
        client.refill(working.id)
    with pytest.raises(SafeSMMError, match=r"^Duplicate order$"):
        client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 100)
    assert client.add_order(number_of("TT-ADS"), ADS_ACCOUNT, 100, force=1)["order"] != first
    with pytest.raises(SafeSMMError, match=r"^Incorrect order ID$"):
        client.status(7)


def test_a_client_that_sends_json_with_integers(shop):
    who = customer(1000)
    body = {"key": secret_of(who), "action": "add"} | ads()
    request = urllib.request.Request(
        f"{shop}/api/v2", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        number = json.load(answer)["order"]
    assert reread(number).amount == 105 * UNITS


def test_a_client_of_another_customer_sees_nothing_of_theirs(shop):
    theirs = placed(customer())
    client = SafeSMM(secret_of(customer()), api_url=f"{shop}/api/v2")
    with pytest.raises(SafeSMMError, match=r"^Incorrect order ID$"):
        client.status(theirs.id)
    assert client.cancel([theirs.id])[0]["cancel"] == {"error": "Incorrect order ID"}
    assert reread(theirs.id).status == "pending"
