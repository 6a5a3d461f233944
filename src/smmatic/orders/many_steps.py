"""Writes to many orders at once, inside a transaction that another package's action has opened.

Each is one statement however many orders there are. Rows are locked in the order of their ids.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from smmatic.kernel.database import execute
from smmatic.orders.models import Order
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import Actor

_FIELDS = tuple(OrderRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line for an order's timeline."""

    order_id: int
    kind: str
    actor: Actor
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    visible: bool = True
    notify: bool = False
    status_from: str = ""
    status_to: str = ""


def lock_orders(order_ids: Sequence[int]) -> dict[int, OrderRow]:
    """Locks these orders until the transaction ends, ids ascending; each as it is after the wait."""
    rows = Order.objects.select_for_update(no_key=True).filter(id__in=order_ids).order_by("id").values(*_FIELDS)
    return {row["id"]: OrderRow(**row) for row in rows}


def give_back_many(waits: Mapping[int, float]) -> None:
    """Gives back the leases of orders; the next check of each is due after its seconds, or at a stop's deadline."""
    if not waits:
        return
    execute(
        """UPDATE orders_order o SET lease_owner = '', lease_until = NULL, next_check_at = least(
               clock_timestamp() + make_interval(secs => n.wait),
               CASE WHEN o.stop_status = 'asked' THEN o.stop_deadline END)
           FROM unnest(%s::bigint[], %s::float8[]) AS n(id, wait) WHERE o.id = n.id""",
        [list(waits), list(waits.values())],
    )


def progress_many(delivered: Mapping[int, int], begun: Sequence[int]) -> None:
    """Writes how many units of locked orders in work are delivered; those `begun` are in progress from now on."""
    if not delivered:
        return
    execute(
        """UPDATE orders_order o SET delivered = n.delivered,
               status = CASE WHEN o.id = ANY (%s) THEN 'in_progress' ELSE o.status END,
               started_at = CASE WHEN o.id = ANY (%s) THEN coalesce(o.started_at, clock_timestamp())
                                 ELSE o.started_at END
           FROM unnest(%s::bigint[], %s::int[]) AS n(id, delivered)
           WHERE o.id = n.id AND o.status IN ('processing', 'in_progress')""",
        [list(begun), list(begun), list(delivered), list(delivered.values())],
    )


def complete_many(order_ids: Sequence[int], ended_at: datetime) -> int:
    """Ends locked orders in work as delivered in full, and takes them off the clock; how many there were."""
    return execute(
        """UPDATE orders_order SET status = 'completed', delivered = quantity, ended_at = %s, next_check_at = NULL,
               lease_owner = '', lease_until = NULL, unknown_since = NULL, unknown_deadline = NULL, waiting_since = NULL
           WHERE id = ANY (%s) AND status IN ('processing', 'in_progress')""",
        [ended_at, list(order_ids)],
    )


def record_many(lines: Sequence[Line]) -> None:
    """Adds lines to the timelines of orders."""
    if not lines:
        return
    rows = [
        {
            "order_id": line.order_id, "kind": line.kind, "actor_kind": line.actor.kind, "actor_id": line.actor.id,
            "why": line.why[:1000], "facts": dict(line.facts), "visible": line.visible, "notify": line.notify,
            "status_from": line.status_from, "status_to": line.status_to,
        }
        for line in lines
    ]  # fmt: skip
    execute(
        """INSERT INTO orders_event
               (order_id, kind, actor_kind, actor_id, why, facts, visible, notify, status_from, status_to)
           SELECT order_id, kind, actor_kind, actor_id, why, facts, visible, notify, status_from, status_to
           FROM jsonb_to_recordset(%s::jsonb) AS r(order_id bigint, kind text, actor_kind text, actor_id bigint,
               why text, facts jsonb, visible boolean, notify boolean, status_from text, status_to text)""",
        [json.dumps(rows)],
    )


def outcomes_unknown(deadlines: Mapping[int, timedelta]) -> None:
    """Marks orders in work: nobody knows what became of their submission; a person decides after so long."""
    if not deadlines:
        return
    seconds = [span.total_seconds() for span in deadlines.values()]
    execute(
        """UPDATE orders_order o SET unknown_since = clock_timestamp(),
               unknown_deadline = clock_timestamp() + make_interval(secs => n.seconds)
           FROM unnest(%s::bigint[], %s::float8[]) AS n(id, seconds)
           WHERE o.id = n.id AND o.status IN ('processing', 'in_progress')""",
        [list(deadlines), seconds],
    )


def outcomes_known(order_ids: Sequence[int]) -> None:
    """Takes the mark of an unknown outcome off orders in work."""
    if order_ids:
        execute(
            """UPDATE orders_order SET unknown_since = NULL, unknown_deadline = NULL
               WHERE id = ANY (%s) AND status IN ('processing', 'in_progress')""",
            [list(order_ids)],
        )
