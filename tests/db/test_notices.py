"""Every event that asks for a mail gets exactly one, in its customer's language, and no mail is sent twice."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import DatabaseError, connection
from django.test import Client

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.deposits.actions import confirm_deposit, decline_deposit, request_deposit
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute, fetch_all
from smmatic.notices import delivery, sweep
from smmatic.notices.queries import MailRow, counts, mail, mails, mails_of_order
from smmatic.notices.steps import write_mail
from smmatic.orders.steps import SYSTEM
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.situations import ClaimInput
from smmatic.support.actions import ask_customer, post_message, staff_message
from tests.builders import begun, customer, new_key, person, placed

pytestmark = pytest.mark.django_db

STORE = "smmatic.notices.backend.StoreBackend"


@pytest.fixture(autouse=True)
def _stored(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = STORE
    settings.EMAIL_HOST = ""
    monkeypatch.setattr(sweep, "_last_full", None)


def told(who: Person) -> list[MailRow]:
    """Everything that this customer is mailed, after sweeping until nothing is left."""
    while sweep.write_due(500):
        pass
    return mails(to=who.email)[::-1]


def subjects(who: Person) -> list[str]:
    return [row.subject for row in told(who)]


# --- writing


def test_placing_and_undoing_is_told_with_what_went_back():
    who = customer()
    order = placed(who)
    cancel(who, order.id, key=new_key())
    rows = told(who)
    assert [row.subject for row in rows] == [f"Order {order.id} is placed", f"Order {order.id} is cancelled"]
    assert "You can undo it for the full amount until" in rows[0].text
    assert "105.00 Credits are back in your wallet (clause 4.1 of the policy)." in rows[1].text
    assert f"http://127.0.0.1:8000/orders/{order.id}" in rows[1].text
    assert [(row.order_id, row.customer_id, row.state) for row in rows] == [(order.id, who.id, "kept")] * 2
    assert mails_of_order(order.id) == rows


def test_a_mail_is_in_its_customers_language():
    who = customer(language="vi")
    placed(who)
    row = told(who)[0]
    assert row.language == "vi"
    assert "Nạp tiền tài khoản quảng cáo TikTok" in row.text
    assert '<html lang="vi">' in row.html


def test_an_end_and_its_decision_are_one_mail_with_the_words_of_the_policy():
    who = customer()
    order = begun(who, delivered=40)
    told(who)
    fault = ClaimInput("fulfilment_fault", "verified", "provider", "account suspended upstream")
    decided = end_order(order.id, "partial", actor=SYSTEM, delivered=40, claims=[fault])
    assert decided is not None
    assert decided.case_id is not None
    rows = told(who)[1:]
    assert [row.subject for row in rows] == [f"Order {order.id}: Credits are back in your wallet"]
    assert rows[0].case_id == decided.case_id
    for words in (
        "Delivered: 40 of 100",
        "comes back to your wallet: 63.00 Credits",
        "Clause 2.1,",
        "= 63.00",
    ):
        assert words in rows[0].text
    assert f"/requests/{decided.case_id}" in rows[0].text


def test_a_request_that_needs_a_person_tells_until_when():
    who = customer()
    order = begun(who, delivered=10)
    told(who)
    request_refund(who, order.id, reason_code="not_delivered", words="Nothing since noon.", key=new_key())
    rows = told(who)[1:]
    assert [row.subject for row in rows] == [f"We are looking at order {order.id}"]
    assert "answers you by" in rows[0].text
    assert "(Vietnam time)" in rows[0].text


def test_a_refusal_of_a_refund_names_its_clause():
    who = customer()
    order = begun(who, delivered=10)
    told(who)
    request_refund(who, order.id, reason_code="not_as_expected", words="", key=new_key())
    rows = told(who)[1:]
    assert [row.subject for row in rows] == [f"Order {order.id}: the decision"]
    assert "Clause 3.4" in rows[0].text
    assert "Credits are back" not in rows[0].text


def test_questions_and_answers_of_staff_are_mailed_and_notes_are_not():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    told(who)
    post_message(who, order.id, "Hello?")
    staff_message(agent, order.id, "internal", internal=True)
    staff_message(agent, order.id, "We begin on Monday.")
    assert subjects(who)[1:] == [f"An answer about order {order.id}"]
    ask_customer(agent, order.id, "Which <b>shop</b>?")
    row = told(who)[-1]
    assert row.subject == f"A question about order {order.id}"
    assert "Which <b>shop</b>?" in row.text
    assert "Which &lt;b&gt;shop&lt;/b&gt;?" in row.html
    assert "internal" not in "".join(row.text for row in told(who))
    post_message(who, None, "General?")


def test_a_customers_question_reaches_the_support_mailbox_and_not_the_customer(settings):
    who = customer(language="vi")
    order = placed(who)
    told(who)
    post_message(who, order.id, "Bao giờ xong?")
    assert len(told(who)) == 1, "only the order itself is told to the customer"
    sweep.write_due()
    row = next(row for row in mails_of_order(order.id) if row.to == settings.SMMATIC_SUPPORT_ADDRESS)
    assert row.subject == f"Order {order.id}: {who.shown_name} writes"
    assert "Bao giờ xong?" in row.text
    assert "/desk/messages/" in row.text


def test_deposits_are_told():
    who, operator = customer(0), person(Role.OPERATOR)
    row = request_deposit(who, 100 * UNITS, new_key()).deposit
    confirm_deposit(operator, row.id, received=2_400_000)
    confirm_deposit(operator, row.id, received=2_400_000, why="The bank kept its fee.")
    other = request_deposit(who, 10 * UNITS, new_key()).deposit
    decline_deposit(operator, other.id, why="No money came.")
    rows = told(who)
    assert [line.subject for line in rows] == [
        f"Your transfer {row.reference} needs a look",
        "Your Credits are here",
        f"Your deposit {other.reference} was declined",
    ]
    assert "we expected 2,500,000" in rows[0].text
    assert "96.00 Credits are in your wallet" in rows[1].text
    assert "No money came." in rows[2].text


def test_sweeping_again_and_at_once_writes_nothing_twice():
    who = customer()
    for _turn in range(5):
        placed(who)

    def write(_turn: int) -> int:
        try:
            return sweep.write_due(500)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    assert len(told(who)) == 5


def test_an_event_whose_mail_fails_is_tried_again_and_holds_nobody_up(monkeypatch):
    who, other = customer(), customer()
    broken, fine = placed(who), placed(other)
    real = sweep.draft_of

    def draft_of(source: str, event_id: int) -> Any:
        draft = real(source, event_id)
        if draft and draft.order_id == broken.id:
            raise RuntimeError("no words for it")
        return draft

    monkeypatch.setattr(sweep, "draft_of", draft_of)
    sweep.write_due(500)
    assert mails_of_order(broken.id) == []
    assert len(mails_of_order(fine.id)) == 1
    monkeypatch.setattr(sweep, "draft_of", real)
    assert len(told(who)) == 1


def test_most_sweeps_look_back_minutes_and_the_first_looks_back_days():
    told(customer(0))
    assert sweep._last_full is not None
    assert not sweep._full_sweep_is_due()
    plan = str(fetch_all("EXPLAIN " + sweep.sql("notices/due.sql"), {"since": now(), "limit": 10}))
    for table in ("orders_event", "refunds_event", "support_message", "deposits_event"):
        assert table in plan, "the packages' functions must be inlined into the sweep"


# --- the log


def test_whatever_sends_mail_is_stored():
    to = f"{new_key()}@example.test"
    send_mail("Hello\nBcc: all@example.test", "Text", None, [to, f"2{to}"])
    message = EmailMultiAlternatives("With HTML", "Text", to=[to])
    message.attach_alternative("<p>Text</p>", "text/html")
    message.send()
    rows = mails(to=to)
    assert [(row.subject, row.state) for row in rows] == [
        ("With HTML", "kept"),
        ("Hello Bcc: all@example.test", "kept"),
    ]
    whole = mail(rows[0].id, with_secrets=True)
    assert whole is not None
    assert (whole.text, whole.html) == ("Text", "<p>Text</p>")
    assert [(row.text, row.html) for row in (*rows, mail(rows[0].id))] == [("", "")] * 3, "the desk reads no secrets"
    assert len(mails(to=f"2{to}")) == 1


def test_mails_kept_while_no_server_was_set_up_are_never_sent(settings, outbox):
    who = customer()
    placed(who)
    row = told(who)[0]
    assert row.state == "kept"
    settings.EMAIL_HOST = "mail.example.test"
    send_everything()
    assert outbox.to(who) == []
    with pytest.raises(DatabaseError):
        execute("UPDATE notices_mail SET state = 'prepared' WHERE id = %s", [row.id])


# --- sending


class Outbox:
    """Stands where the mail server stands: keeps what it was given, or fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[EmailMultiAlternatives] = []
        self.on_open: Exception | None = None
        self.on_send: Exception | None = None

    def open(self) -> None:
        if self.on_open:
            raise self.on_open

    def send_messages(self, messages: list[EmailMultiAlternatives]) -> int:
        self.sent.extend(messages)
        if self.on_send:
            raise self.on_send
        return len(messages)

    def close(self) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    def to(self, who: Person) -> list[EmailMultiAlternatives]:
        return [message for message in self.sent if message.to == [who.email]]


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    box = Outbox()
    monkeypatch.setattr(delivery, "get_connection", lambda *_a, **_k: box)
    return box


