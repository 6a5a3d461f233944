"""Texts that people type: what is let in, and what is refused with a reason. Pure."""

import unicodedata
from collections.abc import Container

from smmatic.kernel.refusals import Refusal, RefusalCode

# Letters that change the direction of text let one sentence read as another.
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ZERO_WIDTH = set("\u200b\u2060\ufeff")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def clean_line(text: object, field: str, maximum: int) -> str:
    """One line of text, trimmed, at most `maximum` characters.

    Raises:
        Refusal: `field_invalid` when it is no text, `text_too_long`, `text_forbidden_characters`.
    """
    line = clean_text(text, field, maximum)
    if "\n" in line or "\t" in line:
        raise Refusal(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, field)
    return line


def one_of(word: str, field: str, known: Container[str]) -> str:
    """A word of a closed list, as a button or a choice of our pages sends it; a wrong word never means the other one.

    Raises:
        Refusal: `field_invalid`.
    """
    if word not in known:
        raise Refusal(RefusalCode.FIELD_INVALID, field)
    return word


def clean_text(text: object, field: str, maximum: int) -> str:
    """Text of several lines, with unix line ends, trimmed, at most `maximum` characters; otherwise as given.

    Raises:
        Refusal: `field_invalid` when it is no text, `text_too_long`, `text_forbidden_characters`.
    """
    if not isinstance(text, str):
        raise Refusal(RefusalCode.FIELD_INVALID, field)
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(cleaned) > maximum:
        raise Refusal(RefusalCode.TEXT_TOO_LONG, field, maximum=maximum)
    if any(_forbidden(letter) for letter in cleaned):
        raise Refusal(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, field)
    return cleaned


def _forbidden(letter: str) -> bool:
    if letter in "\n\t":
        return False
    return letter in _BIDI or letter in _ZERO_WIDTH or unicodedata.category(letter) in ("Cc", "Cs")


def harmless(text: object) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it.

    Source: OWASP, CSV Injection. Characters that begin a formula only in other scripts' width are taken too.
    """
    said = "" if text is None else str(text)
    return f"'{said}" if said.lstrip(" \u00a0").startswith(_FORMULA) or said.startswith(_FORMULA) else said
