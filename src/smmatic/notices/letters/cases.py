"""What mails and notices say about refund cases. Decisions are told in the policy's own words."""

from django.conf import settings
from django.utils.translation import gettext as _

from smmatic.notices.case_promises import case_warning, promise_content
from smmatic.notices.decisions import decision_paragraphs
from smmatic.notices.draft import Content, Draft, Topic
from smmatic.notices.letters.orders import delivered_words
from smmatic.orders import queries as orders
from smmatic.orders.queries import OrderRow
from smmatic.refunds import queries as refunds
from smmatic.refunds.queries import CaseEventRow, CaseRow


def draft(event_id: int) -> Draft | None:
    """The draft for an event of a case."""
    event = refunds.event(event_id)
    case = refunds.case(event.case_id) if event else None
    order = orders.order(case.order_id) if case else None
    if event is None or case is None or order is None:
        return None
    if event.kind == "last_day":
        return Draft(
            case.customer_id, case.order_id, case.id, lambda _language: case_warning(case), Topic.REFUNDS,
            essential=True, address=settings.SMMATIC_SUPPORT_ADDRESS, language=settings.LANGUAGE_CODE, quiet=True,
        )  # fmt: skip

    def content(language: str) -> Content:
        return promise_content(case, order, event, language) or _case_content(case, order, event, language)

    return Draft(case.customer_id, case.order_id, case.id, content, Topic.REFUNDS, essential=True)


def _case_content(case: CaseRow, order: OrderRow, event: CaseEventRow, language: str) -> Content:
    facts = {"id": order.id, "service": order.name(language)}
    about = _("This is about your order %(id)s: %(service)s.") % facts
    if event.kind == "opened":
        subject = _("We are looking at order %(id)s")
        paragraphs = [about, *decision_paragraphs(case, language)]
    elif event.kind == "decided":
        subject = _("Order %(id)s: Credits are back in your wallet") if case.units else _("Order %(id)s: the decision")
        delivered = [delivered_words(order, language)] if order.ended_at else []
        paragraphs = [about, *delivered, *decision_paragraphs(case, language)]
        if event.why and event.actor_kind != "customer":
            paragraphs.append(event.why)
    else:
        subject = _("News of your request for order %(id)s")
        paragraphs = [_("There is news of your request for order %(id)s: %(service)s.") % facts]
        if event.why:
            paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open the request"), "dashboard:case", case.id)
