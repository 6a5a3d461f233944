"""Bad input: a 4xx with field, code and a sentence that says what to do; no row, no Credit changed; never a 5xx."""

import json

import pytest

from tests.api.clients import Api, order_body, place, rich
from tests.builders import ADS_ACCOUNT, ledger_of, new_key

pytestmark = pytest.mark.django_db

DEEP = "[" * 100_000 + "]" * 100_000
GOOD = {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT}


def raw(**changes: str) -> str:
    """The good order with fields replaced by raw JSON, so that also what json.dumps can't write can be sent."""
    fields = {name: json.dumps(value) for name, value in GOOD.items()} | changes
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


BODIES = [
    # id, body, status, code, field
    ("empty", "", 422, "field_missing", "body"),
    ("no json", "hello", 400, "json_malformed", None),
    ("half", '{"service": "TT-ADS"', 400, "json_malformed", None),
    ("list", "[1]", 400, "json_malformed", None),
    ("text", '"x"', 400, "json_malformed", None),
    ("null", "null", 400, "json_malformed", None),
    ("deep", DEEP, 400, "json_malformed", None),
    ("deep in a field", raw(link=DEEP[1000:199_000]), 400, "json_malformed", None),
    ("latin-1", raw(brief='"caf\xe9"').encode("latin-1"), 400, "json_malformed", None),
    ("utf-16", raw().encode("utf-16"), 400, "json_malformed", None),
    ("byte order mark", b"\xef\xbb\xbf" + raw().encode(), 400, "json_malformed", None),
    ("NaN", raw(quantity="NaN"), 400, "json_malformed", None),
    ("Infinity", raw(quantity="-Infinity"), 400, "json_malformed", None),
    ("5000 digits", raw(quantity="9" * 5000), 400, "json_malformed", None),
    ("duplicate key", raw()[:-1] + ', "quantity": 5}', 400, "field_twice", "quantity"),
    ("duplicate key inside", raw(link='{"a": 1, "a": 2}'), 400, "field_twice", "a"),
    ("control character in a string", raw(brief='"a\x01b"'), 400, "json_malformed", None),
    ("1e400", raw(quantity="1e400"), 422, "count_malformed", "quantity"),
    ("float", raw(quantity="100.0"), 422, "count_malformed", "quantity"),
    ("fraction", raw(quantity="100.5"), 422, "count_malformed", "quantity"),
    ("true", raw(quantity="true"), 422, "count_malformed", "quantity"),
    ("digits in text", raw(quantity='"100"'), 422, "count_malformed", "quantity"),
    ("full-width digits", raw(quantity='"１００"'), 422, "count_malformed", "quantity"),
    ("underscore", raw(quantity='"1_00"'), 422, "count_malformed", "quantity"),
    ("negative", raw(quantity="-100"), 422, "count_malformed", "quantity"),
    ("zero", raw(quantity="0"), 422, "quantity_too_small", "quantity"),
    ("too small", raw(quantity="49"), 422, "quantity_too_small", "quantity"),
    ("too large", raw(quantity="10001"), 422, "quantity_too_large", "quantity"),
    ("above 64 bits", raw(quantity=str(2**64)), 422, "count_malformed", "quantity"),
    ("list for a number", raw(quantity="[100]"), 422, "count_malformed", "quantity"),
    ("no quantity", raw(quantity="null"), 422, "field_missing", "quantity"),
    ("runs where there are none", raw(runs="3"), 422, "field_unknown", "runs"),
    ("texts where there are none", raw(texts='["a"]'), 422, "field_unknown", "texts"),
    ("price from the client", raw(price="1"), 422, "field_unknown", "price"),
    ("customer from the client", raw(customer_id="1"), 422, "field_unknown", "customer_id"),
    ("status from the client", raw(status='"completed"'), 422, "field_unknown", "status"),
    ("no service", raw(service="null"), 422, "field_invalid", "service"),
    ("service as a number", raw(service="1"), 422, "field_invalid", "service"),
    ("unknown service", raw(service='"NO-SUCH"'), 404, "service_unknown", "service"),
    ("service with NUL", raw(service='"TT-ADS\\u0000"'), 404, "service_unknown", "service"),
    ("service in capitals of another alphabet", raw(service='"ТT-ADS"'), 404, "service_unknown", "service"),
    ("long service", raw(service=json.dumps("x" * 10_000)), 422, "text_too_long", "service"),
    ("start_now as text", raw(start_now='"yes"'), 422, "field_invalid", "start_now"),
    ("start_now as a number", raw(start_now="1"), 422, "field_invalid", "start_now"),
    ("files as a number", raw(files="1"), 422, "field_invalid", "files"),
    ("files as text", raw(files='["1"]'), 422, "count_malformed", "files.0"),
    ("file zero", raw(files="[0]"), 422, "number_out_of_range", "files.0"),
    ("file above bigint", raw(files=f"[{2**63}]"), 422, "number_out_of_range", "files.0"),
    ("no such file", raw(files="[999999999]"), 404, "not_found", "files"),
    ("too many files", raw(files=json.dumps(list(range(1, 100)))), 422, "field_invalid", "files"),
    ("terms as text", raw(terms_version='"1"'), 422, "count_malformed", "terms_version"),
    ("terms above bigint", raw(terms_version=str(2**70)), 409, "terms_changed", None),
    ("policy above bigint", raw(policy_version_id=str(2**70)), 409, "policy_changed", None),
    ("link missing", raw(link="null"), 422, "link_missing", "link"),
    ("link as a number", raw(link="7012345678901234500"), 422, "field_invalid", "link"),
    ("link with NUL", raw(link='"https://tiktok.com/\\u0000"'), 422, "link_control_character", "link"),
    ("link with a line break", raw(link='"https://tiktok.com/\\nx"'), 422, None, "link"),
    ("link with zero width", raw(link='"https://tik\\u200btok.com/x"'), 422, "link_hidden_character", "link"),
    ("link with bidi", raw(link='"https://tiktok.com/\\u202ex"'), 422, "link_hidden_character", "link"),
    ("link with half a surrogate", raw(link='"https://tiktok.com/\\ud800"'), 422, None, "link"),
    ("link of full-width digits", raw(link='"７０１２３４５６７８９０１２３４５００"'), 422, None, "link"),
    (
        "link to loopback",
        raw(service='"FB-PIXEL"', quantity="1", link='"http://127.0.0.1/"'),
        422,
        "link_loopback",
        "link",
    ),
    (
        "link to metadata",
        raw(service='"FB-PIXEL"', quantity="1", link='"http://169.254.169.254/"'),
        422,
        "link_metadata_address",
        "link",
    ),
    (
        "link with a password",
        raw(service='"FB-PIXEL"', quantity="1", link='"https://u:p@example.com/"'),
        422,
        "link_credentials",
        "link",
    ),
    (
        "link that runs",
        raw(service='"FB-PIXEL"', quantity="1", link='"javascript:alert(1)"'),
        422,
        "link_scheme",
        "link",
    ),
    (
        "link of 5,000 characters",
        raw(link=json.dumps("https://tiktok.com/" + "a" * 5_000)),
        422,
        "text_too_long",
        "link",
    ),
    ("brief with NUL", raw(brief='"a\\u0000b"'), 422, "text_forbidden_characters", "brief"),
    ("brief with bidi", raw(brief='"a\\u202eb"'), 422, "text_forbidden_characters", "brief"),
    ("brief with half a surrogate", raw(brief='"a\\udc00b"'), 422, "text_forbidden_characters", "brief"),
    ("brief too long", raw(brief=json.dumps("x" * 5_001)), 422, "text_too_long", "brief"),
    ("field name with NUL", raw(**{"a\\u0000b": "1"}), 422, "field_unknown", "a?b"),
    ("field name of 5,000 characters", raw(**{"x" * 5_000: "1"}), 422, "field_unknown", "x" * 60),
    ("field name with half a surrogate", raw(**{"\\ud800": "1"}), 422, "text_forbidden_characters", "body"),
]


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield rich()


