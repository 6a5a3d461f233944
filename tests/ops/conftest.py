"""Shared by the tests of operations."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smmatic.ops.postgres import stop_unused


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder, not made yet, that the server's user can enter; whatever still runs there is stopped."""
    path = Path(tempfile.mkdtemp(prefix="smm-", dir="/tmp"))
    path.chmod(0o711)
    yield path / "var"
    stop_unused(path / "var", say=print)
    shutil.rmtree(path)
