"""What the API answers about work that was handed over: deliveries, acceptance and rework."""

from datetime import datetime

from django.utils.translation import gettext_noop as _
from pydantic import Field

from smmatic.api.outputs import FileOut, Output, Problem


class DeliveryOut(Output):
    """What was handed over at once."""

    at: datetime
    note: str
    links: list[str]
    files: list[FileOut]
    proof: str = Field(description=_("What shows that it was done."))
    proof_files: list[FileOut]
    rework_id: int | None = Field(description=_("The rework that it belongs to, or null."))


class DeliveryList(Output):
    """Everything that was handed over for an order, the newest first."""

    items: list[DeliveryOut]
    accepted: bool = Field(description=_("Whether you have accepted what was delivered last."))


class ReworkOut(Output):
    """What you asked to be done again, and how it stands."""

    id: int
    order_id: int
    state: str = Field(description=_("pending, in_progress, completed or rejected."))
    reason: str
    asked_at: datetime
    start_by: datetime = Field(description=_("Until when we begin or answer."))
    began_at: datetime | None
    ended_at: datetime | None
    answer: str = Field(description=_("The note that came with the work, or why it is not done again."))


class ReworkPreviewOut(Output):
    """Whether rework can be asked for now, and everything that was asked for before, the oldest first."""

    possible: bool
    refusal: Problem | None = Field(description=_("Why it can't be asked now, or null."))
    days: int = Field(description=_("Days after delivery in which you can ask; 0 where the service has no rework."))
    until: datetime | None = Field(description=_("Until when you can ask; null before the order is delivered."))
    start_by: datetime | None = Field(description=_("Until when we begin or answer if you ask now."))
    items: list[ReworkOut]
