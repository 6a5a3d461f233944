"""Mass orders: lines pasted or uploaded, every one checked and priced, confirmed once, followed to the last line."""

from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import services_for
from smmatic.credits.queries import wallet
from smmatic.dashboard.common import customer_page, form_of
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.sheets import MAX_BYTES, Rows, read_lines, read_sheet
from smmatic.kernel.texts import one_of
from smmatic.orders.mass_actions import carry_on, check_batch, confirm_batch
from smmatic.orders.mass_queries import BatchLine, BatchRow, batch_of, batches_of, lines_of_batch, tried
from smmatic.orders.mass_rules import FIELDS, MAX_LINES
from smmatic.web.pages import checked_id, language, new_key, show
from smmatic.web.sheets import Column, Type, sheet_response

PAGE = 100
AT_ONCE_SECONDS = 6.0
"""How long the confirming page itself places; what is left a worker carries on while the page shows the progress."""

SHOWS = {
    "wrong": gettext_lazy("Can't be ordered"),
    "warned": gettext_lazy("Ordered twice?"),
    "good": gettext_lazy("Can be ordered"),
    "left": gettext_lazy("Not ordered"),
    "placed": gettext_lazy("Ordered"),
}
"""Which lines are shown: what the address says and the word."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a confirmed mass order is: lines tried of all of them."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        """Of a hundred, whole."""
        return 100 * self.done // self.total if self.total else 100


@require_safe
@customer_page
def mass_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The form that takes lines, how they look, and the mass orders before."""
    return _form(request, person)


@form_of("dashboard:mass")
@customer_page
def check(request: HttpRequest, person: Person) -> HttpResponse:
    """Checks and prices the lines; nothing is charged."""
    try:
        rows, name = _rows(request)
        batch = check_batch(person, rows, key=request.POST.get("key", ""), name=name)
    except Refusal as refused:
        return _form(request, person, refused)
    return redirect("dashboard:batch", batch.id)


@require_safe
@customer_page
def batch_page(request: HttpRequest, person: Person, batch_id: int) -> HttpResponse:
    """A mass order: what it costs and what is wrong with each line; once confirmed, what became of each."""
    return _batch(request, person, batch_of(person, checked_id(batch_id)))


@require_safe
@customer_page
def batch_live(request: HttpRequest, person: Person, batch_id: int) -> HttpResponse:
    """The progress of a confirmed mass order; when it has ended, the whole page is asked for anew."""
    batch = batch_of(person, checked_id(batch_id))
    response = show(request, "dashboard/_batch_progress.html", {"batch": batch, "progress": _progress(batch)})
    if batch.state != "placing":
        response.headers["HX-Refresh"] = "true"
    return response


@form_of("dashboard:batch")
@customer_page
def place(request: HttpRequest, person: Person, batch_id: int) -> HttpResponse:
    """Confirms a mass order once and begins to place it."""
    batch = batch_of(person, checked_id(batch_id))
    try:
        which = one_of(request.POST.get("which", ""), "which", ("all", "each"))
        confirm_batch(person, batch.id, all_or_nothing=which == "all")
    except Refusal as refused:
        return _batch(request, person, batch_of(person, batch.id), refused)
    with suppress(Refusal):  # somebody holds a row: a worker carries it on, and the page shows how far it is
        carry_on(batch.id, seconds=AT_ONCE_SECONDS)
    return redirect("dashboard:batch", batch.id)


@require_safe
@customer_page
def batch_file(request: HttpRequest, person: Person, batch_id: int, kind: str) -> HttpResponseBase:
    """Every line as it was sent, with its price, its order or why there is none: to be corrected and sent again."""
    batch = batch_of(person, checked_id(batch_id))
    columns = [Column(name) for name in FIELDS] + [
        Column("line", Type.NUMBER), Column("price", Type.CREDITS), Column("order", Type.NUMBER),
        Column("result"), Column("why", width=60),
    ]  # fmt: skip
    return sheet_response(kind, f"mass-order-{batch.id}", columns, (_cells(one) for one in lines_of_batch(batch.id)))


