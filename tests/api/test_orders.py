"""Orders over the API: placed, listed, read, cancelled, stopped, with files and messages."""

import pytest

from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import UNITS
from tests.api.clients import api_of, order_body, place, rich
from tests.builders import accept_due, begun, change, ledger_of, new_key, placed, reread

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def test_an_order_is_placed_and_charged_to_the_unit():
    who, api = rich()
    answer = api.post("/orders", order_body(), key=new_key())
    assert answer.status == 201
    assert answer.body["charged"] == {"units": 105 * UNITS, "credits": "105.00"}
    assert answer.body["available"] == {"units": 895 * UNITS, "credits": "895.00"}
    assert answer.headers["Location"] == answer.body["url"] == f"/api/v1/orders/{answer.body['id']}"
    assert (wallet(who.id).available, wallet(who.id).held) == (895 * UNITS, 105 * UNITS)


def test_an_order_shows_what_happens_next_and_what_can_be_done():
    _who, api = rich()
    body = api.get(f"/orders/{place(api)}").body
    assert (body["status"], body["delivered"], body["channel"]) == ("pending", 0, "api")
    assert body["next"]["until"] == body["undo_until"]
    assert body["cancel"]["possible"] is True
    assert body["cancel"]["clause"] == "4.1"
    assert body["cancel"]["returns"] == body["charged"] == body["charge"]["held"]
    assert body["stop"] == {"offered": True, "possible": False, "status": "", "asked_at": None, "answer_by": None}
    assert [line["kind"] for line in body["timeline"]] == ["placed"]
    assert body["timeline"][0]["by"] == "customer"


def test_the_words_come_in_the_language_asked_for_and_else_in_that_of_the_account():
    from tests.builders import customer

    who = customer(200, language="vi")
    api = api_of(who)
    number = place(api)
    explained = {
        language: api.get(f"/orders/{number}/cancel", **headers).body["explanation"]["title"]
        for language, headers in {
            "vi": {"accept_language": "vi-VN,vi;q=0.9,en;q=0.5"},
            "en": {"accept_language": "en"},
            "none": {},
            "other": {"accept_language": "fr-FR"},
        }.items()
    }
    assert explained["vi"] == explained["none"] == explained["other"] == "Trước khi đơn được tiếp nhận"
    assert explained["en"] == "Before it is accepted"
    assert api.get("/me", accept_language="vi").headers["Content-Language"] == "vi"


def test_lists_are_paged_filtered_and_searched():
    _who, api = rich(2000)
    ids = [place(api) for _ in range(5)] + [
        place(api, service="SP-LIST", quantity=5, link="https://shopee.vn/product/12345678/9876543210")
    ]
    seen, cursor = [], None
    while True:
        page = api.get(f"/orders?limit=2{f'&cursor={cursor}' if cursor else ''}").body
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)
    assert [item["id"] for item in api.get("/orders?search=sp-list").body["items"]] == [ids[-1]]
    assert ids[0] in [item["id"] for item in api.get(f"/orders?search={ids[0]}").body["items"]]
    api.post(f"/orders/{ids[0]}/cancel")
    assert [item["id"] for item in api.get("/orders?status=cancelled").body["items"]] == [ids[0]]
    assert len(api.get("/orders?status=pending,cancelled").body["items"]) == 6
    assert api.get("/orders?status=pending").body["items"][0]["charged"]["credits"] == "12.50"


def test_cancelling_gives_exactly_what_the_preview_said_and_says_4_2_afterwards():
    who, api = rich()
    number = place(api)
    preview = api.get(f"/orders/{number}/cancel").body
    done = api.post(f"/orders/{number}/cancel", key=new_key())
    assert done.status == 200
    assert done.body["returned"] == preview["returns"] == {"units": 105 * UNITS, "credits": "105.00"}
    assert (done.body["clause"], done.body["decision"], done.body["state"]) == ("4.1", "approve", "settled")
    assert done.body["explanation"]["sentence"] == preview["explanation"]["sentence"]
    assert wallet(who.id).available == 1000 * UNITS
    assert api.post(f"/orders/{number}/cancel").code == "order_ended"


def test_once_accepted_the_cancel_is_refused_with_its_clause_and_a_stop_can_be_asked():
    who, api = rich()
    number = place(api, start_now=True)
    accept_due()
    before = ledger_of(who)
    preview = api.get(f"/orders/{number}/cancel").body
    assert (preview["possible"], preview["refusal"]["clause"]) == (False, "4.2")
    assert preview["stop"]["possible"] is True
    refused = api.post(f"/orders/{number}/cancel")
    assert (refused.status, refused.code, refused.body["error"]["clause"]) == (409, "order_accepted", "4.2")
    assert ledger_of(who) == before
    asked = api.post(f"/orders/{number}/stop")
    assert (asked.status, asked.body["stop"]["status"]) == (200, "asked")
    assert asked.body["next"]["until"] == asked.body["stop"]["answer_by"]
    assert api.post(f"/orders/{number}/stop").code == "stop_asked_already"


