"""A phone, a real browser, both languages: order, undo, order again, stop, refund; axe finds nothing anywhere."""

import re
from contextlib import contextmanager

import pytest
from django.test import Client

from smmatic.orders.actions import accept_due
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import end_order
from tests.builders import begun, customer, new_key, placed

pytestmark = pytest.mark.django_db

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
PASSWORD = "a-long-password-1"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium(browser_path):
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, which Django would take for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """Opens a browser page; whatever the page complains about fails the test."""
    opened = []

    def opener(*, language="en", size=PHONE, theme="light", who=None):
        context = chromium.new_context(
            viewport=size,
            color_scheme=theme,
            reduced_motion="reduce",
            locale={"vi": "vi-VN"}.get(language, "en-GB"),
            base_url=live_server.url,
        )
        cookies = [{"name": "smmatic_language", "value": language, "url": live_server.url}]
        if who is not None:
            session = Client()
            assert session.login(email=who.email, password=PASSWORD)
            cookies.append({"name": "sessionid", "value": session.cookies["sessionid"].value, "url": live_server.url})
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text) if line.type == "error" else None)
        opened.append((context, page))
        return page

    yield opener
    complaints = [text for _context, page in opened for text in page.complaints if "status of 4" not in text]
    for context, _page in opened:
        context.close()
    assert complaints == []


def look(page):
    """Nothing stands out of the page to the side, and axe finds nothing."""
    from axe_playwright_python.sync_playwright import Axe

    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.url
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == [], page.url


@contextmanager
def arriving(page, pattern):
    yield
    page.wait_for_url(re.compile(pattern))


def test_a_new_customer_signs_up_is_told_about_a_wrong_link_and_finds_the_way_to_credits(open_page):
    page = open_page()
    page.goto("/services/TT-CAMP")
    look(page)
    page.get_by_role("link", name="Create an account to order").click()
    look(page)
    page.get_by_label("Name").fill("Trần Bình")
    page.get_by_label("Email").fill(f"{new_key()}@example.test")
    page.get_by_label("Password").fill(PASSWORD)
    with arriving(page, "/services/TT-CAMP$"):
        page.get_by_role("button", name="Create account").click()
    page.get_by_label("Link").fill("https://shopee.vn/tiemhoacuanho")
    page.get_by_text("This is a link of another platform").wait_for()
    look(page)
    page.get_by_label("Link").fill("https://www.tiktok.com/@tiemhoacuanho")
    page.get_by_text("TikTok profile @tiemhoacuanho").wait_for()
    page.get_by_label("Quantity").fill("2")
    page.get_by_text("120.00 Credits are missing").wait_for()
    page.get_by_role("button", name="Order for 120.00 Credits").click()
    page.get_by_text("The order was not placed").wait_for()
    look(page)
    page.locator("main").get_by_role("link", name="Add Credits").first.click()
    page.get_by_label("How many").fill("250")
    page.get_by_text("6,250,000").wait_for()
    with arriving(page, "/wallet/deposits/[0-9]+$"):
        page.get_by_role("button", name="Pay by bank transfer").click()
    page.get_by_text("Waiting for your transfer").wait_for()
    look(page)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_wrong_link_is_told_then_order_undo_order_again_stop_and_refund_on_a_phone(open_page, language):
    """A Shopee link in a TikTok service, the right one, ordered, undone, ordered again, stopped, a refund asked for."""
    order_button = "#live button[type=submit]"
    who = customer(500, language=language, password=PASSWORD)
    page = open_page(language=language, who=who, theme="dark" if language == "vi" else "light")
    page.goto("/services/TS-UPLOAD")
    page.locator("[name=link]").fill("https://shopee.vn/tiemhoacuanho")
    told = {"en": "This is a link of another platform: Shopee shop", "vi": "Đây là liên kết của nền tảng khác"}
    page.locator("#link-live .field-error").get_by_text(told[language]).wait_for()
    look(page)
    page.locator("[name=link]").fill("tiktok.com/shop/store/tiem-hoa/7495123456789012345")
    page.locator("#link-live .st-good").wait_for()
    page.locator("[name=quantity]").fill("200")
    page.locator("#live .sum").get_by_text("120").wait_for()
    look(page)
    with arriving(page, "/orders/[0-9]+$"):
        page.locator(order_button).click()
    look(page)
    page.locator("form[action$='/cancel'] button").click()
    page.locator(".stage-stopped").wait_for()
    look(page)
    with arriving(page, "/services/TS-UPLOAD"):
        page.locator("a[href^='/services/TS-UPLOAD']").click()
    assert page.locator("[name=quantity]").input_value() == "200"
    page.locator("[name=start_now]").check()
    with arriving(page, "/orders/[0-9]+$"):
        page.locator(order_button).click()
    accept_due()
    page.locator("form[action$='/stop'] button").wait_for()
    page.locator("form[action$='/stop'] button").click()
    page.locator(".st-warn").first.wait_for()
    look(page)
    with arriving(page, "/refund$"):
        page.locator("a[href$='/refund']").click()
    page.locator("input[value=not_as_expected]").check()
    page.locator("#gives .st-bad").wait_for()
    page.locator("input[value=not_delivered]").check()
    page.locator("#gives .st-info").wait_for()
    look(page)
    page.locator("[name=words]").fill("Chưa nhận được gì.")
    with arriving(page, "/requests/[0-9]+$"):
        page.locator("#gives button[type=submit]").click()
    look(page)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_an_overlap_is_told_before_the_order_and_many_lines_are_checked_before_they_are_placed(open_page, language):
    """A second order for the same link, a mass order with a wrong line, and the list that is filtered by its address."""
    who = customer(500, language=language, password=PASSWORD)
    placed(who, "TT-CAMP", 2, link="https://www.tiktok.com/@tiemhoacuanho")
    page = open_page(language=language, who=who, theme="dark" if language == "vi" else "light")
    page.goto("/services/TT-CAMP")
    page.locator("[name=link]").fill("https://www.tiktok.com/@tiemhoacuanho?lang=vi")
    page.locator("[data-overlap]").wait_for()
    look(page)
    page.goto("/orders/many")
    look(page)
    page.locator("[name=lines]").fill(
        "TT-CAMP | https://shopee.vn/x | 1\nSP-LIST | https://shopee.vn/tiemhoacuanho | 5"
    )
    with arriving(page, "/orders/many/[0-9]+$"):
        page.locator("form[action$='/check'] button").click()
    page.locator("[data-wrong]").wait_for()
    look(page)
    page.locator("button[name=which][value=each]").click()
    page.locator(".note-warn").wait_for()
    look(page)
    page.goto("/orders?show=live&service=SP-LIST")
    assert page.locator(".row-link").count() == 1
    look(page)


def test_the_page_follows_the_order_by_itself(open_page):
    who = customer(500, password=PASSWORD)
    order = begun(who, delivered=10)
    page = open_page(who=who)
    page.goto(f"/orders/{order.id}")
    page.get_by_text("In work: 10 of 100").wait_for()
    end_order(order.id, "completed", actor=PROVIDER)
    page.get_by_text("All of it was delivered.").wait_for()
    assert page.locator("#order-side").count() == 1
    assert page.locator("#order-timeline").get_by_text("Completed").count() == 1


def test_the_theme_and_the_language_stay_chosen(open_page):
    page = open_page(who=customer(10, password=PASSWORD))
    page.goto("/wallet")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    look(page)
    page.get_by_role("button", name="Tiếng Việt").click()
    page.locator("html[lang=vi]").wait_for()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
