"""What agents do with a conversation besides answering: take it, link it, end it, keep its files as evidence."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, done
from smmatic.desk.talk import conversation_page
from smmatic.kernel.amounts import parse_count
from smmatic.kernel.refusals import Refusal
from smmatic.kernel.texts import one_of
from smmatic.support.agent_actions import assign, link, note_writing, settle, take_as_evidence
from smmatic.web.pages import checked_id


@desk_page("POST", need=Permission.CASE_WORK)
def writing(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """The agent is writing: others who open the conversation are told."""
    note_writing(person, checked_id(conversation_id))
    return HttpResponse(status=204)


@desk_page("POST", need=Permission.CASE_WORK)
def assign_to(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """Takes the conversation, hands it to a colleague, or gives it back."""
    try:
        what = one_of(request.POST.get("what", ""), "what", ("mine", "hand", "nobody"))
        if what == "mine":
            colleague: int | None = person.id
        else:
            colleague = parse_count(request.POST.get("colleague", ""), field="colleague") if what == "hand" else None
        assign(person, checked_id(conversation_id), colleague)
    except Refusal as refused:
        return conversation_page(request, person, conversation_id, refused, "assign")
    words = {"mine": _("It is yours."), "hand": _("Handed over.")}
    return done(request, words.get(what, _("Anybody can take it now.")), "desk:talk", conversation_id)


@desk_page("POST", need=Permission.CASE_WORK)
def link_to(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """Links a conversation that came by mail to an order."""
    try:
        number = request.POST.get("order", "").strip().removeprefix("#")
        link(person, checked_id(conversation_id), checked_id(parse_count(number, field="order")))
    except Refusal as refused:
        return conversation_page(request, person, conversation_id, refused, "link")
    return done(request, _("Linked. Answers go to the customer of that order."), "desk:talk", conversation_id)


@desk_page("POST", need=Permission.CASE_WORK)
def settled(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """Ends the waiting of a conversation that needs no answer."""
    settle(person, checked_id(conversation_id))
    return done(request, _("Done without an answer."), "desk:talks")


@desk_page("POST", need=Permission.CASE_WORK)
def evidence(request: HttpRequest, person: Person, attachment_id: int) -> HttpResponse:
    """Keeps a file that came by mail as evidence of the order."""
    order_id = take_as_evidence(person, checked_id(attachment_id))
    return done(request, _("Kept as evidence of the order."), "desk:order", order_id)
