"""A question about an order, from the customer's mail program to the answer and the credited refund, in Vietnamese.

The shop sends through a real SMTP server and reads a real IMAP mailbox; the customer has a mail program and a browser.
"""

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import PHONE, Windows, open_shop, picture, until
from tests.e2e.test_browser_stories import PASSWORD, buy, close_toasts, sent, speaks_vietnamese
from tests.mail.servers import SUPPORT, MailServers, mail_servers
from tests.mail.writing import PNG, answer, letter

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]
EMAIL = "hoa.thu@mail.test"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[MailServers]:
    with mail_servers(tmp_path) as made:
        yield made


@pytest.fixture
def shop_windows(
    servers: MailServers, worker_id: str, running_browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Windows]:
    """Windows on a shop that sends and receives mail."""
    folder = tmp_path_factory.mktemp("mailshop")
    with open_shop(f"smmatic_mailshop_{worker_id}", folder, orders=0, more=servers.environment()) as shop:
        opened = Windows(shop, running_browser)
        yield opened
        opened.close()
        assert not opened.watch.seen, "\n".join(opened.watch.seen)


def waits_for(servers: MailServers, fits: Callable[[EmailMessage], Any]) -> EmailMessage:
    """The newest mail to the customer that fits, once it has arrived."""
    until(
        lambda: any(fits(mail) for mail in servers.of(EMAIL)),
        f"no such mail among {[m['Subject'] for m in servers.of(EMAIL)]}",
    )
    return [mail for mail in servers.of(EMAIL) if fits(mail)][-1]


