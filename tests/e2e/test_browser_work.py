"""After the order, on a phone, in both languages: a stop that is answered, a delivery that is downloaded, rework, and
its answer. Our own people work at the desk meanwhile."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PHONE, Window, Windows, english_left
from tests.e2e.test_browser_stories import badge, close_toasts, money, sent

pytestmark = pytest.mark.xdist_group("browser")

FIRST, SECOND = b"Page one, page three\n", b"Page two\n"

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


def ordered(page: Page) -> str:
    """Orders a translation of three pages from the form that is open, to begin at once; the order's number."""
    page.locator("[name=start_now]").check()
    expect(page.locator("#live .sum")).to_contain_text(re.compile(r"9[.,]00"))
    sent(page, page.locator("#live button[type=submit]"))
    return page.url.rsplit("/", 1)[1]


def begun(customer: Window, agent: Window, number: str, language: str) -> None:
    """The desk takes the order and marks one page as done; the customer's page shows both by itself."""
    page, desk = customer.page, agent.page
    customer.follow(lambda ms: expect(page.locator(".stage-done")).to_have_count(2, timeout=ms))
    agent.go(f"/desk/work/{number}")
    sent(desk, desk.locator("#form-take button"))
    desk.locator("#f-progress-units").fill("1")
    sent(desk, desk.get_by_role("button", name="Save progress"))
    customer.follow(lambda ms: expect(page.locator(".stage-now")).to_contain_text(WORDS[language]["half"], timeout=ms))


def stop_refused(customer: Window, agent: Window, number: str, language: str) -> None:
    """4.2: what may come of it stands there before it is asked for; the refusal and its reason come by themselves."""
    words, page, desk = WORDS[language], customer.page, agent.page
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


def delivered(customer: Window, agent: Window, language: str) -> None:
    """A file, a link and a proof, from the page where the desk stands; the customer reads and downloads them."""
    words, page, desk = WORDS[language], customer.page, agent.page
    desk.locator("#f-progress-upload").set_input_files({"name": "menu.txt", "mimeType": "text/plain", "buffer": FIRST})
    desk.locator("#f-progress-links").fill("https://drive.google.com/file/d/1a2b3c")
    desk.get_by_text("Proof that it was done").click()
    desk.locator("#f-progress-proof").fill("menu.txt: 2/2")
    sent(desk, desk.get_by_role("button", name="Deliver all and finish"))
    customer.follow(lambda ms: expect(badge(page)).to_have_text(words["completed"], timeout=ms))
    expect(page.locator(".given-item").first).to_contain_text("drive.google.com/file/d/1a2b3c")
    expect(page.locator(".given-item .proof").first).to_contain_text("menu.txt: 2/2")
    assert downloaded(page, "menu.txt") == FIRST
    in_language(page, language)


def reworked(customer: Window, agent: Window, number: str, language: str) -> None:
    """Asked for with a reason, begun, done again and downloaded, accepted; each step is seen without a reload."""
    words, page, desk = WORDS[language], customer.page, agent.page
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
    desk.locator("#f-rework-upload").set_input_files({"name": "page-2.txt", "mimeType": "text/plain", "buffer": SECOND})
    sent(desk, desk.get_by_role("button", name="Hand over and finish"))
    customer.follow(lambda ms: expect(page.locator(".given-item").first).to_contain_text(words["again"], timeout=ms))
    assert downloaded(page, "page-2.txt") == SECOND
    page.reload()
    close_toasts(page)
    sent(page, page.locator("form[action$='/accept'] button"))
    expect(page.locator("#order-side")).to_contain_text(words["accepted"])
    in_language(page, language)


def stopped(customer: Window, agent: Window, number: str, language: str) -> None:
    """4.2: asked for and confirmed: the Credits that were named come back."""
    page, desk = customer.page, agent.page
    before = credits_of(customer, language)
    sent(page, page.locator("form[action$='/stop'] button"))
    agent.go(f"/desk/work/{number}")
    expect(desk.locator("#form-stop")).to_contain_text("6.00")
    sent(desk, desk.get_by_role("button", name="Stop here"))
    ended = page.locator(".stop-end")
    customer.follow(lambda ms: expect(ended).to_contain_text(WORDS[language]["stopped"], timeout=ms))
    expect(ended).to_contain_text(re.compile(r"6[.,]00"))
    page.reload()
    assert credits_of(customer, language) - before == 6


def downloaded(page: Page, name: str) -> bytes:
    """What comes when the file's name is touched."""
    with page.expect_download() as received:
        page.locator("a.given-link", has_text=name).click()
    return received.value.path().read_bytes()


def credits_of(customer: Window, language: str) -> float:
    """What the top of the page says is available."""
    shown = customer.balance()
    return money(shown.replace(".", "").replace(",", ".") if language == "vi" else shown)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_stop_is_refused_the_work_downloaded_done_again_accepted_and_an_order_again_is_stopped(
    windows: Windows, language: str
) -> None:
    """What customer and desk do after an order, on two orders: the second is the first, ordered again from its page."""
    customer, agent = windows.open(language=language, size=PHONE, follows=True), windows.open()
    page = customer.sign_in("buyer", f"/account/login/?lang={language}")
    agent.sign_in("agent")
    customer.go("/services/ANY-TRANS")
    page.locator("[name=quantity]").fill("3")
    page.locator("[name=brief]").fill("Ba trang / three pages.")
    number = ordered(page)
    begun(customer, agent, number, language)
    stop_refused(customer, agent, number, language)
    delivered(customer, agent, language)
    reworked(customer, agent, number, language)

    sent(page, page.locator("a[href^='/services/ANY-TRANS']"))
    again = ordered(page)
    assert again != number
    begun(customer, agent, again, language)
    stopped(customer, agent, again, language)
