"""Bad input on each field of each type of service: its field, a code, a sentence; nothing changed in the whole ledger."""

from typing import Any

import pytest
from django.conf import settings

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import service_by_code
from smmatic.catalogue.rules import ServiceType
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.orders.actions import OrderRequest, keep_file, place
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key

pytestmark = pytest.mark.django_db

PAGE = "https://www.facebook.com/yourpage"
SHOP = "https://shopee.vn/tiemhoacuanho"
GOOD: dict[str, dict[str, Any]] = {
    "TT-ADS": {"link": ADS_ACCOUNT, "quantity": "100"},
    "SP-BANNER": {"link": SHOP},
    "FB-COPY": {"link": PAGE, "texts": "a\nb\nc\nd\ne"},
    "FB-SCHED": {"link": PAGE, "runs": "5", "interval_minutes": "60"},
    "ANY-PHOTO": {"quantity": "5", "brief": "White background"},
    "TS-UPLOAD": {"link": "https://www.tiktok.com/shop/store/your-shop/7495123456789012345", "quantity": "20"},
}
"""A good order of each type, and of services with steps and with files instead of a link."""

NUMBERS: list[object] = [
    "1_000", "１００", "٣٠٠", "1e3", "-5", "+5", "5.0", " ", "9" * 40, "0x10", "0", True, 1.5, float("inf"), [5], {"a": 1}, "5\x00",
]  # fmt: skip
LINKS: list[object] = [
    "", "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1", "http://user:secret@example.com/",
    "javascript:alert(1)", "https://exa\u200bmple.com", "https://example.com/\u202e", "https://example.com/" + "a" * 5000,
    "https://example.com:8080/", "a\x00b", "https://ｅxample.com", "https://vnshopee.vn.evil.example\\@x", 5, None, ["https://example.com"],
]  # fmt: skip
TEXTS: list[object] = [
    "",
    "one",
    "x\n" * 101,
    "a\x00\nb\nc\nd\ne",
    "\u202e\n" * 5,
    "x" * 5001 + "\nb\nc\nd\ne",
    [1, 2, 3, 4, 5],
    7,
]
BRIEFS: list[object] = ["x" * 5001, "a\x00b", "a\u202eb", "a\u200bb", 5, ["x"]]

CASES = [
    ("TT-ADS", "quantity", [*NUMBERS, "49", "10001", ""]), ("TT-ADS", "link", [*LINKS, SHOP, "12"]),
    ("TT-ADS", "brief", BRIEFS), ("TT-ADS", "texts", ["x"]), ("TT-ADS", "runs", ["5"]), ("TT-ADS", "interval_minutes", ["5"]),
    ("SP-BANNER", "quantity", [*NUMBERS, "2"]), ("SP-BANNER", "link", [*LINKS, PAGE, "https://shopee.vn/product/12/34"]),
    ("SP-BANNER", "brief", BRIEFS), ("SP-BANNER", "texts", ["x"]), ("SP-BANNER", "runs", ["5"]),
    ("SP-BANNER", "interval_minutes", ["5"]),
    ("FB-COPY", "texts", TEXTS), ("FB-COPY", "link", [*LINKS, SHOP]), ("FB-COPY", "quantity", ["4", "6", "x", True]),
    ("FB-COPY", "brief", BRIEFS), ("FB-COPY", "runs", ["5"]), ("FB-COPY", "interval_minutes", ["5"]),
    ("FB-SCHED", "runs", [*NUMBERS, "3", "61"]), ("FB-SCHED", "interval_minutes", [*NUMBERS, "", "43201"]),
    ("FB-SCHED", "link", [*LINKS, SHOP]), ("FB-SCHED", "brief", BRIEFS), ("FB-SCHED", "texts", ["x"]),
    ("FB-SCHED", "quantity", ["4", "x"]), ("ANY-PHOTO", "brief", [*BRIEFS, ""]),
    ("ANY-PHOTO", "quantity", [*NUMBERS, "4", "301"]),
    ("ANY-PHOTO", "link", [one for one in LINKS if one not in ("", None)]), ("TS-UPLOAD", "quantity", ["15", "21"]),
    *((code, "file_ids", [(2**62,), (0,), (-1,)]) for code in GOOD),
]  # fmt: skip
FIELDS = {"link", "quantity", "texts", "runs", "interval_minutes", "brief", "file_ids"}
"""What a customer fills in; whether it begins at once is a box that is ticked or not."""


