"""An order, a line of its timeline and a file of it, as values: what rules and pages work with. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

LIVE = ("pending", "processing", "in_progress")
ENDED = ("completed", "partial", "failed", "cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order. `amount` in Credit units; times are aware UTC datetimes."""

    id: int
    customer_id: int
    service_id: int
    service_code: str
    terms: dict[str, Any]
    policy_version_id: int
    calendar_version_id: int
    channel: str
    quantity: int
    delivered: int
    amount: int
    link: str
    link_kind: str
    brief: str
    texts: str
    runs: int | None
    interval_minutes: int | None
    status: str
    start_now: bool
    placed_at: datetime
    accept_after: datetime
    accepted_at: datetime | None
    start_promised_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    waiting_since: datetime | None
    stop_status: str
    stop_asked_at: datetime | None
    stop_deadline: datetime | None
    unknown_since: datetime | None
    unknown_deadline: datetime | None
    staff_id: int | None
    next_check_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether the order can still change its status."""
        return self.status in LIVE

    @property
    def service_class(self) -> str:
        """The class that sets decision times."""
        return str(self.terms["service_class"])

    @property
    def stop_offered(self) -> bool:
        """Whether the terms let the customer ask for a stop once work has begun."""
        return self.terms.get("stop_rule") == "request"

    def name(self, language: str) -> str:
        """The service's name as pinned at placing."""
        return str(self.terms["name_vi" if language == "vi" else "name_en"])

    def unit(self, language: str) -> str:
        """The service's unit as pinned at placing."""
        return str(self.terms["unit_vi" if language == "vi" else "unit_en"])


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of an order's timeline."""

    id: int
    order_id: int
    kind: str
    status_from: str
    status_to: str
    actor_kind: str
    actor_id: int | None
    why: str
    facts: dict[str, Any]
    visible: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file without its content; `size` in bytes."""

    id: int
    owner_id: int
    order_id: int | None
    purpose: str
    name: str
    media_type: str
    size: int
    at: datetime
