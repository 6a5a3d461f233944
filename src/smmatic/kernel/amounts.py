"""Credits as integers of the smallest unit: parsing, formatting and the one rounding rule. Pure.

The number of decimal digits is fixed when an installation is created. Everything after parsing is integer
arithmetic; no float and no Decimal ever holds an amount.
"""

import re

from smmatic.kernel.refusals import Refusal, RefusalCode

DIGITS = 4
"""Decimal digits of a Credit: 1 Credit is 10 ** DIGITS units."""

UNITS = 10**DIGITS
"""Smallest units in one Credit."""

MAX_UNITS = 10**15
"""Largest amount in one posting: far below bigint, so that sums of many never overflow."""

_CREDITS = re.compile(r"[0-9]{1,12}(\.[0-9]+)?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def parse_credits(text: object, *, field: str = "credits", digits: int = DIGITS) -> int:
    """Units of an amount typed by a person or sent by a client, such as '12.5' -> 125000.

    Only ASCII digits with one decimal point are understood: no sign, exponent, grouping or full-width digits.

    Raises:
        Refusal: `amount_malformed`, `amount_too_precise`, `amount_out_of_range`.
    """
    if not isinstance(text, str) or not _CREDITS.fullmatch(text.strip(" ")):
        raise Refusal(RefusalCode.AMOUNT_MALFORMED, field)
    whole, _, fraction = text.strip(" ").partition(".")
    if len(fraction.rstrip("0")) > digits:
        raise Refusal(RefusalCode.AMOUNT_TOO_PRECISE, field, digits=digits)
    units: int = int(whole + fraction[:digits].ljust(digits, "0"))
    if not 0 < units <= MAX_UNITS:
        raise Refusal(RefusalCode.AMOUNT_OUT_OF_RANGE, field, maximum=format_credits(MAX_UNITS, digits))
    return units


def parse_count(value: object, *, field: str = "quantity") -> int:
    """A non-negative whole number below 10**9, from ASCII digits or an int (never a bool or a float).

    Raises:
        Refusal: `count_malformed`.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    raise Refusal(RefusalCode.COUNT_MALFORMED, field)


def format_credits(units: int, digits: int = DIGITS) -> str:
    """An amount with at least two decimals and no needless zeros: 125000 -> '12.50', 10001 -> '1.0001'."""
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), 10**digits)
    return f"{sign}{whole}.{str(fraction).rjust(digits, '0').rstrip('0').ljust(2, '0')}"


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves upwards: the one rounding, used when an order is priced.

    Raises:
        ValueError: when an argument is negative or the denominator is zero.
    """
    if numerator < 0 or denominator <= 0:
        raise ValueError("round_half_up takes a non-negative numerator and a positive denominator")
    return (2 * numerator + denominator) // (2 * denominator)
