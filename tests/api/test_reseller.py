"""API v2: every action answers in the exact shapes of the field, and with the right Credits."""

import json

import pytest
from django.test import Client

from smmatic.accounts.actions import create_api_key, revoke_api_key
from smmatic.accounts.rules import Role
from smmatic.catalogue.queries import services
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import atomic
from smmatic.orders.queries import ENDED, LIVE
from smmatic.orders.steps import SYSTEM, move
from smmatic.refunds.actions import end_order
from smmatic.refunds.queries import open_case
from smmatic.refunds.review_actions import decide, set_claim
from smmatic.refunds.situations import ClaimInput
from tests.api.clients import secret_of
from tests.api.reseller_clients import URL, Reseller, ads, number_of, reseller
from tests.builders import accept_due, begun, customer, give, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db


def test_the_service_list_has_the_fields_of_the_field_with_numbers_as_text():
    who = reseller()
    found = who.form("services")
    assert [row["service"] for row in found] == [row.id for row in services() if row.deliverable]
    by_number = {row["service"]: row for row in found}
    listing = by_number[number_of("SP-LIST")]
    assert listing["type"] == "Default"
    assert (listing["rate"], listing["min"], listing["max"]) == ("2500.00", "5", "500")
    assert (listing["refill"], listing["cancel"], listing["dripfeed"]) == (True, True, False)
    assert listing["category"] == "Shop"
    assert "step" not in listing
    assert by_number[number_of("TS-UPLOAD")]["step"] == "10"
    banner = by_number[number_of("SP-BANNER")]
    assert (banner["type"], banner["rate"], banner["min"], banner["max"]) == ("Package", "35.00", "1", "1")
    assert by_number[number_of("FB-COPY")]["type"] == "Custom Comments"
    runs = by_number[number_of("FB-SCHED")]
    assert (runs["type"], runs["dripfeed"]) == ("Default", True)
    for row in found:
        assert all(isinstance(row[name], str) for name in ("name", "type", "category", "rate", "min", "max"))
        assert isinstance(row["service"], int)


def test_names_come_in_the_language_of_the_key_and_errors_stay_word_for_word():
    who = reseller(language="vi")
    assert next(row for row in who.form("services") if row["service"] == number_of("SP-LIST"))["name"].startswith(
        "Tối ưu"
    )
    told = who.form("add", **ads(quantity=1))
    assert told["error"] == "Quantity less than minimal 50"
    assert "50" in told["message"]
    assert not told["message"].startswith("At least")


@pytest.mark.parametrize("send", ["form", "json"])
def test_a_placed_order_is_charged_once_and_told_as_a_number(send):
    who = reseller(1000)
    told = getattr(who, send)("add", **ads())
    assert told == {"order": told["order"]}
    assert isinstance(told["order"], int)
    order = reread(told["order"])
    assert (order.customer_id, order.quantity, order.amount, order.channel) == (
        who.person.id, 100, 105 * UNITS, "reseller",
    )  # fmt: skip
    assert who.form("balance") == {"balance": "895.00", "currency": "CREDIT"}


def test_the_currency_word_is_configuration(settings):
    settings.SMMATIC_CREDIT_CURRENCY = "USD"
    assert reseller(1).form("balance") == {"balance": "1.00", "currency": "USD"}


def test_every_type_is_ordered_by_its_own_fields():
    who = reseller(5000)
    package = who.form("add", service=number_of("SP-BANNER"), link="https://shopee.vn/yourshop")
    assert reread(package["order"]).quantity == 1
    texts = who.form(
        "add", service=number_of("FB-COPY"), link="https://www.facebook.com/yourpage", comments="a\r\nb\n\n c \nd\ne\n"
    )
    assert (reread(texts["order"]).quantity, reread(texts["order"]).texts) == (5, "a\nb\nc\nd\ne")
    spread = {"service": number_of("FB-SCHED"), "link": "https://www.facebook.com/yourpage", "interval": 60}
    for fields in ({"runs": 4, "quantity": 1}, {"runs": "5"}, {"quantity": "6"}):
        order = reread(who.json("add", **spread, **fields)["order"])
        assert (order.runs, order.interval_minutes) == (int(fields.get("runs") or fields["quantity"]), 60)
    brief = who.form("add", service=number_of("ANY-TRANS"), quantity=3, brief="Please translate the page on the file.")
    assert reread(brief["order"]).brief.startswith("Please")
    now = reread(who.form("add", **ads(start_now=1))["order"])
    assert now.start_now


def test_runs_of_more_than_one_unit_are_refused_and_not_silently_fewer():
    who = reseller()
    before = ledger_of(who.person)
    told = who.form(
        "add", service=number_of("FB-SCHED"), link="https://www.facebook.com/p", runs=4, quantity=4, interval=9
    )
    assert (told["error"], told["field"]) == ("Incorrect request", "quantity")
    assert ledger_of(who.person) == before


STATUSES = {
    "pending": ("Pending", "105.00", "100"),
    "processing": ("Processing", "105.00", "100"),
    "in_progress": ("In progress", "105.00", "60"),
    "completed": ("Completed", "105.00", "0"),
    "partial": ("Partial", "42.00", "60"),
    "failed": ("Canceled", "0.00", "100"),
    "cancelled": ("Canceled", "0.00", "100"),
    "rejected": ("Canceled", "0.00", "100"),
}


