"""Finds events that ask for a mail, writes the mails, and sends what is written."""

import logging
import random
import time
from datetime import timedelta

from django.conf import settings

from smmatic.accounts.queries import person
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all, fetch_one, sql
from smmatic.notices.delivery import deliver
from smmatic.notices.draft import Draft
from smmatic.notices.letters.sources import draft_of
from smmatic.notices.models import Mail
from smmatic.notices.queries import wants_mail
from smmatic.notices.steps import mail_is_set_up, write_mail, write_notice

_log = logging.getLogger(__name__)

WINDOW = timedelta(days=3)
"""How far back a full sweep looks: after a longer stop, older events are told on the pages only."""

RECENT = timedelta(minutes=15)
"""How far back an ordinary sweep looks; longer than any transaction of ours takes to commit."""

FULL_EVERY_SECONDS = 3600
SOME = 50
"""How many mails a worker writes in one go."""
MAX_AGE = timedelta(days=3)
MAX_ATTEMPTS = 8

_last_full: float | None = None


def write_some() -> int:
    """As `write_due`, for some of what is due, drawn by lot: several workers at work seldom write the same mail."""
    return write_due(share=SOME)


def write_due(limit: int = 200, *, share: int | None = None) -> int:
    """Writes a mail for each event that asks for one and has none, in the customer's language; how many are done.

    `share`: of the oldest `limit` that are due, write so many, drawn by lot; None for all of them.
    Most sweeps look back minutes; the first of a process and one an hour look back days, so that nothing falls through.
    An event whose mail can't be written is logged and tried again at the next sweep; the others go on.
    """
    full = _full_sweep_is_due()
    since = now() - (WINDOW if full else RECENT)
    rows = fetch_all(sql("notices/due.sql"), {"since": since, "limit": limit})
    done = 0
    for row in rows if share is None or share >= len(rows) else random.sample(rows, share):
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
    if not mail_is_set_up():
        return 0
    stuck = timedelta(seconds=settings.SMMATIC_MAIL_STUCK_SECONDS)
    Mail.objects.filter(state="sending", sending_at__lt=now() - stuck).update(
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
    if draft is None:
        write_mail(to="", subject="", text="", event_key=key, skip="")
        return
    to, language = _recipient(draft)
    if not to:
        write_mail(to="", subject="", text="", event_key=key, skip="")
        return
    letters = {code: draft.letter(code) for code, _name in settings.LANGUAGES}
    # The mail's row is what says that the event is done, so the notice comes before it.
    if draft.customer_id is not None and not draft.quiet:
        write_notice(draft, list(letters.values()), key)
    letter = letters[language]
    wanted = draft.essential or draft.customer_id is None or wants_mail(draft.customer_id, draft.topic)
    write_mail(
        to=to, subject=letter.subject, text=letter.text, html=letter.html, language=language,
        customer_id=draft.customer_id, order_id=draft.order_id, case_id=draft.case_id, event_key=key,
        topic=draft.topic.value, thread=draft.thread, automatic=draft.automatic,
        skip=None if wanted else "the customer chose to get none of this kind",
    )  # fmt: skip


def _recipient(draft: Draft) -> tuple[str, str]:
    """Where the letter goes, '' for nowhere, and in which language."""
    if draft.address:
        return draft.address, draft.language or settings.LANGUAGE_CODE
    customer = person(draft.customer_id) if draft.customer_id is not None else None
    return (customer.email, customer.language) if customer else ("", "")


def _full_sweep_is_due() -> bool:
    return _last_full is None or time.monotonic() - _last_full > FULL_EVERY_SECONDS


def _note_full_sweep() -> None:
    global _last_full  # the one state of a process: losing it costs one longer sweep
    _last_full = time.monotonic()
