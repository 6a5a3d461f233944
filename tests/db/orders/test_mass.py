"""A mass order: every line checked and priced before anything is charged, confirmed once, carried to its last line."""

import threading
from io import BytesIO

import pytest
import xlsxwriter
from django.db import connection

from smmatic.accounts.rules import Role
from smmatic.catalogue.actions import set_customer_price
from smmatic.credits.queries import wallet
from smmatic.kernel.database import execute, fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.sheets import read_lines, read_sheet
from smmatic.orders import mass_actions
from smmatic.orders.mass_actions import carry_on, carry_on_due, check_batch, confirm_batch
from smmatic.orders.mass_queries import BatchRow, batch_of, lines_of_batch
from smmatic.orders.queries import orders_of
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key, own_service, person, placed

pytestmark = pytest.mark.django_db

SITE = "https://www.myshop.example/"


def rows(text: str):
    return read_lines(text, field="lines", maximum_rows=10_000, separators="|\t;,")


def checked(who, *lines: str) -> BatchRow:
    return check_batch(who, rows("\n".join(lines)), key=new_key())


def codes(batch: BatchRow) -> list[str]:
    return [",".join(f"{why.field}:{why.code}" for why in one.reasons) for one in lines_of_batch(batch.id)]


def test_every_line_is_checked_and_priced_and_nothing_is_charged():
    who = customer(1000)
    before = ledger_of(who)
    batch = checked(
        who, f"TT-ADS | {ADS_ACCOUNT} | 100", "TT-CAMP | https://shopee.vn/tiemhoacuanho | 1", "NO-SUCH | x | 1",
        f"TT-ADS | {ADS_ACCOUNT} | 49", "SP-LIST | https://shopee.vn/tiemhoacuanho | 5x",
        "FB-SCHED | https://www.facebook.com/yourpage | 4 | 60", "FB-SCHED | https://www.facebook.com/yourpage | 4",
        "FB-COPY | https://www.facebook.com/yourpage | a // b // c // d // e", "SP-BANNER | https://shopee.vn/tiemhoa |",
    )  # fmt: skip
    assert codes(batch) == [
        "", "link:link_wrong_platform", "service:service_unknown", "quantity:quantity_too_small",
        "quantity:count_malformed", "", "interval_minutes:field_missing", "", "",
    ]  # fmt: skip
    assert (batch.total, batch.wrong, batch.state) == (9, 5, "checked")
    assert batch.amount == sum(int(credits * 10_000) for credits in (105, 4, 20, 35))
    assert ledger_of(who) == before


def test_all_or_nothing_takes_all_of_them_or_leaves_everything_as_it_is():
    who = customer(300)
    good = checked(who, f"TT-ADS | {ADS_ACCOUNT} | 100", f"TT-ADS | {ADS_ACCOUNT} | 50 | second")
    confirm_batch(who, good.id, all_or_nothing=True)
    assert carry_on(good.id, seconds=5)
    done = batch_of(who, good.id)
    assert (done.state, done.placed, done.charged) == ("placed", 2, 1_575_000)
    assert [order.amount for order in orders_of(who.id)] == [525_000, 1_050_000]
    assert orders_of(who.id)[0].brief == "second"
    before = ledger_of(who)
    dear = checked(who, f"TT-ADS | {ADS_ACCOUNT} | 100", f"TT-ADS | {ADS_ACCOUNT} | 100")
    confirm_batch(who, dear.id, all_or_nothing=True)
    assert carry_on(dear.id, seconds=5)
    assert batch_of(who, dear.id).state == "refused"
    assert codes(dear) == ["None:not_enough_credits"] * 2
    assert ledger_of(who) == before


def test_each_by_itself_takes_the_good_lines_as_far_as_the_credits_reach():
    who = customer(120)
    batch = checked(who, "NO | x | 1", f"TT-ADS | {ADS_ACCOUNT} | 100", f"TT-ADS | {ADS_ACCOUNT} | 60")
    confirm_batch(who, batch.id, all_or_nothing=False)
    assert carry_on(batch.id, seconds=5)
    found = lines_of_batch(batch.id)
    assert [bool(one.order_id) for one in found] == [False, True, False]
    assert codes(batch) == ["service:service_unknown", "", "None:not_enough_credits"]
    assert wallet(who.id).available == 15 * 10_000


