"""What mails and notices say about orders: placed, ended, the answer to a stop request or to rework."""

from datetime import timedelta

from django.utils.translation import gettext as _

from smmatic.notices.draft import Content, Draft, Topic
from smmatic.notices.words import count, credits, moment
from smmatic.orders import queries as orders
from smmatic.orders.queries import EventRow, OrderRow
from smmatic.refunds import queries as refunds

_ENDS = ("completed", "partial", "failed", "rejected", "cancelled")
_SAME_ACT = timedelta(seconds=30)


def draft(event_id: int) -> Draft | None:
    """The draft for an event of an order, or None where a case's mail tells it."""
    event = orders.event(event_id)
    order = orders.order(event.order_id) if event else None
    if event is None or order is None or (event.kind in _ENDS and _case_tells_it(order, event)):
        return None
    return Draft(
        order.customer_id, order.id, None, lambda language: _order_content(order, event, language), Topic.ORDERS
    )


def _case_tells_it(order: OrderRow, event: EventRow) -> bool:
    """Whether the order's end opened or decided a case in the same act: that mail says both."""
    return any(
        case.ask != "cancel" and case.state != "approved" and abs(case.opened_at - event.at) < _SAME_ACT
        for case in refunds.cases_of_order(order.id)
    )


def _order_content(order: OrderRow, event: EventRow, language: str) -> Content:
    facts = {"id": order.id, "service": order.name(language)}
    subject, sentence = _promise_words(event) or _order_words(order, event)
    paragraphs = [sentence % facts, *(_offer(event) if event.kind in ("no_answer", "start_missed") else [])]
    if event.kind in _ENDS and event.kind != "cancelled":
        paragraphs.append(delivered_words(order, language))
    if back := int(event.facts.get("units_back") or 0):
        paragraphs.append(_back(back, str(event.facts.get("clause") or "")))
    if event.kind == "placed":
        paragraphs.append(_undo(order))
    if event.why:
        paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open the order"), "dashboard:order", order.id)


def _promise_words(event: EventRow) -> tuple[str, str] | None:
    """Words about promises that were missed, or None for other events."""
    if event.kind == "no_answer":
        return _("Order %(id)s still waits for you"), _("We asked you about your order %(id)s: %(service)s.")
    if event.kind == "start_missed":
        return _("Order %(id)s has not begun in time"), _(
            "Work on your order %(id)s has not begun by the time that we promised: %(service)s."
        )
    return None


def _offer(event: EventRow) -> list[str]:
    offer = int(event.facts.get("offer_units") or 0)
    if event.kind == "no_answer":
        return [_("Without your answer our staff decide on what they know. You can still answer on the order's page.")]
    if not offer:
        return []
    words = {"credits": credits(offer), "clause": event.facts.get("clause") or ""}
    return [
        _("If you don't want to wait, ask for a refund there: %(credits)s Credits return at once (clause %(clause)s).")
        % words
    ]


def _order_words(order: OrderRow, event: EventRow) -> tuple[str, str]:
    known = {
        "placed": (_("Order %(id)s is placed"), _("We have your order %(id)s: %(service)s.")),
        "completed": (_("Order %(id)s is done"), _("Your order %(id)s is done: %(service)s.")),
        "partial": (_("Order %(id)s ended early"), _("Your order %(id)s ended before all was delivered: %(service)s.")),
        "failed": (
            _("Order %(id)s could not be delivered"),
            _("Your order %(id)s could not be delivered: %(service)s."),
        ),
        "rejected": (
            _("Order %(id)s was not accepted"),
            _("Your order %(id)s was refused before any work began: %(service)s."),
        ),
        "cancelled": (_("Order %(id)s is cancelled"), _("Your order %(id)s is cancelled: %(service)s.")),
        "rework_done": (
            _("Order %(id)s was done again"),
            _("What you asked for was done again; it is on the page of your order %(id)s: %(service)s."),
        ),
        "rework_refused": (
            _("Order %(id)s: your request to do it again"),
            _("We looked at your order %(id)s again and don't do it anew: %(service)s."),
        ),
    }
    stops = {
        "confirmed": _("The work on your order %(id)s has stopped: %(service)s."),
        "refused": _("The work on your order %(id)s could not be stopped and goes on: %(service)s."),
        "too_late": _("Your order %(id)s was finished before it could be stopped: %(service)s."),
        "unknown": _("We don't know yet whether your order %(id)s was stopped: %(service)s."),
    }
    if event.kind == "stop_answered":
        return _("Answer to your stop request for order %(id)s"), stops.get(
            str(event.facts.get("answer")), stops["unknown"]
        )
    return known.get(event.kind, (_("News of order %(id)s"), _("There is news of your order %(id)s: %(service)s.")))


def delivered_words(order: OrderRow, language: str) -> str:
    """How much of the order was delivered."""
    words = {"delivered": count(order.delivered), "quantity": count(order.quantity), "unit": order.unit(language)}
    return _("Delivered: %(delivered)s of %(quantity)s (%(unit)s).") % words


def _back(units: int, clause: str) -> str:
    words = {"credits": credits(units), "clause": clause}
    if not clause:
        return _("%(credits)s Credits are back in your wallet.") % words
    return _("%(credits)s Credits are back in your wallet (clause %(clause)s of the policy).") % words


def _undo(order: OrderRow) -> str:
    if order.start_now or order.accept_after <= order.placed_at:
        return _("You asked us to start at once, so work may begin at any moment.")
    return _("You can undo it for the full amount until %(until)s.") % {"until": moment(order.accept_after)}
