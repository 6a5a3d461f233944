"""What mails say of a case's promised time: an incident, a date that moved, a promise that was broken."""

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from smmatic.notices.draft import Content
from smmatic.notices.words import moment
from smmatic.orders.queries import OrderRow
from smmatic.policy.citing import cite
from smmatic.policy.queries import policy
from smmatic.refunds.queries import CaseEventRow, CaseRow


def promise_content(case: CaseRow, order: OrderRow, event: CaseEventRow, language: str) -> Content | None:
    """The mail for an event about the promised time, or None for other events."""
    facts = {"id": order.id, "service": order.name(language)}
    due = parse_datetime(str(event.facts.get("due_at") or "")) or case.due_at
    until = {"due": moment(due)} if due else {"due": ""}
    if event.kind == "incident":
        title = str(event.facts.get("title_vi" if language == "vi" else "title_en") or "")
        subject = _("An incident disturbs your request for order %(id)s")
        paragraphs = [
            title,
            _("Its business hours don't count towards the promised time, at most as many days as the policy says."),
            _("If the date moves, we tell you. It never moves earlier."),
        ]
    elif event.kind == "due_moved":
        subject = _("Order %(id)s: the answer is now due later")
        paragraphs = [
            _("Because of a declared incident the answer to your request is now due by %(due)s.") % until,
            f"{_rule(case)} {_('Your request keeps its place.')}",
        ]
    elif event.kind == "overdue":
        subject = _("Order %(id)s: we are late with our answer")
        paragraphs = [
            _("We promised an answer to your request by %(due)s, and it is not there yet. We are sorry.") % until,
            _("It stands first in our queue now. You need not do anything."),
        ]
    else:
        return None
    about = _("This is about your order %(id)s: %(service)s.")
    return Content(subject % facts, (about % facts, *paragraphs), _("Open the request"), "dashboard:case", case.id)


def _rule(case: CaseRow) -> str:
    number = cite(policy(case.policy_version_id).compiled, "times")
    if number is None:
        return _("The rule stands in the policy.")
    return _("The rule stands in the policy, clause %(number)s.") % {"number": number}


def case_warning(case: CaseRow) -> Content:
    """The mail to the support mailbox on the last day of a case."""
    words = {"id": case.id, "due": moment(case.due_at) if case.due_at else ""}
    subject = _("Case %(id)s is due today")
    return Content(
        subject % words, (_("The answer is due by %(due)s.") % words,), _("Open the case"), "desk:case", case.id
    )