def whole_ledger() -> list[dict[str, Any]]:
    """How much there is of everything that an order moves, of everybody."""
    return fetch_all(
        "SELECT (SELECT count(*) FROM orders_order) AS orders, (SELECT count(*) FROM credits_transfer) AS transfers,"
        " (SELECT count(*) FROM credits_charge) AS charges, (SELECT count(*) FROM credits_grant_use) AS uses,"
        " (SELECT coalesce(sum(available), 0) FROM credits_account) AS available,"
        " (SELECT coalesce(sum(held), 0) FROM credits_account) AS held, (SELECT count(*) FROM orders_event) AS events,"
        " (SELECT count(*) FROM orders_file) AS files"
    )


def asked(who: Person, code: str, **fields: Any) -> None:
    service = service_by_code(code)
    assert service is not None
    place(who, OrderRequest(service.id, **(GOOD[code] | fields)), key=new_key(), channel="page")


@pytest.mark.parametrize(("code", "field", "values"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_value_is_refused_at_its_field_and_nothing_moves(code: str, field: str, values: list[object]) -> None:
    who = customer(2000)
    before, all_before = ledger_of(who), whole_ledger()
    for value in values:
        with pytest.raises((Refusal, Refusals)) as refused:
            asked(who, code, **{field: value})
        found = refused.value.refusals if isinstance(refused.value, Refusals) else [refused.value]
        where = {one.field for one in found}
        # Runs that no one can count are told at the runs; nothing to work with is told at the description.
        assert (
            field in where
            or (field, where) == ("file_ids", {"files"})
            or where == {"brief"}
            or (field == "quantity" and where == {"runs"})
        ), (value, where)
        for one in found:
            assert 400 <= one.status < 500, value
            assert one.sentence, value
            assert one.next_step, value
            assert "%(" not in one.sentence + one.next_step, value
    assert ledger_of(who) == before
    assert whole_ledger() == all_before


def test_every_field_of_every_type_has_bad_values() -> None:
    covered: dict[str, set[str]] = {}
    for code, field, _values in CASES:
        service = service_by_code(code)
        assert service is not None
        covered.setdefault(service.type, set()).add(field)
    assert covered == dict.fromkeys(ServiceType, FIELDS)


def test_a_bad_upload_and_anothers_file_are_refused_and_nothing_moves() -> None:
    who, stranger = customer(2000), customer()
    theirs = keep_file(stranger, name="brief.txt", content=b"theirs")
    before, all_before = ledger_of(who), whole_ledger()
    for name, content in (
        ("page.html", b"<script>alert(1)</script>"), ("run.exe", b"MZ\x90\x00"), ("photo.jpg", b"no photo"), ("empty.txt", b""),
        ("big.txt", b"x" * (settings.SMMATIC_MAX_FILE_BYTES + 1)),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            keep_file(who, name=name, content=content)
        assert refused.value.field == "files", name
        assert refused.value.sentence, name
        assert refused.value.next_step, name
    with pytest.raises(Refusal) as refused:
        asked(who, "ANY-PHOTO", file_ids=(theirs.id,))
    assert (refused.value.code, refused.value.field) == (RefusalCode.NOT_FOUND, "files")
    assert ledger_of(who) == before
    assert whole_ledger() == all_before


def test_control_the_good_orders_are_placed() -> None:
    who = customer(2000)
    before = whole_ledger()[0]
    for code in GOOD:
        asked(who, code)
    assert whole_ledger()[0]["orders"] == before["orders"] + len(GOOD)


def test_several_wrong_fields_are_told_at_once() -> None:
    who = customer(100)
    with pytest.raises(Refusals) as refused:
        asked(who, "FB-SCHED", link=SHOP, runs="3", interval_minutes="0", brief="a\x00")
    assert {one.field for one in refused.value.refusals} == {"link", "runs", "interval_minutes", "brief"}