@pytest.mark.parametrize(
    ("body", "status", "code", "field"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES]
)
def test_a_bad_order_is_refused_with_its_reason_and_nothing_is_charged(shared, body, status, code, field):
    who, api = shared
    before = ledger_of(who)
    answer = api.post("/orders", body, key=new_key())
    assert answer.status == status, answer.body
    assert code is None or answer.code == code, answer.body
    assert answer.field == field
    assert answer.body["error"]["message"]
    assert answer.body["error"]["next"]
    assert answer.body["errors"][0] == answer.body["error"]
    assert ledger_of(who) == before
    quoted = api.post("/quotes", body)
    assert 400 <= quoted.status < 500
    assert ledger_of(who) == before


def test_the_control_the_good_order_passes_and_the_comparison_sees_it():
    who, api = rich()
    before = ledger_of(who)
    assert api.post("/orders", raw(), key=new_key()).status == 201
    assert ledger_of(who) != before


def test_all_fields_are_refused_at_once(shared):
    _who, api = shared
    answer = api.post("/orders", order_body(quantity=1, link="https://tiktok.com/@x", brief="\x00"), key=new_key())
    assert {problem["field"] for problem in answer.body["errors"]} == {"quantity", "link", "brief"}


KEYS = [None, "", "short", "a" * 101, "with space", "ключ-ключ", "new\tline1", "' OR 1=1 --", "key-12345,key-12345"]


