"""Customers who asked that their data be erased, and doing it now."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.refusals import Refusal
from smmatic.privacy.actions import confirm_erasure
from smmatic.privacy.queries import erasures_asked, standing
from smmatic.web.pages import checked_id


@desk_page("GET")
def erasure_list(request: HttpRequest, person: Person) -> HttpResponse:
    """What is asked for, until when it happens by itself, and what stands in the way."""
    return _page(request, person)


@desk_page("POST", need=Permission.PEOPLE_MANAGE)
def erase(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """Erases a customer's data now."""
    try:
        confirm_erasure(person, checked_id(person_id))
    except Refusal as refused:
        return _page(request, person, refused)
    return done(request, _("Erased. Ledger, orders and decisions stand as they were."), "desk:erasures")


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None) -> HttpResponse:
    rows = erasures_asked()
    context = {
        "room": "desk-people",
        "rows": [(row, standing(row.customer_id)) for row in rows],
        "names": names_of({row.customer_id for row in rows}),
    }
    return desk_show(request, person, "desk/erasures.html", context, refused)
