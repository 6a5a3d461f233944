"""Signed callbacks of providers: each counts once, changes what a status answer would change, and is kept as it came.

A replay changes nothing. What is older than the newest statement that was taken changes nothing and is kept; so is what
comes after the order's end. A callback with our reference settles an unknown submission.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from smmatic.fulfilment import actions, steps
from smmatic.fulfilment.models import Attempt, Callback
from smmatic.fulfilment.protocol import ProviderStatus
from smmatic.fulfilment.queries import ProviderRow, attempt
from smmatic.fulfilment.reading import read_status
from smmatic.fulfilment.rules import AttemptState, after_lookup
from smmatic.kernel.database import atomic, execute
from smmatic.orders.queries import ENDED
from smmatic.refunds.steps import lock_order

LONGEST = 100_000
_TYPES = ("order.updated", "order.stopped", "order.ended")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a callback: 'applied', 'late', 'stale', 'stranger', 'unreadable', or 'replayed'."""

    outcome: str
    order_id: int | None = None


def take_callback(provider: ProviderRow, webhook_id: str, body: bytes) -> Taken:
    """Takes a message whose signature was checked. Given twice, it is taken once.

    Locks: the message's id, open case, order, attempt.
    """
    told, told_at = _read(body)
    attempt_id = _attempt_of(provider, told) if told is not None else None
    with atomic():
        execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"callback:{webhook_id}", provider.id])
        if Callback.objects.filter(provider_id=provider.id, webhook_id=webhook_id).exists():
            return Taken("replayed")
        if told is None:
            outcome, order_id = "unreadable", None
        elif attempt_id is None:
            outcome, order_id = "stranger", None
        else:
            outcome, order_id = _apply(provider, attempt_id, told, told_at)
        Callback.objects.create(
            provider_id=provider.id,
            webhook_id=webhook_id,
            order_id=order_id,
            outcome=outcome,
            body=body[:LONGEST].decode("utf-8", "replace").replace("\x00", ""),
            told_at=told_at,
        )
    return Taken(outcome, order_id)


def _apply(provider: ProviderRow, attempt_id: int, told: ProviderStatus, told_at: datetime | None) -> tuple[str, int]:
    order_id = Attempt.objects.filter(id=attempt_id).values_list("order_id", flat=True).get()
    lock_order(order_id)
    order, row = steps.lock(attempt_id)
    if row.told_at is not None and told_at is not None and told_at < row.told_at:
        return "stale", order.id
    if row.state in (AttemptState.SENT, AttemptState.UNKNOWN) and not steps.remote_id_taken(row, told.remote_id):
        _found(provider, attempt_id, told)
        row = attempt(attempt_id) or row
    if told_at is not None:
        steps.write(attempt_id, told_at=told_at)
    late = order.status in ENDED
    if row.state != AttemptState.CONFIRMED or row.remote_id != told.remote_id:
        return ("late" if late else "stranger"), order.id
    actions.record_status(attempt_id, told, provider)
    return ("late" if late else "applied"), order.id


def _found(provider: ProviderRow, attempt_id: int, told: ProviderStatus) -> None:
    """A callback that knows our reference is as good as a lookup that found it, also before the answer has come."""
    order, row = steps.lock(attempt_id)
    plan = after_lookup(AttemptState.UNKNOWN, told, unknown_for=0.0, settles_after=None, may_submit_anew=False)
    steps.write_submission(row, plan)
    if order.live:
        steps.follow_submission(order, plan, provider)


def _attempt_of(provider: ProviderRow, told: ProviderStatus) -> int | None:
    rows = Attempt.objects.filter(provider_id=provider.id)
    try:
        reference = UUID(told.reference)
    except ValueError:
        found = rows.filter(remote_id=told.remote_id)
    else:
        found = rows.filter(reference=reference)
    return found.values_list("id", flat=True).first()


def _read(body: bytes) -> tuple[ProviderStatus | None, datetime | None]:
    """What a message says, and the provider's own time of it; nothing where it cannot be read."""
    try:
        value: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(value, dict) or value.get("type") not in _TYPES:
        return None, None
    status = read_status(value.get("data"))
    return (status if isinstance(status, ProviderStatus) else None), _time(value.get("timestamp"))


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
