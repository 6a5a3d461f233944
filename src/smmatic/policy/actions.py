"""Activates versions of the policy and of the business calendar. Nothing is activated that is not proven."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext_noop

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line

from . import queries
from .business_time import Day
from .compiler import compile_policy
from .document import SHIPPED_FILE
from .models import CalendarVersion, PolicyVersion
from .problems import PolicyError
from .prover import check_text, prove
from .queries import CalendarRow, PolicyRow
from .vietnam import NAME, days_as_json, vietnam_days

_LOCK = 0x504F4C494359  # 'POLICY': one activation at a time, whoever runs it
SHIPPED_WHY = gettext_noop("the policy shipped with SMMATIC")
"""Why the first version of an installation is active."""


def activate_policy(source: str, actor: Person | None, why: str) -> PolicyRow:
    """Proves the text of a policy file and, if it holds, makes it a version from its effective date on.

    An effective date that has passed means now; only the first version of an installation keeps an earlier one. The
    same text again gives the version that is there, if it is in force or still to come. `actor` None is the system.

    Raises:
        PolicyError: with every problem of the file; the active version is untouched.
        Refusal: `role_missing`; `reason_missing`; `policy_version_taken` when another text has this version already,
            or when this version was followed by another: an older one comes back as a new version, with its own date.
    """
    if actor is not None:
        actor.need(Permission.POLICY_ACTIVATE)
    if not why.strip():
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    document, proof = check_text(source, "the policy")
    if document is None or not proof.ok:
        raise PolicyError(proof.problems, "the policy")
    compiled = compile_policy(document).as_json()
    digest = hashlib.sha256(source.encode()).digest()
    with atomic():
        execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        there = PolicyVersion.objects.filter(digest=digest).first()
        if there is not None:
            if _followed(there):
                raise Refusal(RefusalCode.POLICY_VERSION_TAKEN, "version", version=document.version)
            return queries.policy(there.id)
        if PolicyVersion.objects.filter(policy_id=document.id, version=document.version).exists():
            raise Refusal(RefusalCode.POLICY_VERSION_TAKEN, "version", version=document.version)
        first = not PolicyVersion.objects.exists()
        effective_at = min(document.effective, now()) if first else max(document.effective, now())
        row = PolicyVersion.objects.create(
            policy_id=document.id,
            version=document.version,
            source=source,
            digest=digest,
            compiled=compiled,
            effective_at=effective_at,
            activated_by_id=actor.id if actor else None,
            why=clean_line(why, "why", 500),
        )
    queries.forget()
    return queries.policy(row.id)


def _followed(version: PolicyVersion) -> bool:
    """Whether a newer version is in force in its place."""
    newest = PolicyVersion.objects.filter(effective_at__lte=now()).order_by("-effective_at", "-id").first()
    return version.effective_at <= now() and newest is not None and newest.id != version.id


def ensure_policy() -> PolicyRow:
    """The policy in force, proven again; the shipped one is activated where there is none.

    Raises:
        PolicyError: when the policy in force can't be read or proven. The shop must not serve then.
    """
    try:
        current = queries.current_policy()
    except queries.NoPolicy:
        current = activate_policy(SHIPPED_FILE.read_text(encoding="utf-8"), None, SHIPPED_WHY)
    proof = prove(current.document)
    if not proof.ok:
        raise PolicyError(proof.problems, f"policy {current.version}")
    return current


def add_calendar(days: Mapping[date, Day], actor: Person | None, why: str, *, name: str = NAME) -> CalendarRow:
    """Makes these days the calendar of orders placed from now on; the same days again give the version that is there.

    Raises:
        Refusal: `role_missing`; `reason_missing`.
    """
    if actor is not None:
        actor.need(Permission.POLICY_ACTIVATE)
    if not why.strip():
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    stored = days_as_json(days)
    digest = hashlib.sha256(json.dumps([name, stored], sort_keys=True).encode()).digest()
    with atomic():
        execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        row, _ = CalendarVersion.objects.get_or_create(
            digest=digest,
            defaults={
                "calendar": name,
                "days": stored,
                "created_by_id": actor.id if actor else None,
                "why": clean_line(why, "why", 500),
            },
        )
    queries.forget()
    return queries.calendar(row.id)


def ensure_calendar() -> CalendarRow:
    """The calendar in force; the shipped one of Vietnam is added where there is none."""
    try:
        return queries.current_calendar()
    except queries.NoPolicy:
        return add_calendar(vietnam_days(), None, "the calendar shipped with SMMATIC")
