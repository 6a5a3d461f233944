"""Mails as customers' mail programs write them, and people whose address is verified."""

from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from allauth.account.models import EmailAddress

from smmatic.accounts.queries import Person
from tests.builders import customer
from tests.mail.servers import SUPPORT

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
"""The smallest picture."""


def verified(credits: int = 0, *, language: str = "en", **more: Any) -> Person:
    """A customer who has shown that mails to their address reach them."""
    who = customer(credits, language=language, **more)
    EmailAddress.objects.create(user_id=who.id, email=who.email, verified=True, primary=True)
    return who


def letter(sender: str, body: str, *, subject: str = "A question", to: str = SUPPORT, **headers: str) -> EmailMessage:
    """A plain mail; underscores in header names stand for hyphens."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = make_msgid(domain="customers.example")
    mail["Date"] = "Sat, 28 Nov 2026 09:00:00 +0700"
    for name, value in headers.items():
        if name.replace("_", "-") in mail:
            del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def answer(
    to: EmailMessage, sender: str, body: str, *, wrote: str = "On Sat, 28 Nov 2026 at 09:00, SMMATIC wrote:", **headers: str
) -> EmailMessage:  # fmt: skip
    """What a mail program makes of 'reply' to a mail of ours: quoted, with its References and to its Reply-To.

    `wrote` is the line that it puts above the quotation, in the language of the program.
    """
    said = str(to.get_body(("plain",)).get_content()) if to.get_body(("plain",)) else ""
    quoted = "\n".join(f"> {line}" for line in said.splitlines())
    text = f"{body}\n\n{wrote}\n{quoted}\n"
    return letter(
        sender, text, subject=f"Re: {to['Subject']}", to=str(to["Reply-To"]), In_Reply_To=str(to["Message-ID"]),
        References=f"{to.get('References', '')} {to['Message-ID']}".strip(), **headers,
    )  # fmt: skip
