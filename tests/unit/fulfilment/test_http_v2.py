"""The adapter for the field's format: reads strictly, adds once, and concludes nothing from rubbish."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smmatic.fulfilment.http_client import Failure, HttpAnswer, OutboundError
from smmatic.fulfilment.http_v2 import HttpV2Provider
from smmatic.fulfilment.http_v2_reading import STATES
from smmatic.fulfilment.protocol import (
    Balance,
    Fault,
    NotFound,
    NotReached,
    Price,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
    StopAnswer,
    StopState,
    Submission,
    Submitted,
    Unknown,
    UnknownWhy,
)

REFERENCE = "0b7d0c52-2f0e-4f3e-9d0c-8a2f9d0b7c11"
ORDER = Submission(REFERENCE, "12", "https://shopee.vn/yourshop", 50)


class Panel:
    """Answers with what it is told to, and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def post(self, url, *, form):
        self.asked.append(form)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return HttpAnswer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def speaking(*answers, settles_after=None):
    panel = Panel(*answers)
    return HttpV2Provider("https://panel.example/api/v2", "secret", panel, settles_after=settles_after), panel


def test_an_order_is_added_in_one_call_with_our_reference_and_the_fields_of_its_kind():
    for kind, changes, sent in (
        ("counted", {}, {"quantity": "50"}),
        ("package", {"quantity": 1}, {}),
        ("custom_comments", {"quantity": 2, "texts": ("a", "b")}, {"comments": "a\nb"}),
        (
            "counted_runs",
            {"quantity": 5, "runs": 5, "interval_minutes": 60},
            {"runs": "5", "quantity": "1", "interval": "60"},
        ),
        ("counted", {"brief": "Please.", "link": ""}, {"quantity": "50", "brief": "Please."}),
    ):
        adapter, panel = speaking({"order": 23501})
        order = replace(ORDER, kind=kind, **changes)
        assert adapter.submit(order) == Submitted("23501")
        link = {"link": order.link} if order.link else {}
        assert panel.asked == [
            {"key": "secret", "action": "add", "service": "12", "idempotency_key": REFERENCE, "start_now": "1"}
            | link
            | sent
        ]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"order": "23501"}, Submitted("23501")),
        ({"error": "Not enough funds on balance"}, RefusedBeforeWork(RefusalWord.NO_BALANCE, "Not enough funds on balance")),
        ({"error": "Invalid API key"}, RefusedBeforeWork(RefusalWord.NOT_AUTHORISED, "Invalid API key")),
        ({"error": "Incorrect service ID"}, RefusedBeforeWork(RefusalWord.SERVICE_UNAVAILABLE, "Incorrect service ID")),
        ({"error": "Incorrect link"}, RefusedBeforeWork(RefusalWord.BAD_LINK, "Incorrect link")),
        ({"error": "Quantity less than minimal 5"}, RefusedBeforeWork(RefusalWord.BAD_QUANTITY, "Quantity less than minimal 5")),
        ({"error": "Duplicate order"}, RefusedBeforeWork(RefusalWord.DUPLICATE, "Duplicate order")),
        ({"error": "Something odd"}, RefusedBeforeWork(RefusalWord.OTHER, "Something odd")),
        ((400, {"error": "Incorrect link"}), RefusedBeforeWork(RefusalWord.BAD_LINK, "Incorrect link")),
        ({"error": "Too many requests", "code": "rate_limited"}, NotReached("Too many requests")),
        ({"error": "Try again later", "code": "busy"}, NotReached("Try again later")),
        ({"error": "Try again later", "code": "unavailable"}, Unknown(UnknownWhy.SERVER_ERROR, "Try again later")),
        ({"error": "Internal error", "code": "internal"}, Unknown(UnknownWhy.SERVER_ERROR, "Internal error")),
        ({"error": "Server is on maintenance"}, Unknown(UnknownWhy.SERVER_ERROR, "Server is on maintenance")),
        ({"error": "Incorrect link", "order": 5}, Unknown(UnknownWhy.SERVER_ERROR, "Incorrect link")),
        ((429, b""), Unknown(UnknownWhy.RATE_LIMITED, "status 429")),
        ((502, b"<html>"), Unknown(UnknownWhy.SERVER_ERROR, "status 502")),
        (OutboundError(Failure.TIMEOUT, "late"), Unknown(UnknownWhy.TIMEOUT, "late")),
        (OutboundError(Failure.LOST, "gone"), Unknown(UnknownWhy.CONNECTION_LOST, "gone")),
        (OutboundError(Failure.NOT_CONNECTED, "no one"), NotReached("no one")),
    ],
)  # fmt: skip
def test_each_answer_to_an_add_is_read_as_what_it_proves(body, answer):
    adapter, panel = speaking(body)
    assert adapter.submit(ORDER) == answer
    assert len(panel.asked) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>ok</html>", b'{"order": ', [], {}, {"order": 0}, {"order": True}, {"order": None}, {"order": -5},
             {"order": {"id": 5}}, {"order": "x" * 65}, {"order": 1.5}, "23501", 23501, None, {"success": True},
             b'{"order": 1, "order": 2}'],
)  # fmt: skip
def test_an_add_whose_answer_cannot_be_read_is_unknown_and_not_tried_again(body):
    adapter, panel = speaking(body)
    assert isinstance(adapter.submit(ORDER), Unknown)
    assert len(panel.asked) == 1


