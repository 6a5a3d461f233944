"""Help for everybody, made from the policy in force: what happens when, how long it takes, how to write to us."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from smmatic.policy.citing import cite
from smmatic.policy.page import PageClause, policy_page_of
from smmatic.policy.queries import current_policy
from smmatic.web.pages import language

QUESTIONS: tuple[tuple[str, str | Promise], ...] = (
    ("undo", _("I want to cancel, and work has not begun")),
    ("too_late", _("I want to stop an order that has begun")),
    ("refused", _("My order was refused before work began")),
    ("not_fulfilled", _("My order was not delivered in full")),
    ("our_error", _("Something went wrong on your side")),
    ("begun", _("Work has begun, and I changed my mind")),
    ("expectations", _("Everything was delivered, and I had hoped for more")),
    ("unknown", _("Nobody knows yet what became of my order")),
    ("review", _("A person has to look at my request")),
)
"""What people ask, by the topic under which the policy answers it (see policy/citing.py)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and the clause of the policy that answers it."""

    topic: str
    question: str | Promise
    clause: PageClause


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Questions with the policy's own answers; a question that this policy does not speak of is left out."""
    row = current_policy()
    page = policy_page_of(row.document, language(), support_address=settings.SMMATIC_SUPPORT_ADDRESS)
    clauses = {clause.number: clause for section in page.sections for clause in section.clauses}
    answers = [
        Answer(topic, question, clauses[number])
        for topic, question in QUESTIONS
        if (number := cite(row.compiled, topic)) in clauses and number is not None
    ]
    context = {
        "room": "help",
        "answers": answers,
        "classes": page.times,
        "times": row.document.times,
        "appeal_days": row.document.appeal_days,
        "reply_hours": settings.SMMATIC_FIRST_REPLY_HOURS,
        "address": page.support_address,
    }
    return render(request, "help.html", context)
