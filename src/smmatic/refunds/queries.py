"""Reads of refund cases and claims. A customer reaches a case only through `case_of`, which checks whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Sum

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.refunds.models import OPEN_STATES, Case, CaseEvent, Claim
from smmatic.refunds.rules import ClaimState


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. `units` in Credit units; times are aware UTC datetimes; `due_skipped` lists [date, why] pairs."""

    id: int
    order_id: int
    customer_id: int
    ask: str
    state: str
    automatic: bool
    reason: str
    words: str
    service_class: str
    policy_version_id: int
    opened_at: datetime
    due_at: datetime | None
    due_skipped: list[Any]
    facts: dict[str, str]
    cell: int | None
    arithmetic: dict[str, Any]
    decision: str
    clause: str
    credits: str
    units: int
    appeal_of_id: int | None
    version: int
    reviewed: bool
    decided_by_id: int | None
    approved_by_id: int | None
    decided_at: datetime | None
    settled_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether the case still waits for an answer or its settlement."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class CaseEventRow:
    """One line of a case's history."""

    id: int
    case_id: int
    kind: str
    actor_kind: str
    actor_id: int | None
    why: str
    facts: dict[str, Any]
    visible: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ClauseTotal:
    """Cases settled under a clause: how many and how many Credit units."""

    clause: str
    cases: int
    units: int


_FIELDS = tuple(CaseRow.__dataclass_fields__)
_EVENT_FIELDS = tuple(CaseEventRow.__dataclass_fields__)


def case_of(person: Person, case_id: int) -> CaseRow:
    """One of the person's own cases; staff who may read the desk reach every case.

    Raises:
        Refusal: `not_found`, the same whether the case is another's or does not exist.
    """
    rows = Case.objects.filter(id=case_id)
    if not person.may(Permission.DESK_READ):
        rows = rows.filter(customer_id=person.id)
    values = rows.values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return CaseRow(**values)


def case(case_id: int) -> CaseRow | None:
    """Any case, for code that acts for the system."""
    values = Case.objects.filter(id=case_id).values(*_FIELDS).first()
    return CaseRow(**values) if values else None


def cases_of_order(order_id: int) -> list[CaseRow]:
    """The cases of an order, oldest first."""
    return [CaseRow(**row) for row in Case.objects.filter(order_id=order_id).order_by("id").values(*_FIELDS)]


def open_case(order_id: int) -> CaseRow | None:
    """The open case of an order, or None: the database allows one."""
    values = Case.objects.filter(order_id=order_id, state__in=OPEN_STATES).values(*_FIELDS).first()
    return CaseRow(**values) if values else None


def appeal_of(case_id: int) -> CaseRow | None:
    """The case that contests this one, or None: there is one at most."""
    values = Case.objects.filter(appeal_of_id=case_id).values(*_FIELDS).first()
    return CaseRow(**values) if values else None


def cases_of(customer_id: int, *, before_id: int | None = None, limit: int = 25) -> list[CaseRow]:
    """A customer's cases, newest first."""
    rows = Case.objects.filter(customer_id=customer_id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [CaseRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[: max(1, min(limit, 200))]]


def review_queue(limit: int = 500) -> list[CaseRow]:
    """Open cases, the earliest due first."""
    rows = Case.objects.filter(state__in=OPEN_STATES)
    return [CaseRow(**row) for row in rows.order_by(F("due_at").asc(nulls_last=True), "id").values(*_FIELDS)[:limit]]


def decided_cases(*, clause: str = "", before_id: int | None = None, limit: int = 50) -> list[CaseRow]:
    """Cases that ended, all or those under one clause, newest first, for the desk."""
    rows = Case.objects.exclude(state__in=OPEN_STATES)
    if clause:
        rows = rows.filter(clause=clause)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [CaseRow(**row) for row in rows.order_by("-id").values(*_FIELDS)[:limit]]


def totals_by_clause() -> list[ClauseTotal]:
    """What each clause gave back: settled cases and their Credit units."""
    rows = Case.objects.filter(state="settled").values("clause").annotate(cases=Count("id"), units=Sum("units"))
    return [ClauseTotal(row["clause"], row["cases"], int(row["units"] or 0)) for row in rows.order_by("clause")]


def events_of_case(case_id: int, *, all_of_them: bool = False) -> list[CaseEventRow]:
    """A case's history, oldest first; without `all_of_them` only what the customer may see."""
    rows = CaseEvent.objects.filter(case_id=case_id)
    if not all_of_them:
        rows = rows.filter(visible=True)
    return [CaseEventRow(**row) for row in rows.order_by("id").values(*_EVENT_FIELDS)]


def event(event_id: int) -> CaseEventRow | None:
    """One event of any case, for the notices."""
    values = CaseEvent.objects.filter(id=event_id).values(*_EVENT_FIELDS).first()
    return CaseEventRow(**values) if values else None


def claims_of(order_id: int) -> dict[str, ClaimState]:
    """The newest word on each claim about an order."""
    return claims_of_orders([order_id]).get(order_id, {})


def claims_of_orders(order_ids: Sequence[int]) -> dict[int, dict[str, ClaimState]]:
    """The newest word on each claim, by order."""
    latest: dict[int, dict[str, ClaimState]] = {}
    for row in Claim.objects.filter(order_id__in=order_ids).order_by("id"):
        latest.setdefault(row.order_id, {})[row.claim] = ClaimState(
            row.claim, row.proof, row.source, row.source_id, row.evidence, row.at
        )
    return latest


def claim_history(order_id: int) -> list[ClaimState]:
    """Every word on every claim about an order, oldest first."""
    return [
        ClaimState(row.claim, row.proof, row.source, row.source_id, row.evidence, row.at)
        for row in Claim.objects.filter(order_id=order_id).order_by("id")
    ]
