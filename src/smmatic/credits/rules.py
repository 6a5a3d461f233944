"""What a posting is and how a transfer's hash is made. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KINDS_IN_WORDS: dict[str, str] = {
    "deposit": "Credits bought",
    "bonus": "Bonus Credits",
    "goodwill": "Goodwill Credits",
    "hold": "Held for an order",
    "release": "Returned from an order",
    "capture": "Spent on an order",
    "forfeit": "Kept for an order that could not be refunded",
    "refund": "Refunded for an order",
    "breakage": "Expired",
    "dispute_freeze": "Frozen while a deposit is disputed",
    "dispute_restore": "Unfrozen after a dispute",
    "dispute_remove": "Removed after a dispute",
    "dispute_debt": "Owed after a dispute",
    "debt_repay": "Debt settled",
    "adjust_up": "Correction",
    "adjust_down": "Correction",
}
"""Every transfer kind in English words; the pages translate them."""

CUSTOMER_BUCKETS = frozenset({"available", "held", "disputed", "debt"})
"""Buckets that belong to the one customer of a transfer. Every other bucket is the platform's own."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A booking to be made. `amount` in units; `business_key` can be booked once in an account.

    `grace_seconds` is how long a slice lives that returns to a grant which has expired meanwhile.
    """

    account_id: int
    kind: str
    amount: int
    business_key: str
    actor: str
    reason: str = ""
    order_id: int | None = None
    case_id: int | None = None
    deposit_id: int | None = None
    clause: str | None = None
    effective_at: datetime | None = None
    priority: int | None = None
    expires_at: datetime | None = None
    grace_seconds: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that `credits_post_json_v1` reads."""
        return {
            "account_id": self.account_id,
            "kind": self.kind,
            "amount": self.amount,
            "business_key": self.business_key,
            "actor": self.actor,
            "reason": self.reason[:500],
            "order_id": self.order_id,
            "case_id": self.case_id,
            "deposit_id": self.deposit_id,
            "clause": self.clause,
            "effective_at": self.effective_at.isoformat() if self.effective_at else None,
            "priority": self.priority,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "grace": None if self.grace_seconds is None else f"{self.grace_seconds} seconds",
        }


def transfer_hash(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """The chain hash of a transfer from the previous one and its columns; the same as `credits_transfer_hash_v1`.

    Source: the columns in the order below as one JSON array, instants as whole microseconds since 1970 UTC.
    """
    covered = [
        row["account_id"],
        row["version"],
        row["kind"],
        row["debit"],
        row["credit"],
        row["amount"],
        row["business_key"],
        row["available_after"],
        row["held_after"],
        row["disputed_after"],
        row["debt_after"],
        microseconds(row["effective_at"]),
        microseconds(row["recorded_at"]),
        row["actor"],
        row["order_id"],
        row["case_id"],
        row["deposit_id"],
        row["clause"],
        row["reason"],
    ]
    return hashlib.sha256(previous + json.dumps(covered, ensure_ascii=False).encode()).digest()


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC, without passing through a float."""
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + moment.microsecond