@pytest.mark.parametrize(
    ("row", "state", "remains"),
    [
        ({"status": "Pending", "remains": "0"}, RemoteState.QUEUED, None),
        ({"status": "Processing", "remains": "50"}, RemoteState.QUEUED, None),
        ({"status": "In progress", "remains": "20"}, RemoteState.WORKING, 20),
        ({"status": "In progress", "remains": "0"}, RemoteState.WORKING, None),
        ({"status": "in progress", "remains": 20}, RemoteState.WORKING, 20),
        ({"status": "Completed", "remains": "0"}, RemoteState.COMPLETED, 0),
        ({"status": "Completed"}, RemoteState.COMPLETED, None),
        ({"status": "Partial", "remains": "157"}, RemoteState.PARTIAL, 157),
        ({"status": "Partial", "remains": "-5"}, RemoteState.PARTIAL, -5),
        ({"status": "Partial", "remains": "1_0"}, RemoteState.PARTIAL, None),
        ({"status": "Partial", "remains": True}, RemoteState.PARTIAL, None),
        ({"status": "Canceled", "remains": "50"}, RemoteState.STOPPED, 50),
        ({"status": "Canceled", "remains": "0"}, RemoteState.STOPPED, None),
        ({"status": "Awaiting", "remains": "3"}, RemoteState.UNMAPPED, 3),
    ],
)
def test_a_status_and_its_remains_are_believed_only_where_the_word_gives_them_a_meaning(row, state, remains):
    adapter, panel = speaking({"7": row})
    found = adapter.status(["7"])["7"]
    assert isinstance(found, ProviderStatus)
    assert (found.state, found.remains, found.remote_id) == (state, remains, "7")
    assert panel.asked[0]["orders"] == "7"


def test_many_are_asked_at_once_and_every_one_gets_an_answer():
    adapter, _panel = speaking(
        {"1": {"charge": "0.27819", "start_count": "3572", "status": "Partial", "remains": "157", "currency": "USD"},
         "2": {"error": "Incorrect order ID"}, "3": {"error": "Blocked"}, "5": "nonsense"}
    )  # fmt: skip
    found = adapter.status(["1", "2", "3", "4", "5"])
    assert found["1"] == ProviderStatus("1", RemoteState.PARTIAL, remains=157, charge="0.27819", currency="USD")
    assert isinstance(found["2"], NotFound)
    assert [type(found[number]) for number in "345"] == [Unknown] * 3
    for body in ({"error": "Invalid API key"}, [], (500, b""), OutboundError(Failure.TIMEOUT, "late")):
        adapter, _panel = speaking(body)
        assert [type(one) for one in adapter.status(["1", "2"]).values()] == [Unknown] * 2
    adapter, _panel = speaking({"status": "Completed", "remains": "0"})
    assert adapter.status(["9"])["9"].state is RemoteState.COMPLETED, "a list of one that is answered as one"


def test_another_installation_tells_what_became_of_a_stop_and_of_its_own_faults():
    adapter, _panel = speaking(
        {"1": {"status": "Partial", "remains": "5", "stop": "confirmed"},
         "2": {"status": "Partial", "remains": "5", "fault": "own_error"},
         "3": {"status": "In progress", "remains": "5", "stop": "refused"},
         "4": {"status": "Partial", "remains": "5", "stop": "too_late", "fault": "customer"}}
    )  # fmt: skip
    found = adapter.status(["1", "2", "3", "4"])
    assert (found["1"].state, found["1"].remains) == (RemoteState.STOPPED, 5)
    assert (found["2"].state, found["2"].fault) == (RemoteState.PARTIAL, Fault.OWN_ERROR)
    assert (found["3"].state, found["3"].stop) == (RemoteState.WORKING, StopState.REFUSED)
    assert (found["4"].stop, found["4"].fault) == (StopState.TOO_LATE, Fault.NONE)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ([{"order": 7, "cancel": 1}], StopAnswer(StopState.ASKED)),
        ([{"order": "7", "cancel": "1"}], StopAnswer(StopState.ASKED)),
        ([{"order": 9, "cancel": 1}, {"order": 7, "cancel": {"error": "Incorrect order ID"}}], NotFound("Incorrect order ID")),
        ([{"order": 7, "cancel": {"error": "Order can not be canceled", "code": "order_ended"}}], StopAnswer(StopState.TOO_LATE, "Order can not be canceled")),
        ([{"order": 7, "cancel": {"error": "Cancel is not allowed"}}], StopAnswer(StopState.REFUSED, "Cancel is not allowed")),
        ([{"order": 7, "cancel": {"error": "Oops"}}], Unknown(UnknownWhy.UNREADABLE, "Oops")),
        ([{"order": 8, "cancel": 1}], Unknown(UnknownWhy.UNREADABLE, "JSON of another shape")),
        ([{"order": 7, "cancel": True}], StopAnswer(StopState.ASKED)),
        ([{"order": 7, "cancel": 0}], Unknown(UnknownWhy.UNREADABLE, "JSON of another shape")),
        ({"error": "Invalid API key"}, Unknown(UnknownWhy.UNREADABLE, "Invalid API key")),
        (OutboundError(Failure.TIMEOUT, "late"), Unknown(UnknownWhy.TIMEOUT, "late")),
    ],
)  # fmt: skip
def test_each_answer_to_a_stop_request_is_read_as_what_it_proves(body, answer):
    adapter, panel = speaking(body)
    assert adapter.request_stop("7") == answer
    assert panel.asked[0] == {"key": "secret", "action": "cancel", "orders": "7"}


