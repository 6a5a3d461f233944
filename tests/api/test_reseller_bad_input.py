"""Hostile input to API v2: an error word with status 200, and no row changed."""

import json

import pytest

from tests.api.reseller_clients import FORM, ads, number_of, reseller
from tests.builders import ADS_ACCOUNT, ledger_of, new_key

pytestmark = pytest.mark.django_db

REQUEST, LINK, SERVICE = "Incorrect request", "Incorrect link", "Incorrect service ID"
FEW, MANY = "Quantity less than minimal 50", "Quantity more than maximum 10000"


@pytest.fixture(scope="module")
def who(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield reseller(5000)


FORMS = [
    # what is wrong, the changed fields, the error, the code
    ("full-width digits", {"quantity": "１００"}, REQUEST, "count_malformed"),
    ("Arabic digits", {"quantity": "١٠٠"}, REQUEST, "count_malformed"),
    ("underscore", {"quantity": "1_000"}, REQUEST, "count_malformed"),
    ("sign", {"quantity": "+100"}, REQUEST, "count_malformed"),
    ("negative", {"quantity": "-100"}, REQUEST, "count_malformed"),
    ("fraction", {"quantity": "100.5"}, REQUEST, "count_malformed"),
    ("exponent", {"quantity": "1e400"}, REQUEST, "count_malformed"),
    ("blanks", {"quantity": " 100"}, REQUEST, "count_malformed"),
    ("5,000 digits", {"quantity": "9" * 5000}, REQUEST, "count_malformed"),
    ("NUL in the quantity", {"quantity": "100\x00"}, REQUEST, "count_malformed"),
    ("no quantity", {"quantity": ""}, REQUEST, "field_missing"),
    ("zero", {"quantity": "0"}, FEW, "quantity_too_small"),
    ("too few", {"quantity": "49"}, FEW, "quantity_too_small"),
    ("too many", {"quantity": "10001"}, MANY, "quantity_too_large"),
    ("no service", {"service": ""}, SERVICE, "service_unknown"),
    ("no such code", {"service": "TT-NOTHING"}, SERVICE, "service_unknown"),
    ("service above bigint", {"service": str(2**63)}, SERVICE, "service_unknown"),
    ("service in full-width digits", {"service": "１"}, SERVICE, "service_unknown"),
    ("service of 5,000 digits", {"service": "1" * 5000}, SERVICE, "service_unknown"),
    ("no link", {"link": ""}, LINK, "link_missing"),
    ("link with NUL", {"link": "https://tiktok.com/\x00"}, LINK, None),
    ("link of 5,000 characters", {"link": "https://tiktok.com/" + "a" * 5000}, LINK, None),
    ("link with bidi", {"link": "https://tiktok.com/\u202ex"}, LINK, "link_hidden_character"),
    ("link to loopback", {"link": "http://127.0.0.1/"}, LINK, None),
    ("link of another platform", {"link": "https://shopee.vn/yourshop"}, LINK, "link_wrong_platform"),
    ("runs where there are none", {"runs": "2"}, REQUEST, "field_unknown"),
    ("comments where there are none", {"comments": "a"}, REQUEST, "field_unknown"),
    ("brief with NUL", {"brief": "a\x00b"}, REQUEST, "text_forbidden_characters"),
    ("brief too long", {"brief": "x" * 5001}, REQUEST, "text_too_long"),
    ("price from the client", {"rate": "0.01"}, REQUEST, "field_unknown"),
    ("customer from the client", {"customer_id": "1"}, REQUEST, "field_unknown"),
    ("mistyped field", {"idempotency-key": "abcdefgh"}, REQUEST, "field_unknown"),
    ("short key", {"idempotency_key": "short"}, REQUEST, "idempotency_key_malformed"),
    ("key with NUL", {"idempotency_key": "abcdefgh\x00"}, REQUEST, "idempotency_key_malformed"),
    ("force as a word", {"force": "yes"}, REQUEST, "field_invalid"),
    ("start_now in full-width", {"start_now": "１"}, REQUEST, "field_invalid"),
    ("unknown action", {"action": "refund"}, REQUEST, "action_unknown"),
    ("action with NUL", {"action": "add\x00"}, REQUEST, "action_unknown"),
    ("no action", {"action": ""}, REQUEST, "action_unknown"),
]


@pytest.mark.parametrize(("changes", "error", "code"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_a_bad_form_is_refused_with_the_fields_word_and_changes_nothing(who, changes, error, code):
    before = ledger_of(who.person)
    told = who.form(**({"action": "add"} | ads() | changes))
    assert told["error"] == error, told
    assert code is None or told["code"] == code
    assert told["message"]
    assert told["next"]
    assert ledger_of(who.person) == before


def raw(who, **changes: str) -> str:
    fields = {"key": json.dumps(who.secret), "action": '"add"', "service": str(number_of("TT-ADS")), "quantity": "100",
              "link": json.dumps(ADS_ACCOUNT)} | changes  # fmt: skip
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


JSONS = [
    ("true as 1", {"service": "true"}, SERVICE),
    ("quantity true", {"quantity": "true"}, REQUEST),
    ("1e400", {"quantity": "1e400"}, REQUEST),
    ("1e2", {"quantity": "1e2"}, REQUEST),
    ("100.0", {"quantity": "100.0"}, REQUEST),
    ("NaN", {"quantity": "NaN"}, REQUEST),
    ("minus Infinity", {"quantity": "-Infinity"}, REQUEST),
    ("5,000 digits", {"quantity": "9" * 5000}, REQUEST),
    ("list", {"quantity": "[100]"}, REQUEST),
    ("object", {"link": '{"a": 1}'}, LINK),
    ("object with a field twice", {"link": '{"a": 1, "a": 2}'}, REQUEST),
    ("link as true", {"link": "true"}, LINK),
    ("link with half a surrogate", {"link": '"https://tiktok.com/\\ud800"'}, LINK),
    ("link with NUL", {"link": '"\\u0000"'}, LINK),
    ("comments as a list", {"comments": '["a", "b"]'}, REQUEST),
    ("nested 100,000 deep", {"link": "[" * 100_000 + "]" * 100_000}, REQUEST),
    ("force as 2", {"force": "2"}, REQUEST),
    ("force as 1.0", {"force": "1.0"}, REQUEST),
    ("idempotency key as a number", {"idempotency_key": "12345678"}, REQUEST),
    ("action as a list", {"action": '["add"]'}, REQUEST),
    ("field name with NUL", {"a\\u0000": "1"}, REQUEST),
    ("field name with half a surrogate", {"\\ud800": "1"}, REQUEST),
    ("field name of 5,000 characters", {"x" * 5000: "1"}, REQUEST),
]


@pytest.mark.parametrize(("changes", "error"), [row[1:] for row in JSONS], ids=[row[0] for row in JSONS])
def test_bad_json_is_refused_with_the_fields_word_and_changes_nothing(who, changes, error):
    before = ledger_of(who.person)
    told = who.body(raw(who, **changes), "application/json")
    assert told["error"] == error, told
    assert ledger_of(who.person) == before


BODIES = [
    ("nothing", b"", FORM),
    ("half of an object", b'{"key": ', "application/json"),
    ("a list", b"[1]", "application/json"),
    ("null", b"null", "application/json"),
    ("latin-1", '{"key": "caf\xe9"}'.encode("latin-1"), "application/json"),
    ("utf-16", '{"key": "a"}'.encode("utf-16"), "application/json"),
    ("a form that is not UTF-8", b"key=%ff%fe&action=balance", FORM),
    ("raw bytes in a form", b"key=\xff&action=balance", FORM),
    ("more fields than anybody has", b"&".join(b"f%d=1" % n for n in range(2000)), FORM),
    ("only ampersands", b"&" * 100_000, FORM),
    (
        "a file",
        b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nsmm_\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    ("another type", b"key=1", "text/plain"),
    ("no sense", b"\x00\x01\x02", "application/octet-stream"),
]


@pytest.mark.parametrize(("body", "kind"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_a_body_of_another_kind_is_an_error_with_status_200(who, body, kind):
    assert who.body(body, kind)["error"] in (REQUEST, "Invalid API key")


def test_a_field_that_comes_twice_is_refused_in_both_forms(who):
    before = ledger_of(who.person)
    twice = who.body(raw(who)[:-1] + ', "quantity": 200}', "application/json")
    assert (twice["error"], twice["code"], twice["field"]) == (REQUEST, "field_twice", "quantity")
    form = who.body(
        f"key={who.secret}&action=add&service={number_of('TT-ADS')}&link={ADS_ACCOUNT}&quantity=100&quantity=200"
    )
    assert (form["error"], form["code"], form["field"]) == (REQUEST, "field_twice", "quantity")
    assert who.body(f"key={who.secret}&key={who.secret}&action=balance")["code"] == "field_twice"
    assert ledger_of(who.person) == before


def test_a_huge_body_is_an_error_with_status_200(who, settings):
    before = ledger_of(who.person)
    told = who.form("add", **ads(brief="x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
    assert (told["error"], told["code"]) == (REQUEST, "body_too_large")
    assert ledger_of(who.person) == before


@pytest.mark.parametrize(
    "ids", ["", ",", "1,,2", "true", "1e3", "１", "-1", "0", str(2**63), "9" * 5000, "\x00", "' OR 1=1 --", "1;2"]
)
@pytest.mark.parametrize("action", ["status", "cancel"])
def test_odd_ids_are_incorrect_ones(who, action, ids):
    told = who.form(action, orders=ids)
    if isinstance(told, dict) and "error" in told:
        assert told["error"] == REQUEST
    else:
        rows = [row["cancel"] for row in told] if isinstance(told, list) else list(told.values())
        assert all(row == {"error": "Incorrect order ID"} for row in rows)
    assert who.form(action, order=ids)


@pytest.mark.parametrize("ids", [True, 1.0, [True], [1.5], [[1]], {"1": 1}, None, []])
def test_odd_ids_in_json_are_refused(who, ids):
    told = who.json("status", orders=ids)
    assert told == {} or told["error"] in (REQUEST, "Incorrect order ID")


def test_the_control_the_good_order_passes_in_both_forms_and_the_comparison_sees_it(who):
    before = ledger_of(who.person)
    assert who.body(raw(who, idempotency_key=f'"{new_key()}"'), "application/json")["order"]
    assert ledger_of(who.person) != before
    assert who.form("add", **ads(idempotency_key=new_key()))["order"]
    mistaken = who.body(raw(who, idempotency_key=f'"{new_key()}"'), FORM)
    assert mistaken["order"], "JSON that calls itself a form"
    texts = {name: str(value) for name, value in ads().items()}
    assert who.json("add", **texts, idempotency_key=new_key())["order"], "JSON with numbers as text"
