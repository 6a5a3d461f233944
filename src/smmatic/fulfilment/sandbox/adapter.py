"""Speaks to the sandbox provider; the pattern for every adapter: read strictly, conclude nothing from rubbish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from smmatic.fulfilment.http_client import Failure, GuardedClient, HttpAnswer, OutboundError
from smmatic.fulfilment.protocol import (
    Abilities,
    Allegation,
    Balance,
    BalanceAnswer,
    Fault,
    LookupAnswer,
    NotFound,
    NotReached,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
    StatusAnswer,
    StopAnswer,
    StopRequestAnswer,
    StopState,
    Submission,
    SubmitAnswer,
    Submitted,
    Unknown,
    UnknownWhy,
)

_STATES = {
    "queued": RemoteState.QUEUED,
    "working": RemoteState.WORKING,
    "completed": RemoteState.COMPLETED,
    "partial": RemoteState.PARTIAL,
    "failed": RemoteState.FAILED,
    "stopped": RemoteState.STOPPED,
}
_WHY = {
    Failure.TIMEOUT: UnknownWhy.TIMEOUT,
    Failure.LOST: UnknownWhy.CONNECTION_LOST,
    Failure.TOO_LARGE: UnknownWhy.TOO_LARGE,
    Failure.UNREADABLE: UnknownWhy.UNREADABLE,
}
_MAX_WORDS = 500
_E = TypeVar("_E", bound=StrEnum)


class SandboxProvider:
    """The sandbox behind ``base_url``. ``settles_after``: from when on its 'no such order' is final, in seconds."""

    def __init__(
        self, base_url: str, api_key: str, client: GuardedClient, *, settles_after: float | None = 60.0
    ) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._abilities = Abilities(lookup=True, lookup_settles_after=settles_after, stop=True, batch=100)

    @property
    def abilities(self) -> Abilities:
        """It can be looked up and stopped."""
        return self._abilities

    def submit(self, order: Submission) -> SubmitAnswer:
        """Hand over one order, in one call."""
        answer = self._post("/v1/orders", {**asdict(order), "texts": list(order.texts)})
        if not isinstance(answer, HttpAnswer):
            return answer
        read = _read(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status in (200, 201):
            number = _remote_id(read)
            return Submitted(number, _words(read)) if number else _unreadable("no order number")
        code = _error_code(read)
        if code in set(RefusalWord) and 400 <= answer.status < 500:
            return RefusedBeforeWork(RefusalWord(code), _error_words(read))
        return _unreadable(f"status {answer.status}, code {code!r}")

    def lookup(self, reference: str) -> LookupAnswer:
        """Ask for the order with our reference."""
        answer = self._get("/v1/orders?" + urlencode({"reference": reference}))
        if not isinstance(answer, HttpAnswer):
            return answer
        read = _read(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status == 404 and _error_code(read) == "unknown_reference":
            return NotFound(_error_words(read))
        if answer.status != 200:
            return _unreadable(f"status {answer.status}")
        status = _status(read)
        if isinstance(status, ProviderStatus) and status.reference != reference:
            return _unreadable("the answer is about another reference")
        return status

    def status(self, remote_ids: Sequence[str]) -> Mapping[str, StatusAnswer]:
        """Ask for the state of many orders; every id asked for is in the answer."""
        answer = self._get("/v1/orders?" + urlencode({"ids": ",".join(remote_ids)}))
        if not isinstance(answer, HttpAnswer):
            return dict.fromkeys(remote_ids, answer)
        read = _read(answer)
        orders = read.get("orders") if isinstance(read, dict) else None
        if answer.status != 200 or not isinstance(orders, dict):
            failed = read if isinstance(read, Unknown) else _unreadable(f"status {answer.status}")
            return dict.fromkeys(remote_ids, failed)
        return {number: self._one(number, orders.get(number)) for number in remote_ids}

    def request_stop(self, remote_id: str) -> StopRequestAnswer:
        """Ask to stop the work."""
        answer = self._post(f"/v1/orders/{remote_id}/stop", {})
        if not isinstance(answer, HttpAnswer):
            return answer
        read = _read(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status == 404 and _error_code(read) == "unknown_order":
            return NotFound(_error_words(read))
        state = _stop(read)
        if answer.status != 200 or state is None:
            return _unreadable(f"status {answer.status}")
        told = _status(read.get("order"))
        return StopAnswer(state, _words(read), told if isinstance(told, ProviderStatus) else None)

    def balance(self) -> BalanceAnswer:
        """Ask for our balance."""
        answer = self._get("/v1/balance")
        if not isinstance(answer, HttpAnswer):
            return answer
        read = _read(answer)
        if isinstance(read, Unknown):
            return read
        amount, currency = read.get("balance"), read.get("currency")
        if answer.status != 200 or not isinstance(amount, str) or not isinstance(currency, str):
            return _unreadable(f"status {answer.status}")
        return Balance(amount[:40], currency[:10])

    def _one(self, number: str, value: Any) -> StatusAnswer:
        if value is None:
            return _unreadable("left out of the answer")
        if isinstance(value, dict) and value.get("error") == "unknown_order":
            return NotFound()
        status = _status(value)
        if isinstance(status, ProviderStatus) and status.remote_id != number:
            return _unreadable("the answer is about another order")
        return status

    def _get(self, path: str) -> HttpAnswer | NotReached | Unknown:
        try:
            return self._client.get(self._base + path, headers=self._headers)
        except OutboundError as failed:
            return _failed(failed)

    def _post(self, path: str, body: dict[str, Any]) -> HttpAnswer | NotReached | Unknown:
        try:
            return self._client.post(self._base + path, json=body, headers=self._headers)
        except OutboundError as failed:
            return _failed(failed)


def _failed(failed: OutboundError) -> NotReached | Unknown:
    if not failed.sent:
        return NotReached(failed.words[:_MAX_WORDS])
    return Unknown(_WHY.get(failed.failure, UnknownWhy.UNEXPECTED), failed.words[:_MAX_WORDS])


def _unreadable(words: str) -> Unknown:
    return Unknown(UnknownWhy.UNREADABLE, words[:_MAX_WORDS])


def _read(answer: HttpAnswer) -> dict[str, Any] | Unknown:
    if answer.status == 429:
        return Unknown(UnknownWhy.RATE_LIMITED, "status 429")
    if answer.status >= 500:
        return Unknown(UnknownWhy.SERVER_ERROR, f"status {answer.status}")
    try:
        value = answer.json()
    except ValueError as bad:
        return _unreadable(f"status {answer.status}: {bad}")
    return value if isinstance(value, dict) else _unreadable("JSON of another shape")


def _status(value: Any) -> ProviderStatus | Unknown:
    if not isinstance(value, dict) or not _remote_id(value):
        return _unreadable("no order number")
    word = str(value.get("status"))
    state = _STATES.get(word, RemoteState.UNMAPPED)
    return ProviderStatus(
        remote_id=_remote_id(value),
        state=state,
        delivered=_count(value.get("delivered")),
        remains=_count(value.get("remains")),
        words=_words(value) if state != RemoteState.UNMAPPED else f"status word: {word}"[:_MAX_WORDS],
        fault=_member(Fault, value.get("fault"), Fault.NONE),
        alleges=_member(Allegation, value.get("alleges"), Allegation.NONE),
        stop=_stop(value),
        reference=str(value.get("reference") or ""),
    )


def _stop(value: dict[str, Any]) -> StopState | None:
    word = value.get("stop")
    return StopState(word) if isinstance(word, str) and word in set(StopState) else None


def _member(kind: type[_E], value: Any, default: _E) -> _E:
    try:
        return kind(value) if value else default
    except ValueError:
        return default


def _remote_id(value: dict[str, Any]) -> str:
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return ""
    text = str(number)
    return text if 0 < len(text) <= 64 and text.isascii() and text.isprintable() else ""


def _count(value: Any) -> int | None:
    """A whole number, sent as a number or as text; anything else counts as not said."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**12 else None
    if isinstance(value, str) and len(value) <= 13 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None


def _words(value: dict[str, Any]) -> str:
    return str(value.get("message") or "")[:_MAX_WORDS].replace("\x00", "")


def _error_code(value: dict[str, Any]) -> str:
    error = value.get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""


def _error_words(value: dict[str, Any]) -> str:
    error = value.get("error")
    return _words(error) if isinstance(error, dict) else ""
