"""Two hundred mails through a real SMTP and a real IMAP server: threads, loops, copies, forged senders, odd encodings,
broken headers, attachments. Each lands once in its conversation, none is lost, and nothing goes round in a circle.

Every check has a control: a bug that is planted, and that it must find.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.database import fetch_all
from smmatic.kernel.ids import new_readable_code
from smmatic.notices.bounces import note_due
from smmatic.support import intake_actions, mailbox, reading
from smmatic.support.actions import post_message, staff_reply
from smmatic.support.intake_actions import sort_due
from smmatic.support.reply_address import reply_address
from tests.builders import person
from tests.mail.servers import SUPPORT, MailServers
from tests.mail.test_intake import bounce_of, post
from tests.mail.writing import PNG, answer, letter, verified

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]


@dataclass
class Sent:
    """A mail of the trial: its mark, and where it has to be afterwards.

    `where` is a conversation, 0 for one of its own that belongs to `holder` (None: nobody), or None for no message.
    """

    mark: str
    where: int | None
    holder: int | None = None
    internal: bool = False
    kind: str = "message"


class Trial:
    """Customers with a thread each, and mails of every kind from them and from others."""

    def __init__(self, servers: MailServers, threads: int) -> None:
        self.servers, self.sent, self.code = servers, [], new_readable_code(10)
        self.agent = person(Role.AGENT)
        self.threads: list[tuple[Person, int, EmailMessage]] = []
        for number in range(threads):
            who = verified(language="vi" if number % 2 else "en")
            thread = post_message(who, None, f"{self.code} page {number}").conversation_id
            staff_reply(self.agent, thread, f"{self.code} answer {number}")
            self.threads.append((who, thread, EmptyMail))
        post()
        self.threads = [(who, thread, servers.of(who.email)[-1]) for who, thread, _mail in self.threads]

    def mark(self) -> str:
        return f"{self.code}-{len(self.sent):03}."

    def put(
        self, mail: EmailMessage | bytes, sent: Sent, *, to: str = "", sender: str = "x@example.test", times: int = 1
    ) -> None:
        """Sends a mail so often, and notes where it belongs."""
        for _copy in range(times):
            self.servers.send(mail, to or SUPPORT, sender)
        self.sent.append(sent)

    def answers(self, count: int) -> None:
        """Answers in threads: most by everything, some with one trace left only."""
        for number in range(count):
            who, thread, ours = self.threads[number % len(self.threads)]
            mark = self.mark()
            mail = answer(ours, who.email, f"Câu trả lời {mark}")
            if number % 4 == 1:
                del mail["In-Reply-To"], mail["References"]
            if number % 4 == 2:
                mail.replace_header("To", SUPPORT)
            if number % 4 == 3:
                del mail["Message-ID"]
            to = SUPPORT if number % 4 == 2 else str(ours["Reply-To"]).upper()
            self.put(mail, Sent(mark, thread), to=to, sender=who.email, times=1 + (number % 5 == 0))

    def fresh(self, count: int) -> None:
        """New questions of customers, in the encodings that mail programs use."""
        for number in range(count):
            who = self.threads[number % len(self.threads)][0]
            mark = self.mark()
            mail = letter(who.email, "x", subject=f"Câu hỏi {number}")
            charset, transfer = ENCODINGS[number % len(ENCODINGS)]
            mail.set_content(f"{WORDS.get(charset, 'Hello')} {mark}", charset=charset, cte=transfer)
            self.put(mail, Sent(mark, 0, who.id), sender=who.email, times=1 + (number % 7 == 0))

    def files(self, count: int) -> None:
        """Answers with files, good and bad, few and many."""
        for number in range(count):
            who, thread, ours = self.threads[number % len(self.threads)]
            mark = self.mark()
            mail = answer(ours, who.email, f"See the files. {mark}")
            for one in range((1, 3, 12)[number % 3]):
                content, name = ((PNG, f"hình {one}.png"), (b"MZ" + bytes([one]), "x.png"))[one % 2]
                mail.add_attachment(content, maintype="image", subtype="png", filename=name)
            self.put(mail, Sent(mark, thread), to=str(ours["Reply-To"]), sender=who.email)

    def forged(self, count: int) -> None:
        """Reply addresses that are made up, and senders that are."""
        for number in range(count):
            who, thread, _ours = self.threads[number % len(self.threads)]
            mark = self.mark()
            if number % 2:
                mail = letter("thief@example.test", mark, to=reply_address(thread, SUPPORT, f"guess {number}"))
                self.put(mail, Sent(mark, 0, None), to=str(mail["To"]))
            else:
                mail = letter(f"{who.name}@evil.example", mark, subject=f"I am {who.email}", Reply_To=who.email)
                self.put(mail, Sent(mark, 0, None))

    def programs(self, count: int) -> None:
        """What programs write: absences, newsletters, our own mails that come back round, reports of mails that did not arrive."""
        for number in range(count):
            who, thread, ours = self.threads[number % len(self.threads)]
            mark = self.mark()
            if number % 4 == 0:
                mail = answer(ours, who.email, f"Tôi vắng mặt. {mark}", Auto_Submitted="auto-replied")
                self.put(mail, Sent(mark, thread, internal=True, kind="automatic"), to=str(ours["Reply-To"]))
            elif number % 4 == 1:
                echo = ours.as_bytes(policy=policy.SMTP).replace(b"SMMATIC", b"Smmatic", 1 + number)
                self.put(echo + mark.encode(), Sent(mark, None, kind="own"), to=str(ours["Reply-To"]))
            elif number % 4 == 2:
                raw = bounce_of(ours).replace(b"Returned to Sender", mark.encode())
                self.put(raw, Sent(mark, thread, internal=True, kind="bounce"), sender="")
            else:
                mail = letter("news@example.test", f"Buy. {mark}", List_Id="<news>", Precedence="bulk")
                self.put(mail, Sent(mark, 0, None, kind="automatic"))

    def broken(self, count: int) -> None:
        """Mails with headers and bodies that no standard knows."""
        for number in range(count):
            mark = self.mark()
            raw = BROKEN[number % len(BROKEN)].replace(b"MARK", mark.encode()).replace(b"NUMBER", str(number).encode())
            self.put(raw, Sent(mark, 0, None))

    def run(self) -> None:
        """Polls, sorts, writes and sends until nothing comes any more; never more rounds than there are mails."""
        for _round in range(len(self.sent) + 5):
            polled = mailbox.poll()
            sorted_now = sort_due(10_000)
            note_due()
            before = len(self.servers.taken)
            post()
            if not polled and not sorted_now and len(self.servers.taken) == before:
                return
        raise AssertionError("it goes round in a circle")

    def problems(self) -> list[str]:
        """Mails that are lost, doubled, or where they don't belong."""
        found = []
        for sent in self.sent:
            rows = fetch_all(
                "SELECT m.conversation_id, m.internal, c.customer_id, c.origin FROM support_message m"
                " JOIN support_conversation c ON c.id = m.conversation_id WHERE m.body LIKE %s",
                [f"%{sent.mark}%"],
            )
            wanted = 0 if sent.where is None else 1
            if len(rows) != wanted:
                found.append(f"{sent.mark} {sent.kind}: stands {len(rows)} times instead of {wanted}")
            for row in rows:
                if sent.where and row["conversation_id"] != sent.where:
                    found.append(f"{sent.mark} is in conversation {row['conversation_id']} instead of {sent.where}")
                if sent.where == 0 and (row["customer_id"] != sent.holder or row["origin"] != "mail"):
                    found.append(f"{sent.mark} belongs to {row['customer_id']} instead of {sent.holder}")
                if row["internal"] != sent.internal:
                    found.append(f"{sent.mark}: internal is {row['internal']}")
        return found


