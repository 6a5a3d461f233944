"""Reads a mail as it came: who, about what, which part is new, what hangs on it, and whether a program wrote it. Pure.

Nothing here raises for what a mail contains: what can't be read is left out, so that no mail is lost by its form.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import nh3
from imap_tools.message import MailMessage
from mailparser_reply import EmailReplyParser

MAX_BODY = 20_000
"""Longest text of a mail that is kept, in characters; the rest is cut off with a mark."""

_AUTOMATIC_SUBJECT = re.compile(
    r"^\W*(auto(matic)?[ -]?(reply|response)|out of (the )?office|autoreply|vacation|trả lời tự động|vắng mặt|abwesenheit"
    r"|réponse automatique)",
    re.IGNORECASE,
)
_QUOTE_STARTS = re.compile(
    r"^(>|_{5,}$|-{2,} ?(original message|thư gốc|tin nhắn gốc|forwarded message) ?-{2,}|(vào|on|lúc) .{4,200}"
    r"(đã viết|wrote|viết):? *$|(from|từ|de|von): .+@)",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL_ID = re.compile(r"^(?:Original-)?Message-ID:\s*(<[^<>\s]{3,300}>)", re.IGNORECASE | re.MULTILINE)
_TAGS = {"a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "li", "ol", "p", "pre",
         "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}  # fmt: skip


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
        answers: the Message-IDs that it says it answers, as text.
        subject, body, quoted: the words; `body` is what is new, `quoted` what stood before.
        html: the formatted text, made safe: no image, style, script or form.
        automatic: why a program is taken to have written it, or ''.
        bounced: the Message-ID of the mail of ours that came back, '' unless it is a bounce.
        ours: whether it is a mail of our own.
        digest: the same for two copies of one mail, whatever way they came.
    """

    sender: str
    name: str
    recipients: str
    message_id: str
    answers: str
    subject: str
    body: str
    quoted: str
    html: str
    automatic: str
    bounced: str
    ours: bool
    attachments: tuple[Attached, ...]
    digest: bytes


def read_mail(raw: bytes, *, our_header: str) -> Received:
    """The mail in these bytes; `our_header` is the header that only our own mails carry."""
    mail = MailMessage.from_bytes(raw)
    headers: Callable[[str], str] = lambda name: _header(mail, name)  # noqa: E731  # a name for what is asked often
    sender, name = _sender(mail)
    html = _tried(lambda: mail.html)
    text = _clean(_tried(lambda: mail.text) or _as_text(html))
    body, quoted = split_reply(text)
    message_id = _one_id(headers("Message-ID"))
    subject = _clean(_tried(lambda: mail.subject)).replace("\n", " ")[:200]
    kind = _tried(lambda: mail.obj.get_content_type())
    bounce = kind == "multipart/report" or sender.startswith(("mailer-daemon@", "postmaster@"))
    key = "\n".join((message_id, sender, subject, headers("Date"), text))
    return Received(
        sender, name, " ".join(headers(one) for one in ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")),
        message_id, f"{headers('In-Reply-To')} {headers('References')}"[:8_000], subject, body, quoted,
        safe_html(html), "" if bounce else _automatic(headers, subject), _bounced(raw) if bounce else "",
        bool(headers(our_header)), _attachments(mail), hashlib.sha256(key.encode("utf-8", "replace")).digest(),
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


def safe_html(html: str) -> str:
    """The formatted text without anything that loads, runs, hides or imitates a page of ours."""
    cleaned = nh3.clean(
        html.replace("\x00", ""), tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
    return cleaned[: MAX_BODY * 4]


def _automatic(headers: Callable[[str], str], subject: str) -> str:
    submitted = headers("Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted}"[:60]
    if headers("Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "Precedence"
    for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Vacation", "X-Loop"):
        if headers(name):
            return name
    return "subject" if _AUTOMATIC_SUBJECT.match(subject) else ""


def _bounced(raw: bytes) -> str:
    """The Message-ID of what came back: the last one in the report, else a mark that it is unknown."""
    found = _ORIGINAL_ID.findall(raw.decode("utf-8", "replace"))
    return str(found[-1]) if found else "<unknown>"


def _sender(mail: MailMessage) -> tuple[str, str]:
    values = _tried_any(lambda: mail.from_values)
    address = str(getattr(values, "email", "") or "").strip().lower()
    if not re.fullmatch(r"[^\s@<>\"',;:]{1,64}@[a-z0-9.-]{1,253}", address):
        address = ""
    return address, _clean(str(getattr(values, "name", "") or "")).replace("\n", " ")[:120]


def _attachments(mail: MailMessage) -> tuple[Attached, ...]:
    found = []
    for one in _tried_any(lambda: mail.attachments) or []:
        content = _tried_any(lambda one=one: one.payload) or b""
        if content:
            found.append(Attached(_tried(lambda one=one: one.filename) or "file", bytes(content)))
    return tuple(found)


def _as_text(html: str) -> str:
    broken = re.sub(r"(?i)<(br|/p|/div|/li|/tr|/h[1-6])[^>]*>", "\n", html)
    return unescape(nh3.clean(broken, tags=set()))


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    kept = "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs", "Cf"))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def _header(mail: MailMessage, name: str) -> str:
    return " ".join(str(_tried_any(lambda: " ".join(map(str, mail.obj.get_all(name) or []))) or "").split())[:8_000]


def _one_id(text: str) -> str:
    found = re.search(r"<[^<>\s]{3,300}>", text)
    return found.group() if found else ""


def _tried(read: Callable[[], Any]) -> str:
    return str(_tried_any(read) or "")


def _tried_any(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # whatever a broken mail makes a parser raise
        return None
