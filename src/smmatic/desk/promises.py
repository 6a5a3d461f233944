"""Promises that were missed or are about to be: start times, questions, answers to cases."""

from django.http import HttpRequest, HttpResponse

from smmatic.accounts.queries import Person
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.desk.due import due_at, due_of_case
from smmatic.kernel.clock import now
from smmatic.orders.queries import late_starts, orders_by_id, troubled_orders, waiting_orders
from smmatic.refunds.due_rules import Warned
from smmatic.refunds.queries import review_queue, waiting_cases


@desk_page("GET")
def promises_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What is late or warned about, the worst first, each with a way to act."""
    cases = [case for case in review_queue() if case.warned >= Warned.HALF and case.state != "waiting"]
    starts, waiting, paused = late_starts(now()), waiting_orders(), waiting_cases()
    stuck = [row for row in troubled_orders() if _overdue(row.unknown_deadline) or _overdue(row.stop_deadline)]
    orders = orders_by_id([case.order_id for case in cases + paused])
    people = {row.customer_id for row in (*starts, *waiting, *stuck)} | {case.customer_id for case in cases + paused}
    context = {
        "room": "desk-promises",
        "cases": [(case, orders[case.order_id], due_of_case(case, orders[case.order_id])) for case in cases],
        "starts": [(row, due_at(row.start_promised_at)) for row in starts],
        "waiting": waiting,
        "paused": [(case, orders[case.order_id]) for case in paused],
        "stuck": stuck,
        "names": names_of(people),
    }
    return desk_show(request, person, "desk/promises.html", context)


def _overdue(deadline: object) -> bool:
    return deadline is not None and deadline <= now()  # type: ignore[operator]  # datetimes of one kind
