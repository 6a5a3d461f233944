"""The one maker of identifiers and secrets."""

import secrets
import uuid

# No 0/O, 1/I/L: people read these aloud and type them into bank forms.
_READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_reference() -> uuid.UUID:
    """A random reference (UUID version 4) under which another system can find what we asked of it."""
    return uuid.uuid4()


def new_secret(bits: int = 256) -> str:
    """A URL-safe secret with at least `bits` bits of entropy."""
    return secrets.token_urlsafe((bits + 7) // 8)


def new_readable_code(length: int = 7) -> str:
    """A code for people: letters and digits that can't be mistaken for each other."""
    return "".join(secrets.choice(_READABLE) for _ in range(length))