def words(mail: EmailMessage) -> str:
    """What a mail says."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def looks(browser: Browser, mail: EmailMessage, name: str, *, dark: bool) -> None:
    """Looks at a mail as a phone shows it: nothing is cut off, and it is a picture for the documentation."""
    part = mail.get_body(("html",))
    assert part is not None
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.set_content(part.get_content())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it fits a phone"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(15, 21, 20)") is dark, ground
    picture(page, name)
    context.close()


def ordered(windows: Windows, servers: MailServers) -> tuple[Any, Page, Any, Page, str]:
    """A new customer whose address is verified by the link in a mail, and a translation that was delivered to them."""
    customer, agent = windows.open(language="vi", size=PHONE, follows=True), windows.open()
    page, desk = customer.go("/account/signup/?lang=vi"), agent.sign_in("agent")
    page.locator("[name=name]").fill("Quán Bún Chả Hoa")
    page.locator("[name=email]").fill(EMAIL)
    page.locator("[name=password1]").fill(PASSWORD)
    sent(page, page.locator("main form button[type=submit]"))
    link = re.search(
        r"http://\S+/confirm-email/\S+", words(waits_for(servers, lambda mail: "confirm-email" in words(mail)))
    )
    assert link is not None
    page.goto(link.group())
    sent(page, page.locator("main form button[type=submit]"))
    buy(windows, customer, "100")
    customer.go("/services/ANY-TRANS")
    page.locator("[name=quantity]").fill("4")
    page.locator("[name=brief]").fill("Thực đơn bốn trang.")
    page.locator("[name=start_now]").check()
    sent(page, page.locator("#live button[type=submit]"))
    number = page.url.rsplit("/", 1)[1]
    customer.follow(lambda ms: expect(page.locator(".stage-done").first).to_be_visible(timeout=ms))
    agent.go(f"/desk/work/{number}")
    sent(desk, desk.get_by_role("button", name="Take it and begin"))
    desk.get_by_label("Note to the customer").fill("Đủ bốn trang.")
    desk.get_by_label("Files to hand over").set_input_files(
        {"name": "menu.txt", "mimeType": "text/plain", "buffer": b"Beef noodle soup\n" * 30}
    )
    sent(desk, desk.get_by_role("button", name="Deliver all and finish"))
    return customer, page, agent, desk, number


def test_from_the_mail_program_to_the_answer_and_the_credited_refund(
    shop_windows: Windows, servers: MailServers, running_browser: Browser
) -> None:
    customer, page, agent, desk, number = ordered(shop_windows, servers)
    done = waits_for(servers, lambda mail: number in str(mail["Subject"]) and "hoàn thành" in str(mail["Subject"]))
    looks(running_browser, done, "mail-phone-light", dark=False)
    looks(running_browser, done, "mail-phone-dark", dark=True)

    asked = letter(EMAIL, "Chào shop, trang cuối của thực đơn đâu ạ?", subject=f"Đơn hàng #{number}: thiếu trang cuối")
    servers.send(asked, SUPPORT, EMAIL)
    agent.go("/desk/messages")
    row = desk.locator(".desk-row", has_text=f"about order {number}")
    until(lambda: desk.reload() and row.count() == 1, "the mail does not come to the desk")
    sent(desk, row)
    expect(desk.get_by_text("trang cuối của thực đơn đâu ạ?")).to_be_visible()
    expect(desk.locator(".talk").get_by_text("by mail")).to_be_visible()
    desk.locator("#f-write-body").fill(
        "Chào bạn, bạn gửi giúp ảnh trang cuối, rồi bấm 'Yêu cầu hoàn Credit' trên trang đơn hàng nhé."
    )
    close_toasts(desk)
    picture(desk, "desk-conversation")
    sent(desk, desk.get_by_role("button", name="Send"))

    ours = waits_for(servers, lambda mail: "gửi giúp ảnh" in words(mail))
    assert ours["Subject"] == f"Re: Đơn hàng #{number}: thiếu trang cuối"
    assert str(ours["In-Reply-To"]).strip() == str(asked["Message-ID"]).strip()
    wrote = "Vào Th 7, 28 thg 11, 2026 vào lúc 09:00 SMMATIC đã viết:"
    reply = answer(ours, EMAIL, "Ảnh đây ạ, tệp chỉ có ba trang.", wrote=wrote)
    reply.add_attachment(PNG, maintype="image", subtype="png", filename="trang cuối.png")
    servers.send(reply, str(ours["Reply-To"]), EMAIL)
    agent.go(f"/desk/orders/{number}")
    file = desk.get_by_role("link", name="trang cuối.png")
    until(lambda: desk.reload() and file.count() > 0, "the picture does not become evidence")

    link = re.search(rf"http://\S+/orders/{number}\b", words(ours))
    assert link is not None
    page.goto(link.group())
    expect(page.locator("#talk")).to_contain_text("tệp chỉ có ba trang")
    speaks_vietnamese(page)
    page.locator("#order-side a[href$='/refund']").click()
    page.locator("[value=not_delivered]").check()
    page.locator("[name=words]").fill("Thiếu trang cuối, như trong ảnh.")
    sent(page, page.locator("#gives button[type=submit]"))
    case = page.url.rsplit("/", 1)[1]
    speaks_vietnamese(page)

    agent.go(f"/desk/cases/{case}")
    expect(desk.get_by_text("tệp chỉ có ba trang")).to_be_visible()
    desk.get_by_text("Correct what was delivered").click()
    desk.get_by_label("Units as described").fill("3")
    desk.get_by_label("Evidence: what is wrong with the others").fill("Tệp dừng ở trang ba.")
    sent(desk, desk.get_by_role("button", name="Correct", exact=True))
    desk.get_by_label("Evidence: what you saw and where").first.fill("Ảnh của khách.")
    sent(desk, desk.get_by_role("button", name="Yes, confirmed").first)
    sent(desk, desk.locator("#decision").get_by_role("button", name="Decide: return 3.00 Credits"))

    back = waits_for(servers, lambda mail: "3,00 Credit" in words(mail))
    assert number in str(back["Subject"])
    customer.go("/wallet")
    expect(page.locator("main")).to_contain_text("+3,00")
    speaks_vietnamese(page)
    customer.go("/help")
    speaks_vietnamese(page)
    assert not [mail for mail in servers.of(EMAIL) if "Internal" in words(mail)]
