"""Every room can be used by everybody: axe finds nothing, in light and dark, in both languages, on desktop and phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.browser import DESKTOP, PHONE, Shop, Window, Windows, english_left

pytestmark = pytest.mark.xdist_group("browser")

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
PUBLIC = ("/?welcome", "/services", "/services/TT-ADS", "/policy", "/account/login/", "/account/signup/")
CUSTOMER = (
    "/services/TT-ADS", "/services/ANY-TRANS", "/orders", "/orders/{in work}", "/orders/{error}", "/orders/{completed}",
    "/orders/{completed}/refund?reason=not_as_expected", "/requests/{case}", "/wallet", "/settings", "/help",
)  # fmt: skip
DESK = (
    "/desk/", "/desk/cases", "/desk/cases/{case}", "/desk/work", "/desk/work/{staff}", "/desk/orders/{error}",
    "/desk/deposits", "/desk/policy",
)  # fmt: skip
LOOKS = {
    "english, light, desktop": {"language": "en", "dark": False, "size": DESKTOP},
    "vietnamese, dark, phone": {"language": "vi", "dark": True, "size": PHONE},
}
SPOKEN = ("30 of the 100 never reached the account.", "the policy shipped with SMMATIC")
"""What somebody once wrote stands on every page as it was written."""


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.replace(", ", "-"))
def test_axe_finds_nothing_in_any_room(windows: Windows, look: str) -> None:
    """Public pages, a customer's rooms with many orders, and the desk; nothing stands out to the side either."""
    found = []
    for window, path in rooms(windows, look):
        page = window.go(path)
        found += violations(page) + sideways(page)
        assert page.locator("html").get_attribute("lang") == LOOKS[look]["language"], path
        if "vietnamese" in look:
            found += [
                f"{page.url}: still English: {text!r}" for text in english_left(page) if not text.startswith(SPOKEN)
            ]
    assert not found, "\n".join(found)


def test_axe_sees_what_is_wrong(windows: Windows) -> None:
    """A picture without words and grey on grey are found: a test that can't fail says nothing."""
    page = windows.open().go("/?welcome")
    page.evaluate(
        """() => { const image = document.createElement("img"); image.src = "data:,"; const text = document.createElement("p");
        text.textContent = "hardly to be read"; text.style.color = "#bbb"; document.querySelector("main .wrap").append(image, text); }"""
    )
    text = "\n".join(violations(page))
    assert "image-alt" in text
    assert "color-contrast" in text


def test_the_watch_sees_errors_on_pages(windows: Windows) -> None:
    """An error, a script that the policy of the page forbids and a missing file are noticed wherever they happen."""
    window = windows.open()
    page = window.go("/?welcome")
    page.evaluate("() => { setTimeout(() => { throw new Error('broken'); }, 0); console.error('said'); }")
    page.evaluate("() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); }")
    with page.expect_event("console", lambda message: "404" in message.text):
        page.evaluate("() => fetch('/no-such-page')")
    seen = "\n".join(windows.watch.seen)
    windows.watch.seen.clear()
    for part in ("broken", "said", "Content Security Policy", "/no-such-page: 404"):
        assert part in seen, f"{part!r} was not noticed:\n{seen}"


def rooms(windows: Windows, look: str) -> Iterator[tuple[Window, str]]:
    """Every room with the window of somebody who may be there."""
    for name, paths in (("", PUBLIC), ("regular", CUSTOMER), ("agent", DESK), ("operator", ("/desk/deposits",))):
        window = windows.open(**LOOKS[look])
        if name:
            window.sign_in(name, f"/account/login/?lang={LOOKS[look]['language']}")
        for path in paths:
            yield window, numbered(windows.shop, path)
        window.close()


def numbered(shop: Shop, path: str) -> str:
    """A path with the numbers of this shop's orders and cases."""
    return path.format(**shop.people["regular"]["orders"])


def violations(page: Page) -> list[str]:
    """What axe finds, a readable line each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url}: {rule['id']}: {rule['help']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for rule in found
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """A line when the page has to be moved sideways to be read."""
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"{page.url}: {wide} pixels wide on a screen of {shown}"] if wide > shown else []
