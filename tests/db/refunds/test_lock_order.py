"""A case is locked before its order by everybody, also by who waited for the order while its case was opened."""

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, transaction

from smmatic.kernel.database import atomic
from smmatic.orders import steps as orders
from smmatic.refunds import steps
from smmatic.refunds.actions import request_refund
from smmatic.refunds.queries import open_case
from tests.builders import begun, customer, new_key
from tests.databases import Addresses

pytestmark = pytest.mark.django_db


def meeting(database: Addresses, lock: Callable[[int], object]) -> bool:
    """One thread waits for an order while its customer's case is opened; whether it then holds the case as well."""
    who = customer(500)
    order = begun(who, delivered=40)
    waits, asked = threading.Event(), threading.Event()
    held: list[bool] = []

    def second() -> None:
        try:
            with atomic():
                waits.set()
                lock(order.id)
                assert asked.is_set()
                case = open_case(order.id)
                assert case is not None
                held.append(_is_locked(database, case.id))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        orders.lock_order(order.id)
        thread.start()
        waits.wait(30)
        _until_somebody_waits(database)
        request_refund(who, order.id, reason_code="not_delivered", words="It broke.", key=new_key())
        asked.set()
    thread.join(60)
    return held[0]


def _until_somebody_waits(database: Addresses) -> None:
    """The race took place: somebody in this database waits for a lock."""
    statement = (
        "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database() LIMIT 1"
    )
    with psycopg.connect(database.owner, autocommit=True) as owner:
        until = time.monotonic() + 60
        while owner.execute(statement).fetchone() is None:
            assert time.monotonic() < until, "nobody waited for the order"
            time.sleep(0.01)


def _is_locked(database: Addresses, case_id: int) -> bool:
    with psycopg.connect(database.owner) as owner:
        try:
            owner.execute("SELECT 1 FROM refunds_case WHERE id = %s FOR NO KEY UPDATE NOWAIT", [case_id])
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def test_a_case_that_was_opened_while_its_order_was_waited_for_is_locked_too(database_addresses: Addresses) -> None:
    assert meeting(database_addresses, steps.lock_order)


def test_control_the_order_alone(database_addresses: Addresses) -> None:
    assert not meeting(database_addresses, orders.lock_order)
