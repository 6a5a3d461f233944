"""Writes to the ledger inside a transaction that another package's action has opened."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from smmatic.credits.rules import Posting
from smmatic.kernel.database import fetch_all


@dataclass(frozen=True, slots=True)
class Posted:
    """A booking that was made; the balances, in units, are those after it."""

    transfer_id: int
    available_after: int
    held_after: int


def post(postings: Sequence[Posting]) -> list[Posted]:
    """Books one or many postings, all or none, and gives a row for each in the order given.

    Locks charges, then accounts, then grants, ids ascending. Call it inside `kernel.database.atomic()`, which turns
    what the database refuses into a Refusal.

    Raises:
        Refusal (through atomic): `not_enough_credits`, `account_frozen`, `account_closed`, `account_in_debt`,
            `amount_out_of_range`, `refund_above_charge`, `posted_already`, `credits_stay_inside`.
    """
    if not postings:
        return []
    rows = fetch_all(
        "SELECT place, transfer_id, available_after, held_after FROM credits_post_json_v1(%s::jsonb) ORDER BY place",
        [json.dumps([posting.as_json() for posting in postings])],
    )
    return [Posted(row["transfer_id"], row["available_after"], row["held_after"]) for row in rows]
