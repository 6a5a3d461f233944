"""What answers in the field's format mean, and what they do not. Pure.

Panels differ in what they write where they know nothing: `remains` is "0" before work and after a cancel, `charge` is
missing, ids are text or numbers. A number is believed only where the status gives it a meaning.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from smmatic.fulfilment.http_client import HttpAnswer
from smmatic.fulfilment.protocol import (
    Fault,
    Price,
    ProviderStatus,
    RefusalWord,
    RemoteState,
    StopState,
    Unknown,
    UnknownWhy,
)

MAX_WORDS = 500
PER = 1_000
"""Units that a rate is for, except for packages."""

STATES = {
    "pending": RemoteState.QUEUED,
    "processing": RemoteState.QUEUED,
    "in progress": RemoteState.WORKING,
    "completed": RemoteState.COMPLETED,
    "partial": RemoteState.PARTIAL,
    "canceled": RemoteState.STOPPED,
    "cancelled": RemoteState.STOPPED,
}
"""Status words, whatever their case. 'Processing' is not yet work: only 'In progress' is."""

_REFUSALS = (
    (re.compile(r"^invalid api key|^incorrect (api )?key", re.I), RefusalWord.NOT_AUTHORISED),
    (re.compile(r"^incorrect service|service (is )?(not|un)", re.I), RefusalWord.SERVICE_UNAVAILABLE),
    (re.compile(r"^incorrect link|(bad|invalid|wrong) link", re.I), RefusalWord.BAD_LINK),
    (re.compile(r"^quantity (less|more)|^incorrect quantity", re.I), RefusalWord.BAD_QUANTITY),
    (re.compile(r"^not enough funds|insufficient (funds|balance)", re.I), RefusalWord.NO_BALANCE),
    (re.compile(r"duplicate|active order with this link", re.I), RefusalWord.DUPLICATE),
)
_AMBIGUOUS = re.compile(r"try again|internal|server|time.?out|unavailable|maintenance|temporar|database", re.I)
"""Words of an error after which nobody can say whether the order was placed."""


def read_json(answer: HttpAnswer) -> Any | Unknown:
    """The JSON of an answer. Errors of some panels come with a 4xx; they are read like those with 200."""
    if answer.status == 429:
        return Unknown(UnknownWhy.RATE_LIMITED, "status 429")
    if answer.status >= 500:
        return Unknown(UnknownWhy.SERVER_ERROR, f"status {answer.status}")
    try:
        value = answer.json()
    except ValueError as bad:
        return Unknown(UnknownWhy.UNREADABLE, f"status {answer.status}: {bad}"[:MAX_WORDS])
    if answer.status != 200 and not error_of(value):
        return Unknown(UnknownWhy.UNREADABLE, f"status {answer.status}")
    return value


def error_of(value: Any) -> str:
    """The error word of an answer or of one of its entries, '' where it has none."""
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str | int | float) and not isinstance(error, bool):
        return str(error)[:MAX_WORDS].replace("\x00", "")
    return "an error without words" if error else ""


def refusal_word(words: str) -> RefusalWord:
    """Why an `add` was refused; a word that we do not know is for a person."""
    return next((meaning for pattern, meaning in _REFUSALS if pattern.search(words)), RefusalWord.OTHER)


def tells_no_effect(value: Any) -> bool:
    """Whether another installation of this shop says that it did nothing and may be asked again."""
    return isinstance(value, dict) and value.get("code") in ("rate_limited", "busy")


def says_nothing(value: Any) -> bool:
    """Whether an error leaves open what happened: a fault of theirs instead of a 'no'."""
    words = error_of(value)
    code = value.get("code") if isinstance(value, dict) else None
    return code in ("internal", "unavailable") or (code is None and bool(_AMBIGUOUS.search(words)))


def found_status(number: str, value: dict[str, Any], reference: str = "") -> ProviderStatus:
    """One order's status; `fault` and `stop` are told by another installation of this shop alone."""
    word = str(value.get("status"))
    state = STATES.get(word.strip().lower(), RemoteState.UNMAPPED)
    stop = value.get("stop")
    if stop == StopState.CONFIRMED and state is RemoteState.PARTIAL:
        state = RemoteState.STOPPED
    fault = value.get("fault")
    return ProviderStatus(
        remote_id=number,
        state=state,
        remains=_remains(state, value),
        words="" if state is not RemoteState.UNMAPPED else f"status word: {word}"[:MAX_WORDS],
        fault=Fault(fault) if isinstance(fault, str) and fault in set(Fault) else Fault.NONE,
        stop=StopState(stop) if isinstance(stop, str) and stop in set(StopState) else None,
        reference=reference,
        charge=decimal_text(value.get("charge")),
        currency=str(value.get("currency") or "")[:10],
    )


def stop_entry(value: Any, number: str) -> Any:
    """What an answer to `cancel` says about one order: True where it was taken, else the entry with its error."""
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if isinstance(row, dict) and number_text(row.get("order")) == number:
            told = row.get("cancel")
            return True if told in (1, "1") else told
    return value


def price_of(row: Any) -> Price | None:
    """One service of a list with the cost of one unit, exact; None where it cannot be read."""
    if not isinstance(row, dict):
        return None
    number, rate = number_text(row.get("service")), decimal_text(row.get("rate"))
    if not number or not rate:
        return None
    package = str(row.get("type", "")).strip().lower() == "package"
    try:
        cost = Decimal(rate) if package else Decimal(rate).scaleb(-3)
    except InvalidOperation:
        return None
    return Price(number, str(row.get("name") or "")[:200].replace("\x00", ""), format(cost, "f"))


def number_text(value: Any) -> str:
    """A panel's number for an order or service, sent as number or text; '' for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value).strip()
    return text if 0 < len(text) <= 64 and text.isascii() and text.isalnum() and text != "0" else ""


def decimal_text(value: Any) -> str:
    """A decimal number sent as text or number, as text; '' for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) and len(value) <= 40 else ""
    return text if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,15})?", text, re.ASCII) else ""


def _remains(state: RemoteState, value: dict[str, Any]) -> int | None:
    """Units not delivered, where the panel can have meant that; None where it did not say or cannot be believed.

    Before work many write 0, which is not 'everything is delivered'. After a cancel 0 contradicts itself.
    """
    told = value.get("remains")
    text = str(told).strip() if isinstance(told, int | str) and not isinstance(told, bool) else ""
    if not re.fullmatch(r"-?[0-9]{1,12}", text, re.ASCII):
        return None
    count = int(text)
    if state is RemoteState.QUEUED or (count == 0 and state in (RemoteState.WORKING, RemoteState.STOPPED)):
        return None
    return count
