"""Placing orders, keeping their files, and accepting due ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from smmatic.accounts.queries import Person
from smmatic.catalogue import queries as catalogue
from smmatic.catalogue.queries import ServiceRow
from smmatic.catalogue.rules import check_input
from smmatic.credits.idempotency import check_key, kept_answer, request_hash
from smmatic.kernel.clock import now
from smmatic.kernel.database import (
    atomic,
    call,
    fetch_all,
    refusal_of,
)
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.orders.files import check_file
from smmatic.orders.models import File, Order
from smmatic.orders.queries import FileRow, open_on_link, own_files
from smmatic.orders.sending import Line, Quote, Terms, payload, told
from smmatic.policy import queries as policy

MAX_ROWS = 10_000
"""Most orders in one mass order."""

_PLACE = "SELECT orders_place_v3(%s::jsonb, %s)::text"
_REPLAY = "SELECT orders_replay_v1(%s, %s::jsonb)::text"

UNATTACHED_LIFE = timedelta(hours=24)
"""How long an upload waits for an order before it is removed."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer asks for, as they sent it. Price, status and owner are never taken from them.

    `terms_version` is the version of the service that they saw, and `price_id` the row of their own price for it (0:
    the list price); None for a program that orders by the list.
    """

    service_id: int
    quantity: object = None
    link: str = ""
    brief: str = ""
    texts: str = ""
    runs: object = None
    interval_minutes: object = None
    start_now: bool = False
    file_ids: Sequence[int] = field(default_factory=tuple)
    terms_version: int | None = None
    policy_version_id: int | None = None
    price_id: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was placed; amounts in Credit units. `replayed`: it had been placed before under this key."""

    order_id: int
    charged: int
    available_after: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """What became of one row of a mass order: an order and what it costs in Credit units, or why not.

    Neither: the row is well, and nothing was placed because another one is not.
    """

    order_id: int | None
    charged: int
    refusal: Refusal | Refusals | None = None


@dataclass(frozen=True, slots=True)
class PlacedMany:
    """What became of a mass order, row by row in the order given; amounts in Credit units.

    `available_after` is None where nothing was placed. `replayed`: it was answered before under this key.
    """

    rows: tuple[PlacedRow, ...]
    charged: int
    available_after: int | None
    replayed: bool

    @property
    def placed(self) -> int:
        """How many orders were placed."""
        return sum(row.order_id is not None for row in self.rows)


def quote(person: Person, request: OrderRequest) -> Quote:
    """Checks every field of a request and prices it, changing nothing.

    Raises:
        Refusals: one for each field that has to change.
        Refusal: `service_unknown`, `service_unavailable`, `terms_changed`, `order_overlaps`.
    """
    service = catalogue.offered_to(person.id, request.service_id)
    if service is None:
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    if not service.active or not service.deliverable:
        raise Refusal(RefusalCode.SERVICE_UNAVAILABLE, "service")
    if request.terms_version is not None and request.terms_version != service.version:
        raise Refusal(RefusalCode.TERMS_CHANGED)
    if request.price_id is not None and request.price_id != service.price_id:
        raise Refusal(RefusalCode.TERMS_CHANGED)
    if request.file_ids and len(own_files(person, request.file_ids)) != len(set(request.file_ids)):
        raise Refusal(RefusalCode.NOT_FOUND, "files")
    checked = check_input(
        service.terms(),
        link=request.link,
        quantity=request.quantity,
        texts=request.texts,
        runs=request.runs,
        interval_minutes=request.interval_minutes,
        brief=request.brief,
        has_files=bool(request.file_ids),
    )
    if service.overlap == "refuse" and (other := overlapping(person, service, checked.link.canonical)):
        raise Refusal(RefusalCode.ORDER_OVERLAPS, "link", number=other)
    return Quote(service, checked)


def overlapping(person: Person, service: ServiceRow, link: str) -> int | None:
    """The customer's newest open order of a service for a canonical link, where its terms care; None where none is.

    Refused in the database too, where the terms say so; everywhere else a warning.
    """
    return open_on_link(person.id, service.id, link) if link and service.overlap != "allow" else None


