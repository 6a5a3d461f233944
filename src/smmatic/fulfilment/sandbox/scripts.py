"""The scripted behaviours of the sandbox provider. Pure.

An order picks its behaviour like a test card does: by the last two digits of its link or account number, or by a word
``sandbox-script-<name>`` anywhere in the link. Everything else is delivered in full. The same link always behaves in
the same way; time only enters as the share of the delivery time that has passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Submit(StrEnum):
    """What happens to the call that hands the order over."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    TIMEOUT_AFTER = "timeout_after"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_ALWAYS = "timeout_always"
    ERROR_AFTER = "error_after"
    ERROR_BEFORE = "error_before"
    HTML_AFTER = "html_after"
    TRUNCATED_AFTER = "truncated_after"
    CUT_AFTER = "cut_after"
    SHAPE_AFTER = "shape_after"
    RATE_LIMITED = "rate_limited"


class End(StrEnum):
    """How the delivery ends."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    NEVER = "never"


class Report(StrEnum):
    """How far the reported counts are from the truth."""

    TRUE = "true"
    ABOVE = "above"
    NEGATIVE = "negative"
    FALLING = "falling"
    MISSING = "missing"
    TEXT = "text"
    UNKNOWN_WORD = "unknown_word"


class Read(StrEnum):
    """What is wrong with answers to status questions."""

    OK = "ok"
    ERROR = "error"
    HTML = "html"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    MISSING = "missing"


class Stop(StrEnum):
    """What a stop request leads to."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    TOO_LATE = "too_late"
    SILENT = "silent"
    TIMEOUT_AFTER = "timeout_after"


class Lookup(StrEnum):
    """How questions about our reference are answered."""

    OK = "ok"
    ERROR = "error"
    LATE = "late"
    """Says 'no such order' until the delivery time has passed once."""


@dataclass(frozen=True, slots=True)
class Script:
    """One behaviour. ``permille`` of the quantity is really delivered; ``start`` is the share of the delivery time that
    passes before the first unit; ``slow`` multiplies the delivery time; ``faulty_reads`` is how many status answers in
    a row are spoiled."""

    digits: str
    name: str
    what: str
    submit: Submit = Submit.ACCEPT
    code: str = ""
    permille: int = 1000
    ends: End = End.COMPLETED
    start: float = 0.1
    slow: int = 1
    fault: str = ""
    alleges: str = ""
    words: str = ""
    report: Report = Report.TRUE
    read: Read = Read.OK
    faulty_reads: int = 3
    stop: Stop = Stop.CONFIRM
    lookup: Lookup = Lookup.OK


