"""Reads a mail as it came: who, about what, which part is new, what hangs on it, and whether a program wrote it. Pure.

Nothing here raises for what a mail contains: what can't be read is left out, so that no mail is lost by its form.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import partial
from html import unescape
from typing import Any

import nh3
from imap_tools.message import MailMessage
from mailparser_reply.parser import EmailReplyParser

MAX_BODY = 20_000
"""Longest text of a mail that is kept, in characters; the rest is cut off with a mark."""

_AUTOMATIC_SUBJECT = re.compile(
    r"^\W*(auto(matic)?[ -]?(reply|response)|out of (the )?office|autoreply|vacation|trả lời tự động|vắng mặt"
    r"|abwesenheit|réponse automatique)",
    re.IGNORECASE,
)
_AUTOMATIC_HEADERS = (
    "List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Vacation", "X-Loop",
    "X-Failed-Recipients",
)  # fmt: skip
_QUOTE_STARTS = re.compile(
    r"^(>|_{5,}$|-{2,} ?(original message|thư gốc|tin nhắn gốc|forwarded message) ?-{2,}|(vào|on|lúc) .{4,200}"
    r"(đã viết|wrote|viết):? *$|(from|từ|de|von): .+@)",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL_ID = re.compile(r"^(?:Original-)?Message-ID:\s*(<[^<>\s]{3,300}>)", re.IGNORECASE | re.MULTILINE)
_IDS = re.compile(r"<[^<>\s]{3,300}>")
_MOST_IDS = 60


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a mail, as it came: nothing about it is believed."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A mail, read.

    Attributes:
        sender: the address in From, lower case; '' where there is none. From is forgeable.
        name: the name in From.
        recipients: every address that it was sent to, as text.
        message_id: its own Message-ID or ''.
        answers: the Message-IDs that it says it answers, the latest first.
        subject, body, quoted: the words; `body` is what is new, `quoted` what stood before.
        automatic: why a program is taken to have written it, or ''.
        bounced: the Message-ID of the mail of ours that came back, '' unless it is a bounce.
        mark: the header that our own mails carry, unverified.
        authentication: what mail servers on its way say that they checked, one text each, the last server's first.
        digest: the same for two copies of one mail, whatever way they came.
    """

    sender: str
    name: str
    recipients: str
    message_id: str
    answers: tuple[str, ...]
    subject: str
    body: str
    quoted: str
    automatic: str
    bounced: str
    mark: str
    authentication: tuple[str, ...]
    attachments: tuple[Attached, ...]
    digest: bytes


def read_mail(raw: bytes, *, our_header: str) -> Received:
    """The mail in these bytes; `our_header` is the header that only our own mails carry."""
    mail = MailMessage.from_bytes(raw)

    def header(name: str) -> str:
        return " ".join(_headers(mail, name))[:8_000]

    sender, name = _sender(mail)
    text = _clean(_tried(lambda: mail.text) or _as_text(_tried(lambda: mail.html)))
    body, quoted = split_reply(text)
    message_id = next(iter(_IDS.findall(header("Message-ID"))), "")
    subject = _clean(_tried(lambda: mail.subject)).replace("\n", " ")[:200]
    files = _attachments(mail)
    report = _report(mail, raw, sender)
    bounced = report if report.startswith("<") else ""
    automatic = "" if bounced else (report or _automatic(header, subject))
    key = [message_id, sender, subject, header("Date"), *text.split(), *(_hash(one.content) for one in files)]
    if not any(key):
        key = [_hash(raw)]
    to = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To")
    return Received(
        sender, name, " ".join(header(one) for one in to), message_id,
        tuple(dict.fromkeys(_IDS.findall(f"{header('In-Reply-To')} {_reversed(header('References'))}")))[:_MOST_IDS],
        subject, body, quoted, automatic, bounced, header(our_header),
        tuple(_headers(mail, "Authentication-Results"))[:5], files,
        hashlib.sha256("\n".join(key).encode("utf-8", "replace")).digest(),
    )  # fmt: skip