def test_a_repeated_cancel_under_its_key_gives_the_same_answer():
    _who, api = rich()
    number, key = place(api), new_key()
    first, again = (api.post(f"/orders/{number}/cancel", key=key) for _ in range(2))
    assert first.body == again.body
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_quote_checks_everything_and_changes_nothing():
    who, api = rich(50)
    before = ledger_of(who)
    quote = api.post("/quotes", {k: v for k, v in order_body().items()})
    assert quote.status == 200
    assert (quote.body["price"]["credits"], quote.body["enough"], quote.body["missing"]["credits"]) == (
        "105.00",
        False,
        "55.00",
    )
    assert quote.body["link_label"].startswith("TikTok")
    refused = api.post("/orders", order_body(), key=new_key())
    assert (refused.status, refused.code) == (402, "not_enough_credits")
    assert "55" in refused.body["error"]["message"] or "50.00" in refused.body["error"]["message"]
    assert ledger_of(who) == before


def test_terms_or_policy_that_changed_since_are_refused():
    who, api = rich()
    before = ledger_of(who)
    assert api.post("/orders", order_body(terms_version=999), key=new_key()).code == "terms_changed"
    assert api.post("/orders", order_body(policy_version_id=999), key=new_key()).code == "policy_changed"
    assert ledger_of(who) == before
    policy, service = api.get("/policy").body, api.get("/services/TT-ADS").body
    seen = order_body(terms_version=service["terms_version"], policy_version_id=policy["id"])
    assert api.post("/orders", seen, key=new_key()).status == 201


def test_files_go_with_an_order_and_a_repeat_with_them_is_the_same_order():
    _who, api = rich()
    file = api.upload("../../shelf photo.png", PNG)
    assert file.status == 201
    assert "/" not in file.body["name"]
    body = {"service": "ANY-PHOTO", "quantity": 5, "brief": "White background", "files": [file.body["id"]]}
    key = new_key()
    first, again = (api.post("/orders", body, key=key) for _ in range(2))
    assert (first.status, again.status) == (201, 201), again.body
    assert first.body == again.body
    assert api.post("/orders", body, key=new_key()).code == "not_found"
    assert [item["id"] for item in api.get(f"/orders/{first.body['id']}").body["files"]] == [file.body["id"]]
    content = api.get(f"/files/{file.body['id']}/content")
    assert content.headers["Content-Disposition"].startswith("attachment;")
    assert api.get(f"/files/{file.body['id']}").body["size"] == len(PNG)


def test_a_repeat_after_the_service_went_off_sale_is_still_the_same_order():
    from smmatic.catalogue.queries import service_by_code
    from smmatic.kernel.database import fetch_one

    _who, api = rich()
    service = service_by_code("GG-ADS")
    assert service is not None
    body, key = order_body(service="GG-ADS", link="123-456-7890"), new_key()
    first = api.post("/orders", body, key=key)
    assert first.status == 201, first.body
    fetch_one(
        "UPDATE catalogue_service SET active = false, version = version + 1 WHERE id = %s RETURNING id", [service.id]
    )
    try:
        again = api.post("/orders", body, key=key)
        assert (again.status, again.body) == (201, first.body)
        # Changed behind the catalogue's back: the database notices at once, this process within seconds.
        assert api.post("/orders", body, key=new_key()).code == "terms_changed"
        assert api.post("/orders", body, key=new_key()).code == "service_unavailable"
    finally:
        fetch_one(
            "UPDATE catalogue_service SET active = true, version = version + 1 WHERE id = %s RETURNING id", [service.id]
        )


def test_texts_are_counted_and_a_hidden_line_break_is_refused():
    _who, api = rich()
    texts = [f"Caption {number}" for number in range(5)]
    body = {"service": "FB-COPY", "texts": texts, "link": "https://www.facebook.com/smmatic.page"}
    placed_now = api.post("/orders", body, key=new_key())
    assert placed_now.status == 201, placed_now.body
    assert api.get(f"/orders/{placed_now.body['id']}").body["texts"] == texts
    broken = api.post("/orders", body | {"texts": ["one\ntwo", *texts]}, key=new_key())
    assert (broken.status, broken.field) == (422, "texts.0")


def test_messages_are_written_and_read_and_an_order_that_waits_goes_on():
    who, api = rich()
    row = begun(who)
    change(row.id, ("in_progress",), waiting_since=row.placed_at)
    waiting = api.get(f"/orders/{row.id}").body
    assert (waiting["waiting_for_you"], waiting["next"]["waits_for"]) == (True, "you")
    assert api.post(f"/orders/{row.id}/messages", {"text": "Here is the new link."}).status == 201
    assert api.get(f"/orders/{row.id}/messages").body["items"][0]["text"] == "Here is the new link."
    assert reread(row.id).waiting_since is None


def test_head_answers_like_get_without_a_body():
    who, api = rich()
    placed(who)
    answer = api.call("HEAD", "/orders")
    assert (answer.status, answer.headers["raw"]) == (200, "")
