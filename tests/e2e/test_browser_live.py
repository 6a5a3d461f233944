"""Order pages and the list follow by themselves, quietly, and stop when there is nothing left to follow."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Windows, until

pytestmark = pytest.mark.xdist_group("browser")
ACCOUNT = "7012345678901234500"


def answers_of(page: Page, part: str) -> list[int]:
    """Collects the statuses of the answers to requests for news from now on."""
    found: list[int] = []
    page.on("response", lambda answer: found.append(answer.status) if part in answer.url else None)
    return found


def pass_time(page: Page, seconds: int) -> None:
    """Lets the page's clock run, a step at a time, and its requests come home."""
    for _ in range(seconds // 5):
        page.clock.fast_forward(5_000)
        page.wait_for_timeout(60)


def test_an_open_order_and_the_list_follow_to_the_end_without_a_reload(windows: Windows) -> None:
    buyer = windows.open(follows=True)
    page = buyer.sign_in("buyer")
    buyer.go("/services/TT-ADS")
    page.locator("[name=link]").fill(ACCOUNT)
    page.locator("[name=quantity]").fill("100")
    page.locator("[name=start_now]").check()
    taken = windows.shop.taken()
    button = page.locator("#live button[type=submit]")
    expect(button).to_contain_text("105.00")
    with page.expect_navigation():
        button.click()
    page.evaluate("window.stays = 'here'")
    number = re.search(r"/orders/(\d+)", page.url)
    assert number
    until(lambda: windows.shop.taken() > taken, "the provider has not taken the order")
    orders = windows.open(follows=True)
    orders.sign_in("buyer")
    orders.go("/orders")
    line = orders.page.locator("#order-rows li").filter(has_text=f"#{number[1]}")
    windows.shop.forward(0.5)
    buyer.follow(lambda ms: expect(page.locator(".stage-now")).to_contain_text(re.compile(r"4\d|50"), timeout=ms))
    orders.follow(lambda ms: expect(line).to_contain_text(re.compile(r"(4\d|50)/100"), timeout=ms))

    quiet = answers_of(page, "/live")
    pass_time(page, 40)
    assert 204 in quiet, "nothing new is said in no words"
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")
    pass_time(page, 10)  # what was under way comes home
    hidden = answers_of(page, "/live")
    pass_time(page, 60)
    assert hidden == [], "a hidden page asks nothing"
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    until(lambda: page.wait_for_timeout(20) or hidden, "a page that is seen again asks at once")

    windows.shop.forward(1)
    status = page.locator("main .card .st").first
    buyer.follow(lambda ms: expect(status).to_have_text("Completed", timeout=ms))
    orders.follow(lambda ms: expect(line).to_contain_text("Completed", timeout=ms))
    assert page.evaluate("window.stays") == "here", "never reloaded"
    expect(page.locator("#order-status[data-poll]")).to_have_count(0)
    ended = answers_of(page, "/live")
    pass_time(page, 60)
    assert ended == [], "an order that has ended is followed no more"
