"""Timelines in words: what happened, who did it and why, for the customer and for the desk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from smmatic.orders.queries import EventRow
from smmatic.refunds.queries import CaseEventRow
from smmatic.web.templatetags.smm import count, credits, local
from smmatic.web.words import CLAIMS, PROOFS, word

Event = EventRow | CaseEventRow


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline as `_timeline.html` shows it."""

    what: str
    why: str
    who: str
    at: datetime
    icon: str
    tone: str
    clause: str
    staff_only: bool


_LOOKS: dict[str, tuple[str, str]] = {
    "placed": ("shopping-bag", ""),
    "accepted": ("check", "info"),
    "processing": ("check", "info"),
    "started": ("player-play", "info"),
    "in_progress": ("player-play", "info"),
    "progress": ("package", "good"),
    "delivered": ("package", "good"),
    "completed": ("circle-check", "good"),
    "partial": ("circle-dot", "warn"),
    "failed": ("circle-x", "bad"),
    "rejected": ("ban", "bad"),
    "cancelled": ("arrow-back-up", ""),
    "refunded": ("receipt-refund", "good"),
    "stop_asked": ("player-stop", "warn"),
    "stop_answered": ("player-stop", "info"),
    "corrected": ("pencil", "warn"),
    "unknown": ("help-circle", "warn"),
    "unknown_overdue": ("help-circle", "bad"),
    "outcome_known": ("check", "info"),
    "submitted": ("check", "info"),
    "flagged": ("help-circle", "warn"),
    "late_answer": ("flag", "warn"),
    "waiting": ("bell", "warn"),
    "question": ("bell", "warn"),
    "answered": ("message", "info"),
    "opened": ("inbox", "info"),
    "note": ("message", ""),
    "claim": ("clipboard-list", "info"),
    "decided": ("scale", "info"),
    "approved": ("users", "info"),
    "sent_back": ("arrow-back-up", "warn"),
    "withdrawn": ("arrow-back-up", ""),
    "resumed": ("player-play", "info"),
    "due_moved": ("clock", "info"),
    "appealed": ("scale", "warn"),
}


def lines(events: Sequence[Event], *, viewer_id: int | None, names: Mapping[int, str] | None = None) -> list[Line]:
    """Events as lines, oldest first.

    Args:
        events: an order's or a case's history.
        viewer_id: the customer who reads it and is called 'You'; None for the desk.
        names: staff and customers by id, for the desk; the customer reads 'our staff' instead.
    """
    return [_line(event, viewer_id, names or {}) for event in events]


def _line(event: Event, viewer_id: int | None, names: Mapping[int, str]) -> Line:
    icon, tone = _LOOKS.get(event.kind, ("dots", ""))
    facts = event.facts or {}
    if event.kind == "decided":
        icon, tone = ("circle-check", "good") if facts.get("decision") == "approve" else ("circle-x", "bad")
    clause = facts.get("clause") if isinstance(facts.get("clause"), str) else ""
    return Line(
        _what(event.kind, facts), event.why, _who(event, viewer_id, names), event.at, icon, tone, clause or "",
        not event.visible,
    )  # fmt: skip


def _who(event: Event, viewer_id: int | None, names: Mapping[int, str]) -> str:
    if event.actor_kind == "customer":
        return _("You") if event.actor_id == viewer_id else names.get(event.actor_id or 0, _("Customer"))
    if event.actor_kind == "staff":
        return names.get(event.actor_id or 0, _("Our staff"))
    return _("Delivery partner") if event.actor_kind == "provider" else str(settings.SMMATIC_SITE_NAME)


def _what(kind: str, facts: Mapping[str, Any]) -> str:
    special = _SENTENCES.get(kind)
    sentence = special(facts) if special else ""
    return sentence or str(word("order", kind).label)


def _placed(facts: Mapping[str, Any]) -> str:
    amount = facts.get("charged_units")
    text = _("Order placed")
    if amount is not None:
        text = _("Order placed, %(amount)s Credits held") % {"amount": credits(amount)}
    return f"{text}. {_('Started at once, without time to undo.')}" if facts.get("start_now") else text


def _units(facts: Mapping[str, Any]) -> str:
    done, wanted = facts.get("delivered"), facts.get("quantity")
    if not isinstance(done, int):
        return ""
    if not isinstance(wanted, int):
        return ngettext("%(done)s unit delivered", "%(done)s units delivered", done) % {"done": count(done)}
    return _("%(done)s of %(wanted)s delivered") % {"done": count(done), "wanted": count(wanted)}


