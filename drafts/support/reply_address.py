"""Signed reply addresses: one a conversation, so that an answer finds its thread whatever else its headers say. Pure.

The token is `<conversation>-<16 letters>`: 80 bits of an HMAC over the number. It stands in the address after a plus
('support+12-abc...@smmatic.com') and in the Message-ID of what we send. Lower case only, since mail servers change case.
"""

import base64
import hashlib
import hmac
import re

_LETTERS = 16
_TOKEN = r"([1-9][0-9]{0,18})-([a-z2-7]{16})"
_IN_ADDRESS = re.compile(rf"\+{_TOKEN}@", re.IGNORECASE)
_IN_MESSAGE_ID = re.compile(rf"<([0-9a-f-]{{36}})\.{_TOKEN}@", re.IGNORECASE)


def token_of(conversation_id: int, secret: str) -> str:
    """The token of a conversation."""
    digest = hmac.new(secret.encode(), f"smmatic.reply.1:{conversation_id}".encode(), hashlib.sha256).digest()
    return f"{conversation_id}-{base64.b32encode(digest).decode().lower()[:_LETTERS]}"


def reply_address(conversation_id: int, support_address: str, secret: str) -> str:
    """Where answers in a conversation come to."""
    local, _, domain = support_address.rpartition("@")
    return f"{local.partition('+')[0]}+{token_of(conversation_id, secret)}@{domain}"


def signed_conversation(addresses: str, message_ids: str, secret: str) -> int | None:
    """The conversation that recipients or the Message-IDs of ours that a mail answers name, if the signature is ours."""
    found = [(number, letters) for number, letters in _IN_ADDRESS.findall(addresses)]
    found += [(number, letters) for _reference, number, letters in _IN_MESSAGE_ID.findall(message_ids)]
    for number, letters in found:
        if hmac.compare_digest(token_of(int(number), secret), f"{number}-{letters.lower()}"):
            return int(number)
    return None