def send_everything() -> None:
    while sweep.send_due(500):
        pass


def prepared(who: Person, settings: Any) -> MailRow:
    """One mail of an event that is ready to be sent."""
    settings.EMAIL_HOST = "mail.example.test"
    write_mail(to=who.email, subject="News", text="Text", html="<p>Text</p>", event_key=f"order:test{new_key()}")
    row = mails(to=who.email)[0]
    assert row.state == "prepared"
    return row


def state_of(row: MailRow) -> str:
    found = mail(row.id)
    assert found is not None
    return found.state


def test_a_mail_is_sent_once_with_a_stable_id(settings, outbox):
    who = customer(0)
    row = prepared(who, settings)
    send_everything()
    send_everything()
    assert state_of(row) == "sent"
    assert len(outbox.to(who)) == 1
    message = outbox.to(who)[0].message()
    assert message["Message-ID"].endswith("@smmatic.com>")
    assert (message["Subject"], message["Reply-To"]) == ("News", "support@smmatic.com")


def test_senders_at_once_send_each_mail_once(settings, outbox):
    people = [customer(0) for _ in range(12)]
    for who in people:
        prepared(who, settings)

    def send(_turn: int) -> int:
        try:
            return sweep.send_due(50)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(16)))
    assert [len(outbox.to(who)) for who in people] == [1] * 12


