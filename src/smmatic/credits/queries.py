"""Reads of the ledger: wallet, statement, charges, the closed list of transfer kinds."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Sum

from smmatic.credits.models import KINDS, Account, Charge, Grant, Transfer
from smmatic.credits.rules import CUSTOMER_BUCKETS, KINDS_IN_WORDS
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_one


@dataclass(frozen=True, slots=True)
class GrantRow:
    """Credits of one origin that are still there, in units."""

    id: int
    origin: str
    remaining: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wallet:
    """A customer's Credits in units. What has expired is left out of `available` the moment it expires."""

    available: int
    held: int
    bonus: int
    grants: tuple[GrantRow, ...]
    version: int
    status: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One line of a statement. `change` is what it did to the available units, `held_change` to the held."""

    id: int
    version: int
    kind: str
    words: str
    amount: int
    change: int
    held_change: int
    available_after: int
    held_after: int
    order_id: int | None
    case_id: int | None
    deposit_id: int | None
    clause: str | None
    reason: str
    recorded_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """What an order holds and has taken, in units. `open` is still held."""

    order_id: int
    account_id: int
    amount: int
    captured: int
    forfeited: int
    released: int
    refunded: int

    @property
    def open(self) -> int:
        """Units still held."""
        return self.amount - self.captured - self.released

    @property
    def returned(self) -> int:
        """Units that went back to the customer."""
        return self.released + self.refunded


@dataclass(frozen=True, slots=True)
class KindRow:
    """A transfer kind: from which bucket to which, and whether each belongs to the customer."""

    kind: str
    words: str
    debit: str
    credit: str
    from_customer: bool
    to_customer: bool


def wallet(customer_id: int) -> Wallet:
    """A customer's Credits as they may be spent now."""
    account = Account.objects.filter(customer_id=customer_id).first()
    if account is None:
        return Wallet(0, 0, 0, (), 0, "open")
    moment = now()
    rows = list(Grant.objects.filter(account_id=customer_id, remaining__gt=0).order_by("priority", "expires_at", "id"))
    expired = sum(row.remaining for row in rows if row.expires_at and row.expires_at <= moment)
    live = tuple(
        GrantRow(row.id, row.origin, row.remaining, row.expires_at)
        for row in rows
        if row.expires_at is None or row.expires_at > moment
    )
    bonus = sum(row.remaining for row in live if row.origin != "paid")
    return Wallet(account.available - expired, account.held, bonus, live, account.version, account.status)


def statement(customer_id: int, *, before_version: int | None = None, limit: int = 50) -> list[TransferRow]:
    """A customer's transfers, newest first; `before_version` continues after an earlier page."""
    rows = Transfer.objects.filter(account_id=customer_id)
    if before_version is not None:
        rows = rows.filter(version__lt=before_version)
    return [_row(row) for row in rows.order_by("-version")[: max(1, min(limit, 500))]]


def transfers_of_order(customer_id: int, order_id: int) -> list[TransferRow]:
    """Every transfer of one order of this customer, oldest first."""
    return [_row(row) for row in Transfer.objects.filter(account_id=customer_id, order_id=order_id).order_by("version")]


def charge(order_id: int) -> ChargeRow | None:
    """The charge of an order, or None."""
    return charges([order_id]).get(order_id)


def charges(order_ids: list[int]) -> dict[int, ChargeRow]:
    """The charges of these orders by order id."""
    return {
        row.order_id: ChargeRow(
            row.order_id, row.account_id, row.amount, row.captured, row.forfeited, row.released, row.refunded
        )
        for row in Charge.objects.filter(order_id__in=order_ids)
    }


def returned_since(customer_id: int, since: datetime) -> int:
    """Units that people at the desk gave a customer since a moment: the sum that splitting can't get around."""
    total = Transfer.objects.filter(
        account_id=customer_id,
        kind__in=["refund", "release", "goodwill", "bonus"],
        recorded_at__gte=since,
        actor__startswith="staff:",
    ).aggregate(total=Sum("amount"))["total"]
    return int(total or 0)


def totals_by_kind(*, since: datetime | None = None) -> dict[str, int]:
    """Units moved by each transfer kind over all customers, for the desk's money page."""
    rows = Transfer.objects.all() if since is None else Transfer.objects.filter(recorded_at__gte=since)
    return {row["kind"]: int(row["total"]) for row in rows.values("kind").annotate(total=Sum("amount"))}


@dataclass(frozen=True, slots=True)
class Takings:
    """What the platform has of all orders for ever, in units: `earned` for what was delivered, `kept` for what was not.

    A refund gives back first what was kept: it is not a refund of delivered work before that is used up.
    """

    earned: int
    kept: int


def takings() -> Takings:
    """What is earned and what is kept without delivery, from the charges as they are now."""
    row = fetch_one(
        "SELECT coalesce(sum(forfeited - least(refunded, forfeited)), 0)::bigint AS kept,"
        " coalesce(sum(greatest(captured - forfeited - greatest(refunded - forfeited, 0), 0)), 0)::bigint AS earned"
        " FROM credits_charge"
    )
    return Takings(row["earned"], row["kept"]) if row else Takings(0, 0)


def liability() -> dict[str, int]:
    """Units that all customers hold: available, held, disputed."""
    sums = Account.objects.aggregate(a=Sum("available"), h=Sum("held"), d=Sum("disputed"), first=Min("opened_at"))
    return {"available": int(sums["a"] or 0), "held": int(sums["h"] or 0), "disputed": int(sums["d"] or 0)}


def transfer_kinds() -> list[KindRow]:
    """The closed list of transfer kinds. The database refuses any other pair of buckets."""
    return [
        KindRow(kind, KINDS_IN_WORDS[kind], debit, credit, debit in CUSTOMER_BUCKETS, credit in CUSTOMER_BUCKETS)
        for kind, (debit, credit) in KINDS.items()
    ]


def _row(row: Transfer) -> TransferRow:
    change = row.amount * ((row.credit == "available") - (row.debit == "available"))
    held_change = row.amount * ((row.credit == "held") - (row.debit == "held"))
    return TransferRow(
        row.id,
        row.version,
        row.kind,
        KINDS_IN_WORDS[row.kind],
        row.amount,
        change,
        held_change,
        row.available_after,
        row.held_after,
        row.order_id,
        row.case_id,
        row.deposit_id,
        row.clause,
        row.reason,
        row.recorded_at,
        row.effective_at,
    )
