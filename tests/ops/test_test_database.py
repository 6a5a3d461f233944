"""The database that the tests get: the app role's rights, committed access, one clone a worker."""

import re
from importlib import resources

import pytest
from django.db import connection, transaction

from smmatic.ops.roles import HISTORY
from tests.databases import Addresses


def test_tests_run_as_the_app_role_in_autocommit(db: None, worker_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database(), pg_current_xact_id_if_assigned() IS NULL")
        assert cursor.fetchone() == ("smmatic_app", f"smmatic_test_{worker_id}", True)
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_the_mark_means_the_same_as_the_fixture() -> None:
    assert not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("table", HISTORY)
def test_the_app_role_cannot_change_history(db: None, table: str) -> None:
    with connection.cursor() as cursor:
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
            assert cursor.fetchone() == (False,), f"{right} on {table}"
        cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table])
        assert cursor.fetchone() == (True,)


def test_the_doctor_looks_at_every_table_whose_rights_are_taken_away() -> None:
    package = resources.files("smmatic")
    files = [file for folder in package.iterdir() if folder.is_dir() for file in folder.iterdir()]
    texts = [file.read_text() for file in files if file.name.endswith(".sql") and "REVOKE ALL" in file.read_text()]
    # What a trigger lets be redacted are columns; every other list is of tables.
    lists = [line for text in texts for line in re.sub(r"kernel_only_redacts_v1\(.*\)", "", text).split(";")]
    arrays = [array for text in lists for array in re.findall(r"ARRAY\[([^\]]*)\]", text)]
    taken = [table for array in arrays for table in re.findall(r"'(\w+)'", array)]
    assert len(taken) > 10
    assert sorted(taken) == sorted(HISTORY)


def test_a_process_started_by_a_test_gets_both_addresses(database_addresses: Addresses) -> None:
    environment = database_addresses.environment()
    assert "smmatic_app" in environment["DATABASE_URL"]
    assert "smmatic_owner" in environment["DATABASE_OWNER_URL"]
