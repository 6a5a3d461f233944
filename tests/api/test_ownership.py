"""Another customer's object, by any route and verb, does not exist. The matrix is made from the API's own description."""

import json
import re

import pytest

from smmatic.api.application import description
from smmatic.kernel.database import fetch_one
from tests.api.clients import Answer, Api, order_body, place, rich
from tests.builders import begun, ledger_of, new_key

pytestmark = pytest.mark.django_db

BODIES = {
    "/orders/{order_id}/refunds": {"reason": "not_as_expected"},
    "/orders/{order_id}/messages": {"text": "hello"},
    "/refunds/{case_id}/notes": {"words": "more"},
    "/refunds/{case_id}/appeal": {"words": "more"},
}
QUERIES = {"/orders/{order_id}/refund": "?reason=not_delivered"}
ROUTES = [
    (method, path) for path, methods in description("").get("paths", {}).items() for method in methods if "_id}" in path
]


def belongings() -> tuple[object, Api, dict[str, int]]:
    """A customer with one of everything that has an id."""
    who, api = rich(2000)
    row = begun(who, delivered=40)
    asked = api.post(f"/orders/{row.id}/refunds", {"reason": "not_delivered", "words": "60 are missing"}, key=new_key())
    return (
        who,
        api,
        {
            "order_id": place(api),
            "case_id": asked.body["case_id"],
            "file_id": api.upload("brief.txt", b"my brief").body["id"],
            "deposit_id": api.post("/deposits", {"credits": "10"}, key=new_key()).body["id"],
        },
    )


def call(api: Api, method: str, path: str, ids: dict[str, int]) -> Answer:
    address = re.sub(r"{(\w+)}", lambda found: str(ids[found[1]]), path) + QUERIES.get(path, "")
    return api.call(method, address, BODIES.get(path), idempotency_key=new_key())


def test_the_matrix_covers_every_kind_of_object():
    assert {name for _method, path in ROUTES for name in re.findall(r"{(\w+_id)}", path)} == {
        "order_id",
        "case_id",
        "file_id",
        "deposit_id",
    }
    assert len(ROUTES) >= 15


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_exists_for_its_owner_and_for_nobody_else(method, path):
    owner, own, ids = belongings()
    stranger, other = rich()
    before, theirs = ledger_of(owner), ledger_of(stranger)
    answer = call(other, method, path, ids)
    missing = call(other, method, path, dict.fromkeys(ids, 9_000_000_000))
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.body == missing.body, "an existing object of another must look like none"
    assert ledger_of(owner) == before
    assert ledger_of(stranger) == theirs
    assert call(own, method, path, ids).status != 404, "the control: its owner reaches it"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace", "head", "post", "get"])
@pytest.mark.parametrize("path", sorted({path for _method, path in ROUTES}))
def test_no_other_verb_reaches_it(method, path):
    _owner, own, ids = belongings()
    _stranger, other = rich()
    known = {found for found, known_path in ROUTES if known_path == path}
    if method == "head":
        known = {"head"} & ({"head"} if "get" in known else set())
    answer = call(other, method, path, ids)
    assert answer.status == (404 if method in known else 405)
    if answer.status == 405:
        assert call(own, method, path, ids).status == 405
        assert set(answer.headers["Allow"].lower().split(", ")) == {
            found for found, known_path in ROUTES if known_path == path
        }


def test_lists_hold_only_ones_own():
    owner, own, _ids = belongings()
    _stranger, other = rich()
    for path in ("/orders", "/refunds", "/deposits"):
        assert other.get(path).body["items"] == []
        assert own.get(path).body["items"]
    theirs = json.dumps(own.get("/statement").body)
    assert len(other.get("/statement").body["items"]) == 1
    assert theirs != json.dumps(other.get("/statement").body)
    row = fetch_one("SELECT max(id) AS id FROM orders_order WHERE customer_id = %s", [owner.id])
    assert row is not None
    assert other.get(f"/orders?search={row['id']}").body["items"] == []


def test_anothers_files_can_neither_be_ordered_with_nor_brought_as_evidence():
    _owner, _own, ids = belongings()
    stranger, other = rich()
    row = begun(stranger)
    before = ledger_of(stranger)
    taken = other.post("/orders", order_body(files=[ids["file_id"]]), key=new_key())
    assert (taken.status, taken.code, taken.field) == (404, "not_found", "files")
    body = {"reason": "not_delivered", "words": "see the file", "files": [ids["file_id"]]}
    other.post(f"/orders/{row.id}/refunds", body, key=new_key())
    assert other.get(f"/files/{ids['file_id']}").status == 404
    file = fetch_one("SELECT order_id FROM orders_file WHERE id = %s", [ids["file_id"]])
    assert file == {"order_id": None}
    assert ledger_of(stranger)["account"] == before["account"]


def test_the_control_a_route_that_forgets_to_ask_whose_it_is_would_be_caught(monkeypatch):
    from smmatic.api.rooms import refunds
    from smmatic.refunds.queries import case

    _owner, _own, ids = belongings()
    _stranger, other = rich()
    assert call(other, "get", "/refunds/{case_id}", ids).status == 404
    monkeypatch.setattr(refunds, "case_of", lambda _person, number: case(number))
    assert call(other, "get", "/refunds/{case_id}", ids).status == 200
