"""Child processes that are kept running: started, restarted with a growing pause, and ended with their supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smmatic.ops.processes import SUPERVISOR_VARIABLE, Say, wait_until

_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_SECONDS = 60.0  # a child that lived so long starts again without a pause


@dataclass
class Child:
    """One command of ours that shall always run."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        """Starts the command. It ends by itself when this process dies, however it dies (see die_with_parent)."""
        environment = {**os.environ, **self.environment, SUPERVISOR_VARIABLE: str(os.getpid())}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "smmatic", *self.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C reaches the supervisor alone, which ends the children in order
        )
        self.began = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None

    def keep(self, say: Say) -> None:
        """Starts it again when it has ended; at once the first time, later with a growing pause."""
        if self.running:
            return
        now = time.monotonic()
        if self.process is not None:
            if now - self.began > _STEADY_SECONDS:
                self.failures = 0
            pause = _PAUSES[min(self.failures, len(_PAUSES) - 1)]
            say(f"{self.name:<11} ended ({_how(self.process.returncode)}); starting it again in {pause:.0f} s")
            self.failures += 1
            self.start_at = now + pause
            self.process = None
        elif now >= self.start_at:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the command; nothing when it has ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def stop_all(children: Sequence[Child], seconds: float, say: Say) -> None:
    """Asks every child to end and kills what has not ended in time."""
    for child in children:
        child.signal(signal.SIGTERM)
    if not wait_until(lambda: not any(child.running for child in children), seconds):
        for child in children:
            if child.running:
                say(f"{child.name:<11} did not end in {seconds:.0f} s; killing it")
                child.signal(signal.SIGKILL)
    for child in children:
        if child.process is not None:
            child.process.wait()


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
