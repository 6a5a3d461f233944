"""Plain builders: each test makes its own people and Credits; nothing is shared and nothing is flushed."""

import secrets
from collections.abc import Sequence
from typing import Any

from smmatic.accounts.actions import create_person
from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.catalogue import queries as catalogue
from smmatic.credits.rules import Posting
from smmatic.credits.steps import Posted, post
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import atomic, fetch_all
from smmatic.orders.actions import OrderRequest, accept_due, place
from smmatic.orders.queries import OrderRow, order
from smmatic.orders.steps import SYSTEM, change, move

ADS_ACCOUNT = "7012345678901234500"


def new_key() -> str:
    """A fresh idempotency key."""
    return secrets.token_hex(12)


def person(role: Role = Role.CUSTOMER, *, language: str = "en", password: str | None = None) -> Person:
    """A person nobody else uses."""
    name = secrets.token_hex(6)
    return create_person(email=f"{name}@example.test", name=name, role=role, language=language, password=password)


def customer(credits: int = 1000, *, language: str = "en", password: str | None = None) -> Person:
    """A customer with so many paid Credits."""
    made = person(language=language, password=password)
    if credits:
        give(made, credits * UNITS)
    return made


def give(to: Person, units: int, kind: str = "deposit", **fields: Any) -> Posted:
    """Credits in units, as a transfer of its own."""
    posting = Posting(to.id, kind, units, f"test:{new_key()}", "test", **fields)
    with atomic():
        return post([posting])[0]


def placed(
    who: Person, code: str = "TT-ADS", quantity: object = 100, *, start_now: bool = False, link: str = ADS_ACCOUNT,
    file_ids: Sequence[int] = (), brief: str = "",
) -> OrderRow:  # fmt: skip
    """An order of this customer, pending."""
    service = catalogue.service_by_code(code)
    assert service is not None
    request = OrderRequest(
        service.id, quantity=quantity, link=link, start_now=start_now, file_ids=file_ids, brief=brief
    )
    return reread(place(who, request, key=new_key(), channel="page").order_id)


def begun(who: Person, code: str = "TT-ADS", quantity: object = 100, *, delivered: int = 0, **fields: Any) -> OrderRow:
    """An order of this customer in progress, with so many units delivered."""
    made = placed(who, code, quantity, start_now=True, **fields)
    with atomic():
        assert move(made.id, ("pending",), "processing", actor=SYSTEM, kind="accepted")
        assert move(made.id, ("processing",), "in_progress", actor=SYSTEM, kind="started", delivered=delivered)
    return reread(made.id)


def reread(order_id: int) -> OrderRow:
    """The order as it is now."""
    row = order(order_id)
    assert row is not None
    return row


def ledger_of(who: Person) -> dict[str, list[dict[str, Any]]]:
    """Everything that the ledger holds of a customer, to compare before and after a refusal."""
    tables = {
        "account": "SELECT * FROM credits_account WHERE customer_id = %s",
        "transfers": "SELECT * FROM credits_transfer WHERE account_id = %s ORDER BY id",
        "grants": "SELECT * FROM credits_grant WHERE account_id = %s ORDER BY id",
        "charges": "SELECT * FROM credits_charge WHERE account_id = %s ORDER BY order_id",
        "orders": "SELECT id, status, delivered FROM orders_order WHERE customer_id = %s ORDER BY id",
        "cases": "SELECT id, state, version FROM refunds_case WHERE customer_id = %s ORDER BY id",
    }
    return {name: fetch_all(statement, [who.id]) for name, statement in tables.items()}


__all__ = [
    "ADS_ACCOUNT", "accept_due", "begun", "change", "customer", "give", "ledger_of", "new_key", "person", "placed",
    "reread",
]  # fmt: skip
