"""The catalogue as a table: the columns that an import takes, so that what is exported can be edited and come back."""

from collections.abc import Iterable

from smmatic.catalogue.imports import COLUMNS, EXTRA_COLUMNS, PRICE
from smmatic.catalogue.queries import ServiceRow
from smmatic.kernel.amounts import format_credits

HEADER = [*COLUMNS, *EXTRA_COLUMNS]


def table_of(rows: Iterable[ServiceRow]) -> list[list[str]]:
    """The services as texts, one a line, in the order of HEADER."""
    return [list(cells_of(row).values()) for row in rows]


def cells_of(row: ServiceRow) -> dict[str, str]:
    """A service as the texts of a line or a form."""
    return {name: _cell(row, name) for name in HEADER}


def _cell(row: ServiceRow, name: str) -> str:
    if name == PRICE:
        return format_credits(row.price_units)
    value = getattr(row, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "|".join(value) if isinstance(value, tuple) else str(value)
