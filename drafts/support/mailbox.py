"""Polls the support mailbox over IMAP: a mail is marked as seen only after it is safely in the database."""

import contextlib
import logging
import socket
import ssl
import time

from django.conf import settings
from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted, MailMessageFlags

from smmatic.support.intake_actions import take_in

_log = logging.getLogger(__name__)
_last: float | None = None
BATCH = 50


def poll() -> int:
    """Takes in what is new in the mailbox, at most every SMMATIC_INBOUND_SECONDS; how many mails were taken in.

    A server that can't be reached is logged and tried again; what was taken in and not yet marked is recognised as the
    same mail when it is read again.
    """
    global _last  # the one state of a process: losing it costs one earlier poll
    if not settings.SMMATIC_INBOUND_HOST or (
        _last is not None and time.monotonic() - _last < settings.SMMATIC_INBOUND_SECONDS
    ):
        return 0
    _last = time.monotonic()
    try:
        return _poll()
    except (OSError, ImapToolsError, ssl.SSLError, socket.timeout) as error:
        _log.warning("the mailbox can't be read: %s", error)
        return 0


def _poll() -> int:
    kind = MailBox if settings.SMMATIC_INBOUND_TLS else MailBoxUnencrypted
    taken = 0
    with contextlib.ExitStack() as stack:
        box: BaseMailBox = kind(settings.SMMATIC_INBOUND_HOST, settings.SMMATIC_INBOUND_PORT, timeout=20)
        stack.enter_context(
            box.login(
                settings.SMMATIC_INBOUND_USER, settings.SMMATIC_INBOUND_PASSWORD, settings.SMMATIC_INBOUND_FOLDER
            )
        )
        uids = box.uids(AND(seen=False))[:BATCH]
        for uid in uids:
            raw = _raw(box, uid)
            if raw is not None:
                take_in(raw, "imap")
                taken += 1
            box.flag(uid, MailMessageFlags.SEEN, True)
    return taken


def _raw(box: BaseMailBox, uid: str) -> bytes | None:
    """The mail as it stands on the server, without marking it; None where it is gone meanwhile."""
    status, data = box.client.uid("fetch", uid, "(BODY.PEEK[])")
    if status != "OK":
        return None
    return next((bytes(part[1]) for part in data or [] if isinstance(part, tuple)), None)
