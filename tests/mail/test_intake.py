"""Mails that come in: each once, into its conversation, by a sender known no better than is proven; none changes money."""

from email.message import EmailMessage
from typing import Any

import pytest
from django.db import DatabaseError

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.database import execute, fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.notices import sweep
from smmatic.notices.bounces import note_due
from smmatic.notices.models import Mail
from smmatic.orders.queries import files_of
from smmatic.support import intake_actions, mailbox
from smmatic.support.actions import ask_customer, post_message, staff_reply
from smmatic.support.desk_queries import attachment_content, attachments_of, inbound, original
from smmatic.support.intake_actions import receive, sort_due
from smmatic.support.models import Conversation, Mailbox
from smmatic.support.queries import ConversationRow, MessageRow, conversation_of, conversations_of, messages_of
from smmatic.support.reply_address import reply_address
from tests.builders import customer, ledger_of, person, placed, reread
from tests.mail.servers import SUPPORT, MailServers
from tests.mail.writing import PNG, answer, letter, verified

pytestmark = pytest.mark.django_db


def take(mail: EmailMessage | bytes, envelope: str = "") -> bool:
    """Takes a mail in and sorts it; whether it was new."""
    new = receive(mail if isinstance(mail, bytes) else mail.as_bytes(), "page", envelope=envelope)
    sort_due(10_000)
    return new


def said(mark: str) -> list[dict[str, Any]]:
    """Every message that holds these words, with its conversation."""
    return fetch_all(
        "SELECT m.*, c.customer_id, c.order_id, c.waiting_for FROM support_message m"
        " JOIN support_conversation c ON c.id = m.conversation_id WHERE m.body LIKE %s ORDER BY m.id",
        [f"%{mark}%"],
    )


def only(mark: str) -> dict[str, Any]:
    """The one message with these words."""
    found = said(mark)
    assert len(found) == 1, found
    return found[0]


def thread_of(who: Person, servers: MailServers, body: str = "") -> tuple[int, EmailMessage]:
    """A thread that the customer began by mail, and staff's answer as it reached them."""
    body = body or f"Hello from {who.name}"
    take(letter(who.email, body))
    number = only(body)["conversation_id"]
    staff_reply(person(Role.AGENT), number, f"Our answer to {body}")
    post()
    return number, servers.of(who.email)[-1]


def post() -> None:
    """Writes and sends what is due."""
    while sweep.write_due(500):
        pass
    while sweep.send_due(500):
        pass


def test_a_mail_from_a_verified_address_becomes_a_conversation_of_that_customer_and_proves_nothing():
    who = verified()
    before = ledger_of(who)
    assert take(letter(who.email.upper(), "When does it begin? mark-a1", subject="Begin"))
    row = only("mark-a1")
    assert (row["customer_id"], row["proof"], row["author_id"], row["waiting_for"]) == (
        who.id,
        "claimed",
        None,
        "staff",
    )
    assert conversations_of(who)[0].topic == "Begin"
    assert ledger_of(who) == before


def test_an_address_that_nobody_verified_is_nobodys():
    who = customer(0)
    take(letter(who.email, "mark-a2"))
    assert (only("mark-a2")["customer_id"], only("mark-a2")["proof"]) == (None, "unknown")
    agent = person(Role.AGENT)
    take(letter(agent.email, "mark-a3 I am staff"))
    assert only("mark-a3")["customer_id"] is None


def test_our_own_mail_servers_word_decides_about_a_forged_from(settings):
    settings.SMMATIC_INBOUND_AUTHSERV = "mx.shop.example"
    who = verified()
    words = "mx.shop.example; spf=pass smtp.mailfrom=x; dmarc={}"
    for verdict, holder, proof in (("pass", who.id, "verified"), ("fail", None, "unknown"), ("", None, "unknown")):
        headers = {"Authentication_Results": words.format(verdict)} if verdict else {}
        take(letter(who.email, f"mark-v{verdict}.", **headers))
        row = only(f"mark-v{verdict}.")
        assert (row["customer_id"], row["proof"]) == (holder, proof)
    take(letter(who.email, "mark-vforged", Authentication_Results="mx.evil.example; dmarc=pass"))
    assert only("mark-vforged")["customer_id"] is None, "only our own server is believed"


