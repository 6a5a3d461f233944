"""Amounts in a provider's currency: whole billionths ("nano"), from its decimal texts and back. Pure.

They are for costs, margins, alarms and the comparison of balances; no Credit ever moves by them.
"""

from __future__ import annotations

NANO = 1_000_000_000
MOST = 9 * 10**18
_PLACES = 9


def nano_of(text: str) -> int | None:
    """Billionths in a decimal text such as '0.27819'; ``None`` where it is none, or has more places than we count."""
    number = text.strip()
    sign = -1 if number.startswith("-") else 1
    whole, _, part = number.removeprefix("-").partition(".")
    if not (whole + part).isdigit() or not (whole + part).isascii() or len(whole) > 12 or not whole:
        return None
    if part[_PLACES:].strip("0"):
        return None
    value = sign * (int(whole) * NANO + int(part[:_PLACES].ljust(_PLACES, "0")))
    return value if abs(value) <= MOST else None


def text_of(nano: int) -> str:
    """A decimal text with at least two places: 278190000 is '0.27819'."""
    whole, part = divmod(abs(nano), NANO)
    places = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nano < 0 else ''}{whole:,}.{places}"


def units_of(nano: int, currency_units: int) -> int:
    """What an amount of its currency costs us in Credit units, rounded up; ``currency_units`` are for one of it."""
    return -(-nano * currency_units // NANO)


def margin_permille(price_units: int, cost_units: int) -> int | None:
    """What is left of a price after its cost, in thousandths; negative where it is sold below cost."""
    return (price_units - cost_units) * 1000 // price_units if price_units > 0 else None
