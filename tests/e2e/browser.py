"""What the browser tests stand on: one real shop, a Chromium, windows of people, and a watch over every page.

The shop is what `smmatic up` starts: web server, worker and the sandbox provider, each a process of its own, on a clone
of the template database that nothing else writes to.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.ops.probe import ask
from tests import databases

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "docs" / "screenshots"
DELIVERY_SECONDS = 10_000.0
"""How long a delivery takes by the provider's clock, which the tests move by hand."""
PATIENCE = 30_000
"""Milliseconds until something that has to come is missed. No test passes because time has passed."""
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
STARTS = 150.0
"""Seconds until a server that was started must answer, also on a machine that does much else."""
DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass(frozen=True)
class Shop:
    """A running shop: its address, its provider, its people by name, and the environment of its processes."""

    url: str
    sandbox: SandboxProcess
    people: dict[str, Any]
    environment: dict[str, str]

    def forward(self, share: float) -> None:
        """Lets a share of the delivery time pass at the provider."""
        self.sandbox.forward(DELIVERY_SECONDS * share)

    def taken(self) -> int:
        """How many orders the provider has taken."""
        return sum(1 for line in self.sandbox.truth()["log"] if line["kind"] == "accepted")


@contextmanager
def open_shop(name: str, folder: Path, *, orders: int = 24, more: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """A shop on its own database, with people and so many orders of one of them; ended with everything it started.

    `more` are variables of its environment, such as a mail server's.
    """
    with ExitStack() as stack:
        addresses = stack.enter_context(databases.cloned(name))
        sandbox = SandboxProcess(str(folder / "truth.sqlite"), options=("--seconds", str(DELIVERY_SECONDS)))
        stack.callback(sandbox.stop)
        bind = f"127.0.0.1:{_free_port()}"
        environment = addresses.environment() | {
            "SMMATIC_BIND": bind,
            "SMMATIC_PUBLIC_URL": f"http://{bind}",
            "SMMATIC_DATA_DIR": str(folder),
            "SMMATIC_SECRET_KEY": "",
            "SMMATIC_PROVIDER_PRIVATE_HOSTS": f"127.0.0.1:{sandbox.port}",
            "DJANGO_SETTINGS_MODULE": "smmatic.settings",
            **(more or {}),
        }
        # The web server starts while the people are made; the worker must not meet them half made.
        stack.enter_context(_process(environment, "web", "--processes", "1", "--threads", "6"))
        people = _people(environment, sandbox.url, orders)
        stack.enter_context(_process(environment, "worker", "--idle", "0.2"))
        until(lambda: (ask(bind, "/livez") or (0,))[0] == 200, "the web server does not answer", STARTS)
        yield Shop(f"http://{bind}", sandbox, people, environment)


@contextmanager
def chromium(path: str | None) -> Iterator[Browser]:
    """A headless Chromium: the one at this path, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """Everything that went wrong on any page: console errors, CSP violations, failed and refused requests."""

    seen: list[str] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)

    def over(self, page: Page) -> None:
        """Watches a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.on("framenavigated", lambda frame: self.pages.add(frame.url.split("?")[0]))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.page.url if message.page else ""
            self.seen.append(f"{where}: {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A page that is left while it asks for its news drops that request; a download ends its own navigation.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"{request.method} {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.request.method} {response.url}: {response.status}")


class Window:
    """A person's browser window with what people do in it, in the words they read."""

    def __init__(self, shop: Shop, context: BrowserContext, watch: Watch) -> None:
        self.shop = shop
        self.context = context
        self.page = context.new_page()
        watch.over(self.page)

    def go(self, path: str) -> Page:
        """Opens a page of the shop."""
        self.page.goto(self.shop.url + path, wait_until="load")
        return self.page

    def sign_in(self, name: str, door: str = "/account/login/") -> Page:
        """Comes in as one of the shop's people."""
        self.go(door)
        self.page.locator("[name=login]").fill(self.shop.people[name]["email"])
        self.page.locator("[name=password]").fill(self.shop.people[name]["password"])
        self.page.locator("main form button[type=submit]").click()
        self.page.wait_for_url(lambda url: "/account/login" not in url)
        return self.page

    def follow(self, change: Callable[[int], None]) -> None:
        """Waits for a change that the page shows by itself: its clock runs ahead, and nobody reloads it.

        `change` expects it, with so many milliseconds of patience.
        """
        address, end = self.page.url, time.monotonic() + PATIENCE / 1000
        while True:
            self.page.clock.fast_forward(10_000)
            try:
                change(700)
            except AssertionError:
                if time.monotonic() > end:
                    raise
            else:
                break
        assert self.page.url == address

    def balance(self) -> str:
        """The Credits that the top of the page shows as available."""
        return self.page.locator(".balance").inner_text().replace("\n", " ").split()[-2]

    def close(self) -> None:
        """Closes the window and forgets its cookies."""
        self.context.close()


@dataclass
class Windows:
    """Opens windows on a shop; every one is watched."""

    shop: Shop
    browser: Browser
    watch: Watch = field(default_factory=Watch)
    opened: list[Window] = field(default_factory=list)

    def open(
        self, *, language: str = "en", size: tuple[int, int] = DESKTOP, dark: bool = False, follows: bool = False
    ) -> Window:
        """A window of a person who reads this language, on a screen of this size; `follows` lets it use `follow`."""
        width, height = size
        context = self.browser.new_context(
            locale={"en": "en-GB", "vi": "vi-VN"}[language],
            timezone_id="Asia/Ho_Chi_Minh",
            viewport={"width": width, "height": height},
            device_scale_factor=1,
            is_mobile=width < 600,
            has_touch=width < 600,
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        window = Window(self.shop, context, self.watch)
        if follows:
            window.page.clock.install()  # it runs as clocks do until `follow` moves it ahead
        self.opened.append(window)
        return window

    def close(self) -> None:
        """Closes all of them."""
        for window in self.opened:
            window.close()


def picture(page: Page, name: str) -> None:
    """A screenshot for the README: made when it is missing or SMMATIC_SCREENSHOTS is set, so that a run changes nothing."""
    path = SCREENSHOTS / f"{name}.png"
    if path.exists() and not os.environ.get("SMMATIC_SCREENSHOTS"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready.then(() => true)")
    page.screenshot(path=path, animations="disabled")


ENGLISH = re.compile(
    r"\b(the|and|you|your|with|this|that|from|what|when|until|order|orders|services|wallet|refund|back|status|send)\b",
    re.I,
)
"""Words that stand in nearly every English sentence of the shop and in no Vietnamese one."""

_TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (parent.closest("script, style, template, [lang=en]:not(html)")) continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }
  document.querySelectorAll("[aria-label], [placeholder], [title]").forEach(e => {
    if (!e.closest("[lang=en]:not(html)")) for (const name of ["aria-label", "placeholder", "title"]) if (e.getAttribute(name)) found.push(e.getAttribute(name));
  });
  return found.concat([document.title]);
}"""


def english_left(page: Page) -> list[str]:
    """Texts of a page, also those that only a screen reader says, that are English; an address in them is no language."""
    return [text for text in page.evaluate(_TEXTS) if ENGLISH.search(re.sub(r"https?://\S+", "", text))]


def _people(environment: dict[str, str], provider: str, orders: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.browser_people", provider, str(orders)],
        env=environment, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the people of the browser tests could not be made:\n{done.stdout}{done.stderr}")
    people: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return people


@contextmanager
def _process(environment: dict[str, str], *arguments: str) -> Iterator[None]:
    log = Path(environment["SMMATIC_DATA_DIR"]) / f"{arguments[0]}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "smmatic", *arguments], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(holds: Callable[[], object], otherwise: str, seconds: float = PATIENCE / 1000) -> None:
    """Waits until something holds, and fails with these words where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
