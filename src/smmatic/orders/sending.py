"""What placing sends to the database, from checked requests: services once, a row an order. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import ServiceRow
from smmatic.catalogue.rules import CheckedInput
from smmatic.kernel.database import refusal_from_answer
from smmatic.kernel.refusals import Refusal, Refusals


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost, in Credit units, after every field was checked."""

    service: ServiceRow
    checked: CheckedInput


@dataclass(frozen=True, slots=True)
class Line:
    """One order of a request: the quote and what goes with it, or why it is refused already."""

    quoted: Quote | None = None
    start_now: bool = False
    file_ids: Sequence[int] = ()
    refused: Refusal | Refusals | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What all orders of a request share."""

    person: Person
    key: str
    channel: str
    policy_version_id: int
    calendar_version_id: int


def payload(terms: Terms, lines: Sequence[Line], *, single: bool, all_or_nothing: bool) -> str:
    """The parameter of `orders_place_v3`, as JSON."""
    services: dict[int, int] = {}
    listed: list[dict[str, Any]] = []
    rows = []
    for line in lines:
        if line.quoted is None:
            rows.append({"amount": 0, "refusal": kept(line.refused)})
            continue
        service = line.quoted.service
        if service.id not in services:
            listed.append(_service(service, terms.person))
            services[service.id] = len(listed)
        rows.append(_row(services[service.id], line, line.quoted.checked))
    body: dict[str, Any] = {
        "customer_id": terms.person.id, "key": terms.key, "channel": terms.channel, "single": single,
        "all": all_or_nothing, "policy_version_id": terms.policy_version_id,
        "calendar_version_id": terms.calendar_version_id, "services": listed, "rows": rows,
    }  # fmt: skip
    if not any(line.file_ids or line.refused for line in lines):
        body["bare"] = True
    return json.dumps(body)


def _service(service: ServiceRow, person: Person) -> dict[str, Any]:
    """A service as the order pins it, with what a policy may ask about the customer, as it is at placing."""
    customer = {
        "customer_type": person.customer_type,
        "customer_jurisdiction": person.country,
        "customer_language": person.language,
    }
    return {
        "id": service.id, "version": service.version, "code": service.code, "terms": service.terms() | customer,
        "grace_minutes": service.grace_minutes, "start_hours": service.start_hours,
    }  # fmt: skip


def _row(service: int, line: Line, checked: CheckedInput) -> dict[str, Any]:
    row: dict[str, Any] = {
        "service": service, "quantity": checked.quantity, "amount": checked.amount_units,
        "link": checked.link.canonical, "link_kind": checked.link.kind, "brief": checked.brief,
        "texts": "\n".join(checked.texts), "start_now": bool(line.start_now),
    }  # fmt: skip
    if checked.runs is not None:
        row |= {"runs": checked.runs, "interval_minutes": checked.interval_minutes}
    if line.file_ids:
        row["files"] = sorted(set(line.file_ids))
    return row


def kept(refused: Refusal | Refusals | None) -> dict[str, Any]:
    """A refusal as it is kept under the key; several of one row as a list."""
    if isinstance(refused, Refusals):
        return {"several": [kept(one) for one in refused.refusals]}
    if refused is None:
        raise ValueError("there is no refusal to keep")
    facts = {name: str(value) for name, value in refused.facts.items()}
    return facts | {"code": refused.code.value, "field": refused.field, "clause": refused.clause}


def told(answer: dict[str, Any]) -> Refusal | Refusals:
    """The refusal that was kept."""
    if "several" in answer:
        return Refusals([refusal_from_answer(one) for one in answer["several"]])
    return refusal_from_answer(answer)
