"""Uploads wait a day for an order; a key answers one request, also when the answer is no."""

from dataclasses import replace

import pytest
from django.conf import settings

from smmatic.catalogue.queries import service_by_code
from smmatic.kernel.database import atomic, execute, fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.orders import actions
from smmatic.orders.actions import OrderRequest, keep_file, place
from smmatic.policy.queries import current_policy
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key

pytestmark = pytest.mark.django_db
MOST = settings.SMMATIC_MAX_FILES * 3


def kept(who):
    return keep_file(who, name="brief.txt", content=b"The brief.")


def of(who):
    return {row["id"] for row in fetch_all("SELECT id FROM orders_file WHERE owner_id = %s", [who.id])}


def grow_old(who, interval="25 hours"):
    execute("UPDATE orders_file SET at = at - %s::interval WHERE owner_id = %s", [interval, who.id])


def request(code="TT-ADS", **fields):
    service = service_by_code(code)
    values = {"quantity": 100, "link": ADS_ACCOUNT} if code == "TT-ADS" else {"quantity": 5}
    return OrderRequest(service.id, **(values | fields))


def test_abandoned_uploads_end_uploading_for_a_day_and_not_for_ever():
    who, other = customer(0), customer(0)
    bystander = kept(other)
    grow_old(other)
    for _ in range(MOST):
        kept(who)
    with pytest.raises(Refusal) as caught:
        kept(who)
    assert caught.value.code == "file_too_many"
    assert f"{MOST} files that no order has taken" in caught.value.sentence
    assert "removed after a day" in caught.value.next_step
    grow_old(who, "23 hours")
    with pytest.raises(Refusal):
        kept(who)
    grow_old(who, "2 hours")
    fresh = kept(who)
    assert of(who) == {fresh.id}, "what nobody ordered with is gone"
    assert of(other) == {bystander.id}, "only the uploader's own"


def test_a_file_that_an_order_has_stays():
    who = customer(500)
    file = kept(who)
    placed = place(who, request("ANY-PHOTO", file_ids=[file.id]), key=new_key(), channel="api")
    grow_old(who)
    kept(who)
    rows = fetch_all("SELECT order_id FROM orders_file WHERE id = %s", [file.id])
    assert [row["order_id"] for row in rows] == [placed.order_id]


@pytest.mark.parametrize("field", ["terms_version", "policy_version_id"])
def test_other_terms_under_a_used_key_are_another_request(field):
    who, key, asked = customer(500), new_key(), request()
    place(who, asked, key=key, channel="api")
    stands = {"terms_version": service_by_code("TT-ADS").version, "policy_version_id": current_policy().id}
    before = ledger_of(who)
    for value in (stands[field], stands[field] + 1000):
        with pytest.raises(Refusal) as caught:
            place(who, replace(asked, **{field: value}), key=key, channel="api")
        assert caught.value.code == "idempotency_key_reused"
    assert place(who, asked, key=key, channel="api").replayed
    assert ledger_of(who) == before


def test_a_file_that_another_order_took_meanwhile_is_a_refusal_that_its_key_keeps(monkeypatch):
    who, key = customer(500), new_key()
    file, other = kept(who), kept(who)
    place(who, request("ANY-PHOTO", file_ids=[file.id]), key=new_key(), channel="api")
    before = ledger_of(who)
    # As when both requests are checked before either is placed.
    monkeypatch.setattr(actions, "own_files", lambda person, ids: list(ids))
    asked = request("ANY-PHOTO", file_ids=[file.id, other.id])
    for _again in range(2):
        with pytest.raises(Refusal) as caught:
            place(who, asked, key=key, channel="api")
        assert (caught.value.code, caught.value.field) == ("not_found", "files")
    assert ledger_of(who) == before
    kept_rows = fetch_all(
        "SELECT answer -> 'refusal' ->> 'code' AS code FROM credits_idempotency WHERE account_id = %s AND key = %s",
        [who.id, key],
    )
    assert kept_rows == [{"code": "not_found"}]
    assert fetch_all("SELECT order_id FROM orders_file WHERE id = %s", [other.id]) == [{"order_id": None}]


def test_the_function_that_holds_books_nothing_else():
    who = customer(10)
    before = ledger_of(who)
    posting = "ROW(%s, %s, 5, %s, 'test', 'x', -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::credits_posting"
    for kind in ("deposit", "refund", "goodwill", "adjust_up", None):
        with pytest.raises(Refusal) as caught, atomic():
            execute(f"SELECT * FROM credits_hold_v1({posting})", [who.id, kind, new_key()])
        assert caught.value.code == "credits_stay_inside"
    assert ledger_of(who) == before
