"""From a pasted text to a web address that is safe to keep, or the reason why it isn't. Pure, no network.

Nothing is repaired silently except what can't change the meaning: blanks around the link, a missing 'https://', and the
words of an app's share text around exactly one link.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from smmatic.catalogue.hosts import check_host
from smmatic.catalogue.kinds import UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

MAX_LENGTH = 2000
"""Longest link in characters."""

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_UNSAFE = frozenset('<>"{}|^`')
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_PORT_FOLLOWS = re.compile(r"[0-9]{1,5}(?:[/?#]|$)")
_EMAIL = re.compile(r"[^\s/@:]+@[^\s/@:]+\.[^\s/@:]+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TRACKING = re.compile(
    r"utm_.*|fbclid|gclid|gbraid|wbraid|msclkid|ttclid|mibextid|igshid|igsh|zarsrc|_ga|mc_[ce]id|spm|scm|ref_src",
    re.IGNORECASE,
)
_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Address:
    """A web address taken apart: lower-case ASCII host, decoded path segments and query."""

    scheme: str
    host: str
    segments: tuple[str, ...]
    query: dict[str, str]
    ends_in_slash: bool

    @property
    def path(self) -> str:
        """The decoded segments as '/a/b', without a slash at the end."""
        return "".join(f"/{segment}" for segment in self.segments)

    def canonical(self) -> str:
        """The address without fragment and tracking parameters, percent-encoded.

        Raises:
            UnreadableLink: `link_too_long` when encoding makes it longer than MAX_LENGTH.
        """
        path = "".join("/" + quote(segment, safe="~:@!$&()*+,;=") for segment in self.segments) or "/"
        if self.ends_in_slash and not path.endswith("/"):
            path += "/"
        kept = [(name, value) for name, value in self.query.items() if not _TRACKING.fullmatch(name)]
        text = f"{self.scheme}://{self.host}{path}" + (f"?{urlencode(kept)}" if kept else "")
        if len(text) > MAX_LENGTH:
            raise UnreadableLink(Code.LINK_TOO_LONG, maximum=MAX_LENGTH)
        return text


def clean(text: object) -> str:
    """The text without blanks around it, when it holds nothing that a person could not see.

    Raises:
        UnreadableLink: `link_missing`, `link_too_long`, `link_control_character`, `link_hidden_character`.
    """
    if text is None or text == "":
        raise UnreadableLink(Code.LINK_MISSING)
    if not isinstance(text, str):
        raise UnreadableLink(Code.LINK_NOT_A_LINK)
    if len(text) > MAX_LENGTH:
        raise UnreadableLink(Code.LINK_TOO_LONG, maximum=MAX_LENGTH)
    trimmed = text.replace("\u00a0", " ").strip(" \t\r\n")
    for character in trimmed:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Co", "Cn") and character not in "\t\r\n":
            raise UnreadableLink(Code.LINK_CONTROL_CHARACTER)
        if category in ("Cf", "Zl", "Zp") or character in _INVISIBLE:
            raise UnreadableLink(Code.LINK_HIDDEN_CHARACTER)
    if not trimmed:
        raise UnreadableLink(Code.LINK_MISSING)
    return trimmed


def only_link(text: str) -> str:
    """The one link of a cleaned text: the text itself, or the single http address in an app's share text.

    Raises:
        UnreadableLink: `link_several`, `link_not_a_link`.
    """
    tokens = text.split()
    if len(tokens) == 1:
        return tokens[0]
    found = {token.rstrip(".,;:!?)]»'\"") for token in tokens if token.lower().startswith(("http://", "https://"))}
    if len(found) > 1:
        raise UnreadableLink(Code.LINK_SEVERAL, count=len(found))
    if not found:
        raise UnreadableLink(Code.LINK_NOT_A_LINK)
    return found.pop()


def read_address(text: str) -> Address:
    """Takes one cleaned link apart and checks every part of it.

    Raises:
        UnreadableLink: with the code of the first part that can't be kept.
    """
    _check_characters(text)
    scheme, rest, stated = _split_scheme(text)
    authority, _, tail = _partition(rest)
    host, port = _split_authority(authority, stated)
    ascii_host = check_host(host, stated=stated)
    if port and port != _PORTS[scheme]:
        raise UnreadableLink(Code.LINK_PORT, port=port)
    path, _, query = tail.partition("#")[0].partition("?")
    if _BAD_ESCAPE.search(path) or _BAD_ESCAPE.search(query):
        raise UnreadableLink(Code.LINK_MALFORMED)
    segments = tuple(_decode(segment) for segment in path.split("/") if segment not in ("", "."))
    if ".." in segments:
        raise UnreadableLink(Code.LINK_MALFORMED)
    return Address(scheme, ascii_host, segments, _read_query(query), path.endswith("/") and bool(segments))


def _check_characters(text: str) -> None:
    if "\\" in text:
        raise UnreadableLink(Code.LINK_BACKSLASH)
    for character in text:
        if character in _UNSAFE:
            raise UnreadableLink(Code.LINK_UNSAFE_CHARACTER, character=character)
        wide = "\uff01" <= character <= "\uff5e" or character in "\u3002\uff61\u3000"
        if wide or (ord(character) > 127 and unicodedata.category(character) == "Nd"):
            raise UnreadableLink(Code.LINK_WIDE_CHARACTER, character=character)


def _split_scheme(text: str) -> tuple[str, str, bool]:
    """(scheme, what follows '//', whether the scheme was written)."""
    if text.startswith("//"):
        return "https", text[2:], True
    match = _SCHEME.fullmatch(text)
    if match is None or ("." in match[1] and _PORT_FOLLOWS.match(match[2])):
        return "https", text, False
    scheme = match[1].lower()
    if scheme not in _PORTS:
        if _PORT_FOLLOWS.match(match[2]):
            return "https", text, True
        raise UnreadableLink(Code.LINK_SCHEME, scheme=scheme)
    if not match[2].startswith("//"):
        raise UnreadableLink(Code.LINK_MALFORMED)
    return scheme, match[2][2:], True


def _partition(rest: str) -> tuple[str, str, str]:
    match = re.search(r"[/?#]", rest)
    if match is None:
        return rest, "", ""
    return rest[: match.start()], match[0], rest[match.start() :]


def _split_authority(authority: str, stated: bool) -> tuple[str, str]:
    if "@" in authority:
        if not stated and _EMAIL.fullmatch(authority):
            raise UnreadableLink(Code.LINK_EMAIL)
        raise UnreadableLink(Code.LINK_CREDENTIALS)
    if authority.startswith("["):
        host, bracket, port = authority.partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise UnreadableLink(Code.LINK_MALFORMED)
        return host + "]", port[1:]
    host, _, port = authority.partition(":")
    if port and not re.fullmatch(r"[0-9]{1,5}", port):
        raise UnreadableLink(Code.LINK_MALFORMED)
    return host, port


def _decode(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UnreadableLink(Code.LINK_MALFORMED) from None
    for character in decoded:
        if unicodedata.category(character) == "Cc":
            raise UnreadableLink(Code.LINK_CONTROL_CHARACTER)
        if character in _BIDI:
            raise UnreadableLink(Code.LINK_HIDDEN_CHARACTER)
    return decoded


def _read_query(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise UnreadableLink(Code.LINK_MALFORMED) from None
    for name, value in pairs:
        _decode_check(name + value)
    return dict(reversed(pairs))


def _decode_check(text: str) -> None:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise UnreadableLink(Code.LINK_CONTROL_CHARACTER)
    if any(character in _BIDI for character in text):
        raise UnreadableLink(Code.LINK_HIDDEN_CHARACTER)
