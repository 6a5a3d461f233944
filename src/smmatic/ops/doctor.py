"""`smmatic doctor`: what runs where, what is wrong and what to do next. Starts and changes nothing."""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import psycopg

from smmatic.ops import roles
from smmatic.ops.environment import DEFAULT_BIND, ensure_secret_key
from smmatic.ops.last_proof import last_proof
from smmatic.ops.postgres import Status, addresses, data_folder, status
from smmatic.ops.probe import address, ask

_GIB = 1 << 30
_OLDEST_POSTGRES = 15
_WORKER_SILENT = timedelta(seconds=60)


class Level(StrEnum):
    """How a finding is meant."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, what to do."""

    level: Level
    what: str
    says: str
    next_step: str = ""


Check = Callable[[], Iterator[Finding]]


def main(argv: Sequence[str]) -> int:
    """Prints the findings; exit code 1 when one of them is a failure."""
    parser = argparse.ArgumentParser(prog="smmatic doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs: a list of findings")
    arguments = parser.parse_args(argv)
    found = list(findings())
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            print(f"{finding.level:<5} {finding.what:<11} {finding.says}")
            if finding.next_step:
                print(f"{'':<18}-> {finding.next_step}")
    return 1 if any(finding.level is Level.FAIL for finding in found) else 0


def findings() -> Iterator[Finding]:
    """Everything that can be told at present. What can't be looked at is a failure with its reason."""
    yield from _guarded("python", _python)
    yield from _guarded("data", _data)
    if os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_OWNER_URL"] = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    else:
        yield from _guarded("server", _embedded)
    if os.environ.get("DATABASE_URL"):
        yield from _guarded("database", _database)
        yield from _guarded("shop", _shop)
    else:
        yield Finding(Level.WARN, "database", "not looked into: it does not run", "smmatic up")
    yield from _guarded("proof", _proof)
    yield from _guarded("web", _web)