FAULT = ClaimInput("fulfilment_fault", "verified", "provider", "Their own words.")


def order_in(who, status):
    """An order of 100 units, 40 of them delivered where that can be, brought to a status by the shop's own ways."""
    if status == "pending":
        return placed(who.person)
    if status == "cancelled":
        row = placed(who.person)
        assert who.form("cancel", orders=row.id) == [{"order": row.id, "cancel": 1}]
        return row
    if status in ("processing", "rejected"):
        row = placed(who.person, start_now=True)
        with atomic():
            assert move(row.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
        if status == "rejected":
            end_order(row.id, "rejected", actor=SYSTEM)
        return row
    row = begun(who.person, delivered=0 if status == "failed" else 40)
    if status == "in_progress":
        return row
    delivered = {"completed": 100, "partial": 40, "failed": 0}[status]
    verified = [] if status == "completed" else [FAULT]
    end_order(row.id, status, delivered=delivered, actor=SYSTEM, claims=verified)
    return row


def test_the_table_of_statuses_is_complete():
    assert set(STATUSES) == set(LIVE + ENDED)


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_is_told_with_what_the_order_costs_now_and_what_remains(status):
    who = reseller()
    row = order_in(who, status)
    assert reread(row.id).status == status
    word, charge, remains = STATUSES[status]
    told = {"charge": charge, "start_count": "0", "status": word, "remains": remains, "currency": "CREDIT"}
    assert who.form("status", order=row.id) == told
    assert who.json("status", order=row.id) == told
    assert who.form("status", orders=f"{row.id}, 999999999,x") == {
        str(row.id): told,
        "999999999": {"error": "Incorrect order ID"},
        "x": {"error": "Incorrect order ID"},
    }


def test_the_charge_of_an_order_under_review_falls_when_the_decision_gives_units_back():
    who = reseller()
    row = begun(who.person, delivered=40)
    end_order(row.id, "partial", delivered=40, actor=SYSTEM)
    before = who.form("status", order=row.id)
    assert (before["status"], before["charge"], before["remains"]) == ("Partial", "105.00", "60")
    agent, case = person(Role.AGENT), open_case(row.id)
    assert case is not None
    set_claim(agent, case.id, claim="fulfilment_fault", proof="verified", evidence="Their log.", version=case.version)
    case = open_case(row.id)
    decide(agent, case.id, version=case.version, why="As found.")
    after = who.form("status", order=row.id)
    assert (after["status"], after["charge"], after["remains"]) == ("Partial", "42.00", "60")
    assert who.form("balance")["balance"] == "958.00"


def test_another_customers_order_is_an_incorrect_order_id():
    who, other = reseller(), reseller()
    theirs = placed(other.person)
    before = ledger_of(other.person)
    nothing = who.form("status", order=999_999_999)
    assert nothing["error"] == "Incorrect order ID"
    assert who.form("status", order=theirs.id) == nothing
    assert who.json("status", orders=[theirs.id]) == {str(theirs.id): {"error": "Incorrect order ID"}}
    assert who.form("cancel", orders=theirs.id) == [{"order": theirs.id, "cancel": {"error": "Incorrect order ID"}}]
    assert ledger_of(other.person) == before


def test_up_to_100_orders_are_told_at_once_and_one_more_is_refused():
    who = reseller()
    row = placed(who.person)
    many = [row.id, *range(10**12, 10**12 + 99)]
    assert len(who.form("status", orders=",".join(map(str, many)))) == 100
    told = who.form("status", orders=",".join(map(str, [*many, 7])))
    assert (told["error"], told["code"]) == ("Incorrect request", "list_too_long")


def test_cancel_is_an_undo_while_pending_and_a_stop_request_afterwards():
    who = reseller(10_000)
    pending, working, done = placed(who.person), begun(who.person), order_in(who, "completed")
    unstoppable = begun(who.person, "TT-CAMP", 1, link="https://www.tiktok.com/@yourname")
    numbers = [pending.id, working.id, done.id, unstoppable.id, 999_999_999]
    told = who.form("cancel", orders=",".join(map(str, numbers)))
    assert [row["order"] for row in told] == numbers
    assert [row["cancel"] for row in told[:2]] == [1, 1]
    assert [row["cancel"]["error"] for row in told[2:]] == [
        "Order can not be canceled", "Order can not be canceled", "Incorrect order ID",
    ]  # fmt: skip
    assert told[3]["cancel"]["code"] == "stop_not_offered"
    assert (reread(pending.id).status, reread(working.id).stop_status) == ("cancelled", "asked")
    assert who.form("status", order=pending.id)["charge"] == "0.00"
    again = who.form("cancel", orders=f"{pending.id},{working.id}")
    assert [row["cancel"] for row in again] == [1, 1], "a repeat after a lost answer says the same"


def test_a_key_does_only_what_its_scopes_give():
    reads, orders = reseller(1000, "read"), reseller(1000, "order")
    assert reads.form("balance")["balance"] == "1000.00"
    before = ledger_of(reads.person)
    for told in (reads.form("add", **ads()), reads.form("cancel", orders=1)):
        assert (told["error"], told["code"]) == ("Invalid API key", "scope_missing")
    assert ledger_of(reads.person) == before
    assert orders.form("add", **ads())["order"]


def test_a_key_in_an_address_is_refused_unused():
    who = reseller()
    for call in (who.client.get, who.client.post):
        told = who.raw(call(f"{URL}?key={who.secret}&action=balance"))
        assert (told["error"], told["code"]) == ("Incorrect request", "api_key_in_address")
    told = who.raw(who.client.get(f"{URL}?action=services"))
    assert (told["error"], told["code"]) == ("Incorrect request", "method_not_allowed")
    told = who.raw(who.client.put(URL, "{}"))
    assert told["error"] == "Incorrect request"


def test_a_browser_gets_the_description_and_a_slash_at_the_end_does_no_harm():
    page = Client().get(URL)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    who = reseller(2)
    told = Client().post(
        URL + "/", json.dumps({"key": who.secret, "action": "balance"}), content_type="application/json"
    )
    assert told.json()["balance"] == "2.00"


@pytest.mark.parametrize(
    "key", [None, "", "smm_", "x", "smm_" + "A" * 43, 12, True, ["smm_"], {"a": 1}, "smm_\x00", "ключ"]
)
def test_a_wrong_key_is_one_answer_whatever_is_wrong_with_it(key):
    who = reseller()
    told = who.body(json.dumps({"key": key, "action": "balance"}), "application/json")
    assert (told["error"], told["code"]) == ("Invalid API key", "api_key_invalid")


def test_keys_of_staff_and_revoked_keys_come_to_nothing():
    staff = person(Role.OPERATOR)
    number, secret = create_api_key(staff, label="mine")
    assert Reseller(staff, secret).form("balance")["error"] == "Invalid API key"
    who = customer(10)
    number, secret = create_api_key(who, label="mine")
    assert Reseller(who, secret).form("balance")["balance"] == "10.00"
    revoke_api_key(who, number)
    assert Reseller(who, secret).form("balance")["error"] == "Invalid API key"


def test_an_idempotency_key_gives_one_order_and_one_answer_and_can_be_asked_about():
    who = reseller()
    key = new_key()
    assert who.form("status", idempotency_key=key)["error"] == "Incorrect order ID"
    first = who.form("add", **ads(idempotency_key=key))
    assert who.form("add", **ads(idempotency_key=key)) == first
    assert who.form("add", **ads(idempotency_key=key)) == first
    assert len(ledger_of(who.person)["orders"]) == 1
    other = who.form("add", **ads(idempotency_key=key, quantity=101))
    assert (other["error"], other["code"]) == ("Incorrect request", "idempotency_key_reused")
    told = who.form("status", idempotency_key=key)
    assert (told["order"], told["status"], told["charge"]) == (first["order"], "Pending", "105.00")
    assert who.form("add", **ads(idempotency_key=new_key()))["order"] != first["order"], "another key, another order"
    poor = reseller(1)
    assert poor.form("add", **ads(idempotency_key=key))["error"] == "Not enough funds on balance"
    assert poor.form("status", idempotency_key=key)["error"] == "Not enough funds on balance"
    assert reseller().form("status", idempotency_key=key)["error"] == "Incorrect order ID"


def test_the_same_order_again_within_the_window_is_refused_unless_forced(settings):
    who = reseller(5000)
    first = who.form("add", **ads())["order"]
    before = ledger_of(who.person)
    told = who.form("add", **ads())
    assert (told["error"], told["code"], told["facts"]["earlier"]) == ("Duplicate order", "order_twice", first)
    spelled = who.json("add", **ads(quantity="100", link=f" {ads()['link']} "))
    assert spelled["error"] == "Duplicate order", "the same in other letters"
    assert ledger_of(who.person) == before
    assert who.form("add", **ads(quantity=101))["order"]
    forced = who.form("add", **ads(force=1))["order"]
    assert forced != first
    assert who.form("add", **ads())["facts"]["earlier"] == forced
    settings.SMMATIC_RESELLER_DUPLICATE_SECONDS = 0
    assert who.form("add", **ads())["order"]


def test_the_window_is_one_keys_own_and_a_refused_order_claims_nothing():
    who = reseller(110)
    assert who.form("add", **ads())["order"]
    assert who.form("add", **ads(quantity=99))["error"] == "Not enough funds on balance"
    give(who.person, 1000 * UNITS)
    assert who.form("add", **ads(quantity=99))["order"], "the refused one left no claim"
    assert Reseller(who.person, secret_of(who.person)).form("add", **ads())["order"], "another key of the same customer"


def test_acceptance_then_cancel_never_does_both():
    who = reseller()
    number = who.form("add", **ads(start_now=1))["order"]
    assert number in accept_due()
    assert who.form("cancel", orders=number) == [{"order": number, "cancel": 1}]
    assert (reread(number).status, reread(number).stop_status) == ("processing", "asked")
