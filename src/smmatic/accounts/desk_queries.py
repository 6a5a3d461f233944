"""Reads of saved views and of what is recorded of staff."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smmatic.accounts.models import Audit, SavedView
from smmatic.accounts.queries import Person


@dataclass(frozen=True, slots=True)
class ViewRow:
    """Filters that somebody keeps; `query` as in the address."""

    id: int
    room: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Something that a member of staff did."""

    id: int
    actor_id: int
    kind: str
    subject_id: int | None
    facts: dict[str, Any]
    at: datetime


def views_of(person: Person, room: str) -> list[ViewRow]:
    """A person's saved views of a room, by name."""
    rows = SavedView.objects.filter(owner_id=person.id, room=room).order_by("name")
    return [ViewRow(row.id, row.room, row.name, row.query) for row in rows]


def audit(*, before: datetime | None = None, actor_id: int | None = None, limit: int = 100) -> list[AuditRow]:
    """Records of what staff, or one of them, did before a moment, the newest first."""
    rows = Audit.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(at__lt=before)
    if actor_id is not None:
        rows = rows.filter(actor_id=actor_id)
    return [AuditRow(**row) for row in rows.values(*AuditRow.__dataclass_fields__)[:limit]]
