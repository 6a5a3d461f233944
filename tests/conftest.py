"""The database of the tests: an embedded PostgreSQL 18 of their own, or the server at TEST_DATABASE_URL.

Every run has its own data folder, so runs don't meet. One template database is migrated and prepared (policy, calendar,
catalogue); each xdist worker gets a clone of it and connects as the app role, which may not change history. A test
that uses the fixture `db` (or the mark `django_db`) works in autocommit: what it writes stays, nothing is flushed,
and each test makes its own customer. TEST_DATABASE_URL names a superuser on a throw-away server: the roles
smmatic_owner and smmatic_app are made there.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from smmatic.ops import roles
from smmatic.ops.postgres import server, stop_unused
from smmatic.ops.processes import FileLock, locked

_FOLDER = "SMMATIC_TEST_DATA_DIR"
_PREFIX = "smmatic-tests-"
_TEMPLATE = "smmatic_template"


@dataclass(frozen=True)
class Addresses:
    """The two addresses of a worker's database, as libpq understands them."""

    owner: str
    app: str

    def environment(self) -> dict[str, str]:
        """The variables for a process that shall work on this database."""
        return {**os.environ, "DATABASE_URL": self.app, "DATABASE_OWNER_URL": self.owner}


def pytest_configure(config: pytest.Config) -> None:
    """Makes the data folder of this run, in the process that every xdist worker comes from."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    if hasattr(config, "workerinput"):
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
    folder.chmod(0o711)  # as root, the server's own user must pass
    lock = FileLock(folder / "session.lock")
    lock.try_take(exclusive=True)
    os.environ[_FOLDER] = str(folder)
    config.stash[_LOCK] = lock


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what a killed worker may have left and removes the data folder."""
    lock = config.stash.get(_LOCK, None)
    if lock is not None:
        _remove(Path(os.environ.pop(_FOLDER)))
        lock.release()


_LOCK = pytest.StashKey[FileLock]()


@pytest.fixture(scope="session")
def database_addresses(worker_id: str) -> Iterator[Addresses]:
    """This worker's own clone of the migrated template, for tests that start processes of their own."""
    with ExitStack() as stack:
        maintenance = stack.enter_context(_maintenance())
        folder = Path(os.environ[_FOLDER])
        with locked(FileLock(folder / "template.lock"), say=print, waiting="Waiting for the template database ..."):
            _ensure_template(maintenance)
        name = f"smmatic_test_{worker_id}"
        with psycopg.connect(maintenance.owner, autocommit=True) as owner:
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            owner.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE))
            )
        yield _named(maintenance, name)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: pytest.FixtureRequest, database_addresses: Addresses
) -> Iterator[None]:
    """Points Django at this worker's database, as the app role. Replaces pytest-django's own test database."""
    from django.db import connections

    from smmatic.kernel.database_url import parse_database_url

    connections["default"].close()
    connections["default"].settings_dict.update(parse_database_url(database_addresses.app))
    os.environ.update(DATABASE_URL=database_addresses.app, DATABASE_OWNER_URL=database_addresses.owner)
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.close_all()


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """What `db` and the mark `django_db` mean here: committed access in autocommit, and no flush."""
    from django.db import connections

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block or connection.needs_rollback or not connection.get_autocommit():
                connection.close()


@contextmanager
def _maintenance() -> Iterator[Addresses]:
    """Owner and app on a database in which nothing is kept, from where others are made."""
    external = os.environ.get("TEST_DATABASE_URL", "")
    if not external:
        with server(Path(os.environ[_FOLDER]), durable=False, say=print) as handle:
            yield Addresses(handle.owner_url, handle.app_url)
        return
    passwords = Path(os.environ[_FOLDER]) / "passwords"
    with locked(FileLock(passwords), say=print, waiting="Waiting for the roles ..."):
        words = passwords.read_text().split() or [secrets.token_hex(16), secrets.token_hex(16)]
        passwords.write_text(" ".join(words))
        with psycopg.connect(external, autocommit=True) as admin:
            roles.ensure_roles(admin, *words)
    yield Addresses(
        make_conninfo(external, user=roles.OWNER, password=words[0]),
        make_conninfo(external, user=roles.APP, password=words[1]),
    )


def _ensure_template(maintenance: Addresses) -> None:
    done = Path(os.environ[_FOLDER]) / "template.done"
    if done.exists():
        return
    with psycopg.connect(maintenance.owner, autocommit=True) as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_TEMPLATE)))
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
    environment = _named(maintenance, _TEMPLATE).environment()
    for command in (["migrate", "--quiet"], ["prepare"]):
        answer = subprocess.run(
            [sys.executable, "-m", "smmatic", *command], env=environment, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            pytest.exit(f"`smmatic {' '.join(command)}` failed on the template:\n{answer.stdout}{answer.stderr}", 1)
    done.touch()


def _named(addresses: Addresses, database: str) -> Addresses:
    return Addresses(make_conninfo(addresses.owner, dbname=database), make_conninfo(addresses.app, dbname=database))


def _sweep() -> None:
    """Removes the folders of runs that were killed."""
    for folder in Path("/tmp").glob(f"{_PREFIX}*"):
        try:
            lock = FileLock(folder / "session.lock")
        except OSError:
            continue  # another user's, or gone meanwhile
        if lock.try_take(exclusive=True):
            _remove(folder)
        lock.release()


def _remove(folder: Path) -> None:
    stop_unused(folder, say=print)
    shutil.rmtree(folder, ignore_errors=True)
