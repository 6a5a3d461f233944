"""Reads of rework: what customers asked to be done again, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charge
from smmatic.fulfilment.models import Rework
from smmatic.fulfilment.rework_rules import OPEN, ReworkPlan, plan_rework
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import OrderRow, order_of
from smmatic.refunds.queries import open_case


@dataclass(frozen=True, slots=True)
class ReworkRow:
    """A rework. `start_by`: until when we begin or answer; `answer`: the note handed over, or why not."""

    id: int
    order_id: int
    state: str
    reason: str
    asked_at: datetime
    start_by: datetime
    staff_id: int | None
    began_at: datetime | None
    ended_at: datetime | None
    answer: str

    @property
    def open(self) -> bool:
        """Whether it still waits for its end."""
        return self.state in OPEN


_FIELDS = tuple(ReworkRow.__dataclass_fields__)


def rework_of(person: Person, rework_id: int) -> ReworkRow:
    """A rework of one of the person's own orders; staff who may read the desk reach every one.

    Raises:
        Refusal: `not_found`, the same whether it is another's or does not exist.
    """
    row = rework(rework_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    order_of(person, row.order_id)
    return row


def rework(rework_id: int) -> ReworkRow | None:
    """Any rework, for code that acts for the system."""
    values = Rework.objects.filter(id=rework_id).values(*_FIELDS).first()
    return ReworkRow(**values) if values else None


def reworks_of_order(order_id: int) -> list[ReworkRow]:
    """Everything that was asked to be done again of an order, oldest first."""
    return [ReworkRow(**row) for row in Rework.objects.filter(order_id=order_id).order_by("id").values(*_FIELDS)]


def open_rework(order_id: int) -> ReworkRow | None:
    """The open rework of an order, or None: the database allows one."""
    values = Rework.objects.filter(order_id=order_id, state__in=OPEN).values(*_FIELDS).first()
    return ReworkRow(**values) if values else None


def open_reworks(limit: int = 500) -> list[ReworkRow]:
    """What waits to be done again, the earliest promise first."""
    rows = Rework.objects.filter(state__in=OPEN).order_by("start_by", "id").values(*_FIELDS)
    return [ReworkRow(**row) for row in rows[:limit]]


def reworks_by_id(rework_ids: Sequence[int]) -> dict[int, ReworkRow]:
    """These by id."""
    return {row["id"]: ReworkRow(**row) for row in Rework.objects.filter(id__in=rework_ids).values(*_FIELDS)}


def preview_rework(person: Person, order_id: int) -> ReworkPlan:
    """What asking for a rework would do now, changing nothing.

    Raises:
        Refusal: `not_found`.
    """
    return plan_of(order_of(person, order_id))


def plan_of(order: OrderRow) -> ReworkPlan:
    """The plan of a rework of this order, asked for now."""
    held = charge(order.id)
    return plan_rework(
        order,
        now(),
        open_rework=open_rework(order.id) is not None,
        open_case=open_case(order.id) is not None,
        nothing_left=held is not None and held.returned >= held.amount,
    )
