"""The way to the database: transactions, named SQL files, and constraint names turned into refusals."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from smmatic.kernel.amounts import format_credits
from smmatic.kernel.refusals import Refusal, RefusalCode

CONSTRAINTS: dict[str, RefusalCode] = {
    "accounts_user_email": RefusalCode.EMAIL_TAKEN,
    "refunds_case_one_open": RefusalCode.CASE_OPEN,
    "fulfilment_rework_one_open": RefusalCode.REWORK_OPEN,
    "credits_account_available_not_negative": RefusalCode.NOT_ENOUGH_CREDITS,
    "credits_account_within_bigint": RefusalCode.CREDITS_LIMIT,
    "credits_charge_refunded_within_captured": RefusalCode.REFUND_ABOVE_CHARGE,
    "credits_charge_settled_within_amount": RefusalCode.REFUND_ABOVE_CHARGE,
    "credits_transfer_business_key": RefusalCode.POSTED_ALREADY,
    "deposits_dispute_one_open": RefusalCode.DISPUTE_OPEN,
    "support_saved_reply_title_key": RefusalCode.REPLY_TITLE_TAKEN,
}
"""Constraints that state a rule of the business, and the refusal that says so to a person."""

MOST_HELD = 4 * 10**18
"""Units that an account may have, as its constraint says; sums of bookings stay within 64 bits."""

REFUSED = "SM001"
"""SQLSTATE with which our functions state a refusal: its code as message, its facts as JSON in the detail."""

_BUSY = {"55P03", "40P01", "40001"}


@cache
def sql(name: str) -> str:
    """The text of a packaged SQL file, named from the package root: 'orders/accept.sql'."""
    return resources.files("smmatic").joinpath(name).read_text(encoding="utf-8")


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction in which a broken constraint or a lock that can't be had becomes a Refusal.

    Raises:
        Refusal: by the violated constraint's name (see CONSTRAINTS), or `busy` on a lock time-out or deadlock.
    """
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_of(error: BaseException) -> Refusal | None:
    """The refusal that a database error stands for, or None when it is a fault of ours."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    if not isinstance(cause, psycopg.Error):
        return None
    if cause.sqlstate in _BUSY:
        return Refusal(RefusalCode.BUSY)
    if cause.sqlstate == REFUSED:
        return refusal_from_answer(
            {"code": cause.diag.message_primary or ""} | json.loads(cause.diag.message_detail or "{}")
        )
    code = CONSTRAINTS.get(cause.diag.constraint_name or "")
    if code is None:
        return None
    if code is RefusalCode.CREDITS_LIMIT:
        return Refusal(code, maximum=format_credits(MOST_HELD))
    return Refusal(code)


def refusal_from_answer(answer: Mapping[str, Any]) -> Refusal:
    """The refusal that a function of ours answered: {"code": ..., facts}; facts in units are shown as Credits."""
    facts = {key: value for key, value in answer.items() if key not in ("code", "field", "clause")}
    for name in [name for name in facts if name.endswith("_units")]:
        facts[name.removesuffix("_units")] = format_credits(int(facts[name]))
    return Refusal(RefusalCode(answer["code"]), answer.get("field"), clause=answer.get("clause"), **facts)


def fetch_all(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """Rows of a query as dictionaries by column name."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_one(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> dict[str, Any] | None:
    """The first row of a query as a dictionary, or None."""
    rows = fetch_all(statement, parameters)
    return rows[0] if rows else None


def execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Runs a statement; the number of rows that it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def call(statement: str, parameters: Sequence[Any]) -> Any:
    """The one value of a statement on a hot path, sent as a prepared statement: parsed and planned once a connection.

    Goes around Django's cursor, and stands in its transaction all the same. Behind a pooler that keeps no prepared
    statements set SMMATIC_PREPARED_STATEMENTS=0.

    Raises:
        DatabaseError: as every other statement.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), parameters, prepare=settings.SMMATIC_PREPARED_STATEMENTS)
        row = cursor.fetchone()
    return row[0] if row else None
