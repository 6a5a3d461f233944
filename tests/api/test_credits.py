"""Credits over the API: balance and statement agree, deposits are asked for, and nothing leads out (1.1, 1.2)."""

import pytest

from smmatic.credits.queries import transfer_kinds
from tests.api.clients import Api, api_of, place, rich
from tests.builders import begun, customer, ledger_of, new_key

pytestmark = pytest.mark.django_db


def test_the_statement_adds_up_to_the_balance_over_all_pages():
    who, api = rich()
    for _ in range(3):
        number = place(api)
    api.post(f"/orders/{number}/cancel")
    begun(who)
    lines, cursor = [], None
    while True:
        page = api.get(f"/statement?limit=2{f'&cursor={cursor}' if cursor else ''}").body
        lines += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    balance = api.get("/balance").body
    assert sum(line["change"]["units"] for line in lines) == balance["available"]["units"]
    assert sum(line["held_change"]["units"] for line in lines) == balance["held"]["units"]
    assert [line["version"] for line in lines] == list(range(balance["version"], 0, -1))
    assert lines[0]["available_after"] == balance["available"]
    assert balance["grants"][0]["origin"] == "paid"


def test_a_customer_without_an_account_has_nothing_and_can_order_nothing():
    api = api_of(customer(0))
    assert api.get("/balance").body["available"]["units"] == 0
    assert api.get("/statement").body["items"] == []
    answer = api.post("/orders", {"service": "GG-AUDIT", "link": "123-456-7890"}, key=new_key())
    assert (answer.status, answer.code) == (402, "not_enough_credits")


def test_every_way_out_is_refused_with_its_clause_and_moves_nothing():
    who, api = rich()
    before = ledger_of(who)
    kinds = [row.kind for row in transfer_kinds()]
    for kind in [*kinds, "payout", "cash", "gift", "transfer", None]:
        for to in ("customer:2", "bank", "card", "someone@example.test", None):
            answer = api.post("/transfers", {"kind": kind, "credits": "1.00", "to": to, "anything": {"else": [1]}})
            assert (answer.status, answer.code) == (403, "credits_stay_inside")
            assert answer.body["error"]["clause"] in ("1.1", "1.2")
    assert api.post("/transfers", {"to": "bank"}).body["error"]["clause"] == "1.2"
    assert api.post("/transfers", {"to": "customer:2"}).body["error"]["clause"] == "1.1"
    assert ledger_of(who) == before
    place(api)
    assert ledger_of(who) != before, "the comparison above could not fail"


def test_the_closed_list_of_kinds_has_none_that_leads_out_or_to_another_customer():
    body = Api().get("/transfer-kinds").body
    assert {item["kind"] for item in body["items"]} == {row.kind for row in transfer_kinds()}
    outside = {"cash", "bank", "card", "payout", "customer", "other"}
    for item in body["items"]:
        assert not {item["debit"], item["credit"]} & outside
    assert [clause["number"] for clause in body["clauses"]] == ["1.1", "1.2"]


def test_a_deposit_gives_reference_and_price_once_for_a_key():
    who, api = rich(0)
    key = new_key()
    first, again = (api.post("/deposits", {"credits": "12.5"}, key=key) for _ in range(2))
    assert (first.status, first.body) == (201, again.body)
    assert (first.body["amount"]["credits"], first.body["money"], first.body["currency"]) == ("12.50", 312_500, "VND")
    assert first.body["reference"].startswith("SMM-")
    assert [item["id"] for item in api.get("/deposits").body["items"]] == [first.body["id"]]
    assert api.post("/deposits", {"credits": "13"}, key=key).code == "idempotency_key_reused"
    assert api.get("/balance").body["available"]["units"] == 0
    assert api.post(f"/deposits/{first.body['id']}/cancel").body["state"] == "cancelled"
    assert api.post(f"/deposits/{first.body['id']}/cancel").code == "deposit_state"
    for wrong in ("12,5", "1e3", "-5", "0", "１２", "1_000", "12.34567", "", " ", "NaN", "0.00001"):
        answer = api.post("/deposits", {"credits": wrong}, key=new_key())
        assert (answer.status, answer.field) == (422, "credits"), wrong
    assert ledger_of(who)["transfers"] == []