EmptyMail = EmailMessage()
ENCODINGS = [
    ("utf-8", "8bit"), ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("utf-16", "base64"), ("koi8-r", "base64"),
    ("gb2312", "quoted-printable"), ("iso-2022-jp", "7bit"), ("windows-1258", "quoted-printable"), ("latin-1", "8bit"),
]  # fmt: skip
WORDS = {
    "utf-8": "Bao giờ xong ạ?",
    "koi8-r": "Когда?",
    "gb2312": "什么时候",
    "iso-2022-jp": "いつですか",
    "utf-16": "Đợi",
}
BROKEN = [
    b"Subject: no sender NUMBER\r\n\r\nMARK\r\n",
    b"From: =?utf-8?q?broken?\r\nSubject: =?klingon?b?!!?= NUMBER\r\n\r\nMARK\r\n",
    b"From: \xff\xfe@\xff\r\nSubject: \xc4\x90\xc6\xa1n NUMBER\r\n\r\nMARK \xff\xfe\r\n",
    b"From: a@b.example\r\nContent-Type: text/plain; charset=nonsense\r\nX: NUMBER\r\n\r\nMARK \xe1\xba\xbf\r\n",
    b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\nDate: yesterday\r\n\r\n--x\r\n\r\nMARK NUMBER\r\n",
    b"From: a@b.example, c@d.example\r\nMessage-ID: not an id NUMBER\r\nReferences: <><<>>\r\n\r\nMARK\r\n",
    b"From : a@b.example\r\n garbage\r\n\r\nMARK NUMBER\r\n",
    b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>MARK<p>NUMBER<script>alert(1)\r\n",
    b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\nMARK NUMBER\r\n",
    b"From: a@b.example\r\nSubject: " + b"very long\r\n " * 3000 + b"NUMBER\r\n\r\nMARK\r\n",
]  # fmt: skip


