"""Reports on decided cases: promises kept, what went back and under which clause, overrides, appeals. Read-only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, F, Q, QuerySet, Sum

from smmatic.refunds.models import Case


@dataclass(frozen=True, slots=True)
class Kept:
    """Cases of a service class that people decided: how many, how many in time, the median time in hours."""

    service_class: str
    cases: int
    in_time: int
    late: int
    median_hours: float

    @property
    def percent(self) -> int:
        """Cases in time, in percent."""
        return 100 * self.in_time // self.cases if self.cases else 0


@dataclass(frozen=True, slots=True)
class Returned:
    """What went back under a name (a clause, a service): cases asked or settled, of these settled, and Credit units."""

    name: str
    cases: int
    settled: int
    units: int

    @property
    def percent(self) -> int:
        """Settled cases in percent."""
        return 100 * self.settled // self.cases if self.cases else 0


@dataclass(frozen=True, slots=True)
class Reopened:
    """Overrides or appeals and how they ended; `changed` gave back Credits."""

    cases: int
    changed: int
    stayed: int
    open: int


def kept_promises(since: datetime) -> list[Kept]:
    """Time to decision against the promise, by service class."""
    found: dict[str, list[tuple[timedelta, bool]]] = {}
    rows = Case.objects.filter(decided_at__gte=since, due_at__isnull=False).exclude(state="withdrawn")
    for kind, opened, decided, due in rows.values_list("service_class", "opened_at", "decided_at", "due_at"):
        if decided is not None and due is not None:
            found.setdefault(kind, []).append((decided - opened, decided <= due))
    return [_kept(kind, times) for kind, times in sorted(found.items())]


def _kept(kind: str, times: list[tuple[timedelta, bool]]) -> Kept:
    good = sum(in_time for _, in_time in times)
    hours = median(time.total_seconds() for time, _ in times) / 3600
    return Kept(kind, len(times), good, len(times) - good, round(hours, 1))


def breaches(
    since: datetime, moment: datetime, limit: int = 200
) -> list[tuple[int, int, datetime | None, datetime | None]]:
    """Cases answered after their promised time, or not yet: id, order, due, decided; the latest due first."""
    unanswered = Q(decided_at=None, due_at__lt=moment, state__in=("open", "in_review", "approved"))
    late = Q(decided_at__gt=F("due_at")) | unanswered
    rows = Case.objects.filter(late, due_at__gte=since).order_by("-due_at")
    return list(rows.values_list("id", "order_id", "due_at", "decided_at")[:limit])


def returned_by_clause(since: datetime) -> list[Returned]:
    """Decided cases by clause."""
    return _returned(since, "clause")


def returned_by_service(since: datetime) -> list[Returned]:
    """Decided cases by service."""
    return _returned(since, "order__service_code")


def settled_orders(since: datetime) -> list[tuple[int, int, bool]]:
    """Orders of decided cases with the Credit units that went back and whether any did."""
    rows = Case.objects.filter(decided_at__gte=since, state__in=("settled", "denied"))
    return [
        (order, units, state == "settled") for order, units, state in rows.values_list("order_id", "units", "state")
    ]


def overrides(since: datetime) -> Reopened:
    """Decisions that people made otherwise than the policy."""
    return _reopened(Case.objects.filter(opened_at__gte=since).exclude(override_why=""))


def appeals(since: datetime) -> Reopened:
    """Contested decisions."""
    return _reopened(Case.objects.filter(opened_at__gte=since, appeal_of__isnull=False))


def _returned(since: datetime, by: str) -> list[Returned]:
    settled = Q(state="settled")
    rows = Case.objects.filter(decided_at__gte=since, state__in=("settled", "denied")).values(by)
    counted = rows.annotate(cases=Count("id"), good=Count("id", filter=settled), back=Sum("units", filter=settled))
    return [Returned(str(row[by]), row["cases"], row["good"], int(row["back"] or 0)) for row in counted.order_by(by)]


def _reopened(rows: QuerySet[Case]) -> Reopened:
    states = dict(rows.values_list("state").annotate(cases=Count("id")).order_by("state"))
    done = states.get("settled", 0), states.get("denied", 0) + states.get("withdrawn", 0)
    return Reopened(sum(states.values()), *done, sum(states.values()) - sum(done))
