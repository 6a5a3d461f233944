"""Money over time, from the transfers alone: what came in, what was earned, returned and lost, and what is owed to whom
as what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from smmatic.kernel.database import fetch_all, fetch_one

INWARD = ("deposit", "bonus", "goodwill", "adjust_up")
ORIGINS = ("paid", "bonus", "goodwill", "adjustment")
"""Where available Credits came from; those that are held or frozen are counted by that alone."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month, in units. `owed` is what all customers had at its end: available, held and frozen by disputes."""

    first: date
    bought: int
    given: int
    earned: int
    kept: int
    refunded: int
    released: int
    expired: int
    removed: int
    corrected: int
    owed: int


@dataclass(frozen=True, slots=True)
class Liability:
    """What customers had at the end of a month, in units: available by where it came from, held, frozen by disputes."""

    first: date
    available: dict[str, int]
    held: int
    disputed: int

    @property
    def owed(self) -> int:
        """All of it; the same as `Month.owed`."""
        return sum(self.available.values()) + self.held + self.disputed


@dataclass(frozen=True, slots=True)
class Returned:
    """What one clause gave back within one month: units and transfers; clause '' where a booking names none."""

    first: date
    clause: str
    units: int
    transfers: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the transfers say that customers have, and what the accounts say, in units."""

    by_transfers: int
    by_accounts: int

    @property
    def difference(self) -> int:
        """Zero, or something is wrong."""
        return self.by_accounts - self.by_transfers


def months(zone: str) -> list[Month]:
    """Every month with its transfers, the oldest first; the zone of the shop says where a month begins."""
    rows = fetch_all(
        "SELECT (date_trunc('month', recorded_at AT TIME ZONE %s))::date AS month, kind, sum(amount)::bigint AS units"
        " FROM credits_transfer GROUP BY 1, 2 ORDER BY 1",
        [zone],
    )
    table: dict[date, dict[str, int]] = {}
    for row in rows:
        table.setdefault(row["month"], {})[row["kind"]] = row["units"]
    made, owed = [], 0
    for month, kinds in table.items():
        get = kinds.get
        owed += (
            sum(get(kind, 0) for kind in INWARD) + get("refund", 0) - get("capture", 0) - get("forfeit", 0)
            - get("breakage", 0) - get("dispute_remove", 0) - get("adjust_down", 0) - get("debt_repay", 0)
        )  # fmt: skip
        made.append(
            Month(
                month, get("deposit", 0), get("bonus", 0) + get("goodwill", 0), get("capture", 0), get("forfeit", 0),
                get("refund", 0), get("release", 0), get("breakage", 0),
                get("dispute_remove", 0) + get("dispute_debt", 0), get("adjust_up", 0) - get("adjust_down", 0), owed,
            )
        )  # fmt: skip
    return made


def reconciled() -> Reconciled:
    """What customers have, by the transfers and by the accounts, in one snapshot."""
    row = fetch_one(
        "SELECT (SELECT coalesce(sum(CASE WHEN credit IN ('available', 'held', 'disputed') THEN amount ELSE 0 END"
        " - CASE WHEN debit IN ('available', 'held', 'disputed') THEN amount ELSE 0 END), 0)"
        " FROM credits_transfer)::bigint AS transfers,"
        " (SELECT coalesce(sum(available + held + disputed), 0) FROM credits_account)::bigint AS accounts"
    )
    return Reconciled(row["transfers"], row["accounts"]) if row else Reconciled(0, 0)


def liabilities(zone: str) -> list[Liability]:
    """What customers had at the end of every month in which anything moved, by kind, the oldest first."""
    moved = fetch_all(
        "SELECT (date_trunc('month', recorded_at AT TIME ZONE %s))::date AS month,"
        " sum(CASE WHEN credit = 'held' THEN amount WHEN debit = 'held' THEN -amount ELSE 0 END)::bigint AS held,"
        " sum(CASE WHEN credit = 'disputed' THEN amount WHEN debit = 'disputed' THEN -amount ELSE 0 END)::bigint"
        " AS disputed FROM credits_transfer GROUP BY 1 ORDER BY 1",
        [zone],
    )
    used = fetch_all(
        "SELECT (date_trunc('month', t.recorded_at AT TIME ZONE %s))::date AS month, g.origin,"
        " sum(u.amount)::bigint AS units FROM credits_grant_use u JOIN credits_transfer t ON t.id = u.transfer_id"
        " JOIN credits_grant g ON g.id = u.grant_id GROUP BY 1, 2",
        [zone],
    )
    by_month: dict[date, dict[str, int]] = {}
    for row in used:
        by_month.setdefault(row["month"], {})[row["origin"]] = row["units"]
    available = dict.fromkeys(ORIGINS, 0)
    held = disputed = 0
    found = []
    for row in moved:
        held, disputed = held + row["held"], disputed + row["disputed"]
        for origin, units in by_month.get(row["month"], {}).items():
            available[origin] += units
        found.append(Liability(row["month"], dict(available), held, disputed))
    return found


def returned(zone: str) -> list[Returned]:
    """What each clause gave back, released or refunded, month by month, the oldest first and the largest first."""
    rows = fetch_all(
        "SELECT (date_trunc('month', recorded_at AT TIME ZONE %s))::date AS month, coalesce(clause, '') AS clause,"
        " sum(amount)::bigint AS units, count(*) AS n FROM credits_transfer WHERE kind IN ('release', 'refund')"
        " GROUP BY 1, 2 ORDER BY 1, 3 DESC",
        [zone],
    )
    return [Returned(row["month"], row["clause"], row["units"], row["n"]) for row in rows]


def by_clause(rows: Sequence[Returned]) -> list[tuple[str, int, int]]:
    """Clause, units that it returned and in how many transfers, the largest first."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        units, transfers = found.get(row.clause, (0, 0))
        found[row.clause] = (units + row.units, transfers + row.transfers)
    return sorted(((clause, *sums) for clause, sums in found.items()), key=lambda one: -one[1])
