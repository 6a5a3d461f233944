"""Mass orders and the order list as the customer's pages show them."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from smmatic.orders.queries import orders_of
from smmatic.refunds.actions import cancel
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key, placed

pytestmark = pytest.mark.django_db

SHOP = "https://shopee.vn/tiemhoacuanho"


def csv_of(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_lines_are_checked_corrected_from_the_result_file_and_ordered(sign_in, words):
    who = customer(1000)
    client = sign_in(who)
    before = ledger_of(who)
    lines = f"TT-ADS | {ADS_ACCOUNT} | 100\nTT-CAMP | {SHOP} | 1"
    sent = client.post("/orders/many/check", {"key": new_key(), "lines": lines}, follow=True)
    page, address = words(sent), sent.redirect_chain[-1][0]
    assert "One line can't be ordered" in page
    assert "This is a link of another platform: Shopee shop tiemhoacuanho (VN)." in page
    assert "Order the one good line for 105.00 Credits" in page
    assert "895.00" in page
    assert ledger_of(who) == before
    table = csv_of(client.get(f"{address}/lines.csv"))
    assert table[2][table[0].index("result")] == "not ordered"
    table[2][table[0].index("link")] = "https://www.tiktok.com/@tiemhoacuanho"
    buffer = io.StringIO()
    csv.writer(buffer).writerows(table)
    file = SimpleUploadedFile("lines.csv", buffer.getvalue().encode())
    again = client.post("/orders/many/check", {"key": new_key(), "upload": file}, follow=True)
    assert "Order all of them for 165.00 Credits" in words(again)
    done = client.post(f"{again.redirect_chain[-1][0]}/place", {"which": "all"}, follow=True)
    assert "2 of 2 lines ordered; 165.00 Credits are held for them." in words(done)
    assert [order.amount for order in orders_of(who.id)] == [600_000, 1_050_000]
    twice = client.post(f"{again.redirect_chain[-1][0]}/place", {"which": "all"})
    assert twice.status_code == 409
    assert len(orders_of(who.id)) == 2


@pytest.mark.parametrize(
    "sent",
    [
        {"lines": ""},
        {"lines": "\x00"},
        {"upload": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")},
        {"key": "x", "lines": "A|b|1"},
    ],
)
def test_what_is_no_list_is_told_and_kept(sign_in, sent):
    who = customer(10)
    answer = sign_in(who).post("/orders/many/check", {"key": new_key()} | sent)
    assert 400 <= answer.status_code < 500
    assert "data-refusal" in answer.content.decode() or "field-error" in answer.content.decode()


def test_the_template_can_be_ordered_as_it_is(sign_in):
    who = customer(1000)
    client = sign_in(who)
    book = b"".join(client.get("/orders/many/template.xlsx").streaming_content)
    answer = client.post(
        "/orders/many/check", {"key": new_key(), "upload": SimpleUploadedFile("t.xlsx", book)}, follow=True
    )
    assert answer.context["batch"].wrong == 0


def test_the_list_filters_by_its_address_and_exports_exactly_that(sign_in, words):
    who = customer(5000)
    client = sign_in(who)
    made = [placed(who, "SP-LIST", 5, link=SHOP).id for _ in range(22)]
    other = placed(who, "TT-ADS", 50).id
    cancel(who, made[0])
    assert [row.id for row, _ in client.get("/orders").context["rows"]] == [other, *made[:2:-1]]
    address = f"/orders?service=SP-LIST&show=live&q={SHOP}"
    first = client.get(address)
    shown = [row.id for row, _ in first.context["rows"]]
    second = client.get(f"{address}&after={first.context['next_cursor']}")
    shown += [row.id for row, _ in second.context["rows"]]
    assert shown == made[:0:-1]
    exported = csv_of(client.get(f"/orders/export.csv?{address.partition('?')[2]}"))
    assert [int(line[0]) for line in exported[1:]] == shown
    assert exported[1][3] == SHOP
    assert b"".join(client.get("/orders/export.xlsx?show=stopped").streaming_content)[:2] == b"PK"
    assert "No order fits" in words(client.get("/orders?from=2030-01-01"))
    for odd in ("?from=2026-13-40", "?show=x&service=y&to=never", "?q=%00", "?q=" + "9" * 40):
        assert client.get(f"/orders{odd}").status_code == 200


def test_a_view_keeps_the_filters_under_a_name(sign_in, words):
    who = customer(500)
    client = sign_in(who)
    saved = client.post("/orders/views/save", {"name": "Đang chạy", "show": "live", "q": "shopee"})
    assert saved.headers["Location"] == "/orders?show=live&q=shopee"
    page = client.get("/orders")
    assert 'href="?show=live&amp;q=shopee"' in page.content.decode()
    refused = client.post("/orders/views/save", {"name": "", "show": "live"})
    assert refused.status_code == 422
    client.post("/orders/views/delete", {"view": str(page.context["views"][0].id)})
    assert client.get("/orders").context["views"] == []
