"""The supervisor's parts: children that come back and never outlive it, ports, the environment, the doctor."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from smmatic.ops import children, doctor, environment, roles, supervise
from smmatic.ops.children import Child, stop_all
from smmatic.ops.postgres import addresses, server
from smmatic.ops.processes import process, wait_until


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Child]:
    """A child that needs no database: the sandbox provider."""
    child = Child("provider", ["sandbox", "--port", "0", "--truth", str(tmp_path / "truth")])
    yield child
    stop_all([child], 10, print)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """An environment without a database, with a data folder of its own that is not made yet."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "SMMATIC_SECRET_KEY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("SMMATIC_BIND", "127.0.0.1:1")
    monkeypatch.setenv("SMMATIC_DATA_DIR", str(folder))
    return folder


def test_a_child_that_is_killed_comes_back(sandbox: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_PAUSES", (0.01,))
    said: list[str] = []
    sandbox.start()
    assert sandbox.process is not None
    first = sandbox.process.pid
    os.kill(first, signal.SIGKILL)
    sandbox.process.wait()

    def back() -> bool:
        sandbox.keep(said.append)
        return sandbox.running

    assert wait_until(back, 30)
    assert sandbox.process is not None
    assert sandbox.process.pid != first
    assert len(said) == 1
    assert "killed by SIGKILL" in said[0]


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from smmatic.ops.children import Child; "
        "child = Child('provider', ['sandbox', '--port', '0', '--truth', sys.argv[1]]); child.start(); "
        "print(child.process.pid, flush=True); time.sleep(600)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "truth")], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    assert "sandbox provider at" in supervisor.stdout.readline()
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    assert wait_until(lambda: process(child) is None, 30)


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(supervise.Refused, match=f"SMMATIC_BIND=127.0.0.1:{port + 1}"):
            supervise.check_free(f"127.0.0.1:{port}")
        assert supervise.free_port(port) > port
    supervise.check_free(f"127.0.0.1:{port}")
    supervise.check_free("unix:/run/x")
    for wrong in ("8000", "localhost:", "localhost:x"):
        with pytest.raises(supervise.Refused, match="host:port"):
            supervise.check_free(wrong)


def test_the_demo_stays_off_a_public_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    for private in ("", "localhost,127.0.0.1", "[::1]"):
        monkeypatch.setenv("SMMATIC_HOSTS", private)
        supervise.check_private()
    monkeypatch.setenv("SMMATIC_HOSTS", "localhost, shop.example.com")
    with pytest.raises(supervise.Refused, match=r"serves shop\.example\.com"):
        supervise.check_private()
    assert supervise.demo([]) == 1


def test_dotenv_fills_what_is_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMMATIC_TEST_SET", "mine")
    monkeypatch.setenv("SMMATIC_TEST_UNSET", "")
    monkeypatch.delenv("SMMATIC_TEST_UNSET")
    (tmp_path / ".env").write_text("SMMATIC_TEST_SET=theirs\nSMMATIC_TEST_UNSET='a b'\n")
    environment.load_dotenv(tmp_path / ".env")
    assert (os.environ["SMMATIC_TEST_SET"], os.environ["SMMATIC_TEST_UNSET"]) == ("mine", "a b")


def test_the_secret_key_is_made_once_and_is_private(clean: Path) -> None:
    environment.ensure_secret_key()
    key = os.environ["SMMATIC_SECRET_KEY"]
    assert len(key) >= 50
    assert (clean / "secret_key").stat().st_mode & 0o777 == 0o600
    os.environ["SMMATIC_SECRET_KEY"] = ""
    environment.ensure_secret_key()
    assert os.environ["SMMATIC_SECRET_KEY"] == key
    assert [path.name for path in clean.iterdir()] == ["secret_key"]


def test_the_doctor_says_what_to_do_on_an_empty_machine(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0
    shown = capsys.readouterr().out
    assert "is not made yet" in shown
    assert "-> smmatic up" in shown
    assert not clean.exists(), "the doctor makes nothing"
    doctor.main(["--json"])
    listed = json.loads(capsys.readouterr().out)
    assert {"level", "what", "says", "next_step"} == set(listed[0])


def test_the_doctor_finds_a_role_that_could_change_history(
    clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(clean, durable=False, say=print) as handle:
        assert addresses(clean) == (handle.owner_url, handle.app_url)
        monkeypatch.setattr(doctor, "_shop", lambda: iter(()))
        with psycopg.connect(handle.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE credits_transfer (value int)")
            assert doctor.main([]) == 1
            shown = capsys.readouterr().out
            assert "smmatic_app may change credits_transfer" in shown
            assert "fsync, full_page_writes, synchronous_commit off" in shown
            monkeypatch.setenv("DATABASE_URL", "")
            owner.execute("REVOKE UPDATE, DELETE ON credits_transfer FROM smmatic_app")
            doctor.main([])
            assert "can change none of 1 history tables" in capsys.readouterr().out
        with psycopg.connect(handle.owner_url, autocommit=True) as alone:
            report = roles.report(alone, roles.OWNER)
            assert not report.separate
            assert report.may_change == ("credits_transfer",)