def split_reply(text: str) -> tuple[str, str]:
    """What is new in a text and what it quotes; a text that is nothing but quotes counts as new."""
    found = _QUOTE_STARTS.search(text)
    new, quoted = (text[: found.start()], text[found.start() :]) if found else (text, "")
    latest = _tried(lambda: EmailReplyParser(languages=["en"]).parse_reply(new)) or new
    if latest.strip() and new.strip().startswith(latest.strip()):
        quoted = new.strip()[len(latest.strip()) :] + quoted
        new = latest
    if not new.strip():
        new, quoted = text, ""
    cut = new.strip()
    if len(cut) > MAX_BODY:
        cut = cut[:MAX_BODY] + "\n[...]"
    return cut, quoted.strip()[:MAX_BODY]


def vouched(mail: Received, server: str) -> bool | None:
    """Whether our own mail server, by its name in Authentication-Results, found From to be true (DMARC, RFC 8601).

    None where no server is named or it says nothing. Our server has to remove such headers that others put in.
    """
    for said in mail.authentication:
        name, _semicolon, results = said.partition(";")
        if server and name.split()[:1] == [server]:
            found = re.search(r"\bdmarc=(\w+)", results)
            return found.group(1) == "pass" if found else None
    return None


def _automatic(header: Callable[[str], str], subject: str) -> str:
    submitted = header("Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted}"[:60]
    if header("Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "Precedence"
    for name in _AUTOMATIC_HEADERS:
        if header(name):
            return name
    return "subject" if _AUTOMATIC_SUBJECT.match(subject) else ""


def _report(mail: MailMessage, raw: bytes, sender: str) -> str:
    """Of a report by a mail server: the Message-ID of what came back, '<unknown>', or why it is only automatic."""
    kind = _tried(lambda: mail.obj.get_param("report-type")).lower()
    if _tried(lambda: mail.obj.get_content_type()) == "multipart/report" and kind != "delivery-status":
        return f"report: {kind}"[:60]
    if kind != "delivery-status" and not sender.startswith(("mailer-daemon@", "postmaster@")):
        return ""
    text = raw[:200_000].decode("utf-8", "replace").replace("\x00", "")
    if re.search(r"^Action:\s*(delayed|relayed|delivered|expanded)", text, re.IGNORECASE | re.MULTILINE):
        return "report: delayed"
    found = [one for said in _inner_ids(mail.obj) for one in _IDS.findall(_plain(said))] or _ORIGINAL_ID.findall(text)
    return str(found[-1]) if found else "<unknown>"


def _inner_ids(mail: Message) -> list[str]:
    """The Message-IDs of the mails that a report carries."""
    parts = list(_tried_any(lambda: list(mail.walk())) or [])
    return [str(part["Message-ID"]) for part in parts[1:] if part["Message-ID"]]


def _sender(mail: MailMessage) -> tuple[str, str]:
    values = _tried_any(lambda: mail.from_values)
    address = str(getattr(values, "email", "") or "").strip().lower()
    if not re.fullmatch(r"[^\s@<>\"',;:\x00-\x1f\x7f\ud800-\udfff]{1,64}@[a-z0-9.-]{1,253}", address):
        address = ""
    return address, _clean(str(getattr(values, "name", "") or "")).replace("\n", " ")[:120]


def _attachments(mail: MailMessage) -> tuple[Attached, ...]:
    found = []
    for one in _tried_any(lambda: mail.attachments) or []:
        content = _tried_any(partial(getattr, one, "payload")) or b""
        if content:
            found.append(Attached(_tried(partial(getattr, one, "filename")) or "file", bytes(content)))
    return tuple(found)


def _as_text(html: str) -> str:
    broken = re.sub(r"(?i)<(br|/p|/div|/li|/tr|/h[1-6])[^>]*>", "\n", html.replace("\x00", ""))
    return unescape(nh3.clean(broken, tags=set()))


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    kept = "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs", "Cf"))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def _headers(mail: MailMessage, name: str) -> list[str]:
    return [" ".join(_plain(str(one)).split()) for one in _tried_any(lambda: mail.obj.get_all(name)) or []]


def _plain(text: str) -> str:
    """Without what no database takes: NUL, and halves of characters that stand for bytes of an unknown encoding."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _reversed(text: str) -> str:
    return " ".join(reversed(_IDS.findall(text)))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tried(read: Callable[[], Any]) -> str:
    return str(_tried_any(read) or "")


def _tried_any(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # whatever a broken mail makes a parser raise
        return None
