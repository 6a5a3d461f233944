"""A new customer with Credits, on a phone: from signing in to a first order in four pages, without an explanation."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PHONE, Windows, english_left
from tests.e2e.test_browser_stories import badge, sent

pytestmark = pytest.mark.xdist_group("browser")

WORDS = {"en": ("TikTok campaign set-up", "Pending"), "vi": ("Thiết lập chiến dịch TikTok", "Đang chờ")}


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_first_order_takes_four_pages_and_three_taps(windows: Windows, language: str) -> None:
    """Sign-in, services, service, order. The price, what is left after it, and the undo stand there before the last tap."""
    service, pending = WORDS[language]
    window = windows.open(language=language, size=PHONE)
    who = windows.shop.people["beginner"]
    page = window.go(f"/account/login/?lang={language}")
    pages = [page.url]
    page.on("framenavigated", lambda frame: pages.append(frame.url))

    page.locator("[name=login]").fill(who["email"])
    page.locator("[name=password]").fill(who["password"])
    sent(page, page.locator("main form button[type=submit]"))
    before = window.balance()
    sent(page, page.get_by_role("link", name=service).first)
    page.locator("[name=link]").fill("tiktok.com/@quanmoc")
    page.locator("[name=quantity]").fill("1")
    live = page.locator("#live")
    expect(live.locator(".sum")).to_contain_text(re.compile(r"60[.,]00"))
    expect(page.locator("#link-live")).to_contain_text("@quanmoc")
    expect(live).to_contain_text(before)
    if language == "vi":
        assert english_left(page) == []
    sent(page, live.locator("button[type=submit]"))

    expect(badge(page)).to_have_text(pending)
    expect(page.locator("form[action$='/cancel'] button")).to_be_visible()
    assert window.balance() != before
    assert len(pages) <= 4, pages
