"""Reads activated policy and calendar versions. A version never changes, so each is read once a process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from smmatic.kernel.clock import now

from .business_time import BusinessCalendar
from .compiler import CompiledPolicy, restore_policy
from .loading import load_policy
from .models import CalendarVersion, PolicyVersion
from .shape import PolicyDocument
from .vietnam import calendar_of

_FRESH_SECONDS = 5.0
"""For so long a process may not notice that another one has activated a version; placing checks again in SQL."""


@dataclass(frozen=True)
class PolicyRow:
    """An activated version: its file, its compiled table, from when it applies, who activated it and why."""

    id: int
    policy_id: str
    version: str
    digest: str
    document: PolicyDocument
    compiled: CompiledPolicy
    effective_at: datetime
    activated_at: datetime
    activated_by_id: int | None
    why: str


@dataclass(frozen=True)
class VersionLine:
    """A line of the history of versions, without its file."""

    id: int
    policy_id: str
    version: str
    digest: str
    effective_at: datetime
    activated_at: datetime
    activated_by_id: int | None
    why: str


@dataclass(frozen=True)
class CalendarRow:
    """A version of the business calendar."""

    id: int
    name: str
    calendar: BusinessCalendar
    created_at: datetime
    why: str


class NoPolicy(LookupError):
    """No policy is in force: `smmatic prepare` loads the shipped one."""


class _Cache:
    def __init__(self) -> None:
        self.policies: dict[int, PolicyRow] = {}
        self.calendars: dict[int, CalendarRow] = {}
        self.schedule: tuple[tuple[datetime, int], ...] = ()
        self.calendar_id: int | None = None
        self.read_at = float("-inf")

    def refresh(self) -> None:
        if time.monotonic() - self.read_at < _FRESH_SECONDS:
            return
        versions = PolicyVersion.objects.values_list("effective_at", "id")
        self.schedule = tuple(sorted(versions, reverse=True))
        self.calendar_id = CalendarVersion.objects.order_by("-id").values_list("id", flat=True).first()
        self.read_at = time.monotonic() if self.schedule and self.calendar_id else float("-inf")


_cache = _Cache()


def current_policy(at: datetime | None = None) -> PolicyRow:
    """The version in force now, or at `at`: the newest whose effective date has come.

    Costs no query but every few seconds. Raises NoPolicy when there is none.
    """
    _cache.refresh()
    moment = at or now()
    for effective_at, version_id in _cache.schedule:
        if effective_at <= moment:
            return policy(version_id)
    raise NoPolicy("No policy is in force.")


def policy(version_id: int) -> PolicyRow:
    """The version with that id, as it was activated. Raises LookupError when there is none."""
    found = _cache.policies.get(version_id)
    if found is None:
        row = PolicyVersion.objects.filter(id=version_id).first()
        if row is None:
            raise LookupError(f"There is no policy version {version_id}.")
        found = _cache.policies[version_id] = _policy_row(row)
    return found


def policy_by_version(version: str) -> PolicyRow | None:
    """The version that calls itself `version`, such as '1.0', or None."""
    version_id = PolicyVersion.objects.filter(version=version).order_by("-id").values_list("id", flat=True).first()
    return policy(version_id) if version_id is not None else None


def policy_history() -> list[VersionLine]:
    """Every activated version, the newest first."""
    rows = PolicyVersion.objects.defer("source", "compiled").order_by("-effective_at", "-id")
    return [
        VersionLine(
            row.id,
            row.policy_id,
            row.version,
            bytes(row.digest).hex(),
            row.effective_at,
            row.activated_at,
            row.activated_by_id,
            row.why,
        )
        for row in rows
    ]


def current_calendar() -> CalendarRow:
    """The newest calendar. Raises NoPolicy when there is none."""
    _cache.refresh()
    if _cache.calendar_id is None:
        raise NoPolicy("No calendar is loaded.")
    return calendar(_cache.calendar_id)


def calendar(version_id: int) -> CalendarRow:
    """The calendar with that id. Raises LookupError when there is none."""
    found = _cache.calendars.get(version_id)
    if found is None:
        row = CalendarVersion.objects.filter(id=version_id).first()
        if row is None:
            raise LookupError(f"There is no calendar version {version_id}.")
        found = CalendarRow(row.id, row.calendar, calendar_of(row.days), row.created_at, row.why)
        _cache.calendars[version_id] = found
    return found


def forget() -> None:
    """Makes this process look again which versions are in force."""
    _cache.read_at = float("-inf")


def _policy_row(row: PolicyVersion) -> PolicyRow:
    document = load_policy(row.source, f"policy {row.version}")
    return PolicyRow(
        id=row.id,
        policy_id=row.policy_id,
        version=row.version,
        digest=bytes(row.digest).hex(),
        document=document,
        compiled=restore_policy(document, row.compiled),
        effective_at=row.effective_at,
        activated_at=row.activated_at,
        activated_by_id=row.activated_by_id,
        why=row.why,
    )