def test_a_mail_found_half_sent_after_a_crash_is_uncertain_and_not_sent_again(settings, outbox):
    who = customer(0)
    row = prepared(who, settings)
    execute(
        "UPDATE notices_mail SET state = 'sending', sending_at = now() - interval '11 minutes' WHERE id = %s", [row.id]
    )
    send_everything()
    assert state_of(row) == "uncertain"
    assert outbox.to(who) == []
    assert counts()["uncertain"] >= 1


@pytest.mark.parametrize(
    ("on_open", "on_send", "state"),
    [
        (ConnectionRefusedError("no"), None, "prepared"),
        (smtplib.SMTPAuthenticationError(535, b"no"), None, "prepared"),
        (None, smtplib.SMTPRecipientsRefused({"a": (550, b"no such box")}), "failed"),
        (None, smtplib.SMTPRecipientsRefused({"a": (450, b"later")}), "prepared"),
        (None, smtplib.SMTPDataError(552, b"too large"), "failed"),
        (None, smtplib.SMTPDataError(451, b"later"), "prepared"),
        (None, TimeoutError("no answer"), "uncertain"),
        (None, smtplib.SMTPServerDisconnected("gone"), "uncertain"),
    ],
)
def test_what_the_server_answers_decides_whether_to_try_again(settings, outbox, on_open, on_send, state):
    who = customer(0)
    row = prepared(who, settings)
    outbox.on_open, outbox.on_send = on_open, on_send
    sweep.send_due(50)
    assert state_of(row) == state
    assert mail(row.id).error
    outbox.on_open = outbox.on_send = None
    outbox.sent.clear()
    send_everything()
    assert outbox.to(who) == [], "it waits before the next attempt, or is never tried again"
    execute("UPDATE notices_mail SET send_after = now() WHERE id = %s AND state = 'prepared'", [row.id])
    send_everything()
    assert len(outbox.to(who)) == (1 if state == "prepared" else 0)