def test_with_a_wrong_line_all_or_nothing_is_refused_before_anything_moves():
    who = customer(300)
    batch = checked(who, "NO | x | 1", f"TT-ADS | {ADS_ACCOUNT} | 100")
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        confirm_batch(who, batch.id, all_or_nothing=True)
    assert refused.value.code == RefusalCode.BATCH_WRONG
    assert (ledger_of(who), batch_of(who, batch.id).state) == (before, "checked")


def test_a_mass_order_is_confirmed_once_and_by_its_customer_alone():
    who, batch = customer(300), None
    batch = checked(who, f"TT-ADS | {ADS_ACCOUNT} | 100")
    with pytest.raises(Refusal) as refused:
        confirm_batch(customer(300), batch.id, all_or_nothing=True)
    assert refused.value.code == RefusalCode.NOT_FOUND
    outcomes: list[str] = []
    gate = threading.Barrier(6)

    def run() -> None:
        gate.wait()
        try:
            confirm_batch(who, batch.id, all_or_nothing=True)
            outcomes.append("confirmed")
        except Refusal as refusal:
            outcomes.append(refusal.code.value)
        carry_on(batch.id, seconds=5)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["batch_state"] * 5 + ["confirmed"]
    assert len(orders_of(who.id)) == 1


def test_the_same_key_checks_once():
    who, key = customer(10), new_key()
    first = check_batch(who, rows("A | b | 1"), key=key)
    assert check_batch(who, rows("A | b | 1\nC | d | 2"), key=key).id == first.id


def test_a_process_that_ends_between_placing_and_writing_it_down_costs_nothing(monkeypatch):
    who = customer(300)
    batch = checked(who, *[f"TT-ADS | {ADS_ACCOUNT} | 50" for _ in range(3)], "NO | x | 1")
    confirm_batch(who, batch.id, all_or_nothing=False)

    def dies(*_args, **_kwargs) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(mass_actions, "_keep", dies)
        with pytest.raises(RuntimeError):
            carry_on(batch.id, seconds=5)
    assert len(orders_of(who.id)) == 3, "it had placed them"
    assert batch_of(who, batch.id).placed == 0, "and nobody knows"
    assert not carry_on(batch.id, seconds=5), "while its lease runs nobody else is at it"
    execute(
        "UPDATE orders_batch SET lease_until = now() - interval '1 s', confirmed_at = now() - interval '5 s' WHERE id = %s",
        [batch.id],
    )
    carry_on_due()
    done = batch_of(who, batch.id)
    assert (done.state, done.placed, done.charged) == ("placed", 3, 1_575_000)
    assert len(orders_of(who.id)) == 3


def test_a_worker_goes_on_where_the_page_ended(monkeypatch):
    monkeypatch.setattr(mass_actions, "PART", 2)
    who = customer(1000)
    batch = checked(who, *[f"TT-ADS | {ADS_ACCOUNT} | 50" for _ in range(5)])
    confirm_batch(who, batch.id, all_or_nothing=False)
    assert not carry_on(batch.id, seconds=0)
    assert batch_of(who, batch.id).placed == 2
    execute("UPDATE orders_batch SET confirmed_at = now() - interval '5 s' WHERE id = %s", [batch.id])
    carry_on_due()
    assert (batch_of(who, batch.id).state, len(orders_of(who.id))) == ("placed", 5)


