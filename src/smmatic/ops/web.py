"""`smmatic web`: gunicorn with settings that fit pages and an API on PostgreSQL."""

import argparse
import os
import warnings
from collections.abc import Sequence
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from smmatic.ops.environment import DEFAULT_BIND

_MEMORY = "/dev/shm"  # noqa: S108 (gunicorn makes and unlinks its heartbeat file there: no disk, no stall)


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn configured by us instead of by a file."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Hands our options to gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application, imported in each worker."""
        from smmatic.wsgi import application

        return application


def main(argv: Sequence[str]) -> int:
    """Serves until it is told to stop (SIGTERM: requests under way are finished first)."""
    parser = argparse.ArgumentParser(prog="smmatic web", description=main.__doc__)
    parser.add_argument("--bind", default=os.environ.get("SMMATIC_BIND") or DEFAULT_BIND, help="host:port or unix:path")
    parser.add_argument("--processes", type=int, default=int(os.environ.get("SMMATIC_WEB_PROCESSES") or 2))
    parser.add_argument("--threads", type=int, default=int(os.environ.get("SMMATIC_WEB_THREADS") or 8))
    arguments = parser.parse_args(argv)
    # Static files are served from where they are; a folder of collected ones is a choice, not a duty.
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
    WebServer(
        {
            "bind": arguments.bind,
            "workers": arguments.processes,
            "threads": arguments.threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 20,
            "keepalive": 5,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "worker_tmp_dir": _MEMORY if os.access(_MEMORY, os.W_OK) else None,
            "loglevel": os.environ.get("SMMATIC_WEB_LOG_LEVEL", "warning"),
            "proc_name": "smmatic-web",
            "control_socket_disable": True,
        }
    ).run()
    return 0
