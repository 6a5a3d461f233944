"""Texts that people type: what is let in, and what is refused with a reason. Pure."""

import unicodedata

from smmatic.kernel.refusals import Refusal, RefusalCode

# Letters that change the direction of text let one sentence read as another.
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_ZERO_WIDTH = set("\u200b\u2060\ufeff")


def clean_line(text: object, field: str, maximum: int) -> str:
    """One line of text, trimmed, at most `maximum` characters.

    Raises:
        Refusal: `field_invalid` when it is no text, `text_too_long`, `text_forbidden_characters`.
    """
    line = clean_text(text, field, maximum)
    if "\n" in line or "\t" in line:
        raise Refusal(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, field)
    return line


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
