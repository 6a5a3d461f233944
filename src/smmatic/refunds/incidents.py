"""Reads of declared incidents: for the public page, for affected orders, and for due dates."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from smmatic.kernel.clock import now
from smmatic.orders.rows import OrderRow
from smmatic.refunds.incident_rules import IncidentNote, IncidentRow, affects
from smmatic.refunds.models import Incident, IncidentEvent

_FIELDS = tuple(IncidentRow.__dataclass_fields__)
_NOTE_FIELDS = tuple(IncidentNote.__dataclass_fields__)


def incident(incident_id: int) -> IncidentRow | None:
    """The incident with this id, or None."""
    values = Incident.objects.filter(id=incident_id).values(*_FIELDS).first()
    return IncidentRow(**values) if values else None


def running_incidents() -> list[IncidentRow]:
    """Incidents that go on now, the newest first."""
    rows = Incident.objects.filter(ended_at=None).order_by("-began_at", "-id")
    return [IncidentRow(**row) for row in rows.values(*_FIELDS)]


def recent_incidents(*, days: int = 90, limit: int = 50) -> list[IncidentRow]:
    """Incidents that go on or ended within so many days, the newest first."""
    rows = Incident.objects.filter(Q(ended_at=None) | Q(ended_at__gte=now() - timedelta(days=days)))
    return [IncidentRow(**row) for row in rows.order_by("-began_at", "-id").values(*_FIELDS)[:limit]]


def incidents_since(moment: datetime) -> list[IncidentRow]:
    """Incidents that lasted at any time from a moment on, the oldest first."""
    rows = Incident.objects.filter(Q(ended_at=None) | Q(ended_at__gt=moment)).order_by("began_at", "id")
    return [IncidentRow(**row) for row in rows.values(*_FIELDS)]


def notes_of(incident_ids: Sequence[int]) -> dict[int, list[IncidentNote]]:
    """What was told about these incidents, the newest first."""
    found: dict[int, list[IncidentNote]] = {}
    for row in IncidentEvent.objects.filter(incident_id__in=incident_ids).order_by("-id").values(*_NOTE_FIELDS):
        found.setdefault(row["incident_id"], []).append(IncidentNote(**row))
    return found


def staff_notes(
    *, before: datetime | None = None, actor_id: int | None = None, limit: int = 100
) -> list[tuple[IncidentNote, str]]:
    """What staff, or one of them, told about incidents before a moment, with the incident's title; the newest first."""
    rows = IncidentEvent.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(at__lt=before)
    if actor_id is not None:
        rows = rows.filter(actor_id=actor_id)
    shown = rows.values(*_NOTE_FIELDS, "incident__title_en")[:limit]
    return [(IncidentNote(**{name: row[name] for name in _NOTE_FIELDS}), row["incident__title_en"]) for row in shown]


def incidents_of(order: OrderRow) -> list[IncidentRow]:
    """Incidents that go on now and disturb this order."""
    return [row for row in running_incidents() if affects(row, order)]
