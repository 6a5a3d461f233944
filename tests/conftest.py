"""The database of the tests: an embedded PostgreSQL 18 of their own, or the server at TEST_DATABASE_URL.

Every run has its own data folder, so runs don't meet. One template database is migrated and prepared (policy, calendar,
catalogue); each xdist worker gets a clone of it and connects as the app role, which may not change history. A test
that uses the fixture `db` (or the mark `django_db`) works in autocommit: what it writes stays, nothing is flushed,
and each test makes its own customer. TEST_DATABASE_URL names a superuser on a throw-away server: the roles
smmatic_owner and smmatic_app are made there.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from smmatic.ops.processes import FileLock
from tests import databases
from tests.databases import Addresses

_LOCK = pytest.StashKey[FileLock]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the data folder of this run, in the process that every xdist worker comes from."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    if hasattr(config, "workerinput"):
        return
    databases.sweep()
    folder = Path(tempfile.mkdtemp(prefix=databases.PREFIX, dir="/tmp"))
    folder.chmod(0o711)  # as root, the server's own user must pass
    lock = FileLock(folder / "session.lock")
    lock.try_take(exclusive=True)
    os.environ[databases.FOLDER] = str(folder)
    config.stash[_LOCK] = lock


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what a killed worker may have left and removes the data folder."""
    lock = config.stash.get(_LOCK, None)
    if lock is not None:
        databases.remove(Path(os.environ.pop(databases.FOLDER)))
        lock.release()


@pytest.fixture(scope="session")
def database_addresses(worker_id: str) -> Iterator[Addresses]:
    """This worker's own clone of the migrated template, for tests that start processes of their own."""
    with databases.cloned(f"smmatic_test_{worker_id}") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, database_addresses: Addresses
) -> Iterator[None]:
    """Points Django at this worker's database, as the app role. Replaces pytest-django's own test database."""
    from django.db import connections

    from smmatic.kernel.database_url import parse_database_url

    connections["default"].close()
    connections["default"].settings_dict.update(parse_database_url(database_addresses.app))
    os.environ.update(DATABASE_URL=database_addresses.app, DATABASE_OWNER_URL=database_addresses.owner)
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What `db` and the mark `django_db` mean here: committed access in autocommit, and no flush."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block or connection.needs_rollback or not connection.get_autocommit():
                connection.close()


@pytest.fixture(scope="session")
def browser_path() -> str | None:
    """The system's Chromium, or None where Playwright's own is to be used.

    Without any the test is skipped, and under CI it fails.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            if not Path(playwright.chromium.executable_path).exists():
                text = "No Chromium; `make test` installs one, or: apt-get install chromium"
                if os.environ.get("CI", "") in ("", "0", "false"):
                    pytest.skip(text)
                pytest.fail(text)
    return found


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Every test begins in English, whatever language the one before it left active."""
    from django.utils import translation

    translation.activate("en")
    yield
    translation.deactivate()
