"""A whole refund case in both languages: the customer on a phone, the agent at the desk with nothing but the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PHONE, Windows, english_left, picture
from tests.e2e.test_browser_access import sideways, violations
from tests.e2e.test_browser_stories import close_toasts, sent

pytestmark = pytest.mark.xdist_group("browser")

WORDS = {
    "en": {
        "told": "60 of the 100 never came.", "found": "The statement of the account shows 40.", "why": "You are right, we are sorry.",
        "verified": "Yes, confirmed", "returned": "Credits returned",
    },
    "vi": {
        "told": "60 trên 100 chưa đến.", "found": "Sao kê của tài khoản chỉ có 40.", "why": "Bạn đúng, chúng tôi xin lỗi.",
        "verified": "Đúng, đã xác nhận", "returned": "Đã hoàn Credit",
    },
}  # fmt: skip
"""What people type; it stands on the pages as it was written."""


def sound(page: Page, language: str) -> list[str]:
    """What is wrong with a page: for axe, for its width, for its language."""
    expect(page.locator("html")).to_have_attribute("lang", language)
    left = english_left(page) if language == "vi" else []
    return violations(page) + sideways(page) + [f"{page.url}: still English: {text!r}" for text in left]


def typed_before(page: Page, key: str, words: str) -> None:
    """Goes to a button by its key, types into the field before it, comes back to the button and presses it."""
    page.keyboard.press(key)
    expect(page.locator(f'[data-key="{key}"]').first).to_be_focused()
    steps = 0
    while page.evaluate("document.activeElement.tagName") != "TEXTAREA":
        page.keyboard.press("Shift+Tab")
        steps += 1
        assert steps < 5, "the field is not before its button"
    page.keyboard.type(words)
    for _ in range(steps):
        page.keyboard.press("Tab")
    expect(page.locator(f'[data-key="{key}"]').first).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_case_from_the_complaint_to_the_credits(windows: Windows, language: str) -> None:
    """5.1, 2.1: asked for on a phone, checked and decided by keyboard; both read the same clause and the same amount."""
    words, number = WORDS[language], windows.shop.people["regular"]["orders"][f"played {language}"]
    customer = windows.open(language=language, size=PHONE, dark=language == "vi", follows=True)
    page = customer.sign_in("regular", f"/account/login/?lang={language}")
    customer.go(f"/orders/{number}")
    sent(page, page.locator("#order-side a[href$='/refund']"))
    page.locator("[value=not_delivered]").check()
    expect(page.locator("#gives a[href$='#clause-5.1']").first).to_be_visible()
    page.locator("[name=words]").fill(words["told"])
    wrong = sound(page, language)
    sent(page, page.locator("#gives button[type=submit]"))
    expect(page).to_have_url(re.compile(r"/requests/\d+$"))
    case = page.url.rsplit("/", 1)[1]
    expect(page.locator("main time").first).to_be_visible()
    wrong += sound(page, language)
    close_toasts(page)
    picture(page, f"case-phone-{language}")

    agent = windows.open(language=language)
    desk = agent.sign_in("agent", f"/account/login/?lang={language}")
    agent.go("/desk/cases")
    row = desk.locator(f"a[href='/desk/cases/{case}']")
    expect(row).to_be_visible()
    for _ in range(desk.locator("[data-list] a.desk-row").count()):
        desk.keyboard.press("j")
        if row.evaluate("node => node === document.activeElement"):
            break
    expect(row).to_be_focused()
    with desk.expect_navigation():
        desk.keyboard.press("Enter")
    expect(desk.locator("#decision .note-warn")).to_be_visible()
    typed_before(desk, "y", words["found"])
    expect(desk.locator("#decision a[href$='#clause-2.1']").first).to_be_visible()
    amount = desk.locator("#decision .sum").inner_text().split()[0]
    wrong += sound(desk, language)
    close_toasts(desk)
    picture(desk, "desk-case" if language == "en" else "desk-case-vi")
    before = customer.balance()
    typed_before(desk, "d", words["why"])
    expect(desk.locator("#decision .sum.plus")).to_contain_text(amount)
    wrong += sound(desk, language)

    customer.follow(lambda ms: expect(page.locator(".sum.plus")).to_contain_text(amount, timeout=ms))
    expect(page.locator("main a[href$='#clause-2.1']").first).to_be_visible()
    expect(page.locator("main")).to_contain_text(words["why"])
    wrong += sound(page, language)
    picture(page, f"case-decided-phone-{language}")
    page.reload()
    assert units(customer.balance()) - units(before) == units(amount)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_room_of_the_desk_is_two_steps_away_on_a_phone(windows: Windows, language: str) -> None:
    """Five rooms in sight; the others behind 'More', in groups, by keyboard too."""
    agent = windows.open(language=language, size=PHONE, dark=language == "vi")
    page = agent.sign_in("operator", f"/account/login/?lang={language}")
    agent.go("/desk/")
    bar = page.locator(".desk-tabbar")
    expect(bar.locator("> a")).to_have_count(5)
    bar.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(bar.locator(".menu-rooms a")).to_have_count(10)
    expect(bar.locator(".menu-rooms a").last).to_be_visible()
    wrong = sound(page, language)
    picture(page, f"desk-rooms-phone-{language}")
    with page.expect_navigation():
        bar.locator("a[href='/desk/audit']").click()
    assert "here" in (page.locator(".desk-tabbar summary").get_attribute("class") or "")
    assert not wrong + sound(page, language), "\n".join(wrong)


def units(text: str) -> int:
    """Hundredths of a Credit in an amount as either language writes it."""
    return int(re.sub(r"[^0-9]", "", text))