def place(person: Person, request: OrderRequest, *, key: str, channel: str) -> Placed:
    """Places an order: checks, price, hold, event and answer under the key, in one statement.

    The same request again under the same key gives the same order and charges nothing more.

    Raises:
        Refusals: one for each field that has to change. Nothing was charged.
        Refusal: `idempotency_key_*`, `service_*`, `terms_changed`, `policy_changed`, `not_enough_credits`,
            `account_*`, `busy`. Nothing was charged.
    """
    check_key(key)
    digest = _request_hash(request, channel)
    try:
        quoted = quote(person, request)
        shared = _shared(person, key, channel, request.policy_version_id)
    except (Refusal, Refusals):
        # A repeat may fail where the first passed: its files are taken, the service or the policy has changed since.
        answer = _kept(person, key, digest)
        if answer is None:
            raise
    else:
        line = Line(quoted, request.start_now, request.file_ids)
        answer = _place(payload(shared, [line], single=True, all_or_nothing=True), digest)
    if "refusal" in answer:
        raise _heard(answer["refusal"])
    return Placed(
        answer["order"], answer["charged_units"], answer["available_units"], bool(answer.get("replayed", False))
    )


def place_many(
    person: Person, requests: Sequence[OrderRequest], *, key: str, channel: str, all_or_nothing: bool
) -> PlacedMany:
    """Places many orders of one customer in one statement, under one key.

    With `all_or_nothing` every row is placed or none; the rows that stand in the way say why. Otherwise each row is
    placed or refused for itself, in the order given: Credits go to the first rows as far as they reach. The same rows
    again under the same key give the same answer and charge nothing more.

    Raises:
        Refusal: what refuses all rows alike, and nothing was charged: `idempotency_key_*`, `orders_too_many`,
            `policy_changed`, `busy`; with `all_or_nothing` also `not_enough_credits` (for the sum) and `account_*`.
    """
    check_key(key)
    if not 0 < len(requests) <= MAX_ROWS:
        raise Refusal(RefusalCode.ORDERS_TOO_MANY, maximum=MAX_ROWS)
    digest = request_hash(["orders", all_or_nothing, channel, [_sent(request) for request in requests]])
    lines = [_line(person, request) for request in requests]
    versions = {request.policy_version_id for request in requests} - {None}
    answer = None
    try:
        shared = _shared(
            person, key, channel, versions.pop() if len(versions) == 1 else None, several=len(versions) > 1
        )
    except Refusal:
        answer = _kept(person, key, digest)
        if answer is None:
            raise
    if answer is None and all_or_nothing and any(line.refused for line in lines):
        # Nothing can be placed, so nothing is asked and no key is taken: what is wrong can be mended and sent again.
        answer = _kept(person, key, digest)
        if answer is None:
            return PlacedMany(tuple(PlacedRow(None, 0, line.refused) for line in lines), 0, None, False)
    if answer is None:
        answer = _place(payload(shared, lines, single=False, all_or_nothing=all_or_nothing), digest)
    return _many(answer, lines)


def _many(answer: dict[str, Any], lines: Sequence[Line]) -> PlacedMany:
    replayed = bool(answer.get("replayed", False))
    if "refusal" in answer:
        place = answer["refusal"].pop("row", None)
        refusal = _heard(answer["refusal"])
        if place is None:
            raise refusal
        rows = tuple(PlacedRow(None, 0, refusal if at == place else None) for at in range(len(lines)))
        return PlacedMany(rows, 0, None, replayed)
    refusals = {int(place): _heard(one) for place, one in answer["refusals"].items()}
    orders = answer["orders"]
    if len(orders) != len(lines):
        raise Refusal(RefusalCode.KEY_REUSED)
    charges = _charges(answer, lines)
    rows = tuple(PlacedRow(order, charges[at] if order else 0, refusals.get(at)) for at, order in enumerate(orders))
    return PlacedMany(rows, answer["charged_units"], answer.get("available_units"), replayed)


def _charges(answer: dict[str, Any], lines: Sequence[Line]) -> list[int]:
    """What each row costs. A repeat may be priced otherwise by now: then what was charged is read from the orders."""
    asked = [line.quoted.checked.amount_units if line.quoted else 0 for line in lines]
    placed = [(at, order) for at, order in enumerate(answer["orders"]) if order]
    if answer.get("replayed") and sum(asked[at] for at, _ in placed) != answer["charged_units"]:
        amounts = dict(Order.objects.filter(id__in=[order for _, order in placed]).values_list("id", "amount"))
        for at, order in placed:
            asked[at] = amounts[order]
    return asked


