"""The embedded PostgreSQL: shared, stopped by the last user, back after every kind of kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from smmatic.ops import postgres_cluster as cluster
from smmatic.ops import postgres_place
from smmatic.ops.postgres import PostgresError, server, status
from smmatic.ops.postgres_place import OsUser, Place, can_read, installed, look, make_private
from smmatic.ops.processes import Process, process, processes, wait_until

USER = """
import sys
from pathlib import Path
from smmatic.ops.postgres import server
with server(Path(sys.argv[1]), durable=len(sys.argv) > 2) as handle:
    print(handle.owner_url, flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def user(folder: Path) -> Iterator["Users"]:
    """Starts processes that use the server of the folder."""
    users = Users(folder)
    yield users
    for child in users.children:
        child.kill()
        child.communicate()


class Users:
    """Processes that use one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[subprocess.Popen[str]] = []

    def launch(self, *arguments: str) -> subprocess.Popen[str]:
        """One more process; it says its address once the server is ready."""
        command = [sys.executable, "-c", USER, str(self.folder), *arguments]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        return child

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """One more process that is ready, and the owner's address that it found."""
        child = self.launch(*arguments)
        return child, address(child)


def address(child: subprocess.Popen[str]) -> str:
    """What a process said once it was ready."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def leave(child: subprocess.Popen[str]) -> None:
    """Lets a process end as it should."""
    out, _ = child.communicate("\n")
    assert out.strip() == "left"
    assert child.returncode == 0


def place_of(folder: Path) -> Place:
    """The place of a server that was made."""
    place = look(folder)
    assert place is not None
    return place


def postmaster_of(folder: Path) -> Process:
    """The server that must be running."""
    found = cluster.postmaster(place_of(folder))
    assert found is not None
    return found


def write(url: str, value: int) -> None:
    """Commits a value."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value bigint)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def values(url: str) -> list[int]:
    """All values that were committed."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_four_commands_at_once_share_one_server_and_the_last_one_stops_it(folder: Path, user: Users) -> None:
    children = [user.launch() for _ in range(4)]
    assert len({address(child) for child in children}) == 1
    pid = postmaster_of(folder).pid
    servers = [found for found in processes() if f"-D {folder}/postgres/data" in found.title and found.uid >= 0]
    assert [found.pid for found in servers if found.words[0].endswith("/postgres")] == [pid]
    for child in children[:3]:
        leave(child)
        assert process(pid) is not None
    found = status(folder)
    assert found is not None
    assert found.running
    assert found.in_use
    leave(children[3])
    assert process(pid) is None
    found = status(folder)
    assert found is not None
    assert found.made
    assert not found.running
    assert not found.in_use


def test_acknowledged_data_is_back_after_kill_9_of_everything(folder: Path, user: Users) -> None:
    child, url = user.start("durable")
    for value in range(20):
        write(url, value)
    child.kill()
    child.wait()
    place = place_of(folder)
    for found in processes():
        if found.uid == place.user.uid and (place.cluster_name in found.title or str(place.data) in found.title):
            os.kill(found.pid, signal.SIGKILL)
    _, url = user.start("durable")
    assert values(url) == list(range(20))


def test_a_user_survives_kill_9_of_the_server_under_it(folder: Path, user: Users) -> None:
    with server(folder, say=print) as handle:
        write(handle.owner_url, 1)
        assert not handle.ensure_running()
        pid = postmaster_of(folder).pid
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: process(pid) is None, 30)
        assert handle.ensure_running()
        assert values(handle.owner_url) == [1]


def test_a_server_without_users_is_shared_by_the_next_command_and_then_stopped(folder: Path, user: Users) -> None:
    child, url = user.start()
    write(url, 7)
    child.kill()
    child.wait()
    pid = postmaster_of(folder).pid
    child, url = user.start()
    assert postmaster_of(folder).pid == pid
    assert values(url) == [7]
    leave(child)
    assert process(pid) is None


def test_children_busy_after_the_death_of_their_server_are_waited_for(
    folder: Path, user: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_FOR_ORPHANS", 0.5)
    said: list[str] = []
    with server(folder, say=said.append) as handle:
        write(handle.owner_url, 3)
        # A loop inside the server notices nothing of the death of the postmaster.
        busy = subprocess.Popen(
            [sys.executable, "-c", BUSY, handle.owner_url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        orphan = int(address(busy))
        with psycopg.connect(handle.owner_url, autocommit=True) as watcher:
            working = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND query LIKE 'DO %%'"
            assert wait_until(lambda: watcher.execute(working, [orphan]).fetchone() is not None, 30)
        pid = postmaster_of(folder).pid
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: process(pid) is None, 30)
        assert process(orphan) is not None
        assert handle.ensure_running()
        assert process(orphan) is None
        assert values(handle.owner_url) == [3]
        busy.communicate()
    assert any("still at work" in line for line in said)


BUSY = """
import sys, psycopg
connection = psycopg.connect(sys.argv[1], autocommit=True)
print(connection.info.backend_pid, flush=True)
connection.execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
"""


def test_a_pid_file_that_names_somebody_elses_process_is_no_obstacle(folder: Path, user: Users) -> None:
    child, url = user.start()
    write(url, 5)
    place = place_of(folder)
    lines = (place.data / "postmaster.pid").read_text()
    leave(child)
    identity = {"user": place.user.uid, "group": place.user.gid} if os.geteuid() == 0 else {}
    other = subprocess.Popen(["sleep", "600"], **identity)  # type: ignore[call-overload]
    try:
        (place.data / "postmaster.pid").write_text(str(other.pid) + lines[lines.index("\n") :])
        (place.socket_dir / ".s.PGSQL.5432.lock").write_text(f"{other.pid}\n")
        assert cluster.postmaster(place) is None
        child, url = user.start()
        assert values(url) == [5]
        assert other.poll() is None
        leave(child)
    finally:
        other.kill()
        other.wait()


def test_a_process_forked_from_a_user_does_not_stop_the_server(folder: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", FORK, str(folder)], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["alive"]


FORK = """
import os, sys
from pathlib import Path
from smmatic.ops import postgres_cluster as cluster
from smmatic.ops.postgres import server
with server(Path(sys.argv[1]), durable=False) as handle:
    if os.fork() == 0:
        sys.exit(0)  # as a web worker of gunicorn ends: it leaves the block of its parent
    os.wait()
    print("alive" if cluster.postmaster(handle.place) else "dead")
"""


def test_a_long_path_gets_a_short_socket(folder: Path, user: Users) -> None:
    user.folder = folder / ("deep-" * 12) / ("deeper-" * 10)
    user.folder.parent.mkdir(parents=True)
    for path in (folder, user.folder.parent):
        path.chmod(0o711)
    child, url = user.start()
    write(url, 1)
    socket_dir = place_of(user.folder).socket_dir
    assert str(socket_dir).startswith("/tmp/smmatic-")
    assert socket_dir.stat().st_mode & 0o077 == 0
    leave(child)
    socket_dir.rmdir()


def test_a_socket_folder_put_there_by_somebody_else_is_refused(folder: Path) -> None:
    folder.mkdir()
    me = OsUser(os.geteuid(), os.getegid(), None)
    make_private(folder / "mine", me)
    make_private(folder / "mine", me)
    (folder / "wide").mkdir()
    (folder / "wide").chmod(0o755)
    (folder / "link").symlink_to(folder / "mine")
    for name in ("wide", "link"):
        with pytest.raises(PostgresError, match="0700"):
            make_private(folder / name, me)
    with pytest.raises(PostgresError, match="0700"):
        make_private(folder / "mine", OsUser(me.uid + 1, me.gid, None))


def test_a_server_that_cannot_start_says_why(folder: Path, user: Users) -> None:
    leave(user.start()[0])
    place = place_of(folder)
    (place.conf / "local.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(PostgresError, match="invalid value for parameter"), server(folder, say=print):
        raise AssertionError("it started")
    (place.conf / "local.conf").unlink()
    (place.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 15"), server(folder, say=print):
        raise AssertionError("it started")


def test_only_the_two_roles_enter_and_the_app_makes_no_tables(folder: Path) -> None:
    with server(folder, durable=False, say=print) as handle:
        with psycopg.connect(handle.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE ordinary (value int)")
        with psycopg.connect(handle.app_url, autocommit=True) as app:
            app.execute("INSERT INTO ordinary VALUES (1)")
            app.execute("UPDATE ordinary SET value = 2")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE mine (value int)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("TRUNCATE ordinary")
            checks = app.execute("SELECT current_setting('data_checksums'), current_setting('listen_addresses')")
            assert checks.fetchone() == ("on", "")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(handle.app_url, password="guess")
        assert (handle.place.home / "credentials.json").stat().st_mode & 0o777 == 0o600
        owner_url, app_url = handle.create_database("other")
        write(owner_url, 9)
        assert values(app_url) == [9]
        handle.drop_database("other")


@as_root
def test_as_root_the_server_runs_as_a_user_without_an_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMMATIC_POSTGRES_USER", "54321")
    with server(folder, durable=False, say=print) as handle:
        write(handle.owner_url, 1)
        assert postmaster_of(folder).uid == 54321
    monkeypatch.delenv("SMMATIC_POSTGRES_USER")
    with server(folder, durable=False, say=print) as handle:  # the cluster keeps its user
        assert postmaster_of(folder).uid == 54321
        assert values(handle.owner_url) == [1]


@as_root
def test_as_root_below_a_closed_folder_the_cluster_goes_elsewhere(
    folder: Path, user: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = folder.parent / "system"
    monkeypatch.setattr(postgres_place, "SYSTEM_FOLDER", system)
    folder.mkdir(mode=0o700)
    with server(folder, durable=False, say=print) as handle:
        write(handle.owner_url, 1)
        assert handle.place.home.parent == system
        assert (folder / "postgres").is_symlink()
    with server(folder, durable=False, say=print) as handle:
        assert values(handle.owner_url) == [1]
    assert folder.stat().st_mode & 0o777 == 0o700


@as_root
def test_binaries_that_the_server_user_cannot_read_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = folder.parent / "system"
    monkeypatch.setattr(postgres_place, "SYSTEM_FOLDER", system)
    monkeypatch.setattr(postgres_place, "can_read", lambda path, user: False)
    for _ in range(2):
        with server(folder, durable=False, say=print) as handle:
            write(handle.owner_url, 1)
            assert str(system) in postmaster_of(folder).words[0]
    assert len(list((system / "binaries").iterdir())) == 1


@as_root
def test_an_ordinary_user_runs_the_server_as_themselves(folder: Path) -> None:
    if not can_read(installed() / "postgres", OsUser(65534, 65534, None)):
        pytest.skip("this checkout lies where only root may read")
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with server(folder, durable=False, say=print) as handle:
                write(handle.owner_url, 1)
                assert postmaster_of(folder).uid == 65534
                code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    with server(folder, durable=False, say=print) as handle:  # and root may share it later
        assert values(handle.owner_url) == [1]
        assert postmaster_of(folder).uid == 65534
