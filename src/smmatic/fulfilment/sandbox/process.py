"""Starts the sandbox provider as a process of its own, for the demo and for tests."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import Any

from smmatic.fulfilment.sandbox.server import DEFAULT_KEY


class SandboxProcess:
    """A running sandbox. ``url`` is its address; ``key`` opens it; ``truth_file`` survives its end."""

    def __init__(
        self, truth_file: str, *, port: int = 0, key: str = DEFAULT_KEY, options: tuple[str, ...] = ()
    ) -> None:
        self.truth_file = truth_file
        self.key = key
        self._options = options
        self.start(port)

    def start(self, port: int = 0) -> None:
        """Start it and wait until it takes calls. Raises ``RuntimeError`` where it does not come up."""
        command = [sys.executable, "-m", "smmatic.fulfilment.sandbox.server", "--port", str(port)]
        command += ["--truth", self.truth_file, "--key", self.key, *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own module)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError("the sandbox provider did not start")
        self.url = line[line.index("http://") :].strip()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """End it with kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        self._process.terminate()
        self._process.wait(10)

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call it directly, past the shop."""
        request = urllib.request.Request(  # noqa: S310 (our own address)
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """Its whole truth, brought up to date: ``orders`` and ``log``."""
        found: dict[str, list[dict[str, Any]]] = self.call("/v1/truth")
        return found

    def forward(self, seconds: float) -> None:
        """Let its time pass at once."""
        self.call("/v1/clock", {"forward": seconds})
