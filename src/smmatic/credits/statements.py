"""Statements: opening balance, every transfer of a period with its reason, closing balance, and a hash to check by.

The hash covers what a file says, row by row, in the form that CSV and XLSX share: amounts in units, times to the
second in the zone of the shop. `smmatic statement verify FILE` reads the file back, makes the hash anew, and compares
both with the ledger, so that neither a changed number nor a changed number with a matching hash passes.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from smmatic.credits.models import Transfer
from smmatic.credits.queries import TransferRow, transfer_rows
from smmatic.kernel.texts import harmless

MARK = "smmatic-statement-1"
"""Begins the verification line of a file; the number changes with the form of the rows."""

BALANCES = ("available", "held", "disputed", "debt")


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account had at one moment, in units, after so many transfers."""

    version: int
    available: int
    held: int
    disputed: int
    debt: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The transfers of an account within a period, the oldest first, and the balances before and after."""

    customer_id: int
    since: datetime | None
    until: datetime | None
    opening: Balance
    closing: Balance
    rows: tuple[TransferRow, ...]

    @property
    def digest(self) -> str:
        """The verification hash, 64 hexadecimal digits."""
        return digest(self.customer_id, self.opening, self.closing, [row_said(row) for row in self.rows])

    @property
    def mark(self) -> str:
        """The verification line: account, versions and hash."""
        return f"{MARK}:{self.customer_id}:{self.opening.version}:{self.closing.version}:{self.digest}"


def statement_of(customer_id: int, *, since: datetime | None = None, until: datetime | None = None) -> Statement:
    """The statement of a customer for the transfers recorded from `since` to before `until`; None: without end."""
    rows = Transfer.objects.filter(account_id=customer_id)
    if since is not None:
        rows = rows.filter(recorded_at__gte=since)
    if until is not None:
        rows = rows.filter(recorded_at__lt=until)
    found = list(rows.order_by("version"))
    if found:
        first = found[0].version
    else:
        earlier = Transfer.objects.filter(account_id=customer_id)
        if until is not None:
            earlier = earlier.filter(recorded_at__lt=until)
        first = (earlier.order_by("-version").values_list("version", flat=True).first() or 0) + 1
    return _made(customer_id, since, until, first, found)


def statement_between(customer_id: int, after_version: int, last_version: int) -> Statement:
    """The statement of the transfers after one version up to another, as a file names them."""
    found = Transfer.objects.filter(account_id=customer_id, version__gt=after_version, version__lte=last_version)
    return _made(customer_id, None, None, after_version + 1, list(found.order_by("version")))


def digest(customer_id: int, opening: Balance, closing: Balance, rows: Iterable[Sequence[Any]]) -> str:
    """SHA-256 over the account, the opening balance, every row as a file says it, and the closing balance."""
    made = hashlib.sha256(json.dumps([MARK, customer_id, _flat(opening)]).encode())
    for row in rows:
        made.update(json.dumps(list(row), ensure_ascii=False).encode())
    made.update(json.dumps(_flat(closing)).encode())
    return made.hexdigest()


def said(
    version: int, at: str, kind: str, reason: str, numbers: Sequence[int | None], clause: str, amounts: Sequence[int]
) -> list[Any]:
    """A row as the hash covers it.

    Args:
        version: place in the account's chain.
        at: recorded time, local, to the second, such as '2026-11-24T12:30:00'.
        kind: the transfer's kind.
        reason: as the file has it, defused.
        numbers: order, case and deposit, or None.
        clause: the policy's clause, or ''.
        amounts: change of available and held, then available, held, disputed and debt after it, in units.
    """
    return [version, at, kind, reason, *numbers, clause, *amounts]


def row_said(row: TransferRow) -> list[Any]:
    """A transfer as the hash covers it."""
    at = timezone.localtime(row.recorded_at).isoformat(timespec="seconds")[:19]
    amounts = [
        row.change, row.held_change, row.available_after, row.held_after, row.disputed_after, row.debt_after,
    ]  # fmt: skip
    numbers = [row.order_id, row.case_id, row.deposit_id]
    return said(row.version, at, row.kind, harmless(row.reason), numbers, row.clause or "", amounts)


def _flat(balance: Balance) -> list[int]:
    return [balance.version, balance.available, balance.held, balance.disputed, balance.debt]


def _made(
    customer_id: int, since: datetime | None, until: datetime | None, first: int, found: list[Transfer]
) -> Statement:
    before = Transfer.objects.filter(account_id=customer_id, version=first - 1).first()
    opening = _balance(before) if before else Balance(0, 0, 0, 0, 0)
    closing = _balance(found[-1]) if found else opening
    return Statement(customer_id, since, until, opening, closing, tuple(transfer_rows(found)))


def _balance(row: Transfer) -> Balance:
    return Balance(row.version, row.available_after, row.held_after, row.disputed_after, row.debt_after)
