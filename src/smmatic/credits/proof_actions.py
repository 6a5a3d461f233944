"""Keeping what a proof found, and proving only what has changed since the last one.

A checkpoint says of one account: everything up to this version agreed, and these were its hash and balances. The next
incremental proof begins there. It never reads 'everything newer than an id': commits are out of order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from smmatic.credits.models import Checkpoint, Proof
from smmatic.credits.proof import Difference, Start, prove_rows
from smmatic.kernel.database import fetch_all


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a proof found; `whole` says that it went over everything."""

    whole: bool
    accounts: int
    transfers: int
    orders: int
    deposits: int
    differences: tuple[str, ...]
    seconds: float
    at: datetime


def record_proof(
    *,
    whole: bool,
    accounts: int,
    transfers: int,
    orders: int,
    deposits: int,
    differences: Sequence[str],
    seconds: float,
) -> None:
    """Keeps what a proof found; of many differences the first hundred."""
    Proof.objects.create(
        whole=whole, accounts=accounts, transfers=transfers, orders=orders, deposits=deposits,
        differences=list(differences[:100]), seconds=seconds,
    )  # fmt: skip


def alone() -> bool:
    """Takes the right to prove for as long as this connection lasts; whether nobody else has it."""
    return bool(fetch_all("SELECT pg_try_advisory_lock(hashtextextended('smmatic.prove', 0)) AS mine")[0]["mine"])


def last_result(*, whole: bool | None = None) -> ProofResult | None:
    """The newest result, of a whole proof only or of any."""
    rows = Proof.objects.order_by("-id")
    row = (rows if whole is None else rows.filter(whole=whole)).first()
    if row is None:
        return None
    return ProofResult(
        row.whole, row.accounts, row.transfers, row.orders, row.deposits, tuple(row.differences), row.seconds, row.at
    )


def prove_changes(limit: int = 10_000) -> tuple[int, int, list[Difference]]:
    """Proves what was booked since each account's checkpoint, for up to `limit` changed accounts: how many accounts and
    transfers, and what differs. Checkpoints move on only where everything agreed."""
    changed = fetch_all(
        "SELECT a.customer_id FROM credits_account a LEFT JOIN credits_checkpoint c ON c.account_id = a.customer_id"
        " WHERE a.version <> coalesce(c.version, 0) OR a.chain_head <> coalesce(c.chain_head, '')"
        " ORDER BY a.customer_id LIMIT %s",
        [limit],
    )
    transfers, differences = 0, []
    for row in changed:
        count, found = _prove_tail(row["customer_id"])
        transfers += count
        differences += found
    return len(changed), transfers, differences


def _prove_tail(account_id: int) -> tuple[int, list[Difference]]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        account = fetch_all("SELECT * FROM credits_account WHERE customer_id = %s", [account_id])[0]
        kept = Checkpoint.objects.filter(account_id=account_id).first()
        start = (
            Start(kept.version, bytes(kept.chain_head), kept.available, kept.held, kept.disputed, kept.debt)
            if kept
            else Start()
        )
        rows = fetch_all(
            "SELECT * FROM credits_transfer WHERE account_id = %s AND version > %s ORDER BY version",
            [account_id, start.version],
        )
        grants = fetch_all(
            "SELECT coalesce(sum(remaining), 0)::bigint AS remaining FROM credits_grant WHERE account_id = %s AND open",
            [account_id],
        )
        orders = fetch_all(_CHARGES, [[row["order_id"] for row in rows if row["order_id"] is not None], account_id])
    differences = list(prove_rows(account, rows, start))
    where = f"account {account_id}"
    if grants[0]["remaining"] != account["available"]:
        differences.append(
            Difference(where, "available (sum of its grants)", account["available"], grants[0]["remaining"])
        )
    differences += [
        Difference(f"{where}, charge of order {row['order_id']}", "charge", row["stored"], row["booked"])
        for row in orders
    ]
    if not differences:
        balances = {name: account[name] for name in ("available", "held", "disputed", "debt")}
        Checkpoint.objects.update_or_create(
            account_id=account_id,
            defaults={"version": account["version"], "chain_head": bytes(account["chain_head"]), **balances},
        )
    return len(rows), differences


_CHARGES = """
SELECT t.order_id, ARRAY[c.amount, c.captured, c.forfeited, c.released, c.refunded]::text AS stored, t.booked::text
FROM (SELECT order_id, ARRAY[
          coalesce(sum(amount) FILTER (WHERE kind = 'hold'), 0),
          coalesce(sum(amount) FILTER (WHERE kind IN ('capture', 'forfeit')), 0),
          coalesce(sum(amount) FILTER (WHERE kind = 'forfeit'), 0),
          coalesce(sum(amount) FILTER (WHERE kind = 'release'), 0),
          coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)]::bigint[] AS booked
      FROM credits_transfer WHERE order_id = ANY (%s) AND account_id = %s
        AND kind IN ('hold', 'capture', 'forfeit', 'release', 'refund') GROUP BY order_id) t
LEFT JOIN credits_charge c ON c.order_id = t.order_id
WHERE ARRAY[c.amount, c.captured, c.forfeited, c.released, c.refunded] IS DISTINCT FROM t.booked
"""
