"""Makes the databases of a test run; see conftest.py."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from smmatic.ops import roles
from smmatic.ops.postgres import server, stop_unused
from smmatic.ops.processes import FileLock, locked

FOLDER = "SMMATIC_TEST_DATA_DIR"
PREFIX = "smmatic-tests-"
_TEMPLATE = "smmatic_template"


@dataclass(frozen=True)
class Addresses:
    """The two addresses of a database, as libpq understands them."""

    owner: str
    app: str

    def environment(self) -> dict[str, str]:
        """The variables for a process that shall work on this database."""
        return {**os.environ, "DATABASE_URL": self.app, "DATABASE_OWNER_URL": self.owner}


def folder() -> Path:
    """The data folder of this run."""
    return Path(os.environ[FOLDER])


@contextmanager
def cloned(name: str) -> Iterator[Addresses]:
    """A fresh clone of the migrated and prepared template; the server stays for as long."""
    with _maintenance() as base:
        with locked(FileLock(folder() / "template.lock"), say=print, waiting="Waiting for the template database ..."):
            _ensure_template(base)
            with psycopg.connect(base.owner, autocommit=True) as owner:
                _drop(owner, name)
                owner.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE))
                )
        yield _named(base, name)


def sweep() -> None:
    """Removes the folders of runs that were killed."""
    for path in Path("/tmp").glob(f"{PREFIX}*"):
        try:
            lock = FileLock(path / "session.lock")
        except OSError:
            continue  # another user's, or gone meanwhile
        if lock.try_take(exclusive=True):
            remove(path)
        lock.release()


def remove(path: Path) -> None:
    """Stops what a killed worker may have left running in a data folder, and removes it."""
    stop_unused(path, say=print)
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _maintenance() -> Iterator[Addresses]:
    """Owner and app on a database in which nothing is kept, from where others are made."""
    external = os.environ.get("TEST_DATABASE_URL", "")
    if not external:
        with server(folder(), durable=False, say=print) as handle:
            yield Addresses(handle.owner_url, handle.app_url)
        return
    passwords = folder() / "passwords"
    with locked(FileLock(passwords), say=print, waiting="Waiting for the roles ..."):
        words = passwords.read_text().split() or [secrets.token_hex(16), secrets.token_hex(16)]
        passwords.write_text(" ".join(words))
        with psycopg.connect(external, autocommit=True) as admin:
            roles.ensure_roles(admin, *words)
    yield Addresses(
        make_conninfo(external, user=roles.OWNER, password=words[0]),
        make_conninfo(external, user=roles.APP, password=words[1]),
    )


def _ensure_template(base: Addresses) -> None:
    done = folder() / "template.done"
    if done.exists():
        return
    with psycopg.connect(base.owner, autocommit=True) as owner:
        _drop(owner, _TEMPLATE)
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
    for command in (["migrate", "--quiet"], ["prepare"]):
        answer = subprocess.run(
            [sys.executable, "-m", "smmatic", *command],
            env=_named(base, _TEMPLATE).environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise RuntimeError(f"`smmatic {' '.join(command)}` failed:\n{answer.stdout}{answer.stderr}")
    done.touch()


def _drop(owner: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(base: Addresses, database: str) -> Addresses:
    return Addresses(make_conninfo(base.owner, dbname=database), make_conninfo(base.app, dbname=database))