@require_safe
@customer_page
def template(request: HttpRequest, person: Person, kind: str) -> HttpResponseBase:
    """A table to fill in, with the first services as examples."""
    rows = []
    for row in services_for(person.id)[:3]:
        cells = dict.fromkeys(FIELDS, "") | {"service": row.code, "link": row.link_example, "quantity": str(row.min)}
        rows.append(list(cells.values()))
    return sheet_response(kind, "mass-order", [Column(name, width=24) for name in FIELDS], rows)


def _rows(request: HttpRequest) -> tuple[Rows, str]:
    """The lines of the chosen file, else those that were pasted, and the file's name.

    Raises:
        Refusal: `sheet_*`.
    """
    sent = request.FILES.get("upload")
    if sent is None:
        text = request.POST.get("lines", "")
        return read_lines(text, field="lines", maximum_rows=MAX_LINES, separators="|\t;,"), ""
    if (sent.size or 0) > MAX_BYTES:
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, "upload", maximum=MAX_LINES, maximum_mb=MAX_BYTES // 2**20)
    return read_sheet(sent.read(), field="upload", maximum_rows=MAX_LINES), sent.name or ""


def _cells(one: BatchLine) -> list[object]:
    result = _("ordered") if one.order_id else _("not ordered") if one.reasons else ""
    why = " ".join(f"{refusal.sentence} {refusal.next_step}" for refusal in one.reasons)
    price = None if one.check.wrong else one.check.amount
    return [*one.line.cells(), one.line.number, price, one.order_id, result, why]


def _form(request: HttpRequest, person: Person, refused: Refusal | None = None) -> HttpResponse:
    context = {
        "room": "orders",
        "key": new_key()[:40],
        "values": {"lines": request.POST.get("lines", "")},
        "batches": batches_of(person.id),
        "services": services_for(person.id),
        "examples": [(row.code, row.link_example, row.min) for row in services_for(person.id)[:2]],
        "maximum": MAX_LINES,
        "line_hint": _("One order a line: service code | link | quantity"),
    }
    return show(request, "dashboard/mass.html", context, refused)


def _batch(request: HttpRequest, person: Person, batch: BatchRow, refused: Refusal | None = None) -> HttpResponse:
    everything = lines_of_batch(batch.id)
    counts = {name: sum(1 for one in everything if _shown(one, name)) for name in SHOWS}
    tabs = ("wrong", "warned", "good") if batch.state == "checked" else ("left", "placed")
    chosen = request.GET.get("show", "")
    if chosen not in tabs:
        chosen = next((name for name in tabs if counts[name] and name != "warned"), "")
    page = request.GET.get("page", "1")
    at = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1
    wanted = [one for one in everything if not chosen or _shown(one, chosen)]
    available = wallet(person.id).available
    context = {
        "room": "orders",
        "batch": batch,
        "progress": _progress(batch),
        "tabs": [(name, SHOWS[name], counts[name]) for name in tabs if counts[name]],
        "chosen": chosen,
        "rows": wanted[(at - 1) * PAGE : at * PAGE],
        "page_now": at,
        "page_count": max(1, -(-len(wanted) // PAGE)),
        "warned": counts["warned"],
        "available": available,
        "after": available - batch.amount,
        "missing": max(0, batch.amount - available),
        "names": {row.id: row.name(language()) for row in services_for(person.id, active_only=False)},
    }
    return show(request, "dashboard/batch.html", context, refused)


def _shown(one: BatchLine, name: str) -> bool:
    if name == "wrong":
        return one.check.wrong
    if name == "warned":
        return bool(one.check.overlap or one.check.twice)
    if name == "good":
        return not one.check.wrong
    return one.order_id is not None if name == "placed" else one.order_id is None


def _progress(batch: BatchRow) -> Progress:
    return Progress(tried(batch.id), batch.total)