@pytest.mark.parametrize("key", KEYS)
def test_an_order_needs_a_good_idempotency_key(shared, key):
    who, api = shared
    before = ledger_of(who)
    answer = api.post("/orders", order_body(), key=key)
    assert (answer.status, answer.field) == (400, "Idempotency-Key")
    assert answer.code == ("idempotency_key_missing" if not key else "idempotency_key_malformed")
    assert ledger_of(who) == before


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
        "x",
        "application/json;;;=\x00",
    ],
)
def test_a_body_must_say_that_it_is_json(shared, kind):
    who, api = shared
    before = ledger_of(who)
    answer = api.post("/orders", raw(), key=new_key(), content_type=kind)
    assert answer.status == 415 if "\x00" not in kind else answer.status in (201, 415)
    if answer.status == 415:
        assert answer.code == "body_type"
        assert ledger_of(who) == before


def test_a_body_above_its_limit_is_413(shared, settings):
    who, api = shared
    before = ledger_of(who)
    answer = api.post("/orders", raw(brief=json.dumps("x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)), key=new_key())
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert ledger_of(who) == before
    assert api.upload("large.txt", b"x" * (settings.SMMATIC_MAX_FILE_BYTES + 1)).status == 413
    assert api.upload("huge.txt", b"x" * (settings.SMMATIC_MAX_FILE_BYTES + 200_000)).code == "body_too_large"


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=101", "limit=99999999999999999999", "limit=１", "limit=1_0", "limit=+5", "limit= 5", "limit=", "limit=1e2",
     "cursor=0", "cursor=-1", "cursor=x", "cursor=", "cursor=9223372036854775808", "cursor=１２", "cursor=1&cursor=2", "cursor=%00",
     "status=done", "status=%00", "search=%00", "search=%E2%80%AE", "search=" + "x" * 300, "unknown=1", "limit[]=1"],
)  # fmt: skip
def test_a_bad_query_is_refused(shared, query):
    _who, api = shared
    for path in ("/orders", "/refunds", "/statement", "/deposits"):
        answer = api.get(f"{path}?{query}")
        assert 400 <= answer.status < 500
        assert answer.field


@pytest.mark.parametrize("search", ["%25", "_", "%27%20OR%201=1", "%5C", "*", "(", "%F0%9F%98%80", "&search="])
def test_an_odd_search_finds_nothing_and_breaks_nothing(shared, search):
    _who, api = shared
    assert api.get(f"/orders?search={search}").status in (200, 400)


@pytest.mark.parametrize(
    "path",
    ["/orders/0", "/orders/-1", "/orders/abc", "/orders/１", "/orders/1.0", "/orders/9223372036854775808", "/orders/" + "9" * 5000, "/orders/%00",
     "/orders/1/", "/orders//1", "/order", "/", "//", "/../admin", "/orders/1/cancel/x", "/services/%00", "/services/" + "x" * 5000, "/files/1/../1"],
)  # fmt: skip
def test_an_unknown_address_is_404_in_json_for_every_verb(shared, path):
    _who, api = shared
    for method in ("get", "post", "put", "patch", "delete"):
        answer = api.call(method, path, {})
        assert answer.status in (404, 405, 200), (method, path, answer.status)
        if answer.status != 200:
            assert answer.code in ("not_found", "service_unknown", "method_not_allowed")
        else:
            assert path == "/"


def test_other_verbs_are_405_in_json_and_say_which_are_taken(shared):
    _who, api = shared
    for path, allowed in (("/orders", "GET, POST"), ("/balance", "GET"), ("/transfers", "POST"), ("/policy", "GET")):
        for method in ("put", "patch", "delete", "options", "foo"):
            answer = api.call(method, path, {})
            assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", allowed)


@pytest.mark.parametrize("path", ["cancel", "stop"])
def test_a_request_without_a_body_takes_none(path):
    who, api = rich()
    number = place(api)
    before = ledger_of(who)
    answer = api.post(f"/orders/{number}/{path}", {"units": 5})
    assert (answer.status, answer.code, answer.field) == (422, "field_unknown", "units")
    assert ledger_of(who) == before
    assert api.post(f"/orders/{number}/cancel", {}).status == 200


def test_uploads_are_judged_by_content_and_take_one_file(shared):
    _who, api = shared
    assert api.upload("page.html", b"<script>").code == "file_kind"
    assert api.upload("picture.png", b"<script>").code == "file_kind"
    assert api.upload("note.txt", b"\xff\xfe\x00").code == "file_kind"
    assert api.upload("empty.txt", b"").status == 422
    assert api.post("/files", {"file": "x"}).status == 415
    for body in (
        b"--x\r\n",
        b"nothing",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00"\r\n\r\nx\r\n--x--\r\n',
    ):
        answer = api.post("/files", body, content_type="multipart/form-data; boundary=x")
        assert 400 <= answer.status < 500
    assert api.post("/files", b"x", content_type="multipart/form-data").status in (400, 415, 422)


def test_messages_and_notes_are_checked_like_every_text():
    _who, api = rich()
    number = place(api)
    for text, code in (
        ("", "field_missing"),
        ("a\x00b", "text_forbidden_characters"),
        ("x" * 5001, "text_too_long"),
        (5, "field_invalid"),
    ):
        answer = api.post(f"/orders/{number}/messages", {"text": text})
        assert (answer.status, answer.code) == (422, code)


def test_nothing_of_ours_shows_in_a_fault(shared, monkeypatch):
    _who, api = shared
    from smmatic.api.rooms import wallet

    def broken(_customer_id: int) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(wallet, "wallet", broken)
    answer = api.get("/balance")
    assert (answer.status, answer.code) == (500, "internal")
    assert "secret" not in answer.headers["raw"]


def test_an_unreachable_database_is_503_and_tells_to_repeat(shared, monkeypatch):
    from django.db import OperationalError

    _who, api = shared
    from smmatic.api.rooms import wallet

    def gone(_customer_id: int) -> None:
        raise OperationalError("could not connect to 10.0.0.5")

    monkeypatch.setattr(wallet, "wallet", gone)
    answer = api.get("/balance")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "10.0.0.5" not in answer.headers["raw"]
    assert answer.headers["Retry-After"]
    assert Api().get("/services").status == 200


def test_what_fails_before_it_reaches_the_api_is_json_too(shared):
    _who, api = shared
    response = api.client.get("/api/v1/orders?" + "&".join(["a=1"] * 2_000))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "malformed"
    response = api.client.get("/api/v1/balance", headers={"host": "evil.example"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "malformed")
