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
from smmatic.catalogue.rules import CheckedInput, check_input
from smmatic.credits.idempotency import check_key, kept_answer, request_hash
from smmatic.kernel.clock import now
from smmatic.kernel.database import (
    atomic,
    fetch_all,
    fetch_one,
    refusal_from_answer,
    refusal_of,
)
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.orders.files import check_file
from smmatic.orders.models import File
from smmatic.orders.queries import FileRow, own_files
from smmatic.policy import queries as policy

UNATTACHED_LIFE = timedelta(hours=24)
"""How long an upload waits for an order before it is removed."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer asks for, as they sent it. Price, status and owner are never taken from them.

    `terms_version` is the version of the service that they saw, or None for a program that orders by the list.
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


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was placed; amounts in Credit units. `replayed`: it had been placed before under this key."""

    order_id: int
    charged: int
    available_after: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost, in Credit units, after every field was checked."""

    service: ServiceRow
    checked: CheckedInput


def quote(person: Person, request: OrderRequest) -> Quote:
    """Checks every field of a request and prices it, changing nothing.

    Raises:
        Refusals: one for each field that has to change.
        Refusal: `service_unknown`, `service_unavailable`, `terms_changed`.
    """
    service = catalogue.offered(request.service_id)
    if service is None:
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    if not service.active:
        raise Refusal(RefusalCode.SERVICE_UNAVAILABLE, "service")
    if request.terms_version is not None and request.terms_version != service.version:
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
    return Quote(service, checked)


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
        current = policy.current_policy()
        if request.policy_version_id is not None and request.policy_version_id != current.id:
            raise Refusal(RefusalCode.POLICY_CHANGED)
    except (Refusal, Refusals):
        # A repeat may fail where the first passed: its files are taken, the service or the policy has changed since.
        kept = kept_answer(person.id, key, digest)
        if kept is None:
            raise
        answer = kept
    else:
        answer = _place(_parameters(person, request, quoted, current.id, key, channel), digest)
    if "refusal" in answer:
        if answer["refusal"]["code"] == RefusalCode.POLICY_CHANGED:
            policy.forget()
        if answer["refusal"]["code"] == RefusalCode.TERMS_CHANGED:
            catalogue.forget()
        raise refusal_from_answer(answer["refusal"])
    return Placed(
        answer["order"], answer["charged_units"], answer["available_units"], bool(answer.get("replayed", False))
    )


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


def _parameters(
    person: Person, request: OrderRequest, quoted: Quote, policy_id: int, key: str, channel: str
) -> dict[str, Any]:
    service, checked = quoted.service, quoted.checked
    return {
        "customer_id": person.id,
        "key": key,
        "channel": channel,
        "service_id": service.id,
        "service_version": service.version,
        "service_code": service.code,
        "terms": service.terms() | _customer_terms(person),
        "policy_version_id": policy_id,
        "calendar_version_id": policy.current_calendar().id,
        "quantity": checked.quantity,
        "amount": checked.amount_units,
        "link": checked.link.canonical,
        "link_kind": checked.link.kind,
        "brief": checked.brief,
        "texts": "\n".join(checked.texts),
        "runs": checked.runs,
        "interval_minutes": checked.interval_minutes,
        "start_now": bool(request.start_now),
        "grace_minutes": service.grace_minutes,
        "start_hours": service.start_hours,
        "files": sorted(set(request.file_ids)),
    }


def _customer_terms(person: Person) -> dict[str, Any]:
    """What a policy may ask about the customer, as it is at placing."""
    return {
        "customer_type": person.customer_type,
        "customer_jurisdiction": person.country,
        "customer_language": person.language,
    }


def _request_hash(request: OrderRequest, channel: str) -> bytes:
    return request_hash(
        [
            "order",
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
            channel,
        ]
    )


def _place(parameters: dict[str, Any], digest: bytes) -> dict[str, Any]:
    try:
        row = fetch_one("SELECT orders_place_v1(%s::jsonb, %s)::text AS answer", [json.dumps(parameters), digest])
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    if row is None:
        raise Refusal(RefusalCode.BUSY)
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer
