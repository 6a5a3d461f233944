"""Freezing an account, opening it again and closing it, each recorded with its reason. No Credits leave by any."""

from dataclasses import dataclass
from datetime import datetime

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.models import AccountEvent
from smmatic.kernel.amounts import format_credits
from smmatic.kernel.database import atomic, fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text

STATUSES = {"frozen": "frozen", "reopened": "open", "closed": "closed"}
"""What can be done to an account, and the status that it has then."""


@dataclass(frozen=True, slots=True)
class AccountEventRow:
    """One line of an account's history; `available` in Credit units at that moment."""

    kind: str
    actor_id: int
    why: str
    available: int
    at: datetime


def set_account(operator: Person, customer_id: int, what: str, *, why: str) -> None:
    """Freezes, reopens or closes a customer's account.

    A frozen account spends nothing; what its orders hold is delivered or comes back as ever. A closed one gets nothing
    either. Its Credits stay where they are, in the books and in its last statement: they are never paid out (1.1).

    Raises:
        Refusal: `role_missing` also for one's own account, `field_invalid`, `reason_missing`, `text_*`, `account_state`
            when it is in that state already, `account_in_use` for closing while orders or disputes hold Credits.
    """
    operator.need(Permission.PEOPLE_MANAGE)
    if operator.id == customer_id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if what not in STATUSES:
        raise Refusal(RefusalCode.FIELD_INVALID, "what")
    words = clean_text(why, "why", 500)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "why")
    with atomic():
        row = fetch_one("SELECT available, held, disputed FROM credits_locked_v2(%s)", [customer_id])
        if row is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        if what == "closed" and (row["held"] or row["disputed"]):
            raise Refusal(
                RefusalCode.ACCOUNT_IN_USE, held=format_credits(row["held"]), disputed=format_credits(row["disputed"])
            )
        changed = fetch_one("SELECT credits_status_v2(%s, %s) AS changed", [customer_id, STATUSES[what]])
        if not changed or not changed["changed"]:
            raise Refusal(RefusalCode.ACCOUNT_STATE)
        AccountEvent.objects.create(
            account_id=customer_id, kind=what, actor_id=operator.id, why=words, available=row["available"]
        )


def account_history(customer_id: int) -> list[AccountEventRow]:
    """What was done to an account, the newest first."""
    fields = tuple(AccountEventRow.__dataclass_fields__)
    rows = AccountEvent.objects.filter(account_id=customer_id).order_by("-id").values(*fields)
    return [AccountEventRow(**values) for values in rows]
