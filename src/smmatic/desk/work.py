"""Staff work: orders that our own people deliver, the earliest promise first, each on one page."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.desk.due import Due, due_at
from smmatic.desk.orders import ended, order_facts, order_lines
from smmatic.desk.talk import talk_of, write
from smmatic.fulfilment import staff_actions
from smmatic.kernel.amounts import parse_count
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import keep_file
from smmatic.orders.queries import OrderRow, order_of, own_files, staff_work
from smmatic.web.pages import checked_id, ids


@desk_page("GET")
def work_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Orders in staff work: stop requests first, then by promise; `?show=mine` or `?show=free` narrows it."""
    rows = staff_work()
    shows = {
        "mine": [row for row in rows if row.staff_id == person.id],
        "free": [row for row in rows if row.staff_id is None],
        "stop": [row for row in rows if row.stop_status == "asked"],
    }
    chosen = request.GET.get("show", "")
    shown = sorted(shows.get(chosen, rows), key=lambda row: row.stop_status != "asked")
    context = {
        "room": "desk-work",
        "rows": [(row, promise(row)) for row in shown],
        "counts": {name: len(found) for name, found in shows.items()} | {"": len(rows)},
        "show": chosen if chosen in shows else "",
        "names": names_of({row.staff_id for row in rows} | {row.customer_id for row in rows}),
    }
    return desk_show(request, person, "desk/work.html", context)


@desk_page("GET")
def work_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """One order that staff deliver: the brief, what to do, what was handed over."""
    return _page(request, person, order_id)


@desk_page("POST", need=Permission.STAFF_WORK)
def take(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Takes an order and begins: from now on it is being worked on, and can't be refused any more."""

    def act() -> str:
        order = order_of(person, checked_id(order_id))
        staff_actions.staff_progress(person, order_id, order.delivered)
        return _("It's yours. The customer sees that work has begun.")

    return _act(request, person, order_id, "take", act)


@desk_page("POST", need=Permission.STAFF_WORK)
def progress(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Marks units as done in all, with a note and files that the customer gets."""
    kept: list[int] = []

    def act() -> str:
        units = parse_count(request.POST.get("units", ""), field="units")
        _keep_uploads(request, person, kept)
        order = staff_actions.staff_progress(person, checked_id(order_id), units, request.POST.get("note", ""), kept)
        return _("Saved: %(done)s of %(wanted)s done.") % {"done": order.delivered, "wanted": order.quantity}

    return _act(request, person, order_id, "progress", act, kept)


@desk_page("POST", need=Permission.STAFF_WORK)
def finish(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Hands over the rest: the order is complete."""
    kept: list[int] = []

    def act() -> str:
        _keep_uploads(request, person, kept)
        staff_actions.staff_finish(person, checked_id(order_id), request.POST.get("note", ""), kept)
        return _("Delivered in full. The customer is told.")

    return _act(request, person, order_id, "progress", act, kept)


@desk_page("POST", need=Permission.STAFF_WORK)
def refuse(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Refuses an order before any work: everything goes back (2.2)."""

    def act() -> str:
        return ended(staff_actions.staff_refuse(person, checked_id(order_id), request.POST.get("why", "")))

    return _act(request, person, order_id, "refuse", act)


@desk_page("POST", need=Permission.STAFF_WORK)
def give_up(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Ends an order that can't be finished: what was not delivered goes back (2.1)."""

    def act() -> str:
        return ended(staff_actions.staff_give_up(person, checked_id(order_id), request.POST.get("why", "")))

    return _act(request, person, order_id, "give-up", act)


@desk_page("POST", need=Permission.STAFF_WORK)
def answer_stop(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Answers a customer's request to stop (4.2)."""
    answer = request.POST.get("answer", "")

    def act() -> str:
        if answer not in ("stop", "go_on"):
            raise Refusal(RefusalCode.FIELD_INVALID, "answer")
        decided = staff_actions.staff_answer_stop(
            person, checked_id(order_id), stops=answer == "stop", why=request.POST.get("why", "")
        )
        return ended(decided) if answer == "stop" else _("Answered. The order goes on, and the customer reads why.")

    return _act(request, person, order_id, "stop", act)


@desk_page("POST", need=Permission.CASE_WORK)
def say(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Writes to the customer of an order in staff work."""
    return _act(request, person, order_id, "write", lambda: write(person, request, checked_id(order_id)))


def promise(row: OrderRow) -> Due | None:
    """What an order in staff work is due for: the answer to a stop request, else its promised start."""
    if row.stop_status == "asked" and row.stop_deadline:
        return due_at(row.stop_deadline)
    return due_at(row.start_promised_at) if row.started_at is None and row.waiting_since is None else None


def _keep_uploads(request: HttpRequest, person: Person, kept: list[int]) -> None:
    """Adds to `kept` the files of the form: those that an earlier, refused sending kept, and new ones, kept now."""
    kept.extend(row.id for row in own_files(person, ids(request.POST.getlist("file_ids"))))
    for sent in request.FILES.getlist("upload"):
        row = keep_file(person, name=sent.name or "", content=sent.read(), purpose="deliverable")
        kept.append(row.id)  # one by one: a file that is refused must not lose those before it


def _act(
    request: HttpRequest, person: Person, order_id: int, form: str, act: Callable[[], str], kept: Sequence[int] = ()
) -> HttpResponse:
    try:
        text = act()
    except Refusal as refused:
        return _page(request, person, order_id, refused, form, kept)
    return done(request, text, "desk:work_order", order_id)


def _page(
    request: HttpRequest, person: Person, order_id: int, refused: Refusal | None = None, posted: str = "",
    kept: Sequence[int] = (),
) -> HttpResponse:  # fmt: skip
    order = order_of(person, checked_id(order_id))
    if order.terms.get("delivery") != "staff":
        raise refused or Refusal(RefusalCode.NOT_FOUND)
    context = order_facts(person, order) | talk_of(person, order.id) | {
        "room": "desk-work",
        "due": promise(order),
        "events": order_lines(order),
        "names": names_of({order.staff_id}),
        "kept": own_files(person, kept),
        "in_work": order.status in ("processing", "in_progress"),
        "untouched": order.status in ("pending", "processing") and order.started_at is None and not order.delivered,
        "texts": [line for line in order.texts.splitlines() if line.strip()],
    }  # fmt: skip
    return desk_show(request, person, "desk/work_order.html", context, refused, posted)