def test_two_lines_for_one_link_are_warned_of_or_refused_by_the_rule_of_the_service():
    who, warns, refuses = customer(100), own_service(), own_service(overlap="refuse")
    mine = placed(who, warns.code, 1, link=SITE)
    batch = checked(
        who, f"{warns.code} | {SITE} | 1", f"{warns.code} | {SITE} | 2", f"{refuses.code} | {SITE} | 1",
        f"{refuses.code} | {SITE}?utm_source=x | 1", f"{refuses.code} | https://other.example | 1",
    )  # fmt: skip
    found = [one.check for one in lines_of_batch(batch.id)]
    assert [(one.overlap, one.twice) for one in found[:2]] == [(mine.id, None), (mine.id, 1)]
    assert codes(batch) == ["", "", "", "link:line_twice", ""]
    other = own_service(overlap="refuse")
    mine = placed(who, other.code, 1, link=SITE)
    assert codes(checked(who, f"{other.code} | {SITE} | 1")) == ["link:order_overlaps"]


def test_an_order_that_came_in_between_stops_only_its_own_line():
    who, row = customer(100), own_service(overlap="refuse")
    batch = checked(who, *[f"{row.code} | https://{name}.example | 1" for name in ("one", "two", "three")])
    placed(who, row.code, 1, link="https://two.example/")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smmatic.orders.actions.overlapping", lambda *_: None)
        confirm_batch(who, batch.id, all_or_nothing=False)
        carry_on(batch.id, seconds=5)
    assert [bool(one.order_id) for one in lines_of_batch(batch.id)] == [True, False, True]
    assert codes(batch)[1] == "link:order_overlaps"


def test_own_prices_are_checked_shown_and_charged():
    who, row = customer(100), own_service()
    set_customer_price(person(Role.OPERATOR), who.id, row.id, "1", "Volume")
    batch = checked(who, f"{row.code} | {SITE} | 3")
    assert batch.amount == 30_000
    confirm_batch(who, batch.id, all_or_nothing=True)
    carry_on(batch.id, seconds=5)
    assert batch_of(who, batch.id).charged == 30_000


def test_terms_that_changed_after_the_check_are_asked_again():
    who, row = customer(100), own_service()
    batch = checked(who, f"{row.code} | {SITE} | 3")
    set_customer_price(person(Role.OPERATOR), who.id, row.id, "5", "Dearer")
    before = ledger_of(who)
    confirm_batch(who, batch.id, all_or_nothing=True)
    carry_on(batch.id, seconds=5)
    assert codes(batch) == ["None:terms_changed"]
    assert ledger_of(who) == before


def test_a_table_with_heads_in_any_order_and_language_is_read_from_xlsx():
    who = customer(100)
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer)
    page = book.add_worksheet()
    for at, cells in enumerate([
        ["Số lượng", "ghi chú của tôi", "Dịch vụ", "Đường dẫn", "mô tả"],
        [5, "=1+1", "sp-list", "https://shopee.vn/tiemhoacuanho", "Từ khoá"],
        ["", "", "", "", ""],
        [7.5, "", "SP-LIST", "https://shopee.vn/tiemhoacuanho", ""],
    ]):  # fmt: skip
        page.write_row(at, 0, cells)
    book.close()
    batch = check_batch(
        who, read_sheet(buffer.getvalue(), field="upload", maximum_rows=100), key=new_key(), name="a.xlsx"
    )
    found = lines_of_batch(batch.id)
    assert [(one.line.number, one.line.quantity, one.line.brief) for one in found] == [
        (2, "5", "Từ khoá"),
        (4, "7.5", ""),
    ]
    assert codes(batch) == ["", "quantity:count_malformed"]


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\xff\xfe", b"", b"  \n ", b"a,b\x00"])
def test_what_is_no_table_is_refused(content):
    with pytest.raises(Refusal) as refused:
        read_sheet(content, field="upload", maximum_rows=10)
    assert refused.value.code in (RefusalCode.SHEET_UNREADABLE, RefusalCode.SHEET_EMPTY)


def test_more_lines_than_one_mass_order_takes_are_refused():
    with pytest.raises(Refusal) as refused:
        rows("\n".join(["A | b | 1"] * 10_002))
    assert refused.value.code == RefusalCode.SHEET_TOO_LARGE
    assert fetch_all("SELECT count(*) AS n FROM orders_batch WHERE total > 10000")[0]["n"] == 0
