"""Which changes of an order the database itself refuses, whoever asks for them."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from smmatic.orders.queries import ENDED, LIVE
from tests.builders import begun, customer, placed

pytestmark = pytest.mark.django_db

LEGAL = {
    "pending": {"processing", "cancelled", "rejected"},
    "processing": {"in_progress", "rejected", "completed", "partial", "failed"},
    "in_progress": {"completed", "partial", "failed"},
}
AGREED = {
    "customer_id": "customer_id + 1",
    "service_id": "service_id + 1",
    "terms": "terms || '{\"rework_days\": 99}'",
    "policy_version_id": "policy_version_id + 1",
    "calendar_version_id": "calendar_version_id + 1",
    "quantity": "quantity + 1",
    "amount": "amount - 1",
    "placed_at": "placed_at - interval '1 day'",
}


def said(statement: str, *values: object) -> str:
    """The state of SQL with which an update of one order is refused, '' where it is not; nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            assert cursor.rowcount == 1
            transaction.set_rollback(True)
    except DatabaseError as refused:
        cause = refused.__cause__
        assert isinstance(cause, psycopg.Error)
        return str(cause.sqlstate)
    return ""


def brought_to(status: str) -> int:
    """An order in a status, by legal steps of the table alone."""
    if status == "pending":
        return placed(customer()).id
    row = begun(customer())
    if status == "processing":
        row = placed(customer())
    with connection.cursor() as cursor:
        if status == "processing":
            cursor.execute("UPDATE orders_order SET status = 'processing', accepted_at = now() WHERE id = %s", [row.id])
        elif status in ("completed", "partial", "failed"):
            cursor.execute("UPDATE orders_order SET status = %s, ended_at = now() WHERE id = %s", [status, row.id])
        elif status == "rejected":
            row = placed(customer())
            cursor.execute("UPDATE orders_order SET status = 'rejected', ended_at = now() WHERE id = %s", [row.id])
        elif status == "cancelled":
            row = placed(customer())
            cursor.execute("UPDATE orders_order SET status = 'cancelled', ended_at = now() WHERE id = %s", [row.id])
    return row.id


@pytest.mark.parametrize("before", LIVE + ENDED)
def test_only_the_table_of_transitions_is_possible(before: str) -> None:
    order_id = brought_to(before)
    for after in LIVE + ENDED:
        state = said("UPDATE orders_order SET status = %s WHERE id = %s", after, order_id)
        legal = after == before or after in LEGAL.get(before, set())
        assert (state != "SM003") == legal, f"{before} -> {after}: {state}"


@pytest.mark.parametrize("before", ["processing", "in_progress"])
def test_work_ends_as_cancelled_only_by_a_confirmed_stop(before: str) -> None:
    order_id = brought_to(before)
    ends = "UPDATE orders_order SET status = 'cancelled', stop_status = %s WHERE id = %s"
    assert said(ends, "asked", order_id) == "SM003"
    assert said(ends, "confirmed", order_id) != "SM003"


@pytest.mark.parametrize("column", AGREED)
def test_what_was_agreed_at_placing_never_changes(column: str) -> None:
    order_id = brought_to("pending")
    assert said(f"UPDATE orders_order SET {column} = {AGREED[column]} WHERE id = %s", order_id) == "SM003"
    assert said(f"UPDATE orders_order SET {column} = {column} WHERE id = %s", order_id) == ""
