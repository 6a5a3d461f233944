"""Answering a question that an order waits for: a corrected link or brief, or words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.dashboard.common import customer_page, form_of
from smmatic.dashboard.orders import order_response
from smmatic.kernel.refusals import Refusal
from smmatic.support.question_actions import correct_order
from smmatic.web.pages import checked_id


@form_of("dashboard:order")
@customer_page
def correct(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Corrects the order as asked; its clocks go on."""
    given = {name: request.POST.get(name, "") for name in ("link", "brief", "words")}
    try:
        correct_order(person, checked_id(order_id), **given)
    except Refusal as refused:
        return order_response(request, person, order_id, refused, _("Nothing was changed"), given)
    return redirect("dashboard:order", order_id)
