"""After the order, on a phone, in both languages: a stop that is answered, a delivery that is downloaded, rework, and
its answer. Our own people work at the desk meanwhile."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PHONE, Windows, english_left
from tests.e2e.test_browser_stories import badge, close_toasts, money, sent

pytestmark = pytest.mark.xdist_group("browser")

WORDS = {
    "en": {
        "reason": "Page two is missing.", "no": "The shift is already planned.", "asked": "Stop asked",
        "refused": "Stop not possible", "stopped": "Stopped", "half": "1 of 3", "completed": "Completed",
        "rework": "Rework asked for", "going": "Rework in progress", "again": "Done again", "accepted": "You have accepted it",
        "next": "we begin or answer by",
    },
    "vi": {
        "reason": "Thiếu trang hai.", "no": "Ca đã xếp rồi.", "asked": "Đã yêu cầu dừng", "refused": "Không dừng được",
        "stopped": "Đã dừng", "half": "1 trên 3", "completed": "Hoàn thành", "rework": "Đã yêu cầu làm lại",
        "going": "Đang làm lại", "again": "Đã làm lại", "accepted": "Bạn đã nghiệm thu",
        "next": "chúng tôi bắt đầu hoặc trả lời trước",
    },
}  # fmt: skip


def in_language(page: Page, language: str) -> None:
    """The page says which language it speaks, and speaks it."""
    expect(page.locator("html")).to_have_attribute("lang", language)
    if language == "vi":
        assert english_left(page) == [], page.url


def bought(windows: Windows, language: str) -> tuple:
    """A customer's window on a phone with a translation of three pages ordered, and the desk with it taken."""
    customer, agent = windows.open(language=language, size=PHONE, follows=True), windows.open()
    page, desk = customer.sign_in("buyer", f"/account/login/?lang={language}"), agent.sign_in("agent")
    customer.go("/services/ANY-TRANS")
    page.locator("[name=quantity]").fill("3")
    page.locator("[name=brief]").fill("Ba trang / three pages.")
    page.locator("[name=start_now]").check()
    expect(page.locator("#live .sum")).to_contain_text(re.compile(r"9[.,]00"))
    sent(page, page.locator("#live button[type=submit]"))
    number = page.url.rsplit("/", 1)[1]
    customer.follow(lambda ms: expect(page.locator(".stage-done")).to_have_count(2, timeout=ms))
    agent.go(f"/desk/work/{number}")
    sent(desk, desk.locator("#form-take button"))
    desk.locator("#f-progress-units").fill("1")
    sent(desk, desk.get_by_role("button", name="Save progress"))
    customer.follow(lambda ms: expect(page.locator(".stage-now")).to_contain_text(WORDS[language]["half"], timeout=ms))
    return customer, page, agent, desk, number


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_stop_says_before_what_may_come_of_it_and_each_answer_is_shown(windows: Windows, language: str) -> None:
    """4.2: asked, refused with a reason, asked again, stopped: the Credits that were named come back."""
    words = WORDS[language]
    customer, page, agent, desk, number = bought(windows, language)
    may = page.locator("#stop-may")
    expect(may.locator("li")).to_have_count(4)
    expect(may.locator("li").first).to_contain_text(re.compile(r"6[.,]00"))
    expect(may.locator("li").last).to_contain_text("12")
    in_language(page, language)
    before = customer.balance()
    sent(page, page.locator("form[action$='/stop'] button"))
    expect(page.locator(".stop-end")).to_contain_text(words["asked"])
    assert customer.balance() == before
    in_language(page, language)

    agent.go("/desk/work?show=stop")
    desk.locator(f"a[href='/desk/work/{number}']").click()
    desk.locator("#f-stop-why").fill(words["no"])
    sent(desk, desk.get_by_role("button", name="No, it goes on"))
    customer.follow(lambda ms: expect(page.locator(".stop-end")).to_contain_text(words["refused"], timeout=ms))
    expect(page.locator(".stop-end")).to_contain_text(words["no"])

    sent(page, page.locator("form[action$='/stop'] button"))
    agent.go(f"/desk/work/{number}")
    expect(desk.locator("#form-stop")).to_contain_text("6.00")
    sent(desk, desk.get_by_role("button", name="Stop here"))
    customer.follow(lambda ms: expect(page.locator(".stop-end")).to_contain_text(words["stopped"], timeout=ms))
    expect(page.locator(".stop-end")).to_contain_text(re.compile(r"6[.,]00"))
    page.reload()
    back = money(customer.balance().replace(".", "").replace(",", ".") if language == "vi" else customer.balance())
    had = money(before.replace(".", "").replace(",", ".") if language == "vi" else before)
    assert back - had == 6


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_was_delivered_is_downloaded_done_again_and_accepted(windows: Windows, language: str) -> None:
    """A file, a link and a proof; the customer asks for rework, reads until when, downloads it and accepts."""
    words = WORDS[language]
    customer, page, agent, desk, number = bought(windows, language)
    first, second = b"Page one, page three\n", b"Page two\n"
    desk.locator("#f-progress-upload").set_input_files({"name": "menu.txt", "mimeType": "text/plain", "buffer": first})
    desk.locator("#f-progress-links").fill("https://drive.google.com/file/d/1a2b3c")
    desk.get_by_text("Proof that it was done").click()
    desk.locator("#f-progress-proof").fill("menu.txt: 2/2")
    sent(desk, desk.get_by_role("button", name="Deliver all and finish"))

    customer.follow(lambda ms: expect(badge(page)).to_have_text(words["completed"], timeout=ms))
    expect(page.locator(".given-item").first).to_contain_text("drive.google.com/file/d/1a2b3c")
    expect(page.locator(".given-item .proof").first).to_contain_text("menu.txt: 2/2")
    with page.expect_download() as received:
        page.locator("a.given-link", has_text="menu.txt").click()
    assert received.value.path().read_bytes() == first
    in_language(page, language)

    page.reload()
    page.locator("#rework > summary").click()
    page.locator("#f-rework-reason").fill(words["reason"])
    sent(page, page.locator("#rework button"))
    expect(page.locator("#order-side")).to_contain_text(words["rework"])
    expect(page.locator("#order-status")).to_contain_text(words["next"])
    in_language(page, language)

    agent.go("/desk/work?show=rework")
    desk.locator(f"a[href='/desk/work/{number}']").click()
    expect(desk.locator("#form-rework")).to_contain_text(words["reason"])
    sent(desk, desk.locator("#form-rework").get_by_role("button", name="Begin", exact=True))
    customer.follow(lambda ms: expect(page.locator("#order-side")).to_contain_text(words["going"], timeout=ms))
    desk.locator("#f-rework-upload").set_input_files({"name": "page-2.txt", "mimeType": "text/plain", "buffer": second})
    sent(desk, desk.get_by_role("button", name="Hand over and finish"))
    customer.follow(lambda ms: expect(page.locator(".given-item").first).to_contain_text(words["again"], timeout=ms))
    with page.expect_download() as received:
        page.locator("a.given-link", has_text="page-2.txt").click()
    assert received.value.path().read_bytes() == second

    page.reload()
    close_toasts(page)
    sent(page, page.locator("form[action$='/accept'] button"))
    expect(page.locator("#order-side")).to_contain_text(words["accepted"])
    in_language(page, language)
