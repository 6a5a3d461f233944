"""One search for the whole desk: numbers of cases and orders, names and addresses of customers, links."""

from django.http import HttpRequest, HttpResponse

from smmatic.accounts.queries import Person, find_customers
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import desk_orders, orders_by_id
from smmatic.refunds.queries import case_of, cases_of, cases_of_order
from smmatic.web.pages import MAX_ID, search_text

FOUND = 20


@desk_page("GET")
def search_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What fits the words, by kind."""
    words = search_text(request)
    customers = find_customers(words, limit=FOUND) if words else []
    orders = desk_orders(search=words, limit=FOUND) if words else []
    cases = []
    number = int(words) if words.isascii() and words.isdigit() and len(words) <= 18 else 0
    if 0 < number <= MAX_ID:
        try:
            cases = [case_of(person, number)]
        except Refusal:
            cases = []
        cases += [case for case in cases_of_order(number) if case.id != number]
    elif len(customers) == 1:
        cases = cases_of(customers[0].id, limit=FOUND)
    context = {
        "room": "",
        "q": words,
        "customers": customers,
        "orders": orders,
        "cases": cases,
        "case_orders": orders_by_id([case.order_id for case in cases]),
        "names": names_of({row.customer_id for row in orders} | {case.customer_id for case in cases}),
        "nothing": bool(words) and not (customers or orders or cases),
    }
    return desk_show(request, person, "desk/search.html", context)