@pytest.fixture
def trial(servers: MailServers) -> Callable[[int], Trial]:
    """Makes a trial with so many threads."""
    return lambda threads: Trial(servers, threads)


def test_two_hundred_mails_land_once_each_where_they_belong(trial: Callable[[int], Trial]) -> None:
    made = trial(8)
    made.answers(60)
    made.fresh(45)
    made.files(15)
    made.forged(24)
    made.programs(32)
    made.broken(24)
    assert len(made.sent) == 200
    answered = len(made.servers.taken)
    made.run()
    assert made.problems() == []
    incoming = fetch_all("SELECT count(*) AS n FROM support_inbound WHERE kind = 'new'")[0]["n"]
    assert incoming == 0
    assert len(made.servers.taken) == answered, "nothing that came in made us send anything"
    files = fetch_all(
        "SELECT count(*) FILTER (WHERE refused = '') AS kept, count(*) FILTER (WHERE refused <> '') AS refused"
        " FROM support_attachment a JOIN support_message m ON m.id = a.message_id WHERE m.body LIKE %s",
        [f"%{made.code}%"],
    )[0]
    assert files["kept"] + files["refused"] == 5 * (1 + 3 + 12)
    assert files["kept"] == 5 * (1 + 2 + 5)


def test_a_customers_absence_notice_and_our_notices_never_answer_each_other(servers: MailServers) -> None:
    """Every mail to a customer is answered by their absence notice; our notice of their page message comes to our own
    mailbox. Both end after one round.
    """
    who = verified()

    def away(to: str, mail: EmailMessage) -> None:
        servers.deliver(answer(mail, to, "Away.", Auto_Submitted="auto-replied").as_bytes(), str(mail["Reply-To"]))

    servers.on_mail = away
    made = Trial(servers, 2)
    post_message(who, None, "Hello from the page")
    made.run()
    sent = len(servers.taken)
    made.run()
    assert len(servers.taken) == sent


def plant_no_signature(patch: pytest.MonkeyPatch) -> None:
    def believes(addresses: str, ids: Any, _secret: str) -> int | None:
        found = reply_parts(addresses, ids)
        return int(found) if found else None

    patch.setattr(intake_actions, "signed_conversation", believes)


def reply_parts(addresses: str, ids: Any) -> str:
    from smmatic.support.reply_address import _IN_ADDRESS

    found = _IN_ADDRESS.search(addresses)
    return found.group(1) if found else ""


def plant_no_copies(patch: pytest.MonkeyPatch) -> None:
    real = reading.read_mail

    def forgetful(raw: bytes, *, our_header: str) -> Any:
        from dataclasses import replace
        from hashlib import sha256

        return replace(real(raw, our_header=our_header), digest=sha256(new_readable_code(20).encode()).digest())

    patch.setattr(intake_actions, "read_mail", forgetful)


def plant_no_programs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_automatic", lambda *_a: "")
    patch.setattr(reading, "_report", lambda *_a: "")


def plant_own_unknown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake_actions, "is_ours", lambda *_a: False)


def plant_loses(patch: pytest.MonkeyPatch) -> None:
    def seen_only(server: Any, uid: str) -> bytes | None:
        return None if int(uid) % 5 == 0 else real(server, uid)

    real = mailbox._raw
    patch.setattr(mailbox, "_raw", seen_only)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (plant_no_signature, "instead of None"), (plant_no_copies, "2 times"), (plant_no_programs, "internal is False"),
        (plant_own_unknown, "own: stands 1"), (plant_loses, "stands 0 times"),
    ],
)  # fmt: skip
def test_the_trial_finds_a_planted_bug(
    trial: Callable[[int], Trial],
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    says: str,
) -> None:
    made = trial(2)
    made.answers(6)
    made.forged(4)
    made.programs(4)
    plant(monkeypatch)
    made.run()
    assert any(says in one for one in made.problems()), made.problems()