def test_after_some_attempts_a_mail_is_given_up(settings, outbox):
    who = customer(0)
    row = prepared(who, settings)
    outbox.on_open = ConnectionRefusedError("no")
    for _turn in range(sweep.MAX_ATTEMPTS):
        execute("UPDATE notices_mail SET send_after = now() WHERE id = %s", [row.id])
        sweep.send_due(50)
    assert state_of(row) == "failed"


def test_a_mail_that_waited_too_long_is_not_sent(settings, outbox):
    who = customer(0)
    row = prepared(who, settings)
    execute("UPDATE notices_mail SET written_at = %s WHERE id = %s", [now() - timedelta(days=4), row.id])
    send_everything()
    assert (state_of(row), outbox.to(who)) == ("failed", [])


def test_a_link_that_gives_access_is_not_kept_after_sending(settings, outbox):
    settings.EMAIL_HOST = "mail.example.test"
    who = customer(0)
    send_mail("Choose a new password", "https://example.test/secret", None, [who.email])
    send_everything()
    row = mail(mails(to=who.email)[0].id, with_secrets=True)
    assert (row.state, row.text, row.html) == ("sent", "", "")
    assert "secret" in outbox.to(who)[0].body


# --- the development page


def test_the_mails_of_this_machine_can_be_read_in_the_browser(settings):
    settings.SMMATIC_DEV_MAIL = True
    who = customer()
    order = placed(who)
    row = told(who)[0]
    client = Client()
    listed = client.get("/dev/mail", {"to": who.email})
    assert f"Order {order.id} is placed" in listed.content.decode()
    shown = client.get(f"/dev/mail/{row.id}").content.decode()
    assert f'href="http://127.0.0.1:8000/orders/{order.id}"' in shown
    assert client.get(f"/dev/mail/{2**62}").status_code == 404
    assert client.get(f"/dev/mail/{2**70}").status_code == 404


def test_nobody_else_reads_the_mails_of_this_machine(settings):
    settings.SMMATIC_DEV_MAIL = True
    for address in ("203.0.113.7", "10.0.0.1", "::ffff:203.0.113.7", "nonsense"):
        assert Client(REMOTE_ADDR=address).get("/dev/mail").status_code == 404
    settings.SMMATIC_DEV_MAIL = False
    assert Client().get("/dev/mail").status_code == 404


def test_a_mail_shows_what_people_wrote_as_text(settings):
    settings.SMMATIC_DEV_MAIL = True
    to = f"{new_key()}@example.test"
    send_mail("<script>alert(1)</script>", "<script>alert(2)</script> javascript:alert(3)", None, [to])
    shown = Client().get(f"/dev/mail/{mails(to=to)[0].id}").content.decode()
    assert "<script>alert" not in shown
    assert 'href="javascript' not in shown
