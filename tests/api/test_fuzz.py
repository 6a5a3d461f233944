"""Whatever is sent, the answer is JSON, names its code, and is never a 5xx; a refusal charges nothing."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smmatic.api.application import description
from smmatic.kernel.refusals import RefusalCode
from tests.api.clients import ADS_ACCOUNT, ROOT, Answer, Api, rich
from tests.builders import ledger_of, new_key

pytestmark = pytest.mark.django_db

PATHS = [(method, path) for path, methods in description("").get("paths", {}).items() for method in methods]
CODES = {code.value for code in RefusalCode}

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "TT-ADS",
            "FB-COPY",
            "SP-LIST",
            "ANY-PHOTO",
            "GG-AUDIT",
            ADS_ACCOUNT,
            "https://shopee.vn/product/1/2",
            "\x00",
            "١٢",
            "１００",
            "1_000",
            "not_delivered",
            "changed_mind",
            "1e400",
            "../..",
            "' OR 1=1 --",
            "\u202e",
            "=cmd()",
        ]
    ),
)
numbers = st.one_of(st.integers(), st.integers(-5, 200), st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63), 10**30]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
FIELDS = [
    "service",
    "quantity",
    "link",
    "brief",
    "texts",
    "runs",
    "interval_minutes",
    "files",
    "terms_version",
    "start_now",
    "policy_version_id",
    "reason",
    "words",
    "text",
    "credits",
    "kind",
    "to",
]
bodies = st.one_of(
    values,
    st.dictionaries(st.sampled_from(FIELDS), st.one_of(values, texts, numbers), max_size=8),
    st.dictionaries(st.sampled_from(FIELDS), st.one_of(texts, numbers), max_size=8).map(
        lambda body: {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT} | body
    ),
)
raw_bodies = st.one_of(
    bodies.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=60),
    st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\ ', max_size=60).map(str.encode),
)
ids = st.one_of(st.integers(-1, 30).map(str), numbers.map(str), st.text(alphabet=string.printable, max_size=8))
queries = st.dictionaries(
    st.sampled_from(["limit", "cursor", "status", "search", "reason", "lang", "key", "x"]),
    st.one_of(texts, numbers.map(str)),
    max_size=3,
)
settings.register_profile(
    "api", max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield rich()


@pytest.fixture(autouse=True)
def unlimited(settings):
    settings.SMMATIC_API_CALLS_PER_MINUTE = 10**6


def check(answer: Answer, before: object, after: object) -> None:
    """The checker: JSON, a known code, no 5xx, and a refusal that changed nothing."""
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert answer.code in CODES
        assert answer.body["error"]["message"]
        assert before == after


@settings(settings.get_profile("api"))
@given(
    method_and_path=st.sampled_from(PATHS),
    number=ids,
    body=raw_bodies,
    query=queries,
    key=st.one_of(st.none(), texts, st.builds(new_key)),
)
def test_no_request_breaks_any_route(shared, method_and_path, number, body, query, key):
    from urllib.parse import quote, urlencode

    who, api = shared
    method, path = method_and_path
    address = path.replace("{code}", quote(number, safe=""))
    for name in ("order_id", "case_id", "file_id", "deposit_id"):
        address = address.replace("{" + name + "}", quote(number, safe=""))
    address += f"?{urlencode(query, errors='surrogatepass')}" if query else ""
    headers = (
        {}
        if key is None
        else {"idempotency_key": key.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "")}
    )
    before = ledger_of(who)
    answer = api.post(address, body, **headers) if method == "post" else api.get(address, **headers)
    check(answer, before, ledger_of(who))


@settings(settings.get_profile("api"))
@given(body=bodies)
def test_no_order_breaks_placing(shared, body):
    who, api = shared
    before = ledger_of(who)
    check(api.post("/orders", body, key=new_key()), before, ledger_of(who))


@settings(settings.get_profile("api"), max_examples=150)
@given(
    name=st.sampled_from(
        [
            "accept-language",
            "authorization",
            "idempotency-key",
            "content-type",
            "accept",
            "cookie",
            "x-forwarded-for",
        ]
    ),
    value=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
)
def test_no_header_breaks_a_request(shared, name, value):
    who, api = shared
    before = ledger_of(who)
    response = api.client.post(f"{ROOT}/orders", "{}", content_type="application/json", headers={name: value})
    assert response.status_code < 500
    assert json.loads(response.content)["error"]["code"] in CODES
    assert ledger_of(who) == before


def test_the_control_the_checker_fails_on_a_500_and_on_a_refusal_that_charged():
    with pytest.raises(AssertionError):
        check(Answer(500, {"error": {"code": "internal", "message": "x"}}, {}), 1, 1)
    with pytest.raises(AssertionError):
        check(Answer(422, {"error": {"code": "field_missing", "message": "x"}}, {}), 1, 2)
    with pytest.raises(AssertionError):
        check(Answer(422, {"error": {"code": "no_such_code", "message": "x"}}, {}), 1, 1)


def test_the_fuzz_reaches_orders_that_are_placed():
    _who, api = rich()
    assert api.post("/orders", {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT}, key=new_key()).status == 201
    assert Api().get("/services").status == 200
