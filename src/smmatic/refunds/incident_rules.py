"""Which orders a declared incident affects. Pure."""

from dataclasses import dataclass
from datetime import datetime

from smmatic.orders.rows import OrderRow

SCOPES = ("all", "platform", "class", "service")
"""Everything; one platform; one class of services; one service by its code."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """A declared incident; `ended_at` None while it goes on."""

    id: int
    title_en: str
    title_vi: str
    scope: str
    scope_value: str
    began_at: datetime
    ended_at: datetime | None
    declared_at: datetime
    declared_by_id: int

    @property
    def running(self) -> bool:
        """Whether it still goes on."""
        return self.ended_at is None

    @property
    def id_text(self) -> str:
        """Its id as forms and addresses write it, whatever the page's language."""
        return str(self.id)

    def title(self, language: str) -> str:
        """Its title in 'en' or 'vi'."""
        return self.title_vi if language == "vi" else self.title_en

    def span(self, moment: datetime) -> tuple[datetime, datetime]:
        """From when to when it lasted; until `moment` while it goes on."""
        return self.began_at, self.ended_at or moment


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """What was told about an incident: 'declared', 'update' or 'ended'."""

    id: int
    incident_id: int
    kind: str
    text_en: str
    text_vi: str
    actor_id: int
    at: datetime

    def text(self, language: str) -> str:
        """The text in 'en' or 'vi'."""
        return self.text_vi if language == "vi" else self.text_en


def affects(incident: IncidentRow, order: OrderRow) -> bool:
    """Whether an order is of those that an incident disturbs."""
    names = {"platform": "platform", "class": "service_class"}
    if incident.scope == "all":
        return True
    if incident.scope == "service":
        return order.service_code == incident.scope_value
    return order.terms.get(names[incident.scope]) == incident.scope_value
