"""The embedded PostgreSQL: several processes share one server, and the last one that leaves stops it.

Every user holds a shared lock on `users.lock` for as long as it needs the server. Starting, stopping and making roles
and databases happen under the exclusive `start.lock`. Locks end with their process, however it ends, so a kill -9
leaves nothing to clean up: the next command finds the server running and shares it, or finds it dead and starts it, and
PostgreSQL's own crash recovery brings back everything that was acknowledged.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import pq

from smmatic.ops import postgres_cluster as cluster
from smmatic.ops import roles
from smmatic.ops.postgres_place import PORT, Place, PostgresError, find_place, look
from smmatic.ops.processes import FileLock, Say, locked, say_to_stderr, started_at

__all__ = [
    "DATABASE",
    "PostgresError",
    "ServerHandle",
    "Status",
    "addresses",
    "data_folder",
    "server",
    "status",
    "stop_unused",
]

DATABASE = "smmatic"
_WAITING = "Another command is starting or stopping PostgreSQL; waiting for it ..."


@dataclass(frozen=True)
class ServerHandle:
    """A running server that this process holds. The addresses carry passwords: keep them out of logs."""

    place: Place
    database: str
    owner_url: str
    app_url: str
    durable: bool
    say: Say

    def create_database(self, name: str) -> tuple[str, str]:
        """Makes a database with default privileges for the app role; its addresses for owner and app."""
        credentials = _credentials(self.place)
        _make_database(self.place, name, credentials)
        return _urls(self.place, name, credentials)

    def drop_database(self, name: str) -> None:
        """Removes a database and ends the sessions in it."""
        with _admin(self.place) as admin:
            admin.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )

    def ensure_running(self) -> bool:
        """Starts the server again when it has died under us; True when that was needed.

        Raises:
            PostgresError: when it can't be started.
        """
        if cluster.postmaster(self.place) is not None or cluster.ping(self.place) != pq.Ping.NO_RESPONSE:
            return False
        with _start_lock(self.place, self.say):
            if cluster.ping(self.place) == pq.Ping.OK:
                return False
            cluster.ensure_running(self.place, durable=self.durable, say=self.say)
            return True


@dataclass(frozen=True)
class Status:
    """What is known about an embedded server without starting it."""

    home: Path
    socket_dir: Path
    made: bool
    running: bool
    pid: int | None
    started_at: float | None
    version: str
    os_user: str
    in_use: bool | None
    """Whether a process holds the server; None while one is starting or stopping it."""


def data_folder() -> Path:
    """The data folder of this installation: SMMATIC_DATA_DIR, else `var` in the current folder."""
    return Path(os.environ.get("SMMATIC_DATA_DIR") or Path.cwd() / "var").absolute()


@contextmanager
def server(
    data_dir: Path, *, database: str = DATABASE, durable: bool = True, say: Say = say_to_stderr
) -> Iterator[ServerHandle]:
    """Shares the running server of a data folder, or starts it, for the length of the block.

    `durable=False` gives up safety against a crash of the machine for speed: for tests only.

    Raises:
        PostgresError: when the server can't be made or started.
    """
    place = find_place(data_dir)
    users = _lock(place, "users.lock")
    try:
        with _start_lock(place, say):
            users.take(exclusive=False, say=say, waiting=_WAITING)
            cluster.ensure_running(place, durable=durable, say=say)
            handle = _open(place, database, durable, say)
        yield handle
    finally:
        _leave(place, users, say)


def status(data_dir: Path) -> Status | None:
    """What runs for a data folder; None when nothing was ever made there. Starts nothing.

    Raises:
        PostgresError: when the folder may not be read.
    """
    place = look(data_dir)
    if place is None:
        return None
    try:
        found = cluster.postmaster(place)
        answers = cluster.ping(place) != pq.Ping.NO_RESPONSE
        in_use = _in_use(place)
    except PermissionError as error:
        raise PostgresError(f"No permission to look into {place.home}; run as its owner.") from error
    return Status(
        home=place.home,
        socket_dir=place.socket_dir,
        made=place.data.exists(),
        running=answers,
        pid=found.pid if found else None,
        started_at=started_at(found.pid) if found else None,
        version=cluster.version(),
        os_user=place.user.label,
        in_use=in_use,
    )


def addresses(data_dir: Path, database: str = DATABASE) -> tuple[str, str] | None:
    """The addresses for owner and app of a server that was made, without holding it; None when there is none.

    Raises:
        PostgresError: when the folder may not be read.
    """
    place = look(data_dir)
    if place is None or not (place.home / "credentials.json").exists():
        return None
    try:
        return _urls(place, database, _credentials(place))
    except PermissionError as error:
        raise PostgresError(f"No permission to read {place.home}; run as its owner.") from error


def stop_unused(data_dir: Path, *, say: Say = say_to_stderr) -> bool:
    """Stops a server that outlived its users (all of them killed); False when somebody uses it."""
    place = look(data_dir)
    if place is None:
        return True
    users = _lock(place, "users.lock")
    with _start_lock(place, say):
        unused = users.try_take(exclusive=True)
        if unused:
            cluster.stop(place, say)
    users.release()
    return unused


def _leave(place: Place, users: FileLock, say: Say) -> None:
    """Gives up the share; whoever finds that nobody else has one stops the server."""
    if not users.mine:  # a process forked from ours came by here
        return
    with _start_lock(place, say):
        last = users.try_take(exclusive=True)
        if last:
            cluster.stop(place, say)
        users.release()


def _in_use(place: Place) -> bool | None:
    start = _lock(place, "start.lock")
    if not start.try_take(exclusive=True):
        start.release()
        return None
    users = _lock(place, "users.lock")
    free = users.try_take(exclusive=True)
    users.release()
    start.release()
    return not free


def _open(place: Place, database: str, durable: bool, say: Say) -> ServerHandle:
    credentials = _credentials(place)
    with _admin(place) as admin:
        roles.ensure_roles(admin, credentials[roles.OWNER], credentials[roles.APP])
    _make_database(place, database, credentials)
    owner_url, app_url = _urls(place, database, credentials)
    return ServerHandle(place, database, owner_url, app_url, durable, say)


def _make_database(place: Place, name: str, credentials: dict[str, str]) -> None:
    with _admin(place) as admin:
        roles.ensure_database(admin, name)
    with psycopg.connect(_urls(place, name, credentials)[0], autocommit=True) as owner:
        roles.prepare_privileges(owner, roles.APP)


def _admin(place: Place) -> psycopg.Connection[object]:
    """A superuser's connection; the server knows us by our operating-system user."""
    return psycopg.connect(
        host=str(place.socket_dir), port=PORT, user=cluster.SUPERUSER, dbname="postgres", autocommit=True
    )


def _credentials(place: Place) -> dict[str, str]:
    """Passwords by role, made once. A lost file is made anew: the roles get the new passwords."""
    path = place.home / "credentials.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {role: str(stored[role]) for role in (roles.OWNER, roles.APP)}
    except (FileNotFoundError, ValueError, KeyError):
        made = {role: secrets.token_urlsafe(32) for role in (roles.OWNER, roles.APP)}
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(made, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        os.chown(draft, place.owner_uid, -1)
    draft.replace(path)
    return made


def _urls(place: Place, database: str, credentials: dict[str, str]) -> tuple[str, str]:
    host = quote(str(place.socket_dir), safe="")
    name = quote(database, safe="")

    def url(role: str) -> str:
        return f"postgresql://{role}:{quote(credentials[role], safe='')}@/{name}?host={host}&port={PORT}"

    return url(roles.OWNER), url(roles.APP)


def _lock(place: Place, name: str) -> FileLock:
    found = place.home.stat()
    return FileLock(place.home / name, owner=(found.st_uid, found.st_gid))


@contextmanager
def _start_lock(place: Place, say: Say) -> Iterator[None]:
    with locked(_lock(place, "start.lock"), say=say, waiting=_WAITING):
        yield
