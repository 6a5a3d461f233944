"""Refill and refill_status of API v2: rework, in the shapes of the field, also over its own client."""

import pytest
from smmpy import smm

from smmatic.accounts.rules import Role
from smmatic.fulfilment.rework_actions import begin_rework, refuse_rework
from smmatic.fulfilment.rework_queries import rework
from smmatic.orders.steps import SYSTEM
from smmatic.refunds.actions import end_order
from tests.api.reseller_clients import reseller, served
from tests.builders import begun, ledger_of, person

pytestmark = pytest.mark.django_db


def delivered(who):
    """An order of a service with rework, completed."""
    row = begun(who.person, "SP-LIST", 5, link="https://shopee.vn/yourshop")
    end_order(row.id, "completed", actor=SYSTEM)
    return row


def test_a_refill_is_a_rework_told_as_text_for_one_and_as_a_number_for_many():
    who = reseller()
    row, other, live = delivered(who), delivered(who), begun(who.person)
    told = who.form("refill", order=row.id, reason="The title of the second one is missing.")
    assert told == {"refill": str(int(told["refill"]))}
    found = rework(int(told["refill"]))
    assert found is not None
    assert (found.order_id, found.reason) == (row.id, "The title of the second one is missing.")
    assert who.form("refill", order=row.id) == told, "asked twice, it is the same one"
    many = who.json("refill", orders=f"{other.id},{live.id},999999999,x")
    assert [entry["order"] for entry in many] == [other.id, live.id, 999999999, "x"]
    assert isinstance(many[0]["refill"], int)
    assert many[1]["refill"]["error"] == "Order can not be refilled"
    assert [entry["refill"] for entry in many[2:]] == [{"error": "Incorrect order ID"}] * 2


def test_a_refill_status_follows_the_staff():
    who, staff = reseller(), person(Role.AGENT)
    number = int(who.form("refill", order=delivered(who).id)["refill"])
    assert who.form("refill_status", refill=number) == {"status": "Pending"}
    begin_rework(staff, number)
    assert who.form("refill_status", refill=number) == {"status": "In progress"}
    refuse_rework(staff, number, "It is as ordered.")
    assert who.form("refill_status", refills=f"{number},999999999,x") == [
        {"refill": number, "status": "Rejected"},
        {"refill": 999999999, "status": {"error": "Incorrect refill ID"}},
        {"refill": "x", "status": {"error": "Incorrect refill ID"}},
    ]


def test_another_customers_order_and_refill_do_not_exist():
    who, other = reseller(), reseller()
    row = delivered(other)
    number = int(other.form("refill", order=row.id)["refill"])
    before = ledger_of(other.person)
    assert who.form("refill", order=row.id)["error"] == "Incorrect order ID"
    assert who.form("refill_status", refill=number)["error"] == "Incorrect refill ID"
    assert who.form("refill_status", refill=999_999_999)["error"] == "Incorrect refill ID"
    assert who.form("refill_status")["error"] == "Incorrect request"
    assert who.form("refill")["error"] == "Incorrect request"
    assert ledger_of(other.person) == before


def test_the_refill_methods_of_the_fields_client():
    who = reseller()
    row = delivered(who)
    with served() as address:
        client = smm(f"{address}/api/v2", who.secret)
        number = client.create_refill(row.id)["refill"]
        assert client.create_multi_refill([row.id]) == [{"order": row.id, "refill": int(number)}]
        assert client.get_refill_status(number) == {"status": "Pending"}
        assert client.get_multi_refill_status([number]) == [{"refill": int(number), "status": "Pending"}]
        with pytest.raises(Exception, match=r"^Incorrect order ID$"):
            client.create_refill(999_999_999)
