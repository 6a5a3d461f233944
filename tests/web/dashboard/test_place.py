"""The order form: checked while typing, placed once, and nothing charged when it is refused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from smmatic.catalogue.queries import service_by_code
from smmatic.orders.queries import files_of, orders_of
from smmatic.policy.queries import current_policy
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key

pytestmark = pytest.mark.django_db

SHOP = "https://shopee.vn/tiemhoacuanho"


def form(code="TT-ADS", **fields):
    """What the browser sends for a form that was just shown."""
    shown = {"key": new_key(), "terms_version": service_by_code(code).version, "policy_version_id": current_policy().id}
    return {**shown, **fields}


def test_an_order_is_placed_once_for_its_form(sign_in):
    who = customer(1000)
    client = sign_in(who)
    sent = form(link=ADS_ACCOUNT, quantity="100")
    first = client.post("/services/TT-ADS/order", sent)
    again = client.post("/services/TT-ADS/order", sent)
    assert first.status_code == again.status_code == 302
    assert first.headers["Location"] == again.headers["Location"]
    orders = orders_of(who.id)
    assert len(orders) == 1
    assert orders[0].amount == 105 * 10_000
    assert orders[0].channel == "page"


def test_the_same_form_with_other_contents_is_refused_and_points_to_the_orders(sign_in, words):
    who = customer(1000)
    client = sign_in(who)
    sent = form(link=ADS_ACCOUNT, quantity="100")
    client.post("/services/TT-ADS/order", sent)
    response = client.post("/services/TT-ADS/order", sent | {"quantity": "200"})
    assert response.status_code == 409
    assert "See your orders first" in words(response)
    assert len(orders_of(who.id)) == 1


def test_without_enough_credits_nothing_happens_and_the_form_says_what_next(sign_in, words):
    who = customer(50)
    before = ledger_of(who)
    response = sign_in(who).post("/services/TT-ADS/order", form(link=ADS_ACCOUNT, quantity="100"))
    assert response.status_code == 402
    text = words(response)
    assert "The order was not placed" in text
    assert "105.00" in text
    assert "Nothing was charged" in text
    assert "Add Credits" in text
    assert ADS_ACCOUNT in response.content.decode(), "what was typed stays"
    assert ledger_of(who) == before


@pytest.mark.parametrize(
    ("code", "fields", "where"),
    [
        ("TT-ADS", {"link": SHOP, "quantity": "100"}, "link"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "1_000"}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "٣٠٠"}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "1e3"}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "-5"}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": ""}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "9" * 40}, "quantity"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "60", "brief": "a\x00b"}, "brief"),
        ("TT-ADS", {"link": ADS_ACCOUNT, "quantity": "60", "brief": "x" * 5001}, "brief"),
        ("FB-PIXEL", {"link": "http://169.254.169.254/latest", "quantity": "1"}, "link"),
        ("FB-PIXEL", {"link": "http://user:secret@example.com/", "quantity": "1"}, "link"),
        ("FB-PIXEL", {"link": "javascript:alert(1)", "quantity": "1"}, "link"),
        ("SP-LIST", {"link": SHOP + "\u202e", "quantity": "5"}, "link"),
        ("FB-COPY", {"link": "https://www.facebook.com/yourpage", "texts": "only one"}, "texts"),
        (
            "FB-SCHED",
            {"link": "https://www.facebook.com/yourpage", "runs": "5", "interval_minutes": "0"},
            "interval_minutes",
        ),
        ("ANY-PHOTO", {"quantity": "5"}, "brief"),
    ],
)
def test_bad_input_is_told_at_its_field_and_nothing_is_charged(sign_in, code, fields, where):
    who = customer(1000)
    before = ledger_of(who)
    response = sign_in(who).post(f"/services/{code}/order", form(code, **fields))
    assert 400 <= response.status_code < 500
    assert where in response.context["errors"]
    body = response.content.decode()
    assert f'id="{where}-error"' in body
    assert 'aria-invalid="true"' in body
    assert ledger_of(who) == before


@pytest.mark.parametrize(
    "fields", [{"key": ""}, {"key": "x"}, {"key": "ü" * 20}, {"terms_version": "999"}, {"policy_version_id": "999999"}]
)
def test_a_form_that_is_not_ours_any_more_is_refused(sign_in, fields):
    who = customer(1000)
    before = ledger_of(who)
    response = sign_in(who).post("/services/TT-ADS/order", form(link=ADS_ACCOUNT, quantity="100") | fields)
    assert response.status_code in (400, 409)
    assert ledger_of(who) == before
    assert response.context["form"].key not in ("", fields.get("key")), "a corrected form goes under a new key"


def test_while_typing_the_link_is_recognised_and_the_price_known(sign_in, words):
    client = sign_in(customer(300))
    good = words(client.post("/services/SP-LIST/price", form("SP-LIST", link=SHOP, quantity="40")))
    assert "Shopee shop" in good
    assert "100.00 Credits" in good
    assert "200.00" in good
    assert "undo this order until" in good
    wrong = words(client.post("/services/TT-CAMP/price", form("TT-CAMP", link=SHOP, quantity="1")))
    assert "another platform" in wrong
    poor = words(client.post("/services/SP-LIST/price", form("SP-LIST", link=SHOP, quantity="200")))
    assert "200.00 Credits are missing" in poor
    now = words(client.post("/services/SP-LIST/price", form("SP-LIST", link=SHOP, quantity="40", start_now="yes")))
    assert "undo this order until" not in now


@pytest.mark.parametrize("value", ["\x00", "\u202e", "9" * 500, "<script>alert(1)</script>", "💥"])
def test_typing_is_never_an_error_and_nothing_typed_is_executed(sign_in, value):
    client = sign_in(customer())
    for code in ("TT-ADS", "FB-COPY", "FB-SCHED", "ANY-PHOTO", "SP-BANNER"):
        names = ("link", "quantity", "texts", "runs", "interval_minutes", "brief", "file_ids", "start_now")
        response = client.post(f"/services/{code}/price", form(code, **dict.fromkeys(names, value)))
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()


def test_files_are_judged_at_once_and_go_with_the_order(sign_in):
    who = customer(100)
    client = sign_in(who)
    wrong = client.post(
        "/services/ANY-PHOTO/files", form("ANY-PHOTO", upload=SimpleUploadedFile("a.png", b"MZ not a picture"))
    )
    assert wrong.status_code == 422
    assert "not accepted" in wrong.content.decode()
    kept = client.post("/services/ANY-PHOTO/files", form("ANY-PHOTO", upload=SimpleUploadedFile("style.txt", b"white")))
    file_id = kept.context["files"][0].id
    placed = client.post("/services/ANY-PHOTO/order", form("ANY-PHOTO", quantity="5", file_ids=[file_id]))
    assert placed.status_code == 302
    order = orders_of(who.id)[0]
    assert [file.name for file in files_of(order.id)] == ["style.txt"]
    got = client.get(f"/files/{file_id}")
    assert got.content == b"white"
    assert "attachment" in got.headers["Content-Disposition"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_another_customers_file_goes_with_no_order(sign_in):
    other = customer(100)
    kept = sign_in(other).post(
        "/services/ANY-PHOTO/files", form("ANY-PHOTO", upload=SimpleUploadedFile("mine.txt", b"x"))
    )
    file_id = kept.context["files"][0].id
    thief = customer(100)
    client = sign_in(thief)
    assert client.get(f"/files/{file_id}").status_code == 404
    response = client.post("/services/ANY-PHOTO/order", form("ANY-PHOTO", quantity="5", file_ids=[file_id]))
    assert response.status_code == 422, "without a file or a brief the order has nothing to work on"
    assert orders_of(thief.id) == []


def test_an_order_can_be_repeated_from_its_page(sign_in):
    who = customer(1000)
    client = sign_in(who)
    placed = client.post("/services/SP-LIST/order", form("SP-LIST", link=SHOP, quantity="7", brief="Nhớ từ khoá"))
    page = client.get(placed.headers["Location"])
    address = page.content.decode().split('href="/services/SP-LIST', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    again = client.get(f"/services/SP-LIST{address}")
    assert again.context["form"].values["quantity"] == "7"
    assert again.context["form"].values["brief"] == "Nhớ từ khoá"
