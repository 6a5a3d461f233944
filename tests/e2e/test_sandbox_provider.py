"""The sandbox provider as a real process, spoken to through the guarded client and the adapter."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from smmatic.fulfilment.http_client import GuardedClient, Limits
from smmatic.fulfilment.protocol import (
    Allegation,
    Balance,
    Fault,
    NotFound,
    NotReached,
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
from smmatic.fulfilment.sandbox.adapter import SandboxProvider
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.fulfilment.sandbox.scripts import SCRIPTS, Lookup, Read, Script, Submit

LONG = 10_000.0


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One process for the module; its time stands still but for ``forward``."""
    truth = tmp_path_factory.mktemp("sandbox") / "truth.sqlite3"
    made = SandboxProcess(str(truth), options=("--seconds", str(LONG), "--stall", "5"))
    yield made
    made.stop()


def provider(sandbox: SandboxProcess, key: str | None = None) -> SandboxProvider:
    client = GuardedClient(
        limits=Limits(connect=2, total=0.3), exceptions=frozenset({("127.0.0.1", sandbox.port)}), read_attempts=1
    )
    return SandboxProvider(sandbox.url, key or sandbox.key, client)


def order(script: str, quantity: int = 100) -> Submission:
    return Submission(str(uuid.uuid4()), "TT-ADS", f"sandbox-script-{script}", quantity)


def accepted(sandbox: SandboxProcess, reference: str) -> int:
    return sum(1 for line in sandbox.truth()["log"] if line["kind"] == "accepted" and line["reference"] == reference)


def placed(adapter: SandboxProvider, script: str, quantity: int = 100) -> str:
    answer = adapter.submit(order(script, quantity))
    assert isinstance(answer, Submitted)
    return answer.remote_id


def told(adapter: SandboxProvider, remote_id: str) -> ProviderStatus:
    answer = adapter.status([remote_id])[remote_id]
    assert isinstance(answer, ProviderStatus)
    return answer


EXPECTED = {
    Submit.ACCEPT: (Submitted, 1),
    Submit.REFUSE: (RefusedBeforeWork, 0),
    Submit.TIMEOUT_AFTER: (UnknownWhy.TIMEOUT, 1),
    Submit.TIMEOUT_BEFORE: (UnknownWhy.TIMEOUT, 0),
    Submit.TIMEOUT_ALWAYS: (UnknownWhy.TIMEOUT, 0),
    Submit.ERROR_AFTER: (UnknownWhy.SERVER_ERROR, 1),
    Submit.ERROR_BEFORE: (UnknownWhy.SERVER_ERROR, 0),
    Submit.HTML_AFTER: (UnknownWhy.UNREADABLE, 1),
    Submit.TRUNCATED_AFTER: (UnknownWhy.UNREADABLE, 1),
    Submit.CUT_AFTER: (UnknownWhy.UNREADABLE, 1),
    Submit.SHAPE_AFTER: (UnknownWhy.UNREADABLE, 1),
    Submit.RATE_LIMITED: (UnknownWhy.RATE_LIMITED, 0),
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_every_script_at_submission(script: Script, sandbox: SandboxProcess) -> None:
    """Each behaviour gives the answer of the table, and the truth log knows whether the order was taken."""
    adapter = provider(sandbox)
    asked = order(script.name)
    answer = adapter.submit(asked)
    kind, taken = EXPECTED[script.submit]
    if isinstance(kind, UnknownWhy):
        assert isinstance(answer, Unknown)
        assert answer.why in (kind, UnknownWhy.CONNECTION_LOST)
    else:
        assert isinstance(answer, kind)
    assert accepted(sandbox, asked.reference) == taken
    if isinstance(answer, RefusedBeforeWork):
        assert answer.code != RefusalWord.OTHER
        assert answer.words
    found = adapter.lookup(asked.reference)
    if script.lookup == Lookup.ERROR:
        assert isinstance(found, Unknown)
    elif taken and script.lookup == Lookup.OK:
        assert isinstance(found, ProviderStatus)
        assert found.reference == asked.reference
    else:
        assert isinstance(found, NotFound)


def test_delivery_faults_and_allegations(sandbox: SandboxProcess) -> None:
    adapter = provider(sandbox)
    names = ("deliver_all", "error_after_40", "partial_then_stop", "alleges_wrong_link", "alleges_violation")
    ids = {name: placed(adapter, name, 250) for name in names}
    sandbox.forward(LONG * 1.01)
    all_, error, partial, wrong, violation = (told(adapter, ids[name]) for name in names)
    assert (all_.state, all_.delivered, all_.remains) == (RemoteState.COMPLETED, 250, 0)
    assert (error.state, error.delivered, error.fault) == (RemoteState.FAILED, 100, Fault.OWN_ERROR)
    assert (partial.state, partial.delivered, partial.fault) == (RemoteState.PARTIAL, 150, Fault.NONE)
    assert (wrong.state, wrong.delivered, wrong.alleges) == (RemoteState.FAILED, 0, Allegation.WRONG_INFORMATION)
    assert (violation.delivered, violation.alleges) == (75, Allegation.THIRD_PARTY_VIOLATION)
    log = [line for line in sandbox.truth()["log"] if line["order_id"] == int(ids["error_after_40"])]
    assert [(line["kind"], line["units"]) for line in log] == [
        ("accepted", 250), ("delivered", 100), ("refunded", 150), ("failed", 100)
    ]  # fmt: skip


def test_lying_counts_come_through_as_told(sandbox: SandboxProcess) -> None:
    adapter = provider(sandbox)
    names = (
        "reports_above",
        "reports_negative",
        "reports_nothing",
        "numbers_as_text",
        "unknown_word",
        "reports_falling",
    )
    ids = {name: placed(adapter, name, 100) for name in names}
    sandbox.forward(LONG * 0.55)
    before = told(adapter, ids["reports_falling"]).delivered or 0
    sandbox.forward(LONG * 0.1)
    assert (told(adapter, ids["reports_above"]).delivered or 0) > 100
    assert (told(adapter, ids["reports_negative"]).delivered or 0) < 0
    assert told(adapter, ids["reports_nothing"]).delivered is None
    assert (told(adapter, ids["numbers_as_text"]).delivered or 0) > 0
    assert told(adapter, ids["unknown_word"]).state == RemoteState.UNMAPPED
    assert 0 <= (told(adapter, ids["reports_falling"]).delivered or 0) < before


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.read != Read.OK], ids=lambda s: str(s.name))
def test_spoiled_status_answers_are_unknown_then_heal(script: Script, sandbox: SandboxProcess) -> None:
    adapter = provider(sandbox)
    number = placed(adapter, script.name)
    for _ in range(3):
        assert isinstance(adapter.status([number])[number], Unknown)
    told(adapter, number)


