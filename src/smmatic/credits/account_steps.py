"""Closes an account inside a transaction that another package's action has opened."""

from smmatic.kernel.amounts import format_credits
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode


def close_account(customer_id: int) -> int:
    """Locks and closes a customer's account; the units that stay on it. Whoever has no account has nothing to close.

    The Credits stay in the books (see account_actions.set_account): they are never paid out and never moved.

    Raises:
        Refusal: `account_in_use` while orders or disputes hold Credits.
    """
    row = fetch_one("SELECT available, held, disputed FROM credits_locked_v2(%s)", [customer_id])
    if row is None:
        return 0
    if row["held"] or row["disputed"]:
        raise Refusal(
            RefusalCode.ACCOUNT_IN_USE, held=format_credits(row["held"]), disputed=format_credits(row["disputed"])
        )
    fetch_one("SELECT credits_status_v2(%s, 'closed') AS changed", [customer_id])
    return int(row["available"])
