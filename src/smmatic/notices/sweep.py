"""Finds events that ask for a mail, writes the mails, and sends what is written."""

import logging
import time
from datetime import timedelta

from django.conf import settings

from smmatic.accounts.queries import person
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all, fetch_one, sql
from smmatic.notices.delivery import deliver
from smmatic.notices.letters import draft_of
from smmatic.notices.models import Mail
from smmatic.notices.steps import write_mail

_log = logging.getLogger(__name__)

WINDOW = timedelta(days=3)
"""How far back a full sweep looks: after a longer stop, older events are told on the pages only."""

RECENT = timedelta(minutes=15)
"""How far back an ordinary sweep looks; longer than any transaction of ours takes to commit."""

FULL_EVERY_SECONDS = 3600
STUCK = timedelta(minutes=10)
"""After this a mail that is still being sent belongs to a process that died."""

MAX_AGE = timedelta(days=3)
MAX_ATTEMPTS = 8

_last_full: float | None = None


def write_due(limit: int = 200) -> int:
    """Writes a mail for each event that asks for one and has none, in the customer's language; how many are done.

    Most sweeps look back minutes; the first of a process and one an hour look back days, so that nothing falls through.
    An event whose mail can't be written is logged and tried again at the next sweep; the others go on.
    """
    full = _full_sweep_is_due()
    since = now() - (WINDOW if full else RECENT)
    rows = fetch_all(sql("notices/due.sql"), {"since": since, "limit": limit})
    done = 0
    for row in rows:
        try:
            _write(row["source"], row["event_id"])
            done += 1
        except Exception:
            _log.exception("no mail for %s:%s", row["source"], row["event_id"])
    if full and len(rows) < limit:
        _note_full_sweep()
    return done


def send_due(limit: int = 50) -> int:
    """Sends what is prepared, each mail at most once; how many were sent. Does nothing where no mail server is set up.

    A mail is marked before it is handed over; one that is found so after a crash is 'uncertain' and not sent again.
    """
    if not settings.EMAIL_HOST:
        return 0
    Mail.objects.filter(state="sending", sending_at__lt=now() - STUCK).update(
        state="uncertain", error="the process that was sending it stopped"
    )
    Mail.objects.filter(state="prepared", written_at__lt=now() - MAX_AGE).update(
        state="failed", error="too old to send"
    )
    sent = 0
    for _turn in range(limit):
        claimed = fetch_one(sql("notices/claim.sql"))
        if claimed is None:
            break
        sent += _send(claimed["id"], claimed["attempts"])
    return sent


def _send(mail_id: int, attempts: int) -> bool:
    delivery = deliver(Mail.objects.get(id=mail_id))
    claimed = Mail.objects.filter(id=mail_id, state="sending")
    if delivery.outcome == "sent":
        claimed.update(state="sent", sent_at=now(), error="")
        # Links that give access, such as a new password's, are not kept longer than needed.
        Mail.objects.filter(id=mail_id, event_key=None).update(text="", html="")
        return True
    if delivery.outcome == "again" and attempts < MAX_ATTEMPTS:
        claimed.update(state="prepared", error=delivery.error, send_after=now() + timedelta(minutes=2**attempts))
        return False
    claimed.update(state="uncertain" if delivery.outcome == "uncertain" else "failed", error=delivery.error)
    _log.error("mail %s is %s: %s", mail_id, delivery.outcome, delivery.error)
    return False


def _write(source: str, event_id: int) -> None:
    key = f"{source}:{event_id}"
    draft = draft_of(source, event_id)
    customer = person(draft.customer_id) if draft else None
    if draft is None or customer is None:
        write_mail(to="", subject="", text="", event_key=key, skip=True)
        return
    to = settings.SMMATIC_SUPPORT_ADDRESS if draft.to_support else customer.email
    language = settings.LANGUAGE_CODE if draft.to_support else customer.language
    letter = draft.letter(language)
    write_mail(
        to=to, subject=letter.subject, text=letter.text, html=letter.html, language=language,
        customer_id=customer.id, order_id=draft.order_id, case_id=draft.case_id, event_key=key,
    )  # fmt: skip


def _full_sweep_is_due() -> bool:
    return _last_full is None or time.monotonic() - _last_full > FULL_EVERY_SECONDS


def _note_full_sweep() -> None:
    global _last_full  # the one state of a process: losing it costs one longer sweep
    _last_full = time.monotonic()
