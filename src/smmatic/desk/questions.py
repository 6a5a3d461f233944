"""A question that an order waits for, and its end where the customer's information can't be mended."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, done
from smmatic.desk.orders import order_response
from smmatic.kernel.refusals import Refusal
from smmatic.refunds.customer_error_actions import end_for_customer_error
from smmatic.support.actions import ask_customer
from smmatic.web.pages import checked_id


@desk_page("POST", need=Permission.CASE_WORK)
def ask(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Asks the customer to correct or give something; the clocks stand still until they answer."""
    try:
        about = request.POST.get("about", "answer")
        ask_customer(person, checked_id(order_id), request.POST.get("body", ""), about=about)
    except Refusal as refused:
        return order_response(request, person, order_id, refused, "ask")
    return done(
        request, _("Asked. The customer is mailed, and the order waits for the answer."), "desk:order", order_id
    )


@desk_page("POST", need=Permission.ORDER_RESOLVE)
def customer_error(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Ends an order for what its customer got wrong or a platform forbids, with the evidence."""
    try:
        claim, evidence = request.POST.get("claim", ""), request.POST.get("evidence", "")
        end_for_customer_error(person, checked_id(order_id), claim=claim, evidence=evidence)
    except Refusal as refused:
        return order_response(request, person, order_id, refused, "customer-error")
    return done(request, _("Ended. The customer reads the evidence and can contest it."), "desk:order", order_id)
