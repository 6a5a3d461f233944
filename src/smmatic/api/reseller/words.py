"""The error words that the field's clients look for, and which of our refusals each stands for. Pure.

The word is exact. Beside it stand our own code, field, message and next step; clients that do not know them ignore
them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from smmatic.api.problems import as_problem
from smmatic.kernel.refusals import Refusal, RefusalCode


class Word(StrEnum):
    """Errors, word for word."""

    KEY = "Invalid API key"
    REQUEST = "Incorrect request"
    SERVICE = "Incorrect service ID"
    ORDER = "Incorrect order ID"
    REFILL = "Incorrect refill ID"
    FUNDS = "Not enough funds on balance"
    LINK = "Incorrect link"
    TOO_FEW = "Quantity less than minimal"
    TOO_MANY = "Quantity more than maximum"
    TWICE = "Duplicate order"
    NO_CANCEL = "Order can not be canceled"
    NO_REFILL = "Order can not be refilled"
    RATE = "Too many requests"
    BUSY = "Try again later"
    INTERNAL = "Internal error"


_WORDS: Mapping[RefusalCode, Word] = {
    RefusalCode.API_KEY_INVALID: Word.KEY,
    RefusalCode.CUSTOMERS_ONLY: Word.KEY,
    RefusalCode.SCOPE_MISSING: Word.KEY,
    RefusalCode.SERVICE_UNKNOWN: Word.SERVICE,
    RefusalCode.SERVICE_UNAVAILABLE: Word.SERVICE,
    RefusalCode.NOT_ENOUGH_CREDITS: Word.FUNDS,
    RefusalCode.ORDER_TWICE: Word.TWICE,
    RefusalCode.ORDER_OVERLAPS: Word.TWICE,
    RefusalCode.RATE_LIMITED: Word.RATE,
    RefusalCode.BUSY: Word.BUSY,
    RefusalCode.UNAVAILABLE: Word.BUSY,
    RefusalCode.INTERNAL: Word.INTERNAL,
}
_COUNTS = {
    RefusalCode.QUANTITY_TOO_SMALL: (Word.TOO_FEW, "minimum"),
    RefusalCode.QUANTITY_TOO_LARGE: (Word.TOO_MANY, "maximum"),
}
_NAMES = {"texts": "comments", "interval_minutes": "interval"}
"""Our names of fields, and what they are called here."""


def word_of(refusal: Refusal) -> str:
    """The exact error word of a refusal."""
    if refusal.code in _COUNTS:
        word, fact = _COUNTS[refusal.code]
        return f"{word} {refusal.facts.get(fact, '')}".rstrip()
    if refusal.code in _WORDS:
        return _WORDS[refusal.code]
    return Word.LINK if refusal.field == "link" else Word.REQUEST


def error(refusal: Refusal, word: str = "") -> dict[str, Any]:
    """The answer to a refused request; `word` where the action has an error word of its own for it."""
    problem = as_problem(refusal)
    problem["field"] = _NAMES.get(refusal.field or "", refusal.field)
    return {"error": word or word_of(refusal), **{name: value for name, value in problem.items() if value}}
