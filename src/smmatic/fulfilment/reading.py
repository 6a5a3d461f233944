"""Reading what providers send, strictly: what cannot be read says nothing. Shared by the adapters. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from smmatic.fulfilment.http_client import Failure, HttpAnswer, OutboundError
from smmatic.fulfilment.protocol import (
    Allegation,
    Fault,
    NotReached,
    ProviderStatus,
    RemoteState,
    StopState,
    Unknown,
    UnknownWhy,
)

STATES = {
    "queued": RemoteState.QUEUED,
    "working": RemoteState.WORKING,
    "completed": RemoteState.COMPLETED,
    "partial": RemoteState.PARTIAL,
    "failed": RemoteState.FAILED,
    "stopped": RemoteState.STOPPED,
}
"""The words of our own wire format; what another provider says is mapped by its adapter."""
_WHY = {
    Failure.TIMEOUT: UnknownWhy.TIMEOUT,
    Failure.LOST: UnknownWhy.CONNECTION_LOST,
    Failure.TOO_LARGE: UnknownWhy.TOO_LARGE,
    Failure.UNREADABLE: UnknownWhy.UNREADABLE,
}
MAX_WORDS = 500
_E = TypeVar("_E", bound=StrEnum)


def failed_call(failed: OutboundError) -> NotReached | Unknown:
    """What a call that brought no answer means."""
    if not failed.sent:
        return NotReached(failed.words[:MAX_WORDS])
    return Unknown(_WHY.get(failed.failure, UnknownWhy.UNEXPECTED), failed.words[:MAX_WORDS])


def unreadable(words: str) -> Unknown:
    """An answer that cannot be read."""
    return Unknown(UnknownWhy.UNREADABLE, words[:MAX_WORDS])


def read_object(answer: HttpAnswer) -> dict[str, Any] | Unknown:
    """The JSON object of an answer, whatever its status below 500 says."""
    if answer.status == 429:
        return Unknown(UnknownWhy.RATE_LIMITED, "status 429")
    if answer.status == 501:
        return Unknown(UnknownWhy.NOT_OFFERED, "status 501")
    if answer.status >= 500:
        return Unknown(UnknownWhy.SERVER_ERROR, f"status {answer.status}")
    try:
        value = answer.json()
    except ValueError as bad:
        return unreadable(f"status {answer.status}: {bad}")
    return value if isinstance(value, dict) else unreadable("JSON of another shape")


def read_status(value: Any) -> ProviderStatus | Unknown:
    """One order's state in our own wire format."""
    if not isinstance(value, dict) or not number_of(value):
        return unreadable("no order number")
    word = str(value.get("status"))
    state = STATES.get(word, RemoteState.UNMAPPED)
    return ProviderStatus(
        remote_id=number_of(value),
        state=state,
        delivered=count(value.get("delivered")),
        remains=count(value.get("remains")),
        words=words_of(value) if state != RemoteState.UNMAPPED else clean(f"status word: {word}"),
        fault=_member(Fault, value.get("fault"), Fault.NONE),
        alleges=_member(Allegation, value.get("alleges"), Allegation.NONE),
        stop=stop_of(value),
        reference=clean(value.get("reference"))[:64],
        charge=decimal(value.get("charge")),
        currency=clean(value.get("currency"))[:10],
    )


def stop_of(value: dict[str, Any]) -> StopState | None:
    """The answer to a stop request, where one is told."""
    word = value.get("stop")
    return StopState(word) if isinstance(word, str) and word in set(StopState) else None


def number_of(value: dict[str, Any]) -> str:
    """The provider's own number of an order, or ''."""
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return ""
    text = str(number)
    return text if 0 < len(text) <= 64 and text.isascii() and text.isprintable() else ""


def count(value: Any) -> int | None:
    """A whole number, sent as a number or as text; anything else counts as not said."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**12 else None
    if isinstance(value, str) and len(value) <= 13 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None


def decimal(value: Any) -> str:
    """A decimal number that was sent as text; '' for anything else."""
    text = value if isinstance(value, str) and len(value) <= 40 else ""
    return text if text.isascii() and text.replace(".", "", 1).isdigit() else ""


def clean(value: Any) -> str:
    """A text of theirs as we may keep it."""
    return str(value or "")[:MAX_WORDS].replace("\x00", "")


def words_of(value: dict[str, Any]) -> str:
    """The message of an answer."""
    return clean(value.get("message"))


def error_code(value: dict[str, Any]) -> str:
    """The code of a stated error, or ''."""
    error = value.get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""


def error_words(value: dict[str, Any]) -> str:
    """The message of a stated error, or ''."""
    error = value.get("error")
    return words_of(error) if isinstance(error, dict) else ""


def _member(kind: type[_E], value: Any, default: _E) -> _E:
    try:
        return kind(value) if value else default
    except ValueError:
        return default