def test_a_lookup_places_nothing_and_is_offered_only_where_the_row_says_so():
    adapter, panel = speaking(
        {"idempotency_key": REFERENCE, "order": 9, "status": "Pending", "remains": "50"},
        {"idempotency_key": REFERENCE, "error": "Incorrect order ID", "code": "not_found"},
        {"idempotency_key": REFERENCE, "error": "Not enough funds on balance", "code": "not_enough_credits"},
        settles_after=60.0,
    )  # fmt: skip
    assert adapter.abilities.lookup
    assert adapter.abilities.lookup_settles_after == 60.0
    found = adapter.lookup(REFERENCE)
    assert isinstance(found, ProviderStatus)
    assert (found.remote_id, found.reference, found.state) == ("9", REFERENCE, RemoteState.QUEUED)
    assert isinstance(adapter.lookup(REFERENCE), NotFound)
    assert isinstance(adapter.lookup(REFERENCE), NotFound)
    assert {asked["action"] for asked in panel.asked} == {"status"}
    assert not speaking()[0].abilities.lookup


@pytest.mark.parametrize(
    "body",
    [{"error": "Incorrect order ID"}, {"error": "Incorrect request"}, {"order": 9, "status": "Pending"},
     {"idempotency_key": "another", "error": "Incorrect order ID"}, {"idempotency_key": REFERENCE},
     {"idempotency_key": REFERENCE, "error": "Internal error", "code": "internal"}, [], (502, b"")],
)  # fmt: skip
def test_a_panel_that_does_not_know_our_reference_never_proves_that_nothing_arrived(body):
    adapter, _panel = speaking(body, settles_after=60.0)
    assert isinstance(adapter.lookup(REFERENCE), Unknown)


def test_balance_and_prices_are_read_exactly():
    adapter, _panel = speaking(
        {"balance": "100.84292", "currency": "USD"}, {"error": "Invalid API key"}, {"balance": 5}
    )
    assert adapter.balance() == Balance("100.84292", "USD")
    assert isinstance(adapter.balance(), Unknown)
    assert adapter.balance() == Balance("5", "")
    adapter, _panel = speaking(
        [{"service": 1, "name": "A", "type": "Default", "rate": "0.90"}, {"service": "2", "name": "B", "type": "Package", "rate": "35.00"},
         {"service": 3, "rate": "free"}, {"rate": "1"}, 5, {"service": 4, "name": "D", "rate": 1.5}]
    )  # fmt: skip
    assert adapter.price_list() == (Price("1", "A", "0.00090"), Price("2", "B", "35.00"), Price("4", "D", "0.0015"))


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(["Partial", "Canceled"])
)
names = st.one_of(st.sampled_from(["order", "error", "status", "remains", "charge", "cancel", "7", "balance", "code", "stop", "fault", "idempotency_key", "service", "rate"]), st.text(max_size=5))  # fmt: skip
bodies = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=6)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    body=st.one_of(bodies.map(lambda body: json.dumps(body).encode()), st.binary(max_size=40)),
    status=st.sampled_from([200, 200, 200, 201, 302, 400, 404, 429, 500]),
)
def test_no_answer_makes_the_adapter_raise_or_believe_what_it_cannot_read(body, status):
    answer = (status, body)
    adapter, _panel = speaking(*[answer] * 6, settles_after=60.0)
    told = [
        adapter.submit(ORDER),
        adapter.lookup(REFERENCE),
        adapter.request_stop("7"),
        *adapter.status(["7"]).values(),
    ]
    adapter.balance()
    adapter.price_list()
    for one in told:
        if isinstance(one, ProviderStatus) and one.state is not RemoteState.UNMAPPED:
            assert one.state in STATES.values()
        if isinstance(one, Submitted):
            assert one.remote_id
