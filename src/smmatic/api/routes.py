"""What the routes share: their scopes, the answers that they document, and the pages of lists."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.urls import register_converter
from django.utils.translation import gettext_noop as _
from ninja.params.functions import Query

from smmatic.api.inputs import MAX_ID, MAX_PAGE
from smmatic.api.keys import OrderKey, OrderOrRefundKey, ReadKey, RefundKey
from smmatic.api.outputs import Refused

READ = ReadKey()
ORDER = OrderKey()
REFUND = RefundKey()
ORDER_OR_REFUND = OrderOrRefundKey()

T = TypeVar("T")
_S = TypeVar("_S")


class IdConverter:
    """An id in an address: ASCII digits that fit the database. Anything else is an address that does not exist."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id. Raises ValueError, which Django takes for another address."""
        number = int(value)
        if number > MAX_ID:
            raise ValueError("no id is so large")
        return number

    def to_url(self, value: int) -> str:
        """The id in an address."""
        return str(value)


register_converter(IdConverter, "id")


def answers(status: int, model: type[_S], *refusals: int) -> dict[int, object]:
    """The answers of a route: one that succeeds, and the statuses with which it refuses."""
    return {status: model} | dict.fromkeys(sorted({429, *refusals}), Refused)


def limit_parameter(default: int) -> Any:
    """The query parameter of every list: how many at most. A new one each time, as ninja writes the default into it."""
    return Query(default, ge=1, le=MAX_PAGE, description=_("How many at most, from 1 to 100."))


def cursor_parameter() -> Any:
    """The query parameter of every list: where the page before ended."""
    return Query(None, description=_("The `next_cursor` of the page before; left out for the first."))


def page_of(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The first `limit` of rows that were read with one more, and whether there are more."""
    return rows[:limit], len(rows) > limit
