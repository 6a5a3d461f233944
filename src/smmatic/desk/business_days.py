"""The business calendar: which days are worked and which are not, and corrections with a reason."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.policy.calendar_actions import set_day as change_day
from smmatic.policy.queries import current_calendar
from smmatic.web.pages import language


@desk_page("GET")
def calendar_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Days of this year and later that differ from Monday to Friday."""
    return _page(request, person)


@desk_page("POST", need=Permission.POLICY_ACTIVATE)
def set_day(request: HttpRequest, person: Person) -> HttpResponse:
    """Makes one day off, worked, or as usual, for orders placed from now on."""
    try:
        day = _day(request.POST.get("day", ""))
        given = {name: request.POST.get(name, "") for name in ("kind", "why_en", "why_vi", "reason")}
        change_day(person, day, **given)
    except Refusal as refused:
        return _page(request, person, refused, "day")
    return done(request, _("Changed for orders placed from now on."), "desk:business_days")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(RefusalCode.FIELD_INVALID, "day") from error


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    row = current_calendar()
    days = [(day, item.kind, item.why.get(language(), "")) for day, item in sorted(row.calendar.days.items())]
    context = {
        "room": "desk-policy",
        "calendar": row,
        "days": [item for item in days if item[0].year >= now().year],
        "kinds": [("off", _("Nobody works")), ("worked", _("People work")), ("usual", _("As its weekday says"))],
    }
    return desk_show(request, person, "desk/business_days.html", context, refused, posted)