_SUBMISSION = (
    Script("00", "deliver_all", "delivers all; so does every link that picks nothing"),
    Script(
        "01",
        "refuse_account",
        "refuses at submission: the account is not usable",
        Submit.REFUSE,
        "bad_account",
        words="This account cannot be served.",
    ),
    Script(
        "02",
        "refuse_service",
        "refuses at submission: the service is not available",
        Submit.REFUSE,
        "service_unavailable",
        words="This service is not available now.",
    ),
    Script(
        "03",
        "refuse_balance",
        "refuses at submission: our balance there is too low",
        Submit.REFUSE,
        "no_balance",
        words="Not enough funds on balance.",
    ),
    Script(
        "04",
        "refuse_link",
        "refuses at submission: the link cannot be used",
        Submit.REFUSE,
        "bad_link",
        words="Incorrect link.",
    ),
    Script("10", "timeout_after_effect", "takes the order and never answers; a lookup finds it", Submit.TIMEOUT_AFTER),
    Script(
        "11",
        "timeout_before_effect",
        "never answers and has not taken the order, every other call",
        Submit.TIMEOUT_BEFORE,
    ),
    Script("12", "error_after_effect", "takes the order and answers 500", Submit.ERROR_AFTER),
    Script(
        "13", "error_before_effect", "answers 500 and has not taken the order, every other call", Submit.ERROR_BEFORE
    ),
    Script("14", "html_after_effect", "takes the order and answers with an HTML page", Submit.HTML_AFTER),
    Script("15", "truncated_after_effect", "takes the order and answers with half the JSON", Submit.TRUNCATED_AFTER),
    Script("16", "rate_limited", "answers 429 and has not taken the order, every other call", Submit.RATE_LIMITED),
    Script("17", "cut_after_effect", "takes the order and cuts the connection", Submit.CUT_AFTER),
    Script("18", "wrong_shape_after_effect", "takes the order and answers JSON of another shape", Submit.SHAPE_AFTER),
    Script(
        "19",
        "lost_for_good",
        "takes the order, never answers, and fails at every lookup",
        Submit.TIMEOUT_AFTER,
        lookup=Lookup.ERROR,
    ),
    Script(
        "20",
        "lookup_late",
        "takes the order, never answers, and finds it only after the delivery time",
        Submit.TIMEOUT_AFTER,
        lookup=Lookup.LATE,
    ),
    Script("21", "never_takes", "never answers and never takes the order", Submit.TIMEOUT_ALWAYS),
)
_DELIVERY = (
    Script(
        "30",
        "error_after_40",
        "its own error after 40 % is delivered",
        permille=400,
        ends=End.FAILED,
        fault="own_error",
        words="Stopped by an error on our side.",
    ),
    Script(
        "31",
        "outage_after_40",
        "an outage of the platform after 40 % is delivered",
        permille=400,
        ends=End.FAILED,
        fault="outage",
        words="The platform is down.",
    ),
    Script(
        "32",
        "condition_unmet",
        "fails with nothing delivered: the service's condition is not met",
        permille=0,
        ends=End.FAILED,
        fault="condition_unmet",
        words="The conditions of this service cannot be met.",
    ),
    Script("33", "partial_then_stop", "stops for good after 60 % and names no cause", permille=600, ends=End.PARTIAL),
    Script("34", "stall_half", "stalls for ever at 50 %", permille=500, ends=End.NEVER),
    Script("35", "never_starts", "never starts", permille=0, ends=End.NEVER),
    Script("36", "slow_start", "delivers nothing for most of the time, then all", start=0.8),
    Script("37", "fail_without_cause", "fails with nothing delivered and names no cause", permille=0, ends=End.FAILED),
    Script(
        "38",
        "alleges_wrong_link",
        "fails with nothing delivered and says that the link is wrong",
        permille=0,
        ends=End.FAILED,
        alleges="wrong_information",
        words="Wrong link.",
    ),
    Script(
        "39",
        "alleges_violation",
        "fails after 30 % and says that the content breaks the platform's rules",
        permille=300,
        ends=End.FAILED,
        alleges="third_party_violation",
        words="Content removed by the platform.",
    ),
)
_REPORTS = (
    Script("50", "reports_above", "delivers all, and reports more than was ordered", report=Report.ABOVE),
    Script("51", "reports_negative", "delivers all, and reports negative remains and counts", report=Report.NEGATIVE),
    Script("52", "reports_falling", "delivers all, and its reported count falls in between", report=Report.FALLING),
    Script("53", "reports_nothing", "delivers all, and reports no counts", report=Report.MISSING),
    Script("54", "completed_short", "says completed with 70 % delivered", permille=700),
    Script("55", "unknown_word", "delivers all under a status word that nobody knows", report=Report.UNKNOWN_WORD),
    Script("56", "numbers_as_text", "delivers all, and sends its numbers as text", report=Report.TEXT),
    Script("60", "status_error", "three status answers are 500", read=Read.ERROR),
    Script("61", "status_html", "three status answers are an HTML page", read=Read.HTML),
    Script("62", "status_truncated", "three status answers are half a JSON", read=Read.TRUNCATED),
    Script("63", "status_timeout", "three status questions are never answered", read=Read.TIMEOUT),
    Script("64", "status_rate_limited", "three status answers are 429", read=Read.RATE_LIMITED),
    Script("65", "status_missing", "three status answers leave the order out", read=Read.MISSING),
)
_STOPS = (
    Script("70", "stop_confirmed", "works slowly; a stop request is confirmed", slow=40, start=0.01),
    Script("71", "stop_refused", "works slowly; a stop request is refused", slow=40, start=0.01, stop=Stop.REFUSE),
    Script(
        "72",
        "stop_silent",
        "works slowly; a stop request is noted and never decided",
        slow=40,
        start=0.01,
        stop=Stop.SILENT,
    ),
    Script(
        "73", "stop_too_late", "works slowly; a stop request comes too late", slow=40, start=0.01, stop=Stop.TOO_LATE
    ),
    Script(
        "74",
        "stop_timeout",
        "works slowly; stops when asked, and never says so",
        slow=40,
        start=0.01,
        stop=Stop.TIMEOUT_AFTER,
    ),
)
SCRIPTS = _SUBMISSION + _DELIVERY + _REPORTS + _STOPS
BY_DIGITS = {script.digits: script for script in SCRIPTS}
BY_NAME = {script.name: script for script in SCRIPTS}
_WORD = re.compile(r"sandbox[-_]script[-_=:./]([a-z0-9_-]+)", re.ASCII)
_TAIL = re.compile(r"([0-9])[^0-9a-z]*([0-9])[^0-9a-z]*$", re.ASCII)


def pick(link: str) -> Script:
    """The behaviour that a link asks for. A name wins over digits; what names nothing is delivered in full."""
    text = link.lower()
    word = _WORD.search(text)
    if word is not None:
        wanted = word.group(1).replace("-", "_").rstrip("_")
        if wanted in BY_NAME:
            return BY_NAME[wanted]
    tail = _TAIL.search(text)
    return BY_DIGITS.get(tail.group(1) + tail.group(2) if tail else "00", BY_DIGITS["00"])


@dataclass(frozen=True, slots=True)
class Progress:
    """The truth about one order: its state word and the units delivered so far."""

    state: str
    delivered: int

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("completed", "partial", "failed", "stopped")


def progress(script: Script, quantity: int, share: float) -> Progress:
    """The truth after a share of the delivery time (0 at acceptance, 1 at its end)."""
    goal = quantity * script.permille // 1000
    if share < script.start:
        return Progress("queued", 0)
    if share >= 1:
        return Progress("working" if script.ends == End.NEVER else script.ends.value, goal)
    return Progress("working", int(goal * (share - script.start) / (1 - script.start)))


def reported(script: Script, quantity: int, truth: Progress, share: float) -> dict[str, object]:
    """The counts as the provider tells them: keys ``status``, ``delivered``, ``remains``, lies included."""
    delivered, remains = truth.delivered, quantity - truth.delivered
    if script.report == Report.ABOVE and truth.delivered:
        delivered, remains = truth.delivered + quantity, -truth.delivered
    elif script.report == Report.NEGATIVE and not truth.ended:
        delivered, remains = -truth.delivered - 1, -5
    elif script.report == Report.FALLING and share > 0.6 and not truth.ended:
        delivered, remains = truth.delivered // 3, quantity - truth.delivered // 3
    elif script.report == Report.MISSING:
        return {"status": truth.state}
    elif script.report == Report.TEXT:
        return {"status": truth.state, "delivered": str(delivered), "remains": str(remains)}
    elif script.report == Report.UNKNOWN_WORD and not truth.ended:
        return {"status": "Mercury in retrograde", "delivered": delivered, "remains": remains}
    return {"status": truth.state, "delivered": delivered, "remains": remains}
