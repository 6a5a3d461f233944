"""One order of staff work on one page: the brief, whose it is, what is done, stop requests and rework."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person, staff_people
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.desk.orders import ended, order_facts, order_lines
from smmatic.desk.talk import talk_of, write
from smmatic.desk.work import due_of
from smmatic.fulfilment import assign_actions, rework_actions, staff_actions
from smmatic.fulfilment.handover import checked_handover
from smmatic.fulfilment.rework_queries import rework_of, reworks_of_order
from smmatic.fulfilment.work_queries import handed_over, item_of
from smmatic.kernel.amounts import parse_count
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import keep_file
from smmatic.orders.queries import OrderRow, events_of, files_of, order_of, own_files
from smmatic.refunds.actions import preview_stop
from smmatic.web.pages import checked_id, ids


@dataclass
class Kept:
    """Files that a form has kept: what is handed over, and what proves it."""

    files: list[int] = field(default_factory=list)
    proof: list[int] = field(default_factory=list)


@desk_page("GET")
def work_page(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """One order that staff deliver, or whose rework they do."""
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
def assign(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Claims it, takes it over, hands it to a colleague (`to`), or puts it back for anybody."""
    what, to = request.POST.get("what", ""), request.POST.get("to", "")

    def act() -> str:
        number = checked_id(order_id)
        if what == "claim":
            assign_actions.claim(person, number)
            return _("It's yours. Nothing has begun yet.")
        if what == "take_over":
            assign_actions.take_over(person, number)
            return _("It's yours now. Your colleague reads it in the history.")
        note = request.POST.get("note", "")
        if what == "put_back":
            assign_actions.hand_to(person, number, None, note)
            return _("Put back: anybody can take it.")
        if what != "hand":
            raise Refusal(RefusalCode.FIELD_INVALID, "what")
        assign_actions.hand_to(person, number, _colleague(to), note)
        return _("Handed over.")

    return _act(request, person, order_id, "assign", act)


