"""A phone, a real browser, both languages: order, undo, order again, stop, refund; axe finds nothing anywhere."""

import re
from contextlib import contextmanager

import pytest
from django.test import Client

from smmatic.orders.actions import accept_due
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import end_order, request_refund
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
def test_order_undo_order_again_stop_and_refund_on_a_phone(open_page, language):
    order_button = "#live button[type=submit]"
    who = customer(500, language=language, password=PASSWORD)
    page = open_page(language=language, who=who, theme="dark" if language == "vi" else "light")
    page.goto("/services/SP-LIST")
    page.locator("[name=link]").fill("https://shopee.vn/tiemhoacuanho")
    page.locator("[name=quantity]").fill("40")
    page.locator("#live .sum").get_by_text("100").wait_for()
    with arriving(page, "/orders/[0-9]+$"):
        page.locator(order_button).click()
    look(page)
    page.locator("form[action$='/cancel'] button").click()
    page.locator(".stage-stopped").wait_for()
    look(page)
    with arriving(page, "/services/SP-LIST"):
        page.locator("a[href^='/services/SP-LIST']").click()
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


@pytest.mark.parametrize(("language", "size", "theme"), [("en", PHONE, "dark"), ("vi", DESK, "light")])
def test_axe_finds_nothing_in_any_room(open_page, language, size, theme):
    who = customer(2000, language=language, password=PASSWORD)
    working, pending, over = begun(who, delivered=40), placed(who), begun(who, delivered=60)
    end_order(over.id, "partial", actor=PROVIDER, delivered=60)
    case = request_refund(who, working.id, reason_code="defective", words="Wrong account", key=new_key())
    page = open_page(language=language, size=size, theme=theme, who=who)
    rooms = [
        "/?welcome", "/services", "/services/FB-COPY", "/services/FB-SCHED", "/orders", "/orders?show=stopped",
        f"/orders/{working.id}", f"/orders/{pending.id}", f"/orders/{over.id}", f"/orders/{over.id}/refund",
        f"/requests/{case.case_id}", "/requests", "/wallet", "/settings", "/help", "/policy", "/nowhere",
        "/account/password/change/", "/account/2fa/",
    ]  # fmt: skip
    for address in rooms:
        page.goto(address)
        look(page)
    visitor = open_page(language=language, size=size, theme=theme)
    for address in ("/", "/services/SP-LIST", "/account/login/", "/account/signup/", "/account/password/reset/"):
        visitor.goto(address)
        look(visitor)
