"""Viewing the shop as a customer: read only, and every page is recorded."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from smmatic.accounts.desk_actions import note
from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.looking import LOOK_KEY
from smmatic.web.pages import checked_id


@desk_page("POST", need=Permission.LOOK_AS)
def look(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """Begins to look at a customer's pages as they see them."""
    customer = person_by_id(checked_id(person_id))
    if customer is None or customer.staff:
        raise Refusal(RefusalCode.NOT_FOUND)
    note(person, "look", subject_id=customer.id, facts={"path": ""})
    request.session[LOOK_KEY] = customer.id
    return redirect("dashboard:orders")


@desk_page("POST", need=Permission.LOOK_AS)
def stop_looking(request: HttpRequest, person: Person) -> HttpResponse:
    """Back to the desk."""
    customer_id = request.session.pop(LOOK_KEY, None)
    return redirect("desk:customer", customer_id) if customer_id else redirect("desk:home")