@desk_page("POST", need=Permission.STAFF_WORK)
def progress(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Marks units as done in all, with a note, links, files and proof that the customer gets."""
    kept = Kept()

    def act() -> str:
        units = parse_count(request.POST.get("units", ""), field="units")
        note, links, proof = _typed(request)
        _keep_uploads(request, person, kept)
        order = staff_actions.staff_progress(
            person, checked_id(order_id), units, note, kept.files, links=links, proof=proof, proof_files=kept.proof
        )
        return _("Saved: %(done)s of %(wanted)s done.") % {"done": order.delivered, "wanted": order.quantity}

    return _act(request, person, order_id, "progress", act, kept)


@desk_page("POST", need=Permission.STAFF_WORK)
def finish(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Hands over the rest: the order is complete."""
    kept = Kept()

    def act() -> str:
        note, links, proof = _typed(request)
        _keep_uploads(request, person, kept)
        staff_actions.staff_finish(
            person, checked_id(order_id), note, kept.files, links=links, proof=proof, proof_files=kept.proof
        )
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


@desk_page("POST", need=Permission.STAFF_WORK)
def rework(request: HttpRequest, person: Person, order_id: int, rework_id: int) -> HttpResponse:
    """Begins a rework, hands over what was done again, or says why it isn't."""
    kept, answer = Kept(), request.POST.get("answer", "")

    def act() -> str:
        number = checked_id(rework_id)
        if rework_of(person, number).order_id != checked_id(order_id):
            raise Refusal(RefusalCode.NOT_FOUND)
        if answer == "begin":
            rework_actions.begin_rework(person, number)
            return _("It's yours. The customer sees that it is being done again.")
        if answer == "refuse":
            rework_actions.refuse_rework(person, number, request.POST.get("why", ""))
            return _("Answered. The customer reads why, and can still ask for a refund.")
        if answer != "finish":
            raise Refusal(RefusalCode.FIELD_INVALID, "answer")
        note, links, proof = _typed(request)
        _keep_uploads(request, person, kept)
        rework_actions.finish_rework(person, number, checked_handover(note, links, kept.files, proof, kept.proof))
        return _("Handed over. The customer is told.")

    form = "rework-refuse" if answer == "refuse" else "rework"
    return _act(request, person, order_id, form, act, kept)


@desk_page("POST", need=Permission.CASE_WORK)
def say(request: HttpRequest, person: Person, order_id: int) -> HttpResponse:
    """Writes to the customer of an order in staff work."""
    return _act(request, person, order_id, "write", lambda: write(person, request, checked_id(order_id)))


def _colleague(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        raise Refusal(RefusalCode.COLLEAGUE_UNKNOWN, "to")
    return int(typed)


def _typed(request: HttpRequest) -> tuple[str, str, str]:
    """Note, links and proof as they were typed, checked before any file is kept.

    Raises:
        Refusal: `text_*`, `deliverable_link`, `deliverable_too_many`.
    """
    typed = request.POST.get("note", ""), request.POST.get("links", ""), request.POST.get("proof", "")
    note, links, proof = typed
    checked_handover(note, links, (), proof)
    return typed


def _keep_uploads(request: HttpRequest, person: Person, kept: Kept) -> None:
    """Adds to `kept` the files of the form: those that an earlier, refused sending kept, and new ones, kept now."""
    kept.files.extend(row.id for row in own_files(person, ids(request.POST.getlist("file_ids"))))
    kept.proof.extend(row.id for row in own_files(person, ids(request.POST.getlist("proof_ids"))))
    for sent, purpose, into in (("upload", "deliverable", kept.files), ("proof_upload", "proof", kept.proof)):
        for file in request.FILES.getlist(sent):
            row = keep_file(person, name=file.name or "", content=file.read(), purpose=purpose)
            into.append(row.id)  # one by one: a file that is refused must not lose those before it


def _act(
    request: HttpRequest, person: Person, order_id: int, form: str, act: Callable[[], str], kept: Kept | None = None
) -> HttpResponse:
    try:
        text = act()
    except Refusal as refused:
        return _page(request, person, order_id, refused, form, kept)
    return done(request, text, "desk:work_order", order_id)


def _page(
    request: HttpRequest, person: Person, order_id: int, refused: Refusal | None = None, posted: str = "",
    kept: Kept | None = None,
) -> HttpResponse:  # fmt: skip
    order = order_of(person, checked_id(order_id))
    reworks = reworks_of_order(order.id)
    if order.terms.get("delivery") != "staff" and not reworks:
        raise refused or Refusal(RefusalCode.NOT_FOUND)
    open_rework = next((row for row in reworks if row.open), None)
    item = item_of(order, open_rework)
    by_staff = order.terms.get("delivery") == "staff"
    in_work = by_staff and order.status in ("processing", "in_progress")
    kept = kept or Kept()
    colleagues = [one for one in staff_people() if one.may(Permission.STAFF_WORK) and one.id != item.staff_id]
    context = order_facts(person, order) | talk_of(person, order.id) | {
        "room": "desk-work",
        "due": due_of(item) if order.live or open_rework else None,
        "events": order_lines(order),
        "names": names_of({item.staff_id}, {row.staff_id for row in reworks}),
        "holder": item.staff_id,
        "mine": item.staff_id == person.id,
        "free": item.staff_id is None,
        "assignable": in_work or open_rework is not None,
        "colleagues": [("", "")] + [(one.id, one.shown_name) for one in colleagues],
        "kept": own_files(person, kept.files),
        "kept_proof": own_files(person, kept.proof),
        "in_work": in_work,
        "untouched": by_staff and _untouched(order),
        "stop_plan": preview_stop(person, order.id) if order.stop_status in ("asked", "unknown") else None,
        "rework": open_rework,
        "reworks": reworks,
        "given": handed_over(events_of(order.id), files_of(order.id)),
        "texts": [line for line in order.texts.splitlines() if line.strip()],
    }  # fmt: skip
    return desk_show(request, person, "desk/work_order.html", context, refused, posted)


def _untouched(order: OrderRow) -> bool:
    """Whether no work on it has begun, so that it can still be refused."""
    return order.status in ("pending", "processing") and order.started_at is None and not order.delivered
