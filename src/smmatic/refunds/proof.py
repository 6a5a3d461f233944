"""Compares orders with their events, charges and cases, and names every difference."""

from smmatic.credits.proof import Difference
from smmatic.kernel.database import fetch_all, sql


def prove_orders() -> tuple[int, list[Difference]]:
    """Proves every order: how many there are, and what differs. Read-only, one statement, no lock."""
    count = fetch_all("SELECT count(*) AS n FROM orders_order")[0]["n"]
    rows = fetch_all(sql("refunds/proof.sql"))
    return count, [Difference(f"order {row['id']}", row["what"], row["stored"], row["expected"]) for row in rows]