def _guarded(what: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # the doctor goes on to the next question
        text = str(error).strip().splitlines()
        yield Finding(Level.FAIL, what, f"{type(error).__name__}: {text[0] if text else 'no words'}")


def _python() -> Iterator[Finding]:
    yield Finding(Level.OK, "python", f"{platform.python_version()} at {sys.executable}")


def _data() -> Iterator[Finding]:
    folder = data_folder()
    if not folder.exists():
        yield Finding(Level.OK, "data", f"{folder} is not made yet", "smmatic up makes it")
        return
    free = shutil.disk_usage(folder).free
    says = f"{folder}, {free / _GIB:.1f} GiB free"
    level = Level.FAIL if free < _GIB // 4 else Level.WARN if free < 2 * _GIB else Level.OK
    yield Finding(level, "data", says, "" if level is Level.OK else "Free some space before the database stops")


def _embedded() -> Iterator[Finding]:
    found = status(data_folder())
    if found is None or not found.made:
        yield Finding(Level.WARN, "server", "no embedded PostgreSQL was made here yet", "smmatic up")
        return
    if not found.running:
        yield Finding(Level.WARN, "server", f"the embedded PostgreSQL in {found.home} does not run", "smmatic up")
        return
    yield Finding(Level.OK, "server", _running(found))
    yield Finding(Level.OK, "socket", str(found.socket_dir))
    if found.in_use is False:
        yield Finding(
            Level.WARN, "server", "nobody uses it: its users were killed", "smmatic up shares it, its end stops it"
        )
    known = addresses(data_folder())
    if known is not None:
        os.environ["DATABASE_OWNER_URL"], os.environ["DATABASE_URL"] = known


def _running(found: Status) -> str:
    since = f" for {_span(time.time() - found.started_at)}" if found.started_at else ""
    return f"{found.version}, pid {found.pid}, running{since} as {found.os_user}, data in {found.home / 'data'}"


def _database() -> Iterator[Finding]:
    app_url, owner_url = os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"]
    owner = str(psycopg.conninfo.conninfo_to_dict(owner_url).get("user", ""))
    with psycopg.connect(app_url, autocommit=True, connect_timeout=10) as app:
        number = app.info.server_version // 10_000
        where = f"{app.info.dbname} on {app.info.host or 'the default socket'}, PostgreSQL {number}"
        if number < _OLDEST_POSTGRES:
            yield Finding(Level.FAIL, "database", where, f"Use PostgreSQL {_OLDEST_POSTGRES} or newer")
        else:
            yield Finding(Level.OK, "database", where)
        yield from _durability(app)
        yield from _roles(roles.report(app, owner))


def _durability(app: psycopg.Connection[object]) -> Iterator[Finding]:
    off = []
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        row = app.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if isinstance(row, tuple) and row[0] == "off":
            off.append(name)
    if off:
        yield Finding(
            Level.FAIL, "durability", f"{', '.join(off)} off: a crash can lose orders", f"Turn on {', '.join(off)}"
        )
    else:
        yield Finding(Level.OK, "durability", "what is acknowledged is on disk")


def _roles(found: roles.RoleReport) -> Iterator[Finding]:
    if found.superuser:
        step = "Give DATABASE_URL a role of its own that is no superuser"
        yield Finding(Level.FAIL, "roles", f"the shop serves as superuser {found.app}", step)
    elif not found.separate:
        step = "Make a second role that owns the database and set DATABASE_OWNER_URL"
        yield Finding(Level.WARN, "roles", f"{found.app} both migrates and serves: it can change history", step)
    elif found.may_change:
        step = "As the owner: REVOKE UPDATE, DELETE, TRUNCATE ON these tables"
        yield Finding(Level.FAIL, "roles", f"{found.app} may change {', '.join(found.may_change)}", step)
    elif not found.history_tables:
        yield Finding(Level.WARN, "roles", f"owner {found.owner}, app {found.app}; no tables yet", "smmatic migrate")
    else:
        says = f"{found.owner} owns, {found.app} serves and can change none of {found.history_tables} history tables"
        yield Finding(Level.OK, "roles", says)


def _shop() -> Iterator[Finding]:
    """What needs Django: migrations, policy, workers."""
    ensure_secret_key()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smmatic.settings")
    import django

    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield Finding(Level.FAIL, "migrations", f"{len(plan)} missing", "smmatic migrate")
        return
    yield Finding(Level.OK, "migrations", "all applied")
    yield from _guarded("policy", _policy)
    yield from _guarded("worker", _workers)
    yield from _guarded("providers", _providers)
    connection.close()


def _policy() -> Iterator[Finding]:
    from smmatic.policy.queries import current_policy

    yield Finding(Level.OK, "policy", f"version {current_policy().version} is in force")


def _workers() -> Iterator[Finding]:
    from smmatic.fulfilment.queries import workers

    now = datetime.now(UTC)
    alive = [row for row in workers() if row.stopped_at is None and now - row.seen_at < _WORKER_SILENT]
    for row in alive:
        seen = _span((now - row.seen_at).total_seconds())
        yield Finding(Level.OK, "worker", f"{row.name} on {row.host}, pid {row.pid}, seen {seen} ago")
    if not alive:
        yield Finding(
            Level.WARN, "worker", "none is alive: orders are taken but nothing is delivered", "smmatic worker"
        )


def _providers() -> Iterator[Finding]:
    from smmatic.fulfilment.queries import providers, unserved_services

    missing = unserved_services()
    if missing:
        says = f"nobody delivers {', '.join(missing)}, and they are on sale"
        yield Finding(Level.WARN, "providers", says, "smmatic provider add, or take them off the list at the desk")
    else:
        yield Finding(Level.OK, "providers", f"{sum(row.active for row in providers())} deliver what is on sale")


def _proof() -> Iterator[Finding]:
    proof = last_proof()
    if proof is None:
        yield Finding(Level.WARN, "proof", "the ledger was never proven from here", "smmatic prove")
        return
    ago = _span((datetime.now(UTC) - proof.at).total_seconds())
    if proof.exit_code != 0:
        yield Finding(Level.FAIL, "proof", f"the ledger did not prove {ago} ago", "smmatic prove names the difference")
    else:
        yield Finding(Level.OK, "proof", f"the ledger proved {ago} ago, in {proof.seconds:.1f} s")


def _web() -> Iterator[Finding]:
    bind = os.environ.get("SMMATIC_BIND") or DEFAULT_BIND
    if bind.startswith("unix:"):
        there = Path(bind.removeprefix("unix:")).is_socket()
        yield Finding(Level.OK if there else Level.WARN, "web", bind, "" if there else "smmatic up")
        return
    answer = ask(bind, "/readyz")
    if answer is None:
        yield Finding(Level.WARN, "web", f"nothing answers at {address(bind)}", "smmatic up")
    elif answer[0] == 200:
        yield Finding(Level.OK, "web", f"{address(bind)} answers and is ready")
    else:
        says = f"{address(bind)} answers {answer[0]}: {' '.join(answer[1].split())[:200]}"
        yield Finding(Level.FAIL, "web", says, "See what is named there; then the log of `smmatic web`")


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
