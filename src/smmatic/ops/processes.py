"""Looking at other processes, and dying with a parent. Linux tells all of it; elsewhere these know less and say so."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_HAS_PROC = PROC.joinpath("self/stat").exists()
SUPERVISOR_VARIABLE = "SMMATIC_SUPERVISOR_PID"
_PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]
"""Takes one line for a person who waits."""


def say_to_stderr(line: str) -> None:
    """The usual way to tell a person who waits what is going on."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Process:
    """A process of this machine: its number, the user it runs as and its command line (or title)."""

    pid: int
    uid: int
    words: tuple[str, ...]

    @property
    def title(self) -> str:
        """The command line as one text; a server that sets its own title shows it here."""
        return " ".join(self.words).strip()


def process(pid: int) -> Process | None:
    """A living process by number; None when there is none or it is a zombie."""
    if not _HAS_PROC:
        return next(_from_ps("-p", str(pid)), None)
    folder = PROC / str(pid)
    try:
        state = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        words = (folder / "cmdline").read_bytes().split(b"\0")
        uid = folder.stat().st_uid
    except (OSError, IndexError):
        return None
    if state in "ZX":
        return None
    return Process(pid, uid, tuple(os.fsdecode(word) for word in words if word))


def processes() -> Iterator[Process]:
    """Every living process that can be seen."""
    if not _HAS_PROC:
        yield from _from_ps("-ax")
        return
    for entry in os.listdir(PROC):
        if entry.isdigit():
            found = process(int(entry))
            if found is not None:
                yield found


def started_at(pid: int) -> float | None:
    """When a process began, in seconds since 1970 (to about a second), or None where that can't be read."""
    try:
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime "))
        return float(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, StopIteration, ValueError):
        return None


def signal_quietly(pid: int, number: signal.Signals) -> None:
    """Sends a signal; a process that is gone meanwhile is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(met: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Waits for a condition at most so many seconds; whether it came."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True


def die_with_parent() -> None:
    """When a supervisor started this process, ends it by SIGTERM as soon as the supervisor is gone, even by kill -9."""
    expected = os.environ.pop(SUPERVISOR_VARIABLE, "")
    if not expected or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if str(os.getppid()) != expected:  # it died before the request was made
        raise SystemExit(1)


class FileLock:
    """An advisory lock on a file (flock), held by this process until it is released or the process dies.

    A process forked from this one shares the lock without owning it: `release` does nothing there.
    """

    def __init__(self, path: Path, owner: tuple[int, int] | None = None) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.path = path
        self._descriptor = os.open(path, flags, 0o600)
        self._pid = os.getpid()
        if owner is not None and os.geteuid() == 0:
            os.fchown(self._descriptor, *owner)

    @property
    def mine(self) -> bool:
        """Whether this process opened the lock and has not released it."""
        return self._descriptor >= 0 and os.getpid() == self._pid

    def take(self, *, exclusive: bool, say: Say, waiting: str) -> None:
        """Waits for the lock as long as it takes; says `waiting` when that is longer than three seconds."""
        if wait_until(lambda: self.try_take(exclusive=exclusive), 3):
            return
        say(waiting)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)

    def try_take(self, *, exclusive: bool) -> bool:
        """Takes the lock if that is possible at once."""
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Gives the lock back and closes the file."""
        if self.mine:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
        self._descriptor = -1


@contextmanager
def locked(lock: FileLock, *, say: Say, waiting: str) -> Iterator[None]:
    """Holds an exclusive lock for a block."""
    lock.take(exclusive=True, say=say, waiting=waiting)
    try:
        yield
    finally:
        lock.release()


def _from_ps(*which: str) -> Iterator[Process]:
    """Processes as `ps` shows them, for systems without /proc."""
    answer = subprocess.run(
        ["ps", *which, "-o", "pid=,uid=,stat=,command="], capture_output=True, text=True, errors="replace", check=False
    )
    for line in answer.stdout.splitlines():
        pid, uid, state, *words = line.split()
        if not state.startswith("Z"):
            yield Process(int(pid), int(uid), tuple(words))
