"""The catalogue at the desk: edited with a preview, its history kept, in and out as a file, prices of single customers."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from smmatic.accounts.rules import Role
from smmatic.catalogue.actions import packaged_catalogue, set_customer_price
from smmatic.catalogue.exports import HEADER, cells_of
from smmatic.catalogue.imports import COLUMNS
from smmatic.catalogue.queries import ServiceRow, service, service_by_code, services_for, versions
from smmatic.kernel.database import fetch_all
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, place, quote
from tests.builders import catalogue_text, customer, ledger_of, new_key, own_service, person, placed
from tests.web.desk.builders import Browser, browser, words

pytestmark = pytest.mark.django_db

SITE = "https://www.myshop.example/"


@pytest.fixture
def operator() -> Browser:
    return browser(Role.OPERATOR)


def form_of(row: ServiceRow, **changes: object) -> dict[str, object]:
    cells = {name: value for name, value in cells_of(row).items() if name != "active" or value == "yes"}
    return cells | {"link_kinds": list(row.link_kinds), "version": str(row.version)} | changes


def stored() -> list[dict[str, object]]:
    return fetch_all("SELECT * FROM catalogue_service ORDER BY id")


def test_what_is_saved_is_what_the_customer_sees_and_the_history_says_what_changed(operator):
    row = own_service()
    page = operator.post(
        f"/desk/catalogue/{row.id}/save",
        **form_of(row, price_credits_per_unit="3.25", gets_vi="Một tuần chăm sóc.", name_en="Shop care"),
    )
    saved = service(row.id)
    assert (saved.version, saved.price_units, saved.gets("vi"), saved.name_en) == (
        2,
        32_500,
        "Một tuần chăm sóc.",
        "Shop care",
    )
    said = words(page)
    assert "Credits for one unit: 2.00 → 3.25" in said
    assert "Version 1" in said
    seen = Browser(customer(10)).get(f"/services/{row.code}")
    assert "Shop care" in seen
    assert "3.25" in seen
    old = versions(row.id)[1]
    assert (old.terms["price_units"], old.texts["gets_vi"]) == (20_000, row.gets("vi"))


def test_the_preview_shows_both_languages_and_changes_nothing(operator):
    row = own_service()
    before = stored()
    shown = words(
        operator.post("/desk/catalogue/preview", 200, **form_of(row, name_vi="Chăm sóc gian hàng", grace_minutes="25"))
    )
    assert "Chăm sóc gian hàng" in shown
    assert "For 25 minutes you can undo" in shown
    assert "Trong 25 phút" in shown
    wrong = words(operator.post("/desk/catalogue/preview", 200, **form_of(row, min="0", delivery="robot")))
    assert "Minimum : At least 1 are needed" in wrong
    assert "Delivered by" in wrong
    assert stored() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name_en", ""), ("name_vi", "x" * 121), ("category", "a\x07"), ("service_class", "Top Up"), ("platform", "web"),
        ("unit_en", ""), ("unit_vi", "\u202egiờ"), ("type", "drip"), ("min", "0"), ("max", "1e3"), ("step", "１"),
        ("price_credits_per_unit", "1,5"), ("start_hours", "9000"), ("grace_minutes", "-1"), ("delivery", "robot"),
        ("rework_days", "366"), ("stop_rule", "always"), ("link_kinds", []), ("overlap", "sometimes"),
        ("gets_en", "x" * 401), ("gets_vi", "a\nb"), ("needs_en", "a\x00"), ("needs_vi", "\u200b"),
    ],
)  # fmt: skip
def test_each_wrong_field_is_told_at_its_place_and_nothing_is_saved(operator, field, value):
    row = own_service()
    before = stored()
    answer = operator.client.post(f"/desk/catalogue/{row.id}/save", form_of(row, **{field: value}))
    assert 400 <= answer.status_code < 500
    assert field in answer.context["errors"]
    assert stored() == before
    assert len(versions(row.id)) == 1


def test_two_people_at_one_service_do_not_overwrite_each_other(operator):
    row = own_service()
    operator.post(f"/desk/catalogue/{row.id}/save", **form_of(row, price_credits_per_unit="3"))
    second = operator.post(f"/desk/catalogue/{row.id}/save", 409, **form_of(row, price_credits_per_unit="4"))
    assert "Somebody else changed this service" in words(second)
    assert service(row.id).price_units == 30_000


def test_a_new_service_comes_off_the_list_until_somebody_puts_it_on_sale(operator):
    code = f"T-{new_readable_code(8)}"
    blank = operator.client.get("/desk/catalogue/new").context["cells"]
    form = blank | {
        "code": code, "name_en": "New", "name_vi": "Mới", "category": "Test", "service_class": "report", "unit_en": "report",
        "unit_vi": "báo cáo", "price_credits_per_unit": "5", "link_kinds": ["site"],
    }  # fmt: skip
    del form["active"]
    operator.post("/desk/catalogue/add", **form)
    row = service_by_code(code)
    assert not row.active
    assert "Another service has this code" in words(operator.post("/desk/catalogue/add", 409, **form))
    Browser(customer(0)).get(f"/services/{code}", 404)
    operator.post(f"/desk/catalogue/{row.id}/availability", active="yes")
    Browser(customer(0)).get(f"/services/{code}")
    operator.post(f"/desk/catalogue/{row.id}/availability", active="no")
    Browser(customer(0)).get(f"/services/{code}", 404)


def test_what_is_exported_comes_back_unchanged_as_csv_and_as_xlsx(operator):
    row = own_service(name_en="=1+1 shop")
    text = b"".join(operator.client.get("/desk/catalogue/export.csv").streaming_content).decode()
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert table[0] == HEADER
    assert set(COLUMNS) <= set(table[0])
    line = next(cells for cells in table if cells[0] == row.code)
    assert line[1] == "'=1+1 shop", "a formula is written as text"
    book = b"".join(operator.client.get("/desk/catalogue/export.xlsx").streaming_content)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[0] == HEADER
    before = stored()
    for content, name in ((text.encode(), "c.csv"), (book, "c.xlsx")):
        checked = operator.client.post("/desk/catalogue/import/check", {"upload": SimpleUploadedFile(name, content)})
        assert checked.status_code == 200, words(checked.content.decode())[:500]
        assert {line.outcome for line in checked.context["lines"]} == {"unchanged"}, name
        operator.post("/desk/catalogue/import/run", source=checked.context["source"], which="all")
    assert stored() == before


def test_the_packaged_file_has_all_its_columns_taken(operator):
    checked = operator.client.post("/desk/catalogue/import/check", {"source": packaged_catalogue()})
    assert len(checked.context["lines"]) == 24
    assert checked.context["problems"] == []


def test_an_import_names_each_wrong_line_and_takes_all_or_only_the_good_ones(operator):
    good, bad = own_service(), own_service()
    text = "\n".join([
        catalogue_text(good).replace(",2.00,", ",7.00,"),
        catalogue_text(bad).split("\n")[1].replace(",2.00,", ",-7,"),
    ])  # fmt: skip
    checked = operator.client.post("/desk/catalogue/import/check", {"source": text})
    said = words(checked.content.decode())
    assert "One line can't be used" in said
    assert "3 price_credits_per_unit This is not an amount of Credits." in said
    assert operator.client.post("/desk/catalogue/import/run", {"source": text, "which": "all"}).status_code == 422
    assert service(good.id).price_units == 20_000
    done = words(operator.post("/desk/catalogue/import/run", source=checked.context["source"], which="good"))
    assert "0 added, 1 changed, 0 unchanged" in done.replace("as before", "unchanged")
    assert (service(good.id).price_units, service(bad.id).price_units) == (70_000, 20_000)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"PK\x03\x04 no book", b"", b"code;name_en\nx;y", b'a,"b'])
def test_a_file_that_is_no_table_is_refused(operator, content):
    before = stored()
    answer = operator.client.post("/desk/catalogue/import/check", {"upload": SimpleUploadedFile("c.csv", content)})
    assert answer.status_code == 422
    assert stored() == before


def test_a_category_has_a_vietnamese_name_and_a_place(operator):
    name = f"Zz {new_readable_code(4)}"
    own_service(category=name)
    operator.post("/desk/catalogue/categories", **{"name": name, "vi-0": "Chăm sóc", "at-0": "9"})
    page = Browser(customer(0)).client.get("/services?lang=vi").content.decode()
    assert "Chăm sóc" in page
    assert name not in words(page)


def test_a_customers_own_price_is_shown_charged_pinned_and_for_nobody_else(operator):
    who, other, row = customer(100), customer(100), own_service()
    page = operator.post(
        f"/desk/catalogue/{row.id}/price", customer=who.email, price="1.5", reason="A hundred orders a week"
    )
    assert "A hundred orders a week" in words(page)
    theirs = Browser(who).client.post(f"/services/{row.code}/price", {"quantity": "10", "link": SITE})
    assert theirs.context["price"].amount == 150_000
    assert "your price" in words(theirs.content.decode())
    mine = placed(who, row.code, 10, link=SITE)
    assert (mine.amount, mine.terms["price_units"]) == (150_000, 15_000)
    assert placed(other, row.code, 10, link=SITE).amount == 200_000
    assert next(one for one in services_for(who.id) if one.id == row.id).price_units == 15_000
    operator.post(f"/desk/catalogue/{row.id}/price", customer=str(who.id), price="", reason="As agreed", back="yes")
    assert placed(who, row.code, 10, link=SITE).amount == 200_000


def test_a_price_that_changed_since_the_form_was_shown_is_asked_again(monkeypatch):
    who, row, boss = customer(100), own_service(), person(Role.OPERATOR)
    request = OrderRequest(row.id, quantity=10, link=SITE, price_id=0)
    set_customer_price(boss, who.id, row.id, "3", "Dearer")
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        place(who, request, key=new_key(), channel="page")
    assert refused.value.code == RefusalCode.TERMS_CHANGED
    # The database is the referee also of what was read a moment before.
    quoted = quote(who, OrderRequest(row.id, quantity=10, link=SITE))
    set_customer_price(boss, who.id, row.id, "4", "Dearer still")
    monkeypatch.setattr("smmatic.orders.actions.quote", lambda *_: quoted)
    with pytest.raises(Refusal) as refused:
        place(who, OrderRequest(row.id, quantity=10, link=SITE), key=new_key(), channel="page")
    assert refused.value.code == RefusalCode.TERMS_CHANGED
    assert ledger_of(who) == before


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"price": "0", "reason": "x"}, "amount_out_of_range"), ({"price": "1e3", "reason": "x"}, "amount_malformed"),
        ({"price": "9000000", "reason": "x"}, "price_too_large"), ({"price": "1", "reason": " "}, "reason_missing"),
        ({"price": "1", "reason": "x", "customer": "nobody@example.test"}, "customer_unknown"),
        ({"price": "1", "reason": "x", "customer": "9" * 18}, "customer_unknown"),
    ],
)  # fmt: skip
def test_a_bad_price_is_refused(operator, fields, code):
    who, row = customer(0), own_service()
    answer = operator.client.post(f"/desk/catalogue/{row.id}/price", {"customer": str(who.id)} | fields)
    assert 400 <= answer.status_code < 500
    assert answer.context["refusals"][0].code == code
    assert next(one for one in services_for(who.id) if one.id == row.id).price_id == 0