def _started(facts: Mapping[str, Any]) -> str:
    return _("Work began: %(units)s") % {"units": _units(facts)} if facts.get("delivered") else _("Work began")


def _ended(kind: str) -> Callable[[Mapping[str, Any]], str]:
    def sentence(facts: Mapping[str, Any]) -> str:
        label, units = str(word("order", kind).label), _units(facts)
        return f"{label}: {units}" if units and kind != "completed" else label

    return sentence


def _due(facts: Mapping[str, Any]) -> str:
    due = parse_datetime(str(facts.get("due_at") or ""))
    return _("Answer now due by %(due)s") % {"due": local(due)} if due else _("The due date moved")


def _late(facts: Mapping[str, Any]) -> str:
    loss = facts.get("loss_units")
    if not isinstance(loss, int):
        return _("The delivery partner ended after the order; how much was delivered is not known")
    told = {"units": _units(facts), "amount": credits(loss)}
    return _("The delivery partner ended after the order: %(units)s; our loss is %(amount)s Credits") % told


def _refunded(facts: Mapping[str, Any]) -> str:
    return _("%(amount)s Credits returned to the wallet") % {"amount": credits(facts.get("units_back"))}


def _stop_answered(facts: Mapping[str, Any]) -> str:
    answer = str(facts.get("answer", ""))
    return _("Answer to the stop request: %(answer)s") % {"answer": word("stop", answer).label}


def _corrected(facts: Mapping[str, Any]) -> str:
    numbers = {"before": count(facts.get("from")), "after": count(facts.get("to"))}
    return _("Delivered units corrected from %(before)s to %(after)s") % numbers


def _claim(facts: Mapping[str, Any]) -> str:
    return _("Checked: %(claim)s: %(proof)s") % {
        "claim": CLAIMS.get(str(facts.get("claim")), facts.get("claim")),
        "proof": PROOFS.get(str(facts.get("proof")), facts.get("proof")),
    }


def _decided(facts: Mapping[str, Any]) -> str:
    if facts.get("decision") == "approve":
        return _("Decided: %(amount)s Credits return") % {"amount": credits(facts.get("units_back"))}
    return _("Decided: no Credits return") if facts.get("decision") == "deny" else _("Decided")


def _opened(facts: Mapping[str, Any]) -> str:
    moment = parse_datetime(str(facts.get("due_at") or ""))
    if moment is None:
        return _("Request opened")
    return _("Request opened, answer due by %(due)s") % {"due": local(moment)}


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "placed": _placed,
    "accepted": lambda facts: _("Accepted for processing"),
    "processing": lambda facts: _("Accepted for processing"),
    "started": _started,
    "in_progress": _started,
    "progress": _units,
    "delivered": _units,
    "completed": _ended("completed"),
    "partial": _ended("partial"),
    "failed": _ended("failed"),
    "refunded": _refunded,
    "stop_asked": lambda facts: _("Stop asked for; this is a request, not a promise"),
    "stop_answered": _stop_answered,
    "corrected": _corrected,
    "unknown": lambda facts: _("We are finding out whether it was delivered"),
    "unknown_overdue": lambda facts: _("Still not known; a person decides now"),
    "outcome_known": lambda facts: _("We have found out what became of it"),
    "submitted": lambda facts: _("Handed over to the delivery partner"),
    "submitted_anew": lambda facts: _("It never arrived there; it is handed over again"),
    "flagged": lambda facts: _("Odd answer: %(flags)s") % {"flags": ", ".join(map(str, facts.get("flags", [])))},
    "late_answer": lambda facts: _late(facts),
    "waiting": lambda facts: _("Waiting for the customer"),
    "question": lambda facts: _("A question to the customer"),
    "answered": lambda facts: _("The customer answered"),
    "opened": _opened,
    "note": lambda facts: _("More was added"),
    "claim": _claim,
    "decided": _decided,
    "approved": lambda facts: _("Decided; a second person has to approve the amount"),
    "sent_back": lambda facts: _("Sent back into review by the second person"),
    "withdrawn": lambda facts: _("Request withdrawn"),
    "resumed": lambda facts: _("The customer answered; the clock goes on"),
    "due_moved": lambda facts: _due(facts),
    "appealed": lambda facts: _("Decision contested"),
}