def test_an_answer_finds_its_thread_by_the_signed_address_alone_and_by_the_message_id_alone(servers):
    who = verified()
    number, ours = thread_of(who, servers)
    assert "+" in ours["Reply-To"]
    bare = letter(who.email, "mark-b1", to=str(ours["Reply-To"]).upper())
    take(bare)
    take(letter(who.email, "mark-b2", In_Reply_To=str(ours["Message-ID"])))
    take(letter(who.email, "mark-b3", References=f"<x@y> {ours['Message-ID']}"))
    take(letter(who.email, "mark-b4"), envelope=str(ours["Reply-To"]))
    for mark in ("mark-b1", "mark-b2", "mark-b3", "mark-b4"):
        row = only(mark)
        assert (row["conversation_id"], row["proof"], row["author_id"]) == (number, "signed", who.id), mark


def test_a_forged_signature_lands_as_a_conversation_of_nobody_and_another_sender_is_marked(servers):
    who, stranger = verified(), verified()
    number, ours = thread_of(who, servers)
    forged = reply_address(number, SUPPORT, "not our secret")
    take(letter("thief@example.test", "mark-c1", to=forged))
    assert (only("mark-c1")["customer_id"], only("mark-c1")["proof"]) == (None, "unknown")
    assert only("mark-c1")["conversation_id"] != number
    take(answer(ours, stranger.email, "mark-c2"))
    assert (only("mark-c2")["conversation_id"], only("mark-c2")["proof"]) == (number, "other")
    assert only("mark-c2")["author_id"] is None
    moved = reply_address(number + 1, SUPPORT, "x").partition("-")[2]
    own = str(ours["Reply-To"]).partition("+")[2].partition("-")[0]
    take(letter(who.email, "mark-c3", to=f"support+{own}-{moved}"))
    assert only("mark-c3")["conversation_id"] != number


def test_staffs_answer_goes_out_in_the_thread_and_only_to_the_customers_own_address(servers):
    who = verified(language="vi")
    number, ours = thread_of(who, servers, "Bao giờ thì xong? mark-d")
    first = fetch_all("SELECT header_id FROM support_inbound WHERE conversation_id = %s", [number])[0]["header_id"]
    assert ours["In-Reply-To"].strip() == first
    assert first in ours["References"]
    assert ours["Subject"] == "Re: A question"
    assert "Auto-Submitted" not in ours
    assert str(ours["Reply-To"]) == reply_address(number, SUPPORT, _secret())
    assert str(number) in ours["Message-ID"]
    assert "trả lời thư này" in ours.get_body(("plain",)).get_content()


def _secret() -> str:
    from django.conf import settings

    return settings.SECRET_KEY


def test_quoted_text_is_folded_and_html_becomes_plain_words():
    who = verified()
    text = "Yes, please.\n\nVào Th 7, 28 thg 11, 2026 vào lúc 09:00 SMMATIC <support@smmatic.com> đã viết:\n> Shall we mark-e1?\n"
    take(letter(who.email, text, subject="e1"))
    row = fetch_all("SELECT * FROM support_message WHERE sender = %s", [who.email])[0]
    assert row["body"] == "Yes, please."
    assert "mark-e1" in row["quoted"]
    html = letter(who.email, "x")
    html.set_content(
        "<style>p{}</style><p>Hello <b>there</b> mark-e2</p><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;",
        subtype="html",
    )
    take(html)
    body = only("mark-e2")["body"]
    assert body.splitlines()[0].strip() == "Hello there mark-e2"
    assert "alert" not in body


def test_a_mail_about_an_order_of_ones_own_is_in_that_orders_conversation_and_another_ones_is_not():
    who, other = verified(1000), verified(1000)
    mine, theirs = placed(who), placed(other)
    take(letter(who.email, "mark-f1", subject=f"Đơn hàng #{mine.id}"))
    take(letter(who.email, "mark-f2", subject=f"order {theirs.id}"))
    assert only("mark-f1")["order_id"] == mine.id
    assert only("mark-f2")["order_id"] is None
    take(letter("nobody@example.test", "mark-f3", subject=f"order {theirs.id}"))
    assert (only("mark-f3")["order_id"], only("mark-f3")["customer_id"]) == (None, None)


def test_an_answer_by_mail_lets_a_waiting_order_go_on_only_when_it_is_signed(servers):
    who, agent = verified(1000), person(Role.AGENT)
    order = placed(who)
    ask_customer(agent, order.id, "Which shop?")
    post()
    ours = servers.of(who.email)[-1]
    take(letter(who.email, "The first. mark-g1", subject=f"order {order.id}"))
    assert reread(order.id).waiting_since is not None, "a mail that anybody can write moves nothing"
    take(answer(ours, who.email, "The second. mark-g2"))
    assert reread(order.id).waiting_since is None


