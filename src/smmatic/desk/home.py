"""The first page of the desk: what is due first, and where people are needed."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.deposits.queries import deposits_to_confirm
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.desk.due import Due, due_of_case
from smmatic.desk.work import promise
from smmatic.fulfilment.queries import troubled, unserved_services
from smmatic.notices.queries import MailRow, counts, mails
from smmatic.orders.queries import orders_by_id, staff_work
from smmatic.refunds.queries import review_queue
from smmatic.support.queries import unanswered
from smmatic.web.pages import language

SHOWN = 12
FAILED = ("failed", "uncertain")


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is due: where it is, what it is, and how long is left."""

    url: str
    icon: str
    what: str
    title: str
    who: str
    due: Due | None


@desk_page("GET")
def home(request: HttpRequest, person: Person) -> HttpResponse:
    """Counts of everything that waits for people, and the tasks that are due first."""
    cases, work, talks = review_queue(), staff_work(), unanswered()
    orders = orders_by_id([case.order_id for case in cases])
    names = names_of({row.customer_id for row in cases} | {row.customer_id for row in work})
    tasks = [
        Task(
            reverse("desk:case", args=[case.id]), "scale",
            _("Second person needed") if case.state == "approved" else _("Review"),
            orders[case.order_id].name(language()), names.get(case.customer_id, ""),
            due_of_case(case, orders[case.order_id]),
        )
        for case in cases
    ] + [
        Task(
            reverse("desk:work_order", args=[row.id]), "player-stop" if row.stop_status == "asked" else "tools",
            _("Stop asked for") if row.stop_status == "asked" else _("Staff work"), row.name(language()),
            names.get(row.customer_id, ""), promise(row),
        )
        for row in work
    ]  # fmt: skip
    tasks.sort(key=lambda task: (task.due is None, task.due.at.timestamp() if task.due else 0.0))
    mail_counts = counts()
    context = {
        "room": "desk-home",
        "tasks": tasks[:SHOWN],
        "more": max(0, len(tasks) - SHOWN),
        "cases": len(cases),
        "late_cases": sum(bool(task.due and task.due.late) for task in tasks if task.icon == "scale"),
        "second": sum(case.state == "approved" for case in cases),
        "work": len(work),
        "free_work": sum(row.staff_id is None for row in work),
        "deposits": deposits_to_confirm(limit=100),
        "troubled": troubled(limit=SHOWN),
        "unserved": unserved_services(),
        "talks": talks,
        "mail_waiting": mail_counts.get("prepared", 0) + mail_counts.get("sending", 0),
        "mail_failed": sum(mail_counts.get(state, 0) for state in FAILED),
        "failed_mails": _failed_mails() if any(mail_counts.get(state) for state in FAILED) else [],
    }
    return desk_show(request, person, "desk/home.html", context)


def _failed_mails() -> list[MailRow]:
    return [mail for mail in mails(limit=200) if mail.state in FAILED][:5]
