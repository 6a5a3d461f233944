"""The actions on orders: add, status, cancel. Each parses, calls one action of a domain, and renders."""

from collections.abc import Callable, Mapping
from typing import Any

from smmatic.accounts.queries import KeyHolder, Person
from smmatic.api.reseller.actions import place_unless_twice
from smmatic.api.reseller.fields import flag, many_ids, one_id, text
from smmatic.api.reseller.shapes import details_out, status_out
from smmatic.api.reseller.words import Word, error
from smmatic.catalogue.queries import ServiceRow, offered, service_by_code
from smmatic.catalogue.rules import ServiceType
from smmatic.credits.idempotency import answer_under, check_key
from smmatic.credits.queries import charges
from smmatic.kernel.database import refusal_from_answer
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, place
from smmatic.orders.queries import OrderRow, own_orders
from smmatic.refunds.actions import ask_stop, cancel
from smmatic.refunds.queries import claims_of_orders

CHANNEL = "reseller"
MAX_CODE = 40
KEY = "idempotency_key"

Fields = Mapping[str, Any]


def add(holder: KeyHolder, fields: Fields) -> dict[str, Any]:
    """Places an order.

    With an `idempotency_key` the same request has one effect and one answer for ever, and another key means another
    order. Without one, the same service, link and quantity again within the window is refused unless `force` is 1.
    """
    request = _request(fields)
    if KEY in fields:
        key = check_key(fields[KEY], KEY)
        placed = place(holder.person, request, key=key, channel=CHANNEL)
    else:
        placed = place_unless_twice(holder, request, channel=CHANNEL, force=flag(fields, "force"))
    return {"order": placed.order_id}


def status(holder: KeyHolder, fields: Fields) -> dict[str, Any]:
    """One order, many of them, or the one that an `add` under an `idempotency_key` has made.

    With `details` it also says what became of a stop request, and whether the work's end was our own fault.
    """
    details = flag(fields, "details")
    if KEY in fields:
        return _under_key(holder.person, check_key(fields[KEY], KEY), details)
    if "orders" in fields:
        asked = many_ids(fields, "orders")
        found = _statuses(holder.person, [number for number in asked.values() if number], details)
        return {said: found.get(number or 0) or {"error": Word.ORDER.value} for said, number in asked.items()}
    number = _one(fields)
    found = _statuses(holder.person, [number], details)
    return found[number] if number in found else _no_order("order")


def cancel_many(holder: KeyHolder, fields: Fields) -> list[dict[str, Any]]:
    """Cancels pending orders and asks for a stop of those in work; 1 says that this is done or asked for."""
    return [
        {"order": number or said, "cancel": each(holder.person, number, _cancel, Word.NO_CANCEL)}
        for said, number in asked_orders(fields).items()
    ]


def asked_orders(fields: Fields) -> dict[str, int | None]:
    """The orders that a request is about, whether it says `orders` or `order`.

    Raises:
        Refusal: `field_missing`, `list_too_long`, `field_invalid`.
    """
    name = "orders" if "orders" in fields else "order"
    if name not in fields:
        raise Refusal(RefusalCode.FIELD_MISSING, "orders")
    return many_ids(fields, name)


def each(person: Person, number: int | None, work: Callable[[Person, int], int], word: Word) -> int | dict[str, Any]:
    """One order of a list: what the work gives, or the error in its place."""
    try:
        if number is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        return work(person, number)
    except Refusal as refusal:
        return {"error": Word.ORDER.value} if refusal.code is RefusalCode.NOT_FOUND else error(refusal, word)


def _cancel(person: Person, number: int) -> int:
    try:
        cancel(person, number)
    except Refusal as refused:
        if refused.code is not RefusalCode.ORDER_ACCEPTED:
            if refused.code is RefusalCode.ORDER_ENDED and own_orders(person, [number])[number].status == "cancelled":
                return 1
            raise
        try:
            ask_stop(person, number)
        except Refusal as kept:
            if kept.code is not RefusalCode.STOP_ASKED_ALREADY:
                raise
    return 1


def _request(fields: Fields) -> OrderRequest:
    service = _service(fields.get("service"))
    if service is None:
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    quantity, runs = fields.get("quantity"), fields.get("runs")
    if service.type == ServiceType.COUNTED_RUNS and runs is not None:
        # To the field's clients `quantity` is then what each run delivers: here that is one.
        if quantity not in (None, 1, "1") or quantity is True:
            raise Refusal(RefusalCode.QUANTITY_FIXED, "quantity")
        quantity = None
    return OrderRequest(
        service_id=service.id,
        quantity=quantity,
        link=text(fields, "link"),
        brief=text(fields, "brief"),
        texts=text(fields, "comments"),
        runs=runs,
        interval_minutes=fields.get("interval"),
        start_now=flag(fields, "start_now"),
    )


def _service(said: object) -> ServiceRow | None:
    """A service by its number in the list, or by its code, which is the same in other installations."""
    number = one_id(said)
    if number is None and isinstance(said, str) and len(said) <= MAX_CODE:
        found = service_by_code(said)
        number = found.id if found else None
    return offered(number) if number else None


def _one(fields: Fields) -> int:
    if "order" not in fields:
        raise Refusal(RefusalCode.FIELD_MISSING, "order")
    return one_id(fields["order"]) or 0


def _statuses(person: Person, numbers: list[int], details: bool) -> dict[int, dict[str, Any]]:
    rows: Mapping[int, OrderRow] = own_orders(person, numbers)
    money = charges(list(rows))
    found: dict[int, dict[str, Any]] = {
        number: dict(status_out(row, money.get(number))) for number, row in rows.items()
    }
    if details:
        claims = claims_of_orders([row.id for row in rows.values() if not row.live])
        for number, row in rows.items():
            found[number] |= details_out(row, claims.get(number, {}))
    return found


def _under_key(person: Person, key: str, details: bool) -> dict[str, Any]:
    """What became of an `add`: the order and its status, or the refusal that it got; else that there is no order.

    The key is repeated, so that nobody takes another error for this answer.
    """
    kept = answer_under(person.id, key)
    if kept and "refusal" in kept:
        return error(refusal_from_answer(kept["refusal"])) | {KEY: key}
    number = int((kept or {}).get("order", 0))
    found = _statuses(person, [number], details) if number else {}
    if number in found:
        return {KEY: key, "order": number, **found[number]}
    return _no_order(KEY) | {KEY: key}


def _no_order(field: str) -> dict[str, Any]:
    return error(Refusal(RefusalCode.NOT_FOUND, field), Word.ORDER)
