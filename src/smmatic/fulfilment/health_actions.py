"""The health of providers: calls by minute, the breaker and the rate limit on the provider's row, its switches.

The database's clock decides, so that workers on several machines agree.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from smmatic.fulfilment.calls import Made
from smmatic.fulfilment.models import CallMinute, ProviderEvent
from smmatic.fulfilment.queries import ProviderRow
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute, fetch_one

KEPT = timedelta(days=30)
"""How long calls by minute are kept."""


def take_calls(provider: ProviderRow, wanted: int) -> int:
    """How many of so many calls may be made now: all, fewer by the rate limit, none or one probe by the breaker."""
    if wanted < 1:
        return 0
    with atomic():
        row = fetch_one("SELECT fulfilment_take_calls_v1(%s, %s) AS given", [provider.id, wanted])
    return int(row["given"]) if row else 0


def note_calls(provider: ProviderRow, kind: str, made: Sequence[Made]) -> bool:
    """Writes down calls in the order in which they ended, and what they do to the breaker; whether it is open now."""
    if not made:
        return provider.waits > 0
    failures = sum(call.failed for call in made)
    row: dict[str, Any] = {
        "provider": provider.id,
        "kind": kind,
        "calls": len(made),
        "failures": failures,
        "total_ms": sum(call.milliseconds for call in made),
        "longest_ms": max(call.milliseconds for call in made),
    }
    in_a_row = len(list(_last_failures(made)))
    with atomic():
        execute("SELECT fulfilment_note_calls_v1(%s::jsonb)", [json.dumps([row])])
        answer = fetch_one(
            "SELECT fulfilment_breaker_v1(%s, %s, %s) AS changed", [provider.id, failures < len(made), in_a_row]
        )
        changed = str(answer["changed"]) if answer else ""
        if changed:
            tell(provider.id, f"breaker_{changed}", facts={"failures": failures, "calls": len(made), "kind": kind})
    return changed == "opened" or (provider.waits > 0 and changed != "closed")


def tell(provider_id: int, kind: str, *, actor_id: int | None = None, facts: Mapping[str, Any] | None = None) -> None:
    """Adds a line to a provider's history, inside a transaction."""
    ProviderEvent.objects.create(provider_id=provider_id, kind=kind, actor_id=actor_id, facts=dict(facts or {}))


def forget_calls() -> int:
    """Forgets calls by minute that are older than a month."""
    with atomic():
        return CallMinute.objects.filter(minute__lt=now() - KEPT).delete()[0]


def _last_failures(made: Sequence[Made]) -> Iterable[Made]:
    for call in reversed(made):
        if not call.failed:
            return
        yield call