def keep_file(person: Person, *, name: str, content: bytes, purpose: str = "brief") -> FileRow:
    """Keeps an upload until an order takes it, for a day at most; only its owner sees it until then.

    Raises:
        Refusal: `file_too_large`, `file_kind`, `file_too_many` (unattached files of one person within a day).
    """
    checked = check_file(name, content, maximum_bytes=settings.SMMATIC_MAX_FILE_BYTES)
    with atomic():
        unattached = File.objects.filter(owner_id=person.id, order=None)
        unattached.filter(at__lt=now() - UNATTACHED_LIFE).delete()
        if unattached.count() >= settings.SMMATIC_MAX_FILES * 3:
            raise Refusal(RefusalCode.FILE_TOO_MANY, "files", maximum=settings.SMMATIC_MAX_FILES * 3)
        row = File.objects.create(
            owner_id=person.id,
            purpose=purpose,
            name=checked.name,
            media_type=checked.media_type,
            size=len(checked.content),
            sha256=checked.sha256,
            content=checked.content,
        )
    row.refresh_from_db(fields=["at"])
    return FileRow(row.id, person.id, None, purpose, row.name, row.media_type, row.size, row.at)


def accept_due(limit: int = 500) -> list[int]:
    """Takes up to `limit` due pending orders into processing; the ids of those that this caller took."""
    return [row["id"] for row in fetch_all("SELECT id FROM orders_accept_v1(%s) AS id", [limit])]


def lease_due(owner: str, *, limit: int, seconds: int) -> list[int]:
    """Leases up to `limit` orders whose next check is due, for `seconds` of database time; their ids.

    Ended orders are among them until whoever delivers is known to have ended too.
    """
    return [row["id"] for row in fetch_all("SELECT id FROM orders_lease_v1(%s, %s, %s) AS id", [owner, limit, seconds])]


def _shared(person: Person, key: str, channel: str, seen_policy_id: int | None, *, several: bool = False) -> Terms:
    current = policy.current_policy()
    if several or (seen_policy_id is not None and seen_policy_id != current.id):
        raise Refusal(RefusalCode.POLICY_CHANGED)
    return Terms(person, key, channel, current.id, policy.current_calendar().id)


def _line(person: Person, request: OrderRequest) -> Line:
    try:
        return Line(quote(person, request), request.start_now, request.file_ids)
    except (Refusal, Refusals) as refused:
        return Line(refused=refused)


def _sent(request: OrderRequest) -> list[Any]:
    return [
        request.service_id,
        str(request.quantity),
        request.link,
        request.brief,
        request.texts,
        str(request.runs),
        str(request.interval_minutes),
        request.start_now,
        sorted(request.file_ids),
        request.terms_version,
        request.policy_version_id,
        *([] if request.price_id is None else [request.price_id]),
    ]


def _request_hash(request: OrderRequest, channel: str) -> bytes:
    return request_hash(["order", *_sent(request), channel])


def _kept(person: Person, key: str, digest: bytes) -> dict[str, Any] | None:
    """What was answered before, with the units that were available after it."""
    found = kept_answer(person.id, key, digest)
    if found is None:
        return None
    answer: dict[str, Any] = json.loads(call(_REPLAY, [person.id, json.dumps(found)]))
    return answer


def _heard(refusal: dict[str, Any]) -> Refusal | Refusals:
    """A refusal of the database; where it says that what is known here is old, that is read anew next time."""
    if refusal.get("code") == RefusalCode.POLICY_CHANGED:
        policy.forget()
    if refusal.get("code") in (RefusalCode.TERMS_CHANGED, RefusalCode.SERVICE_UNAVAILABLE):
        catalogue.forget()
    return told(refusal)


def _place(parameters: str, digest: bytes) -> dict[str, Any]:
    try:
        text = call(_PLACE, [parameters, digest])
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    if text is None:
        raise Refusal(RefusalCode.BUSY)
    answer: dict[str, Any] = json.loads(text)
    return answer
