"""Three stories in a real browser on a real shop: what people see, click and get, in their language, on their screen."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import PHONE, Window, Windows, english_left, picture, until

pytestmark = pytest.mark.xdist_group("browser")

ACCOUNT = "7012345678901234500"
PASSWORD = "một câu dài dễ nhớ"


def badge(page: Page) -> Locator:
    """The status of an order or case, as its page shows it first."""
    return page.locator("main .card .st").first


def sent(page: Page, button: Locator) -> None:
    """Clicks what leads to another page, and waits for it."""
    with page.expect_navigation():
        button.click()


def test_a_deposit_an_order_and_its_undo(windows: Windows) -> None:
    """4.1, 1.2: English, desktop. What an undo returns is on the button before the click, and the wallet is whole after."""
    customer = windows.open(follows=True)
    page = customer.go("/account/signup/")
    page.get_by_label("Name").fill("Hoa")
    page.get_by_label("Email").fill("hoa@browser.test")
    page.get_by_label("Password").fill(PASSWORD)
    sent(page, page.get_by_role("button", name="Create account"))
    assert customer.balance() == "0.00"

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Wallet").click()
    page.get_by_label("How many").fill("200")
    expect(page.get_by_text("To pay: 5,000,000 ₫")).to_be_visible()
    sent(page, page.get_by_role("button", name="Pay by bank transfer"))
    expect(badge(page)).to_have_text("Waiting for your transfer")
    reference = page.locator("button.copy", has_text="SMM-").inner_text()

    operator = windows.open()
    desk = operator.sign_in("operator")
    operator.go("/desk/deposits")
    sent(desk, desk.get_by_role("article").filter(has_text=reference).get_by_role("button", name="5,000,000 ₫ arrived"))
    expect(desk.locator("#toasts")).to_contain_text("200.00")
    customer.follow(lambda ms: expect(badge(page)).to_have_text("Confirmed", timeout=ms))
    expect(page.get_by_text("+200.00")).to_be_visible()

    customer.go("/services/TT-ADS")
    assert customer.balance() == "200.00"
    page.locator("[name=link]").fill(ACCOUNT)
    page.get_by_label("Quantity").fill("100")
    order = page.get_by_role("button", name="Order for 105.00 Credits")
    expect(order).to_be_visible()
    expect(page.locator("#link-live")).to_contain_text(f"TikTok ad account {ACCOUNT}")
    expect(page.locator("main #live")).to_contain_text("95.00")
    expect(page.locator("main #live")).to_contain_text(
        "the full charge of 105.00 Credits comes back at once. (clause 4.1)"
    )
    sent(page, order)

    assert customer.balance() == "95.00"
    expect(badge(page)).to_have_text("Pending")
    undo = page.get_by_role("button", name="Undo: 105.00 Credits back")
    expect(undo).to_be_visible()
    expect(page.locator(".action-block", has=undo)).to_contain_text(
        "the full charge of 105.00 Credits comes back at once"
    )
    expect(page.locator(".action-block", has=undo).get_by_role("link", name="clause 4.1")).to_be_visible()
    close_toasts(page)
    picture(page, "order-desktop")
    sent(page, undo)

    expect(badge(page)).to_have_text("Cancelled")
    assert customer.balance() == "200.00"
    expect(page.locator("#order-side")).to_contain_text("+105.00")
    expect(page.locator("#order-timeline")).to_contain_text("105.00 Credits returned to the wallet")


def test_an_order_in_vietnamese_on_a_phone(windows: Windows) -> None:
    """4.2, 4.3, 3.4: the status follows by itself, cancelling says why not, and a refusal is read before it is sent."""
    customer = windows.open(language="vi", size=PHONE, follows=True)
    page = customer.go("/account/signup/")
    page.locator("[name=name]").fill("Quán Bún Chả Hương")
    page.locator("[name=email]").fill("huong@browser.test")
    page.locator("[name=password1]").fill(PASSWORD)
    sent(page, page.locator("main form button[type=submit]"))
    speaks_vietnamese(page)
    buy(windows, customer, "300")

    customer.go("/services/TT-ADS")
    speaks_vietnamese(page)
    page.locator("[name=link]").fill(ACCOUNT)
    page.locator("[name=quantity]").fill("100")
    page.locator("[name=start_now]").check()
    expect(page.locator("#live .sum")).to_contain_text("105,00")
    expect(page.locator("#live a[href$='#clause-4.2']").first).to_be_visible()
    taken = windows.shop.taken()
    sent(page, page.locator("#live button[type=submit]"))
    until(lambda: windows.shop.taken() > taken, "the provider has not taken the order")

    windows.shop.forward(0.5)
    half = re.compile(r"4\d|50")
    customer.follow(lambda ms: expect(page.locator(".stage-now")).to_contain_text(half, timeout=ms))
    expect(page.locator("progress.meter")).to_be_visible()
    cancel = page.locator("#order-side button[aria-disabled=true]").first
    expect(cancel).to_be_visible()
    why = page.locator(f"#{cancel.get_attribute('aria-describedby')}")
    expect(why).to_contain_text(re.compile(r"\w+"))
    expect(why.locator("a[href$='#clause-4.2']")).to_be_visible()
    instead = page.locator("form[action$='/stop'] button")
    expect(instead).to_be_enabled()
    speaks_vietnamese(page)
    close_toasts(page)
    picture(page, "order-phone-vi")

    windows.shop.forward(1)
    customer.follow(lambda ms: expect(page.locator(".stage-done")).to_have_count(4, timeout=ms))
    expect(page.locator("progress.meter")).to_have_count(0)
    speaks_vietnamese(page)

    page.locator("#order-side a[href$='/refund']").click()
    page.locator("[value=not_as_expected]").check()
    gives = page.locator("#gives")
    expect(gives.locator("a[href$='#clause-3.4']").first).to_be_visible()
    expect(gives).to_contain_text("Trường hợp này không được hoàn Credit.")
    speaks_vietnamese(page)
    before = customer.balance()
    sent(page, gives.locator("button[type=submit]"))
    expect(page).to_have_url(re.compile(r"/requests/\d+$"))
    expect(page.locator("main a[href$='#clause-3.4']").first).to_be_visible()
    speaks_vietnamese(page)
    assert customer.balance() == before == "195,00"


def test_staff_work_and_a_reviewed_refund(windows: Windows) -> None:
    """5.1, 2.1: a translation by our own people is delivered as a file; a complaint is checked, decided and explained."""
    customer, agent = windows.open(follows=True), windows.open()
    page, desk = customer.sign_in("buyer"), agent.sign_in("agent")
    menu, translated = "Phở bò, bún chả, cà phê sữa đá\n".encode(), b"Beef noodle soup, grilled pork\n" * 40
    customer.go("/services/ANY-TRANS")
    page.get_by_label("Quantity").fill("4")
    page.get_by_label("What we should know").fill("Our menu, four pages. Keep the names of the dishes.")
    page.locator("#f-upload").set_input_files({"name": "thực đơn.txt", "mimeType": "text/plain", "buffer": menu})
    expect(page.locator("#files")).to_contain_text("thực đơn.txt")
    page.get_by_label("Start now").check()
    expect(page.get_by_text("Work can begin at once")).to_be_visible()
    sent(page, page.get_by_role("button", name="Order for 12.00 Credits"))
    number = page.url.rsplit("/", 1)[1]
    customer.follow(lambda ms: expect(badge(page)).to_have_text("Processing", timeout=ms))

    agent.go(f"/desk/work/{number}")
    expect(desk.get_by_text("Keep the names of the dishes.")).to_be_visible()
    with desk.expect_download() as started:
        desk.get_by_role("link", name="thực đơn.txt").click()
    assert started.value.path().read_bytes() == menu
    sent(desk, desk.get_by_role("button", name="Take it and begin"))
    desk.get_by_label("Units done in all").fill("3")
    sent(desk, desk.get_by_role("button", name="Save progress"))
    customer.follow(lambda ms: expect(page.locator(".stage-now")).to_contain_text("3 of 4", timeout=ms))
    desk.get_by_label("Note to the customer").fill("All four pages, prices as they were.")
    deliverable = {"name": "menu-en.txt", "mimeType": "text/plain", "buffer": translated}
    desk.get_by_label("Files to hand over").set_input_files(deliverable)
    sent(desk, desk.get_by_role("button", name="Deliver all and finish"))

    customer.follow(lambda ms: expect(badge(page)).to_have_text("Completed", timeout=ms))
    with page.expect_download() as received:
        page.get_by_role("link", name="menu-en.txt").click()
    assert received.value.path().read_bytes() == translated

    sent(page, page.get_by_role("link", name="Ask for a refund"))
    page.get_by_label("It was not delivered, or not all of it").check()
    expect(page.locator("#gives")).to_contain_text("A person decides")
    expect(page.locator("#gives").get_by_role("link", name="clause 5.1").first).to_be_visible()
    page.get_by_label("Tell us more").fill("The last page is missing: desserts and drinks.")
    sent(page, page.get_by_role("button", name="Send for review"))
    expect(badge(page)).to_have_text("In review")
    expect(page.locator("main p", has_text="Answer due by")).to_contain_text("Vietnam time")
    case = page.url.rsplit("/", 1)[1]

    agent.go(f"/desk/cases/{case}")
    decision = desk.locator("#decision")
    expect(decision).to_contain_text("Not decidable yet")
    expect(decision.get_by_role("button", name="Decide")).to_have_count(0)
    desk.get_by_text("Correct what was delivered").click()
    desk.get_by_label("Units as described").fill("3")
    desk.get_by_label("Evidence: what is wrong with the others").fill("The file ends after page three.")
    sent(desk, desk.get_by_role("button", name="Correct", exact=True))
    expect(decision).to_contain_text("3.00")  # what each finding would give
    desk.get_by_label("Evidence: what you saw and where").first.fill("menu-en.txt has no desserts and no drinks.")
    sent(desk, desk.get_by_role("button", name="Yes, confirmed").first)
    decide = decision.get_by_role("button", name="Decide: return 3.00 Credits")
    expect(decide).to_be_visible()
    expect(decision.get_by_role("link", name="clause 2.1")).to_be_visible()
    close_toasts(desk)
    picture(desk, "desk-case")
    desk.get_by_label("A word to the customer").fill("You are right, the last page is missing. We are sorry.")
    before = customer.balance()
    sent(desk, decide)

    customer.follow(lambda ms: expect(badge(page)).to_have_text("Credits returned", timeout=ms))
    expect(page.locator(".sum.plus")).to_contain_text("+3.00")
    expect(page.get_by_text("We are sorry.")).to_be_visible()
    page.get_by_text("Facts and arithmetic").click()
    expect(page.locator("main")).to_contain_text("12.00")
    expect(page.get_by_role("link", name="clause 2.1").first).to_be_visible()
    page.reload()
    assert money(customer.balance()) - money(before) == 3


def buy(windows: Windows, customer: Window, credits: str) -> None:
    """Asks for so many Credits on the wallet's page, and has an operator confirm the transfer."""
    page = customer.go("/wallet")
    page.locator("[name=credits]").fill(credits)
    expect(page.locator("#dong strong")).to_be_visible()
    sent(page, page.locator("#add button.btn-primary"))
    reference = page.locator("button.copy", has_text="SMM-").inner_text()
    operator = windows.open()
    desk = operator.sign_in("operator")
    operator.go("/desk/deposits")
    sent(desk, desk.get_by_role("article").filter(has_text=reference).locator("button.btn-primary"))
    customer.follow(lambda ms: expect(badge(page)).to_have_class(re.compile("st-good"), timeout=ms))
    operator.close()


def speaks_vietnamese(page: Page) -> None:
    """The page says that it is Vietnamese, and is."""
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    assert english_left(page) == [], page.url


def close_toasts(page: Page) -> None:
    """Closes what the shop said in passing."""
    for button in page.locator("#toasts button").all():
        button.click()


def money(text: str) -> float:
    """The number in an English amount of Credits."""
    return float(text.replace(",", ""))
