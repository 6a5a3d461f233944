"""The mail servers of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mail.servers import MailServers, mail_servers


@pytest.fixture
def servers(tmp_path: Path, settings: Any) -> Iterator[MailServers]:
    """Both servers, and this process pointed at them."""
    with mail_servers(tmp_path) as made:
        made.point(settings)
        yield made
