"""Recomputes the ledger from its transfers and names every difference. Shares no code with the functions that post.

Runs on live data: one short read-only transaction an account, no lock, so that nobody waits for it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from smmatic.credits.models import KINDS
from smmatic.credits.rules import transfer_hash
from smmatic.kernel.database import fetch_all

_BUCKETS = ("available", "held", "disputed", "debt")
_RETURNS = {"release", "refund"}
_GIVES = {"deposit", "bonus", "goodwill", "adjust_up"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the transfers do not say: where it is, what is stored and what it should be."""

    where: str
    what: str
    stored: object
    expected: object

    def __str__(self) -> str:
        return f"{self.where}: {self.what} is {self.stored}, and the transfers say {self.expected}"


@dataclass(slots=True)
class LedgerProof:
    """How much was proven, the platform's buckets in Credit units, and what differs."""

    accounts: int
    transfers: int
    buckets: dict[str, int]
    differences: list[Difference]


def prove_ledger() -> LedgerProof:
    """Proves every account: chain, balances, grants and charges, each from the transfers alone."""
    proof = LedgerProof(0, 0, defaultdict(int), [])
    for account_id in account_ids():
        transfers, differences = prove_account(account_id, proof.buckets)
        proof.accounts += 1
        proof.transfers += transfers
        proof.differences.extend(differences)
    orphans = fetch_all(
        "SELECT DISTINCT t.account_id FROM credits_transfer t"
        " LEFT JOIN credits_account a ON a.customer_id = t.account_id WHERE a.customer_id IS NULL"
    )
    proof.differences.extend(
        Difference(f"account {row['account_id']}", "account row", "missing", "present") for row in orphans
    )
    proof.buckets = dict(proof.buckets)
    return proof


def account_ids() -> list[int]:
    """Every account, ascending."""
    return [row["customer_id"] for row in fetch_all("SELECT customer_id FROM credits_account ORDER BY customer_id")]


