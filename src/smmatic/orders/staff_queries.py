"""Reads of what staff deliver: how much each person has, what of it is late, and what they finished."""

from dataclasses import dataclass
from datetime import datetime

from smmatic.kernel.database import fetch_all


@dataclass(frozen=True, slots=True)
class StaffLoad:
    """Orders in the hands of one person, or of nobody (`staff_id` None). `units_left` over all of them.

    `late`: neither begun by the promised start nor waiting for the customer, or a stop request past its deadline.
    """

    staff_id: int | None
    orders: int
    units_left: int
    late: int
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class StaffDone:
    """What one person finished since a moment; `hours` is the median from beginning to end, in hours."""

    staff_id: int
    orders: int
    units: int
    hours: float


def staff_loads() -> list[StaffLoad]:
    """How much is in whose hands now, counted over all of it."""
    rows = fetch_all(
        """
        SELECT staff_id, count(*) AS orders, coalesce(sum(quantity - delivered), 0)::bigint AS units_left,
            count(*) FILTER (WHERE (started_at IS NULL AND waiting_since IS NULL AND start_promised_at < now())
                                OR (stop_status = 'asked' AND stop_deadline < now())) AS late,
            count(*) FILTER (WHERE waiting_since IS NOT NULL) AS waiting,
            min(coalesce(started_at, accepted_at)) AS oldest
        FROM orders_order
        WHERE status IN ('processing', 'in_progress') AND (terms -> 'delivery') = '"staff"'::jsonb
        GROUP BY staff_id
        """
    )
    return [StaffLoad(**row) for row in rows]


def staff_done(since: datetime) -> list[StaffDone]:
    """What each person brought to an end since a moment, with how long it took from its beginning."""
    rows = fetch_all(
        """
        SELECT staff_id, count(*) AS orders, coalesce(sum(delivered), 0)::bigint AS units,
            coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at) / 3600), 0)
                ::float8 AS hours
        FROM orders_order
        WHERE staff_id IS NOT NULL AND ended_at >= %s AND status IN ('completed', 'partial')
            AND (terms -> 'delivery') = '"staff"'::jsonb
        GROUP BY staff_id
        """,
        [since],
    )
    return [StaffDone(**row) for row in rows]
