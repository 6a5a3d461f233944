"""One PostgreSQL cluster: made, configured, started, waited for and stopped.

Every function here is called with the start lock held (see postgres.py), so nobody else starts or stops the cluster.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from psycopg import pq

from smmatic.ops.postgres_place import (
    MAJOR,
    PORT,
    OsUser,
    Place,
    PostgresError,
    binaries,
    give,
    initdb_user,
    installed,
    make_private,
)
from smmatic.ops.processes import Process, Say, process, processes, signal_quietly, wait_until

SUPERUSER = "postgres"
_PATIENCE_FOR_ORPHANS = 5.0  # seconds before each harder signal
_PATIENCE_FOR_STOP = 120.0  # seconds for a clean stop before an immediate one
_STILL_THERE = "pre-existing shared memory block"
_children: list[subprocess.Popen[bytes]] = []  # servers that this process started, to be reaped


def ensure_running(place: Place, *, durable: bool, say: Say) -> None:
    """Makes sure that the server accepts connections: makes the cluster, starts it, waits out a crash recovery.

    There is no time limit while the server lives, since a long recovery must not be interrupted; `say` is told.

    Raises:
        PostgresError: when the server ends instead of becoming ready; the text ends with the server's own words.
    """
    retry_until = time.monotonic() + 30
    while ping(place) != pq.Ping.OK:
        child = None
        if postmaster(place) is None and ping(place) == pq.Ping.NO_RESPONSE:
            _clear_remains(place, say)
            _prepare(place, durable=durable, say=say)
            child = _launch(place)
        if _wait_ready(place, child, say) or child is None:
            continue
        words = _last_words(place)
        if _STILL_THERE not in words or time.monotonic() > retry_until:
            raise PostgresError(f"PostgreSQL ended while starting. It said:\n{words}")
        time.sleep(0.5)


def stop(place: Place, say: Say) -> None:
    """Stops the server cleanly: open sessions are ended, everything is written, then it ends."""
    found = postmaster(place)
    if found is None:
        return
    signal_quietly(found.pid, signal.SIGINT)
    if wait_until(lambda: _gone(found.pid), 10):
        return
    say("PostgreSQL is writing its last changes; waiting ...")
    if not wait_until(lambda: _gone(found.pid), _PATIENCE_FOR_STOP):
        say("PostgreSQL did not stop in two minutes; ending it at once. Nothing is lost: the next start recovers.")
        signal_quietly(found.pid, signal.SIGQUIT)
        wait_until(lambda: _gone(found.pid), 30)


def ping(place: Place) -> pq.Ping:
    """Whether the server answers: OK, REJECT (starting, recovering or stopping) or NO_RESPONSE."""
    info = f"host={_quote(str(place.socket_dir))} port={PORT} dbname=postgres user={SUPERUSER} connect_timeout=5"
    return pq.Ping(pq.PGconn.ping(info.encode()))


def postmaster(place: Place) -> Process | None:
    """The main process of the server, when it lives.

    The number in `postmaster.pid` may be left over from a crash and belong to anybody by now, so the process itself
    must be a `postgres` of the right user with our data folder on its command line.
    """
    try:
        pid = int((place.data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    _reap()
    found = process(pid)
    return found if found is not None and _is_postmaster(found, place) else None


def version() -> str:
    """The exact version of the installed programs."""
    answer = subprocess.run([installed() / "postgres", "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _is_postmaster(found: Process, place: Place) -> bool:
    if found.uid != place.user.uid or not found.words:
        return False
    return Path(found.words[0]).name == "postgres" and f" -D {place.data} " in f"{found.title} "


def _clear_remains(place: Place, say: Say) -> None:
    """After a crash: waits for children that outlived their postmaster, then removes its files.

    The children end by themselves unless they are busy. All that was acknowledged is in the log on disk, so ending
    them harder loses nothing.
    """
    for number, how in ((signal.SIGQUIT, "asking them to end"), (signal.SIGKILL, "killing them")):
        if wait_until(lambda: not _orphans(place), _PATIENCE_FOR_ORPHANS):
            break
        say(f"Processes of the crashed PostgreSQL are still at work; {how}.")
        for orphan in _orphans(place):
            signal_quietly(orphan.pid, number)
    else:
        wait_until(lambda: not _orphans(place), _PATIENCE_FOR_ORPHANS)
    names = (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock")
    for path in (place.data / "postmaster.pid", *(place.socket_dir / name for name in names)):
        path.unlink(missing_ok=True)


def _orphans(place: Place) -> list[Process]:
    _reap()
    mine = f"postgres: {place.cluster_name}: "
    return [
        found
        for found in processes()
        if found.uid == place.user.uid and (found.title.startswith(mine) or _is_postmaster(found, place))
    ]


def _prepare(place: Place, *, durable: bool, say: Say) -> None:
    if not place.data.exists():
        say("Making the database ...")
        _initdb(place, durable=durable)
    try:
        found = (place.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise PostgresError(f"{place.data} is there but holds no PostgreSQL cluster; move it away.") from None
    if found != str(MAJOR):
        raise PostgresError(
            f"{place.data} was made by PostgreSQL {found}, this is {MAJOR}. Dump it with the old version and restore."
        )
    make_private(place.socket_dir, place.user)
    _configure(place, durable=durable)


def _initdb(place: Place, *, durable: bool) -> None:
    """Makes the cluster beside its place and moves it there when it is whole, so that a crash leaves no half of one."""
    for leftover in place.home.glob("new-*"):
        shutil.rmtree(leftover)
    maker = initdb_user(place.user)
    draft = Path(tempfile.mkdtemp(prefix="new-", dir=place.home))
    give(draft, maker)
    command = [str(binaries(maker) / "initdb"), "--pgdata", str(draft), "--username", SUPERUSER, "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    command += ["--auth-local=peer", "--auth-host=reject", *([] if durable else ["--no-sync"])]
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=_environment(),
        **_as(maker),
    )
    if answer.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise PostgresError(f"Making the database failed. initdb said:\n{answer.stderr.strip()}")
    if maker != place.user:
        for path in (draft, *draft.rglob("*")):
            give(path, place.user)
    draft.rename(place.data)


def _configure(place: Place, *, durable: bool) -> None:
    """Writes the configuration; only `local.conf` is left alone."""
    place.conf.mkdir(exist_ok=True)
    place.conf.chmod(0o755)
    socket_dir = str(place.socket_dir).replace('"', '""')
    last = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket_dir}"',
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "cluster_name": place.cluster_name,
        "hba_file": str(place.conf / "pg_hba.conf"),
        "ident_file": str(place.conf / "pg_ident.conf"),
    }
    lines = ["# Written at each start. Put your own settings into local.conf beside this file."]
    lines += [f"{name} = {_quote(value)}" for name, value in (_SETTINGS | ({} if durable else _FORGETFUL)).items()]
    lines += ["include_if_exists = 'local.conf'", *(f"{name} = {_quote(value)}" for name, value in last.items())]
    # The superuser is whoever owns the cluster or the machine; it has no password.
    hba = ["local all postgres peer map=owner", "local all all scram-sha-256"]
    names = {place.user.name, _account_name(0), _account_name(os.geteuid())}
    ident = [f'owner "{name}" {SUPERUSER}' for name in sorted(filter(None, names))]
    for file, content in (("postgresql.conf", lines), ("pg_hba.conf", hba), ("pg_ident.conf", ident)):
        path = place.conf / file
        path.write_text("\n".join(content) + "\n", encoding="utf-8")
        path.chmod(0o644)


_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_compression": "on",
    "jit": "off",  # many short statements: planning by LLVM costs more than it gives
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "log_lock_waits": "on",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _launch(place: Place) -> subprocess.Popen[bytes]:
    """Starts the server in a session of its own, so that Ctrl-C to us is not Ctrl-C to it."""
    command = [str(binaries(place.user) / "postgres"), "-D", str(place.data)]
    command += ["-c", f"config_file={place.conf / 'postgresql.conf'}"]
    with (
        open(place.home / "startup.log", "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as log,
        _as_other_user(place.user),
    ):
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            umask=0o077,
            **_as(place.user),
        )
    _children.append(child)
    return child


def _wait_ready(place: Place, child: subprocess.Popen[bytes] | None, say: Say) -> bool:
    """Waits until the server accepts connections or has ended; whether it accepts."""
    began = time.monotonic()
    told = 0
    while True:
        answer = ping(place)
        if answer == pq.Ping.OK:
            return True
        if child is not None:
            if child.poll() is not None:
                return False
        elif answer == pq.Ping.NO_RESPONSE and postmaster(place) is None:
            return False
        waited = time.monotonic() - began
        if waited > 5 * (told + 1):
            told += 1
            say(f"PostgreSQL is starting or recovering after a crash ({waited:.0f} s so far); waiting ...")
        time.sleep(0.02 if waited < 1 else 0.2)


def _last_words(place: Place) -> str:
    logs = sorted(place.data.glob("log/*.log"), key=lambda path: path.stat().st_mtime)
    parts = []
    for path in (place.home / "startup.log", *logs[-1:]):
        try:
            parts += path.read_text(errors="replace").splitlines()[-15:]
        except OSError:
            continue
    return "\n".join(parts) or "(nothing)"


def _gone(pid: int) -> bool:
    _reap()
    return process(pid) is None


def _reap() -> None:
    for child in list(_children):
        if child.poll() is not None:
            _children.remove(child)


class _As(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


def _as(user: OsUser) -> _As:
    """Arguments of subprocess that change the user; only root can and needs to."""
    if os.geteuid() != 0:
        return _As(user=None, group=None, extra_groups=None)
    return _As(user=user.uid, group=user.gid, extra_groups=[])


@contextmanager
def _as_other_user(user: OsUser) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(f"PostgreSQL could not be run as {user.label}: {error}") from error


def _environment() -> dict[str, str]:
    # Nothing of ours: no passwords, no PG* variables, no locale of the person who starts it.
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _account_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
