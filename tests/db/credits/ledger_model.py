"""A plain model of one customer's ledger: numbers in memory, no SQL, no code of the product."""

from dataclasses import dataclass, field
from typing import ClassVar

MOST = 10**15
BUCKETS = {
    "deposit": ("issuance", "available"), "bonus": ("promotion", "available"), "goodwill": ("goodwill", "available"),
    "adjust_up": ("adjustments", "available"), "adjust_down": ("available", "adjustments"),
    "hold": ("available", "held"), "release": ("held", "available"), "capture": ("held", "revenue"),
    "forfeit": ("held", "forfeited"), "refund": ("refunds", "available"), "breakage": ("available", "breakage"),
    "dispute_freeze": ("available", "disputed"), "dispute_restore": ("disputed", "available"),
    "dispute_remove": ("disputed", "disputes"), "dispute_debt": ("debt", "disputes"),
    "debt_repay": ("available", "debt"),
}  # fmt: skip
ORIGINS = {"deposit": "paid", "bonus": "bonus", "goodwill": "goodwill", "adjust_up": "adjustment"}
PAYS_DEBT = ("deposit", "adjust_up", "release", "refund", "dispute_restore")


@dataclass
class Grant:
    """Where Credits came from. `lasts` is its place among expiries, None for never; `gone` once its time has come."""

    origin: str
    remaining: int
    lasts: int | None = None
    gone: bool = False
    deposit: int | None = None


@dataclass
class Charge:
    """An order of the model."""

    amount: int
    captured: int = 0
    forfeited: int = 0
    released: int = 0
    refunded: int = 0


@dataclass
class Slice:
    """What an order or a disputed deposit took from a grant and has not given back."""

    grant: int
    units: int


@dataclass
class Model:
    """Balances, grants, charges and lines of a statement."""

    SPENT_LAST: ClassVar = "paid"

    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("available", "held", "disputed", "debt"), 0))
    grants: list[Grant] = field(default_factory=list)
    charges: dict[int, Charge] = field(default_factory=dict)
    slices: dict[object, list[Slice]] = field(default_factory=dict)
    lines: list[tuple[str, int, int, int, int, int]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    expiries: int = 0

    def time_passes(self) -> None:
        """Every grant that expires has expired."""
        for grant in self.grants:
            grant.gone = grant.gone or grant.lasts is not None

    def breaks(self) -> None:
        """What is left of expired grants leaves, oldest grant first."""
        for grant in self.grants:
            if grant.gone and grant.remaining:
                self._line("breakage", grant.remaining)
                grant.remaining = 0

    def live(self) -> list[tuple[str, int]]:
        """Grants that can be spent: origin and units, in the order in which they are made."""
        return [(one.origin, one.remaining) for one in self.grants if one.remaining and not one.gone]

    @property
    def shown(self) -> int:
        """What a customer sees as available: what has expired is left out already."""
        return self.balance["available"] - sum(one.remaining for one in self.grants if one.gone)

    def apply(
        self, kind: str, units: int, *, order: int | None = None, deposit: int | None = None, key: str = "",
        expires: bool = False,
    ) -> str | None:  # fmt: skip
        """Books one posting; why not, and then the model is of no more use."""
        if not 0 < units <= MOST:
            return "amount_out_of_range"
        no = self._refusal(kind, units, order)
        if no or (key and key in self.keys):
            return no or "posted_already"
        self.keys.add(key)
        if kind == "hold":
            assert order is not None
            self.charges[order] = Charge(units)
        elif kind in ("capture", "forfeit", "release", "refund"):
            assert order is not None
            self._settle(self.charges[order], kind, units)
        self._line(kind, units)
        if kind in ORIGINS:
            self.expiries += expires
            own = deposit if kind == "deposit" else None
            self.grants.append(Grant(ORIGINS[kind], units, self.expiries if expires else None, deposit=own))
        elif kind in ("hold", "adjust_down", "dispute_freeze"):
            took = self._burn(units, deposit if kind == "dispute_freeze" else None)
            if kind != "adjust_down":
                self.slices[order if kind == "hold" else ("frozen", deposit)] = took
        elif kind in ("release", "refund", "dispute_restore"):
            self._give_back(self.slices[order if kind != "dispute_restore" else ("frozen", deposit)], units)
        debt = min(self.balance["debt"], self.balance["available"])
        if kind in PAYS_DEBT and debt > 0:
            self._line("debt_repay", debt)
            self._burn(debt, None)
        return None

    def _refusal(self, kind: str, units: int, order: int | None) -> str | None:
        if kind == "hold" and self.balance["debt"]:
            return "account_in_debt"
        if kind in ("hold", "adjust_down", "dispute_freeze") and units > self.balance["available"]:
            return "not_enough_credits"
        if kind in ("capture", "forfeit", "release", "refund"):
            assert order is not None
            charge = self.charges[order]
            most = charge.captured - charge.refunded
            if kind != "refund":
                most = charge.amount - charge.captured - charge.released
            return "refund_above_charge" if units > most else None
        return None

    def _settle(self, charge: Charge, kind: str, units: int) -> None:
        if kind == "release":
            charge.released += units
        elif kind == "refund":
            charge.refunded += units
        else:
            charge.captured += units
            charge.forfeited += units if kind == "forfeit" else 0

    def _line(self, kind: str, units: int) -> None:
        debit, credit = BUCKETS[kind]
        for bucket, sign in ((debit, -1), (credit, 1)):
            if bucket in self.balance:
                self.balance[bucket] += units * (-sign if bucket == "debt" else sign)
        self.lines.append((kind, units, *self.balance.values()))

    def _burn(self, units: int, deposit: int | None) -> list[Slice]:
        """Own deposit first, then earliest expiry, then what was not paid for, then the oldest."""
        never = self.expiries + 1
        order = sorted(
            (at for at, one in enumerate(self.grants) if one.remaining and not one.gone),
            key=lambda at: (
                deposit is None or self.grants[at].deposit != deposit, self.grants[at].lasts or never,
                self.grants[at].origin == self.SPENT_LAST, at,
            ),
        )  # fmt: skip
        took = []
        for at in order:
            part = min(units, self.grants[at].remaining)
            self.grants[at].remaining -= part
            took.append(Slice(at, part))
            units -= part
            if not units:
                return took
        raise AssertionError("the model's grants are short")

    def _give_back(self, slices: list[Slice], units: int) -> None:
        """The last taken first; to a successor grant with a life of its own where the first has expired."""
        for one in reversed(slices):
            part = min(units, one.units)
            if not part:
                continue
            one.units -= part
            units -= part
            grant = self.grants[one.grant]
            if grant.gone:
                self.expiries += 1
                self.grants.append(Grant(grant.origin, part, self.expiries))
            else:
                grant.remaining += part
        assert not units, "the model gives back more than was taken"
