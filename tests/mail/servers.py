"""A real SMTP server (aiosmtpd) and a real IMAP server (pymap over a maildir) for the tests, on ports of the system's choice.

What is sent to the support address, with or without a plus, lands in the mailbox that the shop polls, with the headers
that a mail server adds. What is sent to anybody else lands in `inboxes`, as in their own mail program.
"""

import contextlib
import mailbox
import secrets
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from pymap.backend.maildir.users import PasswordsFile, UsersFile
from pysasl.hashing import BuiltinHash

SUPPORT = "support@smmatic.com"
PATIENCE = 30.0


class MailServers:
    """Both servers, with what went through them."""

    def __init__(self, folder: Path) -> None:
        self.user, self.password = f"box-{secrets.token_hex(4)}", secrets.token_hex(8)
        self.folder = folder
        self.inboxes: dict[str, list[EmailMessage]] = {}
        self.taken: list[bytes] = []
        self.on_mail: Callable[[str, EmailMessage], None] | None = None
        self._box = mailbox.Maildir(str(folder / self.user), create=True)
        self._make_user()
        self._smtp = Controller(self, hostname="127.0.0.1", port=_free_port())
        self._smtp.start()
        self.smtp_port, self.imap_port = self._smtp.port, _free_port()
        self._imap = subprocess.Popen(
            [str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(self.imap_port), "--no-tls",
             "maildir", str(folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_for(self.imap_port)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # aiosmtpd's name
        raw = bytes(envelope.original_content or envelope.content)
        self.taken.append(raw)
        for to in envelope.rcpt_tos:
            self.deliver(raw, str(to), str(envelope.mail_from or ""))
        return "250 OK"

    def deliver(self, raw: bytes, to: str, sender: str = "", *, trace: bool = True) -> None:
        """Puts a mail where it belongs, as a mail server does: with its path and its recipient above the headers."""
        local, _, domain = to.lower().partition("@")
        if f"{local.partition('+')[0]}@{domain}" == SUPPORT:
            head = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode() if trace else b""
            self._box.add(head + raw)
            return
        mail = message_from_bytes(raw, policy=policy.default)
        self.inboxes.setdefault(to.lower(), []).append(mail)
        if self.on_mail:
            self.on_mail(to.lower(), mail)

    def send(self, raw: bytes | EmailMessage, to: str, sender: str) -> None:
        """Sends a mail from somebody's mail program."""
        content = raw if isinstance(raw, bytes) else raw.as_bytes(policy=policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.sendmail(sender, [to], content)

    def of(self, address: str) -> list[EmailMessage]:
        """What somebody has received."""
        return self.inboxes.get(address.lower(), [])

    def environment(self) -> dict[str, str]:
        """The variables for a shop that sends and polls here."""
        return {
            "SMMATIC_EMAIL_HOST": "127.0.0.1", "SMMATIC_EMAIL_PORT": str(self.smtp_port), "SMMATIC_EMAIL_TLS": "false",
            "SMMATIC_INBOUND_HOST": "127.0.0.1", "SMMATIC_INBOUND_PORT": str(self.imap_port),
            "SMMATIC_INBOUND_TLS": "false", "SMMATIC_INBOUND_USER": self.user,
            "SMMATIC_INBOUND_PASSWORD": self.password, "SMMATIC_INBOUND_SECONDS": "0.5",
        }  # fmt: skip

    def point(self, settings: Any) -> None:
        """The same for this process, with pytest-django's `settings`."""
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", self.smtp_port, False
        settings.EMAIL_BACKEND = "smmatic.notices.backend.StoreBackend"
        settings.SMMATIC_INBOUND_HOST, settings.SMMATIC_INBOUND_PORT = "127.0.0.1", self.imap_port
        settings.SMMATIC_INBOUND_TLS = False
        settings.SMMATIC_INBOUND_USER, settings.SMMATIC_INBOUND_PASSWORD = self.user, self.password

    def close(self) -> None:
        """Ends both."""
        self._smtp.stop()
        self._imap.kill()
        self._imap.wait()

    def _make_user(self) -> None:
        base = str(self.folder)
        users, passwords = UsersFile(base), PasswordsFile(base)
        users.set(users.build_record(self.user, self.user))
        passwords.set(passwords.build_record(self.user, BuiltinHash(rounds=1000).hash(self.password)))
        for file in (users, passwords):
            with open(file.get_file(base), "w", newline="") as out:
                file.write(out)


@contextlib.contextmanager
def mail_servers(folder: Path) -> Iterator[MailServers]:
    """Both servers for a block."""
    servers = MailServers(folder)
    try:
        yield servers
    finally:
        servers.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")
