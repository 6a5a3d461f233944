"""Polls the support mailbox over IMAP. A mail is recorded before the mailbox is touched; marking it as seen is only a
courtesy to people who look into the same mailbox: what was read is known by its number (UID).
"""

import contextlib
import logging
import ssl
import time
from datetime import timedelta
from threading import Thread

from django.conf import settings
from django.db import connections
from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted, MailMessageFlags

from smmatic.kernel.clock import now
from smmatic.support.intake_actions import receive
from smmatic.support.models import Mailbox

_log = logging.getLogger(__name__)
_last: float | None = None
_thread: Thread | None = None
BATCH = 50
LEASE = timedelta(seconds=120)
TIMEOUT_SECONDS = 20


def poll_due() -> int:
    """Looks into the mailbox every SMMATIC_INBOUND_SECONDS, beside the other work: a slow server holds nothing up."""
    global _last, _thread  # the state of a process: losing it costs one earlier look
    waits = _last is not None and time.monotonic() - _last < settings.SMMATIC_INBOUND_SECONDS
    if not settings.SMMATIC_INBOUND_HOST or waits or (_thread is not None and _thread.is_alive()):
        return 0
    _last = time.monotonic()
    _thread = Thread(target=_look, name="mailbox", daemon=True)
    _thread.start()
    return 0


def poll() -> int:
    """Takes in what is new in the mailbox, at most BATCH; how many mails were looked at.

    Of several workers one looks at a time. A server that can't be reached is logged, noted and tried again.
    """
    name = f"{settings.SMMATIC_INBOUND_USER}@{settings.SMMATIC_INBOUND_HOST}/{settings.SMMATIC_INBOUND_FOLDER}"[:400]
    Mailbox.objects.bulk_create([Mailbox(name=name)], ignore_conflicts=True)
    mine = Mailbox.objects.filter(name=name)
    if not mine.exclude(lease_until__gt=now()).update(lease_until=now() + LEASE):
        return 0
    error, taken = "", 0
    try:
        taken = _poll(mine.get())
    except (OSError, ImapToolsError, ssl.SSLError) as trouble:
        error = f"{type(trouble).__name__}: {trouble}"[:300]
        _log.warning("the mailbox can't be read: %s", error)
    mine.update(lease_until=None, error=error, **({} if error else {"polled_at": now()}))
    return taken


def _look() -> None:
    try:
        while poll() >= BATCH:
            pass
    except Exception:
        _log.exception("the mailbox could not be polled")
    finally:
        connections.close_all()


def _poll(box: Mailbox) -> int:
    with _signed_in() as server:
        status = server.folder.status(settings.SMMATIC_INBOUND_FOLDER, ["UIDVALIDITY", "UIDNEXT"])
        if box.uid_validity != status["UIDVALIDITY"]:
            _begin_anew(server, box, status)
        # 'n:*' names the last mail too where none is above n, so what comes back is compared.
        new = [uid for uid in _uids(server, f"UID {box.last_uid + 1}:*") if uid > box.last_uid]
        uids = sorted({*new, *_uids(server, AND(seen=False))})[:BATCH]
        for uid in uids:
            raw = _raw(server, str(uid))
            if raw is not None:
                receive(raw, "imap")
            box.last_uid = max(box.last_uid, uid)
            Mailbox.objects.filter(id=box.id).update(lease_until=now() + LEASE, last_uid=box.last_uid)
            server.flag(str(uid), MailMessageFlags.SEEN, True)
    return len(uids)


def _begin_anew(server: BaseMailBox, box: Mailbox, status: dict[str, int]) -> None:
    """Of a mailbox that is seen for the first time what is unseen is taken; of one whose numbers were given anew,
    whatever came since the day before the last look too: what is known already is recognised.
    """
    box.last_uid = status["UIDNEXT"] - 1
    if box.polled_at is not None:
        since = (box.polled_at - timedelta(days=1)).date()
        box.last_uid = min([box.last_uid, *(uid - 1 for uid in _uids(server, AND(date_gte=since)))])
    box.uid_validity = status["UIDVALIDITY"]
    box.save(update_fields=["uid_validity", "last_uid"])


def _signed_in() -> contextlib.AbstractContextManager[BaseMailBox]:
    kind = MailBox if settings.SMMATIC_INBOUND_TLS else MailBoxUnencrypted
    box: BaseMailBox = kind(settings.SMMATIC_INBOUND_HOST, settings.SMMATIC_INBOUND_PORT, timeout=TIMEOUT_SECONDS)
    return box.login(settings.SMMATIC_INBOUND_USER, settings.SMMATIC_INBOUND_PASSWORD, settings.SMMATIC_INBOUND_FOLDER)


def _uids(server: BaseMailBox, criteria: object) -> list[int]:
    return [int(uid) for uid in server.uids(criteria)]  # type: ignore[arg-type]  # imap-tools takes texts too


def _raw(server: BaseMailBox, uid: str) -> bytes | None:
    """The mail as it stands on the server, without marking it; None where it is gone meanwhile."""
    status, data = server.client.uid("fetch", uid, "(BODY.PEEK[])")
    if status != "OK":
        return None
    return next((bytes(part[1]) for part in data or [] if isinstance(part, tuple)), None)