def prove_account(account_id: int, buckets: dict[str, int] | None = None) -> tuple[int, list[Difference]]:
    """Proves one account in one snapshot: the number of its transfers and what differs.

    `buckets`, if given, is added what the account's transfers moved in and out of each bucket, in units.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        account = fetch_all("SELECT * FROM credits_account WHERE customer_id = %s", [account_id])
        transfers = fetch_all("SELECT * FROM credits_transfer WHERE account_id = %s ORDER BY version", [account_id])
        grants = fetch_all("SELECT * FROM credits_grant WHERE account_id = %s ORDER BY id", [account_id])
        uses = fetch_all(
            "SELECT u.* FROM credits_grant_use u JOIN credits_grant g ON g.id = u.grant_id"
            " WHERE g.account_id = %s ORDER BY u.id",
            [account_id],
        )
        charges = fetch_all("SELECT * FROM credits_charge WHERE account_id = %s ORDER BY order_id", [account_id])
    differences = [
        *_prove_chain(account[0], transfers),
        *_prove_grants(account[0], grants, uses, transfers),
        *_prove_charges(account[0], charges, transfers),
    ]
    if buckets is not None:
        for row in transfers:
            buckets[row["debit"]] = buckets.get(row["debit"], 0) - row["amount"]
            buckets[row["credit"]] = buckets.get(row["credit"], 0) + row["amount"]
    return len(transfers), differences


def _prove_chain(account: dict[str, Any], transfers: list[dict[str, Any]]) -> Iterator[Difference]:
    where = f"account {account['customer_id']}"
    balance = dict.fromkeys(_BUCKETS, 0)
    head = b""
    for expected_version, row in enumerate(transfers, start=1):
        here = f"{where}, transfer {row['version']} ({row['kind']})"
        if row["version"] != expected_version:
            yield Difference(here, "version", row["version"], expected_version)
            return
        if KINDS.get(row["kind"]) != (row["debit"], row["credit"]):
            yield Difference(here, "buckets", (row["debit"], row["credit"]), KINDS.get(row["kind"]))
        for bucket, sign in ((row["debit"], -1), (row["credit"], 1)):
            # A debt is what the customer owes: debiting it makes it grow.
            if bucket in balance:
                balance[bucket] += row["amount"] * (-sign if bucket == "debt" else sign)
        for bucket in _BUCKETS:
            if row[f"{bucket}_after"] != balance[bucket]:
                yield Difference(here, f"{bucket} after it", row[f"{bucket}_after"], balance[bucket])
            if balance[bucket] < 0:
                yield Difference(here, f"{bucket} after it", balance[bucket], "never below zero")
        head = transfer_hash(head, row)
        if bytes(row["hash"]) != head:
            yield Difference(here, "hash", bytes(row["hash"]).hex()[:16], head.hex()[:16])
            head = bytes(row["hash"])
    for bucket in _BUCKETS:
        if account[bucket] != balance[bucket]:
            yield Difference(where, bucket, account[bucket], balance[bucket])
    if account["version"] != len(transfers):
        yield Difference(where, "version", account["version"], len(transfers))
    if bytes(account["chain_head"]) != head:
        yield Difference(where, "chain head", bytes(account["chain_head"]).hex()[:16], head.hex()[:16])


def _prove_grants(
    account: dict[str, Any], grants: list[dict[str, Any]], uses: list[dict[str, Any]], transfers: list[dict[str, Any]]
) -> Iterator[Difference]:
    where = f"account {account['customer_id']}"
    by_grant: dict[int, int] = defaultdict(int)
    by_transfer: dict[int, int] = defaultdict(int)
    slices: dict[tuple[int, int], int] = defaultdict(int)
    for use in uses:
        by_grant[use["grant_id"]] += use["amount"]
        by_transfer[use["transfer_id"]] += use["amount"]
        if use["order_id"] is not None:
            slices[use["order_id"], use["slice_grant_id"]] += use["amount"]
    for grant in grants:
        if grant["remaining"] != by_grant[grant["id"]]:
            yield Difference(f"{where}, grant {grant['id']}", "remaining", grant["remaining"], by_grant[grant["id"]])
    total = sum(by_grant.values())
    if total != account["available"]:
        yield Difference(where, "available (sum of its grants)", account["available"], total)
    for row in transfers:
        change = row["amount"] * ((row["credit"] == "available") - (row["debit"] == "available"))
        if by_transfer[row["id"]] != change:
            yield Difference(
                f"{where}, transfer {row['version']} ({row['kind']})", "grants moved", by_transfer[row["id"]], change
            )
    for (order_id, grant_id), amount in slices.items():
        if amount > 0:
            yield Difference(f"{where}, order {order_id}", f"slice given back to grant {grant_id}", amount, "at most 0")


def _prove_charges(
    account: dict[str, Any], charges: list[dict[str, Any]], transfers: list[dict[str, Any]]
) -> Iterator[Difference]:
    where = f"account {account['customer_id']}"
    moved: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in transfers:
        if row["order_id"] is not None and row["kind"] not in _GIVES:
            moved[row["order_id"]][row["kind"]] += row["amount"]
    known = {charge["order_id"] for charge in charges}
    for order_id in moved.keys() - known:
        yield Difference(f"{where}, order {order_id}", "charge", "missing", "present")
    held = 0
    for charge in charges:
        kinds = moved[charge["order_id"]]
        expected = {
            "amount": kinds["hold"],
            "captured": kinds["capture"] + kinds["forfeit"],
            "forfeited": kinds["forfeit"],
            "released": kinds["release"],
            "refunded": kinds["refund"],
        }
        for column, value in expected.items():
            if charge[column] != value:
                yield Difference(f"{where}, charge of order {charge['order_id']}", column, charge[column], value)
        if sum(kinds[kind] for kind in _RETURNS) > kinds["hold"]:
            yield Difference(f"{where}, order {charge['order_id']}", "returned", dict(kinds), "at most the charge")
        held += charge["amount"] - charge["captured"] - charge["released"]
    if held != account["held"]:
        yield Difference(where, "held (sum of its open charges)", account["held"], held)
