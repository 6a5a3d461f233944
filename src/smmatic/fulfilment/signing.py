"""Signatures of calls both ways, by the Standard Webhooks form. Pure.

Signed are ``id.timestamp.body`` with HMAC-SHA256; the header may name several signatures, and two secrets can be valid
while one is being replaced. Source: https://www.standardwebhooks.com, the specification.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_MOST_SIGNATURES = 10
_LONGEST_ID = 120


class NotSigned(Exception):
    """The message is not from whom it says, or too old, or cannot be read as a signed one. Its text is for our log."""


def key_of(secret: str) -> bytes:
    """The key bytes of a secret such as 'whsec_MfKQ...'. Raises ``ValueError`` for anything that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as bad:
        raise ValueError("the secret is not base64") from bad
    if len(key) < 16:
        raise ValueError("the secret is shorter than 16 bytes")
    return key


def secret_of(key: bytes) -> str:
    """A secret in its written form."""
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, signed with every secret. ``timestamp`` in seconds since 1970."""
    marks = [f"v1,{_mark(key_of(secret), message_id, str(timestamp), body)}" for secret in secrets]
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(marks)}


def check_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The message's id, where one of the secrets has signed exactly this body within the last five minutes.

    ``headers`` have lower-case names; ``now`` in seconds since 1970. Every signature is compared in constant time.

    Raises:
        NotSigned: for everything else, however malformed.
    """
    message_id, timestamp, given = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not message_id or len(message_id) > _LONGEST_ID or not message_id.isascii() or not message_id.isprintable():
        raise NotSigned("no id")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise NotSigned("no timestamp")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotSigned("the timestamp is too far from now")
    if not given.isascii() or len(given) > 4096:
        raise NotSigned("no signature")
    told = [mark.encode() for kind, _, mark in (one.partition(",") for one in given.split(" ")) if kind == "v1"]
    wanted = [_mark(key_of(secret), message_id, timestamp, body).encode() for secret in secrets]
    good = False
    for mark in told[:_MOST_SIGNATURES]:
        for right in wanted:
            good |= hmac.compare_digest(mark, right)
    if not good:
        raise NotSigned("no signature fits")
    return message_id


def _mark(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = message_id.encode() + b"." + timestamp.encode() + b"." + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
