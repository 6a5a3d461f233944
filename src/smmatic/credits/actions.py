"""Credits given by a person: bonus and goodwill. Every other posting belongs to an order, a case or a deposit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.credits.idempotency import Answer, check_key, once
from smmatic.credits.queries import returned_since
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.amounts import MAX_UNITS, format_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text


@dataclass(frozen=True, slots=True)
class GiftLimits:
    """What one person may give alone, in units: in one gift, and to one customer since a moment, by all staff."""

    limit_units: int
    period_units: int
    since: datetime


def give_credits(
    actor: Person,
    customer_id: int,
    *,
    kind: str,
    units: int,
    reason: str,
    key: str,
    limits: GiftLimits,
    days: int | None = None,
    order_id: int | None = None,
) -> Answer:
    """Gives a customer bonus or goodwill Credits; `days` until they expire, or None for never.

    Goodwill is never a refund: it is another transfer, by a person, with a reason (clause 3.4). Nobody gives to
    themselves, and above the limits nobody gives alone: splitting a gift does not help.

    Raises:
        Refusal: `role_missing`, `field_invalid`, `amount_out_of_range`, `reason_missing`, `second_person_needed`,
            `account_closed`, `idempotency_key_*`.
    """
    actor.need(Permission.CREDITS_GRANT)
    if customer_id == actor.id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if kind not in ("bonus", "goodwill"):
        raise Refusal(RefusalCode.FIELD_INVALID, "kind")
    if not 0 < units <= MAX_UNITS:
        raise Refusal(RefusalCode.AMOUNT_OUT_OF_RANGE, "credits", maximum=format_credits(MAX_UNITS))
    if days is not None and not 1 <= days <= 3650:
        raise Refusal(RefusalCode.FIELD_INVALID, "days")
    words = clean_text(reason, "reason", 500)
    if not words:
        raise Refusal(RefusalCode.REASON_MISSING, "reason")
    check_key(key)
    expires_at: datetime | None = now() + timedelta(days=days) if days else None

    def work() -> dict[str, object]:
        _need_room(customer_id, units, limits)
        posted = post(
            [
                Posting(
                    account_id=customer_id,
                    kind=kind,
                    amount=units,
                    business_key=f"{kind}:{actor.id}:{key}",
                    actor=f"staff:{actor.id}",
                    reason=words,
                    order_id=order_id,
                    expires_at=expires_at,
                )
            ]
        )
        return {"transfer": posted[0].transfer_id, "available_units": posted[0].available_after}

    request = {"do": "give", "actor": actor.id, "kind": kind, "units": units, "reason": words, "days": days}
    return once(customer_id, f"{kind}:{actor.id}:{key}"[:120], request, work)


def _need_room(customer_id: int, units: int, limits: GiftLimits) -> None:
    """Refuses what is above the limits. Locks the customer's sum until the transaction ends, by the name that decisions
    on refunds lock too: two of them at once can't each be the last one below the limit."""
    execute("SELECT pg_advisory_xact_lock(hashtextextended('refunds:sum', %s))", [customer_id])
    left = limits.period_units - returned_since(customer_id, limits.since)
    alone = max(0, min(limits.limit_units, left))
    if units > alone:
        raise Refusal(RefusalCode.SECOND_PERSON_NEEDED, "credits", limit=format_credits(alone))
