"""Staff work: everything that our own people have to do, by promise, and how much is in whose hands."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from smmatic.accounts.queries import Person
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.desk.due import Due, due_at, length
from smmatic.fulfilment.work_queries import DONE_DAYS, Load, WorkItem, item_of, loads, work_queue
from smmatic.orders.queries import OrderRow

SHOWN = 100


@desk_page("GET")
def work_list(request: HttpRequest, person: Person) -> HttpResponse:
    """What staff have to do, the earliest promise first; `?show=` narrows it, and `?who=` to one colleague."""
    items = work_queue()
    shows = {
        "mine": [item for item in items if item.staff_id == person.id],
        "free": [item for item in items if item.staff_id is None],
        "late": [item for item in items if late(item)],
        "stop": [item for item in items if item.kind == "stop"],
        "rework": [item for item in items if item.kind == "rework"],
    }
    chosen, who = request.GET.get("show", ""), request.GET.get("who", "")
    shown = shows.get(chosen, items)
    if who.isascii() and who.isdigit() and len(who) < 19:
        shown, chosen = [item for item in items if item.staff_id == int(who)], "who"
    load = loads()
    context = {
        "room": "desk-work",
        "rows": [(item, due_of(item)) for item in shown[:SHOWN]],
        "more": max(0, len(shown) - SHOWN),
        "counts": {name: len(found) for name, found in shows.items()} | {"": len(items)},
        "show": chosen if chosen in shows or chosen == "who" else "",
        "who": int(who) if chosen == "who" else None,
        "loads": load,
        "took": {row.staff_id: length(timedelta(hours=row.done.hours)) for row in load if row.done},
        "most": max([row.items for row in load], default=0),
        "done_days": DONE_DAYS,
        "names": names_of({item.staff_id for item in items}, {item.order.customer_id for item in items}, _people(load)),
    }
    return desk_show(request, person, "desk/work.html", context)


def promise(row: OrderRow) -> Due | None:
    """What an order in staff work is due for: the answer to a stop request, else its promised start."""
    return due_of(item_of(row))


def due_of(item: WorkItem) -> Due | None:
    """How long is left of what was promised, or by how much it is broken."""
    return due_at(item.due) if item.due is not None else None


def late(item: WorkItem) -> bool:
    """Whether a promise is broken."""
    due = due_of(item)
    return due is not None and due.late


def _people(load: list[Load]) -> set[int | None]:
    return {row.staff_id for row in load}
