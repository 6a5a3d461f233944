"""Starting: `smmatic up` on existing data to its first page, against the start of PostgreSQL alone on the same data."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from smmatic.ops.bench_registry import Ground, Measured, row
from smmatic.ops.postgres import server
from smmatic.ops.supervise import free_port

STARTS = 2


@row("start: first page, existing data", yardstick="PostgreSQL start alone", reach=3.0)
def starting(ground: Ground) -> Measured:
    """Seconds from the command to the first answered page, and from nothing to a server that takes connections."""
    folder = Path(tempfile.mkdtemp(prefix="smm-bench-", dir="/tmp"))  # socket paths must be short
    folder.chmod(0o711)
    data = folder / "var"
    ours, theirs = [], []
    try:
        _first_page(data)  # makes the data
        for _round in range(STARTS):
            began = time.perf_counter()
            with server(data, say=lambda _text: None):
                theirs.append(time.perf_counter() - began)
            ours.append(_first_page(data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Measured(ours, theirs, "s", higher=False, difference=True)


def _first_page(data: Path) -> float:
    """Starts everything, waits for the first page, stops it in order; seconds to the page."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATABASE_")}
    bind = f"127.0.0.1:{free_port(8100)}"
    command = [sys.executable, "-m", "smmatic", "up", "--bind", bind]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment | {"SMMATIC_DATA_DIR": str(data)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while process.poll() is None:
                try:
                    with urlopen(f"http://{bind}/", timeout=30) as answer:  # our own address
                        answer.read()
                    return time.perf_counter() - began
                except (URLError, ConnectionError):
                    time.sleep(0.02)
            raise RuntimeError("`smmatic up` ended before its first page")
        finally:
            process.terminate()
            process.wait(timeout=120)