def test_attachments_become_evidence_only_of_who_is_proven_and_what_is_no_such_file_is_named(servers):
    who = verified(1000)
    order = placed(who)
    post_message(who, order.id, "Look at this.")
    number = conversations_of(who)[0].id
    staff_reply(person(Role.AGENT), number, "Please send a picture.")
    post()
    mail = answer(servers.of(who.email)[-1], who.email, "mark-h1")
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="ảnh ../màn hình.png")
    mail.add_attachment(b"MZ\x90", maintype="image", subtype="png", filename="virus.png")
    take(mail)
    evidence = [one for one in files_of(order.id) if one.purpose == "evidence"]
    assert [(one.name, one.owner_id) for one in evidence] == [("màn hình.png", who.id)]
    files = attachments_of([_message(only("mark-h1"))])[only("mark-h1")["id"]]
    assert [(one.name, one.refused) for one in files] == [("màn hình.png", ""), ("virus.png", "file_kind")]
    claimed = letter(who.email, "mark-h2", subject=f"order {order.id}")
    claimed.add_attachment(PNG, maintype="image", subtype="png", filename="b.png")
    take(claimed)
    assert len([one for one in files_of(order.id) if one.purpose == "evidence"]) == 1
    kept = attachments_of([_message(only("mark-h2"))])[only("mark-h2")["id"]][0]
    assert attachment_content(who, kept.id) == ("b.png", "image/png", PNG)
    with pytest.raises(Refusal):
        attachment_content(customer(0), kept.id)


def _message(row: dict[str, Any]) -> MessageRow:
    return MessageRow(**{name: row[name] for name in MessageRow.__dataclass_fields__})


def test_a_bounce_is_shown_in_its_conversation_and_in_the_mail_log(servers):
    who = verified()
    number, ours = thread_of(who, servers)
    take(bounce_of(ours))
    row = conversation_of(person(Role.AGENT), number)
    assert row.waiting_for == "staff", "the customer has not got the answer"
    note = messages_of(person(Role.AGENT), number)[-1]
    assert (note.author_kind, note.internal) == ("system", True)
    assert [one.body for one in messages_of(who, number)][-1].startswith("Our answer")
    note_due()
    reference = str(ours["Message-ID"]).strip()[1:37]
    assert Mail.objects.get(reference=reference).bounced_at is not None


