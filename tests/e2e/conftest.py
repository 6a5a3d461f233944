"""The shop and the Chromium of the browser tests, started by the first test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Shop, Windows, chromium, open_shop


@pytest.fixture(scope="module")
def running_browser(browser_path: str | None) -> Iterator[Browser]:
    """A headless Chromium. Not for the session: Playwright runs an event loop in this thread for as long."""
    with chromium(browser_path) as browser:
        yield browser


@pytest.fixture(scope="session")
def browser_shop(browser_path: str | None, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that nothing but the browser tests uses."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with open_shop(f"smmatic_browser_{worker_id}", folder) as shop:
        yield shop


@pytest.fixture
def windows(browser_shop: Shop, running_browser: Browser) -> Iterator[Windows]:
    """Opens windows; afterwards no page may have had an error, a CSP violation or a failed request."""
    opened = Windows(browser_shop, running_browser)
    yield opened
    opened.close()
    assert not opened.watch.seen, "\n".join(["Went wrong on the pages:", *opened.watch.seen])
