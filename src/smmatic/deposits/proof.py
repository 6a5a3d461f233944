"""Compares deposits with what the ledger booked for them: no Credit is bought that nobody confirmed."""

from smmatic.credits.proof import Difference
from smmatic.kernel.database import fetch_all, sql


def prove_deposits() -> tuple[int, list[Difference]]:
    """Proves every deposit: how many there are, and what differs. Read-only, one statement, no lock."""
    count = fetch_all("SELECT count(*) AS n FROM deposits_deposit")[0]["n"]
    rows = fetch_all(sql("deposits/proof.sql"))
    return count, [Difference(f"deposit {row['id']}", "the sum", row["stored"], row["expected"]) for row in rows]