def bounce_of(ours: EmailMessage) -> bytes:
    """A delivery report as mail servers write them."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@smmatic.com\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Message-ID: <dsn-{}@mx.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nNo such box.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {}\r\n"
        "Subject: x\r\n\r\n--b--\r\n".format(str(ours["Message-ID"]).strip()[1:9], ours["Message-ID"])
    ).encode()


def test_an_automatic_answer_wakes_nobody_and_our_own_mail_is_known_by_its_signature_only(servers):
    who = verified()
    number, ours = thread_of(who, servers)
    take(answer(ours, who.email, "mark-i1 I am away", Auto_Submitted="auto-replied"))
    assert conversation_of(person(Role.AGENT), number).waiting_for == ""
    assert only("mark-i1")["internal"] is True
    take(letter("news@example.test", "mark-i2 buy", List_Unsubscribe="<mailto:x@y>"))
    assert only("mark-i2")["waiting_for"] == "", "kept to be read, and nobody is woken"
    echo = ours.as_bytes()
    take(echo)
    assert inbound(limit=1)[0].kind == "own"
    take(
        letter("clever@example.test", "mark-i3", X_SMMATIC_Mail="11111111-1111-4111-8111-111111111111.aaaaaaaaaaaaaaaa")
    )
    assert only("mark-i3")["waiting_for"] == "staff", "whoever only writes the header is read"


def test_copies_count_and_another_mail_with_the_same_message_id_is_not_swallowed():
    who = verified()
    mail = letter(who.email, "mark-j1")
    assert take(mail)
    assert not take(mail)
    assert not take(b"Received: from elsewhere\r\n" + mail.as_bytes())
    assert only("mark-j1")
    take(letter("thief@example.test", "mark-j2", Message_ID=str(mail["Message-ID"])))
    assert only("mark-j2")
    assert [row.copies for row in inbound(limit=10) if row.sender == who.email] == [2]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00\x00\x00", b"no headers at all, mark-k", b"From: \xff\xfe\r\nSubject: \xe1\xba\xbf\r\n\r\n\xff\xfe mark-k",
        b"From: a@b.c, d@e.f\r\nSubject: =?utf-8?b?!!!?=\r\n\r\nmark-k",
        b"From: x@y.z\r\nContent-Type: text/plain; charset=klingon\r\n\r\nmark-k \xfe",
        b"From: x@y.z\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n####",
        b"From: x@y.z\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\nmark-k",
        b"From: x@y.z\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 300,
        b"From: x@y.z\r\nMessage-ID: <\x00@x>\r\nDate: never\r\nReferences: " + b"<a@b> " * 5000 + b"\r\n\r\nmark-k",
        b"From: x@y.z\r\nSubject: " + b"x" * 100_000 + b"\r\n\r\nmark-k",
        b"From: x@y.z\r\n\r\n" + b"y" * 300_000,
    ],
)  # fmt: skip
def test_a_broken_mail_is_kept_and_never_ends_the_intake(raw: bytes):
    assert take(raw) or True
    assert fetch_all("SELECT count(*) AS n FROM support_inbound WHERE kind = 'new'")[0]["n"] == 0


def test_a_mail_that_can_not_be_sorted_is_given_to_a_person_with_its_original(monkeypatch):
    real = intake_actions._sort

    def fails(mail: Any, row: Any) -> None:
        if "mark-l" in mail.body:
            raise RuntimeError("no idea")
        real(mail, row)

    monkeypatch.setattr(intake_actions, "_sort", fails)
    monkeypatch.setattr(intake_actions, "RETRY_AFTER", intake_actions.timedelta(0))
    mail = letter("odd@example.test", "mark-l", subject="Odd one")
    receive(mail.as_bytes(), "page")
    for _turn in range(5):
        sort_due(10_000)
    row = next(one for one in inbound(limit=5) if one.sender == "odd@example.test")
    assert row.kind == "unreadable"
    assert row.conversation_id is not None
    assert b"mark-l" in original(person(Role.AGENT), row.conversation_id)
    assert Conversation.objects.get(id=row.conversation_id).waiting_for == "staff"


def test_the_mailbox_is_read_by_number_whoever_marked_a_mail_as_seen(servers):
    who = verified()
    servers.send(letter(who.email, "mark-m1"), SUPPORT, who.email)
    assert mailbox.poll() == 1
    servers.send(letter(who.email, "mark-m2"), SUPPORT, who.email)
    with mailbox._signed_in() as box:
        box.flag(box.uids(), "\\Seen", True)
    servers.send(letter(who.email, "mark-m3"), SUPPORT, who.email)
    assert mailbox.poll() == 2
    assert mailbox.poll() == 0
    sort_due(10_000)
    for mark in ("mark-m1", "mark-m2", "mark-m3"):
        assert only(mark)["customer_id"] == who.id
    Mailbox.objects.filter(name__startswith=servers.user).update(uid_validity=1)
    mailbox.poll()
    sort_due(10_000)
    assert len(said("mark-m")) == 3, "a mailbox whose numbers were given anew brings nothing twice"


def test_a_mailbox_that_can_not_be_reached_is_told_to_the_desk(servers, settings):
    settings.SMMATIC_INBOUND_PASSWORD = "wrong"
    assert mailbox.poll() == 0
    assert Mailbox.objects.get(name__startswith=servers.user).error


def test_conversations_keep_their_customer_and_mails_are_not_deleted():
    who, other = verified(), verified()
    take(letter(who.email, "mark-n"))
    number = only("mark-n")["conversation_id"]
    for statement in (
        "UPDATE support_conversation SET customer_id = %s WHERE id = %s",
        "UPDATE support_conversation SET origin = 'page', customer_id = %s WHERE id = %s",
    ):
        with pytest.raises(DatabaseError):
            execute(statement, [other.id, number])
    for table in ("support_inbound", "support_attachment", "support_conversation", "support_message"):
        with pytest.raises(DatabaseError):
            execute(f"DELETE FROM {table}")


def test_the_row_of_a_conversation_is_what_the_pages_read():
    assert set(ConversationRow.__dataclass_fields__) <= {field.attname for field in Conversation._meta.fields}
