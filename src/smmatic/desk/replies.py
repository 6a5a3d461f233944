"""Saved replies: answers that staff write often, in both languages, with variables that the desk fills in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done
from smmatic.kernel.amounts import parse_count
from smmatic.kernel.refusals import Refusal
from smmatic.notices.words import moment
from smmatic.orders.queries import OrderRow
from smmatic.refunds.queries import open_case
from smmatic.support.agent_actions import VARIABLES, drop_reply, save_reply
from smmatic.support.desk_queries import ReplyRow, replies
from smmatic.web.pages import checked_id
from smmatic.web.words import word


@desk_page("GET")
def replies_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Every saved reply, each in a form of its own, and one for a new one."""
    return _page(request, person)


@desk_page("POST", need=Permission.CASE_WORK)
def save(request: HttpRequest, person: Person) -> HttpResponse:
    """Keeps a new reply, or the changes of one that is there."""
    number = request.POST.get("reply", "")
    try:
        known = parse_count(number, field="reply") if number else None
        save_reply(
            person, known, title=request.POST.get("title", ""),
            body_en=request.POST.get("body_en", ""), body_vi=request.POST.get("body_vi", ""),
        )  # fmt: skip
    except Refusal as refused:
        return _page(request, person, refused, f"reply-{number}" if number.isalnum() else "reply")
    return done(request, _("Saved."), "desk:replies")


@desk_page("POST", need=Permission.CASE_WORK)
def drop(request: HttpRequest, person: Person, reply_id: int) -> HttpResponse:
    """Forgets a reply."""
    drop_reply(person, checked_id(reply_id))
    return done(request, _("Deleted."), "desk:replies")


def filled(
    reply: ReplyRow, language: str, customer: Person | None, order: OrderRow | None, agent: Person
) -> str:  # fmt: skip
    """The words of a reply in the customer's language; what is not known here stays in braces for the agent to see."""
    with translation.override(language):
        case = open_case(order.id) if order else None
        known = {
            "name": customer.name if customer else "",
            "order": f"#{order.id}" if order else "",
            "service": order.name(language) if order else "",
            "status": str(word("order", order.status).label) if order else "",
            "due": moment(case.due_at) if case and case.due_at else "",
            "agent": agent.name,
            "support": settings.SMMATIC_SUPPORT_ADDRESS,
        }
    return reply.body(language).format_map({name: known[name] or f"{{{name}}}" for name in VARIABLES})


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    context = {"room": "desk-talks", "replies": replies(), "variables": [f"{{{name}}}" for name in VARIABLES]}
    return desk_show(request, person, "desk/replies.html", context, refused, posted)
