"""Reads of mass orders. A customer reaches one only through `batch_of`, which checks whose it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.mass_rules import Check, Line, check_of, line_of, refusal_of_kept
from smmatic.orders.models import Batch


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A mass order without its lines. Amounts in Credit units; `wrong` lines can't be ordered, `done` were tried."""

    id: int
    customer_id: int
    key: str
    name: str
    state: str
    policy_version_id: int
    total: int
    wrong: int
    amount: int
    placed: int
    charged: int
    all_or_nothing: bool
    at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None

    @property
    def good(self) -> int:
        """How many lines can be ordered."""
        return self.total - self.wrong


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One line: as read, as checked, and what became of it (`order_id`, or `refusal`; neither before it was tried)."""

    line: Line
    check: Check
    order_id: int | None = None
    refusal: Refusal | None = None

    @property
    def reasons(self) -> tuple[Refusal, ...]:
        """Why the line was not ordered."""
        return (self.refusal,) if self.refusal else self.check.refusals


_FIELDS = tuple(BatchRow.__dataclass_fields__)


def batch_of(person: Person, batch_id: int) -> BatchRow:
    """One of the person's own mass orders.

    Raises:
        Refusal: `not_found`, the same whether it is another's or does not exist.
    """
    values = Batch.objects.filter(id=batch_id, customer_id=person.id).values(*_FIELDS).first()
    if values is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return BatchRow(**values)


def batches_of(customer_id: int, limit: int = 10) -> list[BatchRow]:
    """A customer's mass orders, the newest first."""
    rows = Batch.objects.filter(customer_id=customer_id).order_by("-id").values(*_FIELDS)[:limit]
    return [BatchRow(**row) for row in rows]


def lines_of_batch(batch_id: int) -> list[BatchLine]:
    """Every line of a mass order, in the order of what was sent."""
    kept = Batch.objects.filter(id=batch_id).values_list("lines", "checks", "results").first()
    if kept is None:
        return []
    lines, checks, results = kept
    results = [*results, *[None] * (len(lines) - len(results))]
    return [_line(*one) for one in zip(lines, checks, results, strict=True)]


def tried(batch_id: int) -> int:
    """How many lines of a mass order have been tried so far."""
    rows = fetch_all("SELECT jsonb_array_length(results) AS done FROM orders_batch WHERE id = %s", [batch_id])
    return int(rows[0]["done"]) if rows else 0


def open_on_links(customer_id: int, links: list[str]) -> dict[tuple[int, str], int]:
    """The customer's newest open order by service and canonical link, of these links; by the index of their hashes."""
    rows = fetch_all(
        "SELECT service_id, link, max(id) AS id FROM orders_order"
        " WHERE customer_id = %s AND link <> '' AND ended_at IS NULL AND link = ANY(%s)"
        " AND hashtextextended(link, 0) = ANY(SELECT hashtextextended(l, 0) FROM unnest(%s::text[]) AS l)"
        " GROUP BY service_id, link",
        [customer_id, links, links],
    )
    return {(row["service_id"], row["link"]): row["id"] for row in rows}


def _line(line: Any, check: Any, result: Any) -> BatchLine:
    if isinstance(result, dict):
        return BatchLine(line_of(line), check_of(check), refusal=refusal_of_kept(result))
    return BatchLine(line_of(line), check_of(check), order_id=result or None)
