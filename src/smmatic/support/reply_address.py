"""What makes a mail findable and ours: signed reply addresses, Message-IDs and the mark of our own mails. Pure.

The token of a conversation is `<number>-<16 letters>`: 80 bits of an HMAC over the number. It stands in the address
after a plus ('support+12-abc...@smmatic.com') and in the Message-ID of what we send, so that an answer finds its thread
whatever else its headers say. Lower case only, since mail servers change case.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

_LETTERS = 16
_NAMED = r"([1-9][0-9]{0,17})-([a-z2-7]{16})"
_IN_ADDRESS = re.compile(rf"\+{_NAMED}@", re.IGNORECASE)
_IN_MESSAGE_ID = re.compile(rf"<(?:[0-9a-f-]{{36}}|thread)\.{_NAMED}@", re.IGNORECASE)
_REFERENCE = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})[.@]", re.IGNORECASE)


def token_of(conversation_id: int, secret: str) -> str:
    """The token of a conversation."""
    return f"{conversation_id}-{_signature('smmatic.reply.1', str(conversation_id), secret)}"


def reply_address(conversation_id: int, support_address: str, secret: str) -> str:
    """Where answers in a conversation come to."""
    local, _, domain = support_address.rpartition("@")
    return f"{local.partition('+')[0]}+{token_of(conversation_id, secret)}@{domain}"


def message_id(reference: str, conversation_id: int | None, domain: str, secret: str) -> str:
    """The Message-ID of a mail of ours; of one in a conversation it names that conversation, signed."""
    token = f".{token_of(conversation_id, secret)}" if conversation_id is not None else ""
    return f"<{reference}{token}@{domain}>"


def thread_id(conversation_id: int, domain: str, secret: str) -> str:
    """A Message-ID of no mail, which all mails of a conversation refer to: mail programs show them as one thread."""
    return f"<thread.{token_of(conversation_id, secret)}@{domain}>"


def signed_conversation(addresses: str, message_ids: Iterable[str], secret: str) -> int | None:
    """The conversation that recipients, or the Message-IDs of ours that a mail answers, name with our signature."""
    found = _IN_ADDRESS.findall(addresses)
    for one in message_ids:
        found += _IN_MESSAGE_ID.findall(one)
    for number, letters in found:
        if hmac.compare_digest(token_of(int(number), secret), f"{number}-{letters.lower()}"):
            return int(number)
    return None


def claims_conversation(addresses: str) -> bool:
    """Whether a recipient looks like a reply address of ours, signed or not."""
    return bool(_IN_ADDRESS.search(addresses))


def reference_in(text: str) -> str | None:
    """The reference of the mail of ours that a Message-ID names, or None."""
    found = _REFERENCE.search(text)
    return found.group(1).lower() if found else None


def mark_of(reference: str, secret: str) -> str:
    """What the header of our own mails holds, by which we know one that comes back to us."""
    return f"{reference}.{_signature('smmatic.own.1', reference, secret)}"


def is_ours(mark: str, secret: str) -> bool:
    """Whether such a header is of our making; anybody can write the header, but not the signature."""
    return hmac.compare_digest(
        mark_of(mark.partition(".")[0], secret).encode(), mark.strip().encode("utf-8", "replace")
    )


def _signature(purpose: str, text: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), f"{purpose}:{text}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_LETTERS]
