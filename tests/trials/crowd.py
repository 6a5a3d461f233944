"""Many processes at the same moment: a server that has Django ready forks a process for each job.

A job names a function `module:name` and its arguments, and may carry a `seed`, code that runs first to plant a bug.
All jobs of a call have their own database connection before the first of them begins. What a process answered is
JSON; one that died (a failpoint, a kill) has its exit code and no answer.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """A function `module:name` to call in a process of its own."""

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: str = ""


@dataclass(frozen=True)
class Done:
    """How a process ended (exit code, negative for a signal) and what its function gave, or its traceback."""

    code: int
    result: Any
    trouble: str


class Crowd:
    """The server, in a process without threads, so that forking is safe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trials.crowd"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "DJANGO_SETTINGS_MODULE": "smmatic.settings"},
        )  # fmt: skip

    def run(self, jobs: Sequence[Job], database: str, **settings: Any) -> list[Done]:
        """Runs all jobs at once on a database and waits for the last; `settings` are Django's for these jobs."""
        asked = {"jobs": [vars(job) for job in jobs], "database": database, "settings": settings}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the crowd's server ended")
        return [Done(**one) for one in json.loads(answer)]

    def close(self) -> None:
        """Ends the server; its jobs have ended."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def results(done: Sequence[Done]) -> list[Any]:
    """What all processes gave; fails with the first trouble."""
    for one in done:
        assert one.code == 0, one.trouble or f"a process ended with {one.code}"
    return [one.result for one in done]


def _serve() -> None:
    import django

    django.setup()
    for module in ("tests.trials.spending", "tests.trials.crashing"):
        import_module(module)  # once here, instead of once in each process
    warm = ""
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["database"] != warm:
            _warm(warm := asked["database"])
        sys.stdout.write(json.dumps(_all(asked)) + "\n")
        sys.stdout.flush()


def _warm(database: str) -> None:
    """Reads the policy once for all jobs on a database, instead of once in each process; forks without a connection."""
    from django.db import connection

    from smmatic.kernel.database_url import parse_database_url
    from smmatic.policy import queries as policy

    connection.settings_dict.update(parse_database_url(database))
    policy.forget()
    policy.current_policy()
    policy.current_calendar()
    connection.close()


def _all(asked: dict[str, Any]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        ready_read, ready_write = os.pipe()
        go_read, go_write = os.pipe()
        pids = []
        for number, job in enumerate(asked["jobs"]):
            answer = Path(folder, str(number))
            pid = os.fork()
            if pid == 0:
                os.close(ready_read)
                os.close(go_write)
                _child(asked, Job(**job), answer, lambda: _meet(ready_write, go_read))
            pids.append((pid, answer))
        os.close(ready_write)
        os.close(go_read)
        waiting = len(pids)
        while waiting and os.read(ready_read, 1):  # ends early where one died before it was ready
            waiting -= 1
        os.close(ready_read)
        os.close(go_write)
        return [_ended(pid, answer) for pid, answer in pids]


def _meet(ready: int, go: int) -> None:
    os.write(ready, b"r")
    os.close(ready)
    os.read(go, 1)  # gives nothing as soon as the server has closed its end
    os.close(go)


def _child(asked: dict[str, Any], job: Job, answer: Path, meet: Callable[[], None]) -> None:
    try:
        from django.conf import settings
        from django.db import connection

        from smmatic.kernel.database_url import parse_database_url

        connection.settings_dict.update(parse_database_url(asked["database"]))
        for name, value in asked["settings"].items():
            setattr(settings, name, value)
        if job.seed:
            exec(compile(job.seed, "seed", "exec"), {})
        module, _, name = job.target.partition(":")
        function = getattr(import_module(module), name)
        connection.ensure_connection()
        meet()
        answer.write_text(json.dumps(function(**job.arguments)))
        os._exit(0)
    except BaseException:
        answer.write_text(json.dumps({"trouble": traceback.format_exc()}))
        os._exit(1)


def _ended(pid: int, answer: Path) -> dict[str, Any]:
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    told = json.loads(answer.read_text()) if answer.exists() and answer.stat().st_size else None
    if code == 0:
        return {"code": 0, "result": told, "trouble": ""}
    return {"code": code, "result": None, "trouble": (told or {}).get("trouble", "")}


if __name__ == "__main__":
    _serve()
