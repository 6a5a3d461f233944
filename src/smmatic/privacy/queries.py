"""Reads about personal data: requests for erasure, what stands in their way, and the export."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.core.serializers.json import DjangoJSONEncoder

from smmatic.accounts import personal_queries as accounts
from smmatic.accounts.queries import Person
from smmatic.credits import personal_queries as credits
from smmatic.deposits import personal_queries as deposits
from smmatic.fulfilment import personal_queries as fulfilment
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import harmless
from smmatic.notices import personal_queries as notices
from smmatic.orders import personal_queries as orders
from smmatic.privacy.models import Erasure
from smmatic.refunds import personal_queries as refunds
from smmatic.support import personal_queries as support

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an export that are held in memory; larger ones go through a temporary file without a name."""


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A request for erasure; `units` are the Credits that were left when it was asked for or done."""

    id: int
    customer_id: int
    state: str
    units: int
    asked_at: datetime
    due_at: datetime
    confirmed_by_id: int | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the way of an erasure: each has to end first, so that nothing is lost silently."""

    orders: list[int]
    requests: list[int]
    deposits: list[int]
    reworks: list[int]

    @property
    def any(self) -> bool:
        """Whether anything does."""
        return bool(self.orders or self.requests or self.deposits or self.reworks)


_FIELDS = tuple(ErasureRow.__dataclass_fields__)


def erasure_of(customer_id: int) -> ErasureRow | None:
    """The customer's request that waits or is done, or None."""
    values = Erasure.objects.filter(customer_id=customer_id, state__in=("asked", "done")).values(*_FIELDS).first()
    return ErasureRow(**values) if values else None


def erasures_asked(limit: int = 200) -> list[ErasureRow]:
    """Requests that wait, the earliest due first."""
    rows = Erasure.objects.filter(state="asked").order_by("due_at", "id")
    return [ErasureRow(**row) for row in rows.values(*_FIELDS)[:limit]]


def standing(customer_id: int) -> Standing:
    """What has to end before the customer's data can be erased."""
    return Standing(
        orders.live_orders(customer_id), refunds.open_requests(customer_id), deposits.open_deposits(customer_id),
        fulfilment.open_reworks(customer_id),
    )  # fmt: skip


def export(person: Person) -> IO[bytes]:
    """Everything that the shop holds of a customer as one ZIP archive: data.json, a CSV of each kind, and their files.

    Raises:
        Refusal: `customers_only`.
    """
    if person.staff:
        raise Refusal(RefusalCode.CUSTOMERS_ONLY)
    data = _data(person)
    made = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder))
        for name, rows in data.items():
            archive.writestr(f"csv/{name}.csv", _sheet(rows))
        for name, content in _files(person.id):
            archive.writestr(f"files/{name}", content)
    made.seek(0)
    return made


def _data(person: Person) -> dict[str, Sequence[Mapping[str, object]]]:
    found = notices.personal(person.id, person.email)
    found |= accounts.personal(person.id) | orders.personal(person.id) | credits.personal(person.id)
    found |= refunds.personal(person.id) | deposits.personal(person.id) | fulfilment.personal(person.id)
    found |= support.personal(person.id)
    return dict(sorted(found.items()))


def _files(customer_id: int) -> Iterator[tuple[str, bytes]]:
    yield from orders.personal_files(customer_id)
    yield from support.personal_files(customer_id)


def _sheet(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as CSV with a byte order mark, so that spreadsheets read Vietnamese; formulas defused."""
    out = io.StringIO()
    out.write("\ufeff")
    names = list(rows[0]) if rows else []
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([harmless(_cell(row[name])) for name in names])
    return out.getvalue()


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder) if isinstance(value, dict | list) else value
