"""What a mail says: for each kind of event its words in the customer's language, or nothing.

Decisions are told with the policy's own explanation, in the same words as on the page.
"""

from datetime import timedelta

from django.utils.translation import gettext as _

from smmatic.accounts.queries import person
from smmatic.deposits import queries as deposits
from smmatic.deposits.queries import DepositEventRow, DepositRow
from smmatic.notices.decisions import decision_paragraphs
from smmatic.notices.draft import Content, Draft
from smmatic.notices.words import count, credits, dong, moment
from smmatic.orders import queries as orders
from smmatic.orders.queries import EventRow, OrderRow
from smmatic.refunds import queries as refunds
from smmatic.refunds.queries import CaseEventRow, CaseRow
from smmatic.support import queries as support
from smmatic.support.queries import ConversationRow, MessageRow

_ENDS = ("completed", "partial", "failed", "rejected", "cancelled")
_SAME_ACT = timedelta(seconds=30)


def draft_of(source: str, event_id: int) -> Draft | None:
    """The draft for an event of a source ('order', 'case', 'message', 'deposit'), or None when it needs no mail."""
    makers = {"order": _of_order, "case": _of_case, "message": _of_message, "deposit": _of_deposit}
    return makers[source](event_id)


def _of_order(event_id: int) -> Draft | None:
    event = orders.event(event_id)
    order = orders.order(event.order_id) if event else None
    if event is None or order is None or (event.kind in _ENDS and _case_tells_it(order, event)):
        return None
    return Draft(order.customer_id, order.id, None, lambda language: _order_content(order, event, language))


def _case_tells_it(order: OrderRow, event: EventRow) -> bool:
    """Whether the order's end opened or decided a case in the same act: that mail says both."""
    return any(
        case.ask != "cancel" and case.state != "approved" and abs(case.opened_at - event.at) < _SAME_ACT
        for case in refunds.cases_of_order(order.id)
    )


def _order_content(order: OrderRow, event: EventRow, language: str) -> Content:
    facts = {"id": order.id, "service": order.name(language)}
    subject, sentence = _order_words(order, event)
    paragraphs = [sentence % facts]
    if event.kind in _ENDS and event.kind != "cancelled":
        paragraphs.append(_delivered(order, language))
    if back := int(event.facts.get("units_back") or 0):
        paragraphs.append(_back(back, str(event.facts.get("clause") or "")))
    if event.kind == "placed":
        paragraphs.append(_undo(order))
    if event.why:
        paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open the order"), "dashboard:order", order.id)


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


def _delivered(order: OrderRow, language: str) -> str:
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


def _of_case(event_id: int) -> Draft | None:
    event = refunds.event(event_id)
    case = refunds.case(event.case_id) if event else None
    order = orders.order(case.order_id) if case else None
    if event is None or case is None or order is None:
        return None
    return Draft(case.customer_id, case.order_id, case.id, lambda language: _case_content(case, order, event, language))


def _case_content(case: CaseRow, order: OrderRow, event: CaseEventRow, language: str) -> Content:
    facts = {"id": order.id, "service": order.name(language)}
    about = _("This is about your order %(id)s: %(service)s.") % facts
    if event.kind == "opened":
        subject = _("We are looking at order %(id)s")
        due = moment(case.due_at) if case.due_at else ""
        paragraphs = [about, *decision_paragraphs(case, order, language, due=due)]
    elif event.kind == "decided":
        subject = _("Order %(id)s: Credits are back in your wallet") if case.units else _("Order %(id)s: the decision")
        delivered = [_delivered(order, language)] if order.ended_at else []
        paragraphs = [about, *delivered, *decision_paragraphs(case, order, language)]
        if event.why and event.actor_kind != "customer":
            paragraphs.append(event.why)
    else:
        subject = _("News of your request for order %(id)s")
        paragraphs = [_("There is news of your request for order %(id)s: %(service)s.") % facts]
        if event.why:
            paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open the request"), "dashboard:case", case.id)


def _of_message(message_id: int) -> Draft | None:
    found = support.message(message_id)
    if found is None or found[0].internal:
        return None
    message, conversation = found
    if message.author_kind == "customer":
        return _to_support(message, conversation)

    def content(language: str) -> Content:
        if conversation.order_id is None:
            return Content(_("An answer from our team"), (message.body,), _("Answer"), "dashboard:help")
        facts = {"id": conversation.order_id}
        asked = conversation.waiting_for == "customer"
        subject = _("A question about order %(id)s") if asked else _("An answer about order %(id)s")
        paragraphs = [message.body, _("The order waits for your answer.")] if asked else [message.body]
        return Content(subject % facts, tuple(paragraphs), _("Answer"), "dashboard:order", conversation.order_id)

    return Draft(conversation.customer_id, conversation.order_id, message.case_id, content)


def _to_support(message: MessageRow, conversation: ConversationRow) -> Draft:
    """A customer's question reaches the support mailbox too (6.1), so that nobody has to watch the desk."""
    author = person(conversation.customer_id)
    name = author.shown_name if author else str(conversation.customer_id)

    def content(_language: str) -> Content:
        facts = {"id": conversation.order_id, "name": name}
        subject = _("Order %(id)s: %(name)s writes") if conversation.order_id else _("%(name)s writes")
        return Content(subject % facts, (message.body,), _("Answer at the desk"), "desk:talk", conversation.id)

    return Draft(conversation.customer_id, conversation.order_id, message.case_id, content, to_support=True)


def _of_deposit(event_id: int) -> Draft | None:
    event = deposits.event(event_id)
    deposit = deposits.deposit(event.deposit_id) if event else None
    if event is None or deposit is None:
        return None
    return Draft(deposit.customer_id, None, None, lambda _language: _deposit_content(deposit, event))


def _deposit_content(deposit: DepositRow, event: DepositEventRow) -> Content:
    facts = {"reference": deposit.reference, "money": dong(deposit.money)}
    if event.kind == "confirmed":
        subject = _("Your Credits are here")
        words = {"credits": credits(deposit.credited_units or 0), "received": dong(deposit.received or 0)} | facts
        paragraphs = [_("%(received)s arrived for %(reference)s: %(credits)s Credits are in your wallet.") % words]
    elif event.kind == "parked":
        subject = _("Your transfer %(reference)s needs a look")
        words = {"received": dong(int(event.facts.get("received") or 0))} | facts
        paragraphs = [
            _("%(received)s arrived for %(reference)s, and we expected %(money)s.") % words,
            _("A person looks at it and you'll hear from us. Nothing is lost, and no Credit was added yet."),
        ]
    else:
        subject = _("Your deposit %(reference)s was declined")
        paragraphs = [_("We could not add Credits for %(reference)s (%(money)s).") % facts]
    if event.why:
        paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open your wallet"), "dashboard:wallet")