def test_stop_requests(sandbox: SandboxProcess) -> None:
    adapter = provider(sandbox)

    def ask(script: str) -> object:
        number = placed(adapter, script)
        sandbox.forward(LONG * 20)
        return adapter.request_stop(number)

    confirmed, refused, silent, late, lost = (
        ask(f"stop_{how}") for how in ("confirmed", "refused", "silent", "too_late", "timeout")
    )
    assert isinstance(confirmed, StopAnswer)
    assert confirmed.state == StopState.CONFIRMED
    assert confirmed.status is not None
    assert confirmed.status.state == RemoteState.STOPPED
    assert 0 < (confirmed.status.delivered or 0) < 100
    assert isinstance(refused, StopAnswer)
    assert refused.state == StopState.REFUSED
    assert isinstance(silent, StopAnswer)
    assert silent.state == StopState.ASKED
    assert isinstance(late, StopAnswer)
    assert late.state == StopState.TOO_LATE
    assert isinstance(lost, Unknown)
    assert isinstance(adapter.request_stop("999999"), NotFound)


def test_balance_key_and_unknown_ids(sandbox: SandboxProcess) -> None:
    adapter = provider(sandbox)
    before = adapter.balance()
    assert isinstance(before, Balance)
    placed(adapter, "stall_half", 100)
    after = adapter.balance()
    assert isinstance(after, Balance)
    assert float(before.amount) - float(after.amount) == 100
    assert isinstance(adapter.status(["999999"])["999999"], NotFound)
    stranger = provider(sandbox, key="wrong")
    answer = stranger.submit(order("deliver_all"))
    assert isinstance(answer, RefusedBeforeWork)
    assert answer.code == RefusalWord.NOT_AUTHORISED
    assert isinstance(stranger.balance(), Unknown)


def test_kill_loses_nothing(tmp_path: Path) -> None:
    sandbox = SandboxProcess(str(tmp_path / "truth.sqlite3"), options=("--seconds", str(LONG)))
    try:
        adapter = provider(sandbox)
        number = placed(adapter, "deliver_all", 100)
        sandbox.forward(LONG / 2)
        half = told(adapter, number).delivered
        port = sandbox.port
        sandbox.kill()
        assert isinstance(adapter.status([number])[number], NotReached)
        with sqlite3.connect(sandbox.truth_file) as file:
            kinds = [row[0] for row in file.execute("SELECT kind FROM truth ORDER BY id")]
        assert kinds == ["accepted", "delivered"]
        sandbox.start(port)
        assert (told(adapter, number).delivered or 0) >= (half or 0) > 0
    finally:
        sandbox.kill()


@pytest.mark.parametrize(("options", "orders"), [((), 2), (("--idempotent",), 1)])
def test_the_same_reference_twice(options: tuple[str, ...], orders: int, tmp_path: Path) -> None:
    """Without the option a second call is a second delivery: what makes blind resubmission visible in the log."""
    sandbox = SandboxProcess(str(tmp_path / "truth.sqlite3"), options=options)
    try:
        adapter, asked = provider(sandbox), order("deliver_all")
        first, second = adapter.submit(asked), adapter.submit(asked)
        assert isinstance(first, Submitted)
        assert isinstance(second, Submitted)
        assert len({first.remote_id, second.remote_id}) == accepted(sandbox, asked.reference) == orders
    finally:
        sandbox.kill()
