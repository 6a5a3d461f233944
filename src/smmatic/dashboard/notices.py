"""What a customer was told: the list behind the bell, and the choice what is mailed too."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.notices.actions import choose, read_all, read_notice
from smmatic.notices.draft import Topic
from smmatic.notices.queries import choices, notice_of, notices
from smmatic.web.pages import checked_id, cursor, language, show

PAGE = 20
ICONS = {
    Topic.ORDERS: "list-details", Topic.REFUNDS: "scale", Topic.MESSAGES: "message", Topic.DEPOSITS: "building-bank",
}  # fmt: skip


@require_safe
@customer_page
def notice_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Everything that the customer was told, newest first."""
    after = cursor(request)
    rows = notices(person, language(), before_id=after, limit=PAGE + 1)
    context = {
        "room": "notices",
        "rows": [(row, ICONS[Topic(row.topic)]) for row in rows[:PAGE]],
        "first": after is None,
        "next_cursor": rows[PAGE - 1].id if len(rows) > PAGE else None,
    }
    return show(request, "dashboard/notices.html", context)


@require_safe
@customer_page
def open_notice(request: HttpRequest, person: Person, notice_id: int) -> HttpResponse:
    """Opens the page that a notice is about; the notice is read then."""
    found = notice_of(person, checked_id(notice_id), language())
    read_notice(person, found.id)
    return redirect(found.path)


@form_of("dashboard:notices")
@customer_page
def mark_all(request: HttpRequest, person: Person) -> HttpResponse:
    """Everything is read."""
    read_all(person)
    return redirect("dashboard:notices")


@require_safe
@customer_page
def choices_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What is mailed, and what never stays away."""
    words = {
        Topic.ORDERS.value: (_("Your orders"), _("placed, done, ended, the answer to a stop request")),
        Topic.DEPOSITS.value: (_("Your deposits"), _("the receipt, and what happens to a transfer")),
        Topic.MESSAGES.value: (
            _("Answers of our team"),
            _("in conversations here"),
        ),
    }
    rows = [(topic, *words[topic], on) for topic, on in choices(person).items()]
    return show(request, "dashboard/notice_choices.html", {"room": "settings", "rows": rows})


@form_of("dashboard:notice_choices")
@customer_page
def save_choices(request: HttpRequest, person: Person) -> HttpResponse:
    """Keeps the choice."""
    choose(person, request.POST.getlist("topics"))
    messages.success(request, _("Saved."))
    return redirect("dashboard:notice_choices")
