"""Whatever is sent to API v2, the answer is JSON with status 200 in one of its shapes; an error changes nothing."""

import json
import string
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smmatic.api.reseller.fields import FIELDS
from smmatic.api.reseller.words import Word
from tests.api.reseller_clients import FORM, ads, number_of, reseller
from tests.builders import ADS_ACCOUNT, ledger_of, placed

pytestmark = pytest.mark.django_db

NAMES = [*sorted({name for names in FIELDS.values() for name in names}), "price", "customer", "x"]
ODD = ["\x00", "１００", "1_000", "1e400", "true", "0", "-1", "1", "50", "100", ADS_ACCOUNT, "TT-ADS", "https://shopee.vn/a", "a\nb",
       "\u202e", "9" * 400, "' OR 1=1 --", "1,2,3", ",", "", "=cmd()", "aaaaaaaa", str(2**63), "../.."]  # fmt: skip
texts = st.one_of(st.sampled_from(ODD), st.text(max_size=30))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(0, 300), st.floats(allow_nan=False), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
actions = st.one_of(st.sampled_from(sorted(FIELDS)), texts)
forms = st.dictionaries(st.sampled_from(NAMES), texts, max_size=6)
objects = st.dictionaries(st.one_of(st.sampled_from(NAMES), texts), values, max_size=6)
rough = st.one_of(st.binary(max_size=80), st.text(alphabet=string.printable, max_size=80).map(str.encode))
PROFILE = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip
WORDS = tuple(word.value for word in Word)


@pytest.fixture(scope="module")
def who(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        made = reseller(10_000)
        placed(made.person)
        yield made


@pytest.fixture(autouse=True)
def unlimited(settings):
    settings.SMMATIC_API_CALLS_PER_MINUTE = settings.SMMATIC_API_CALLS_PER_MINUTE_ADDRESS = 10**6


def check(told: object, before: object, after: object) -> None:
    """The checker: an error of a known word that changed nothing, or an answer of a known shape."""
    if isinstance(told, dict) and "error" in told:
        assert told["error"].startswith(WORDS), told
        assert told["error"] != Word.INTERNAL
        assert before == after
    elif isinstance(told, dict):
        known = set(told) <= {"order", "charge", "start_count", "status", "remains", "currency", "balance", "refill", "stop", "fault", "idempotency_key"}  # fmt: skip
        assert known or all("error" in row or "charge" in row for row in told.values()), told
    else:
        assert isinstance(told, list)
        assert all(isinstance(row, dict) for row in told)


@PROFILE
@given(action=actions, fields=forms, extra=st.booleans())
def test_no_form_breaks_the_door(who, action, fields, extra):
    sent = (ads() if extra else {}) | fields
    before = ledger_of(who.person)
    told = who.body(urlencode({"key": who.secret, "action": action} | sent, errors="surrogatepass"), FORM)
    check(told, before, ledger_of(who.person))


@PROFILE
@given(action=actions, fields=objects, extra=st.booleans())
def test_no_object_breaks_the_door(who, action, fields, extra):
    sent = {"key": who.secret, "action": action} | (ads() if extra else {}) | fields
    before = ledger_of(who.person)
    told = who.body(json.dumps(sent), "application/json")
    check(told, before, ledger_of(who.person))


@PROFILE
@given(body=rough, kind=st.sampled_from([FORM, "application/json", "text/plain", "", "x/y"]))
def test_no_bytes_break_the_door(who, body, kind):
    before = ledger_of(who.person)
    told = who.body(body, kind or "application/octet-stream")
    check(told, before, ledger_of(who.person))
    assert "error" in told


def test_the_control_the_checker_fails_on_a_fault_and_on_an_error_that_changed_something():
    for told, before in (
        ({"error": "Internal error"}, 1),
        ({"error": "Incorrect link"}, 2),
        ({"error": "No such word"}, 1),
        ({"odd": 5}, 1),
    ):
        with pytest.raises((AssertionError, TypeError)):
            check(told, before, 1)


def test_the_fuzz_reaches_orders_that_are_placed(who):
    assert who.form("add", service=number_of("TT-ADS"), link=ADS_ACCOUNT, quantity=77)["order"]
