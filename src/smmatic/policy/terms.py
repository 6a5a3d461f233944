"""What a policy may declare of its own: spans of time, shares of a charge, promised times, sources of its facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HOURS, DAYS, BUSINESS = "hours", "days", "business_days"
_SPAN = re.compile(r"^([1-9][0-9]{0,4}) ?(h|hours?|days?|business days?)$")

PROOFS = ("none", "refuted", "alleged", "verified")
SUPPLIED: Mapping[str, tuple[str, ...]] = {
    "ask": ("none", "cancel", "refund"),
    "stage": ("pending", "refused", "begun", "stop_confirmed", "halted", "done", "unknown"),
    "delivered": ("none", "part", "all"),
    "platform_fault": PROOFS,
    "fulfilment_fault": PROOFS,
    "wrong_information": PROOFS,
    "third_party_violation": PROOFS,
    "expectations": ("no", "claimed"),
    "reviewed": ("no", "yes"),
}
"""The facts that the software itself says of every order, with every value that it can say."""

MOMENTS = ("placed_at", "accepted_at", "start_promised_at", "started_at", "ended_at", "completed_at")
"""Moments of an order that a window can be counted from."""

NUMBERS = ("order.quantity", "order.credits")
ATTRIBUTES = (
    "service.class",
    "service.category",
    "service.platform",
    "service.type",
    "service.delivery",
    "service.code",
    "order.channel",
    "order.link_kind",
    "order.start_now",
    "customer.type",
    "customer.jurisdiction",
    "customer.language",
)
"""Attributes that a fact can be made from; those of NUMBERS only by a threshold."""


@dataclass(frozen=True)
class Span:
    """A length of time: `number` of `unit` ('hours' of the clock, 'days' of the calendar, or 'business_days')."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Span:
        """'48h', '48 hours', '14 days' or '3 business days'. Raises ValueError for anything else."""
        found = _SPAN.match(text)
        if not found:
            raise ValueError(f"'{text}' is no span of time.")
        word = found.group(2)
        unit = HOURS if word.startswith("h") else BUSINESS if word.startswith("b") else DAYS
        return cls(int(found.group(1)), unit)


@dataclass(frozen=True)
class Window:
    """A yes/no fact: whether at most `at_most` has passed since a moment of the order."""

    since: str
    at_most: Span


@dataclass(frozen=True)
class Attribute:
    """A fact made from an attribute: by value (`values`: raw value to fact value), or yes/no by a threshold."""

    name: str
    at_least: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """A part of a charge that comes back.

    of: 'all' or 'undelivered', what it is a part of; percent: how much of that comes back; withheld: percent of the
    whole *charge* that is kept from it. Everything is rounded in the customer's favour: what stays is rounded down.
    """

    of: str
    percent: int = 100
    withheld: int = 0


NOTHING = Share("none", 0)
WHOLE = Share("all")
UNDELIVERED = Share("undelivered")
BASIC: Mapping[str, Share] = {"all": WHOLE, "undelivered": UNDELIVERED, "none": NOTHING}
"""The shares that every policy has."""


@dataclass(frozen=True)
class Promise:
    """Until when a person answers, where a clause promises its own time; `by_class` differs by kind of service."""

    id: str
    span: Span
    by_class: Mapping[str, Span]
    line: int = 0
