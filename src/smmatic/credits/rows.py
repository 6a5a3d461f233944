"""A charge as a value: what rules work with. Pure."""

from dataclasses import dataclass


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
