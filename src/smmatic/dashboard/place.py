"""The order form: what is typed is checked and priced while typing, and placed once."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from smmatic.accounts.queries import Person
from smmatic.catalogue.kinds import NO_LINK, Link
from smmatic.catalogue.links import check_link
from smmatic.catalogue.queries import ServiceRow, service_by_code
from smmatic.catalogue.rules import amount_of, check_quantity
from smmatic.credits.queries import wallet
from smmatic.dashboard.common import customer_page, form_of
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.orders.actions import OrderRequest, keep_file, place, quote
from smmatic.orders.queries import FileRow, own_files
from smmatic.policy.queries import current_policy
from smmatic.web.pages import ids, new_key, show
from smmatic.web.templatetags.smm import credits as shown_credits

INTERVALS = (30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080)
TEXT_FIELDS = ("link", "quantity", "texts", "runs", "interval_minutes", "brief")


@dataclass(frozen=True, slots=True)
class Form:
    """The order form as typed, with its idempotency key and the versions of terms and policy that were shown."""

    key: str
    values: dict[str, str]
    start_now: bool = False
    file_ids: list[int] = field(default_factory=list)
    terms_version: int | None = None
    policy_version_id: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What is known of the price while typing: units of Credits, or None where the count isn't clear yet."""

    quantity: int | None
    amount: int | None
    available: int
    refusal: Refusal | None = None

    @property
    def after(self) -> int | None:
        """Units available after ordering."""
        return None if self.amount is None else self.available - self.amount

    @property
    def missing(self) -> int:
        """Units that the wallet lacks."""
        return max(0, -(self.after or 0))


@dataclass(frozen=True, slots=True)
class Promise:
    """What would hold if the order were placed now."""

    undo_until: datetime | None
    start_by: datetime
    can_be_stopped: bool


def blank_form(service: ServiceRow, given: QueryDict) -> Form:
    """A fresh form; an address may fill in the fields, which is how an order is repeated."""
    values = {name: given.get(name, "")[:20_000] for name in TEXT_FIELDS}
    if service.type == "counted" and not values["quantity"]:
        values["quantity"] = str(service.min)
    if service.type == "counted_runs":
        values["runs"] = values["runs"] or str(service.min)
        values["interval_minutes"] = values["interval_minutes"] or "1440"
    return Form(new_key(), values, terms_version=service.version)


def form_page(
    request: HttpRequest, person: Person | None, service: ServiceRow, form: Form,
    refused: Refusal | Refusals | None = None,
) -> HttpResponse:  # fmt: skip
    """The service's page with its form, again with what is refused where something is."""
    customer = person if person and not person.staff else None
    return show(request, "dashboard/service.html", _context(customer, service, form), refused)


@require_POST
@customer_page
def live_price(request: HttpRequest, person: Person, code: str) -> HttpResponse:
    """While typing: the recognised link, the price, the balance after, and what the policy gives. Changes nothing."""
    service = _service(code)
    return show(request, "dashboard/_live.html", _context(person, service, _form(request, person)) | {"live": True})


@require_POST
@customer_page
def upload(request: HttpRequest, person: Person, code: str) -> HttpResponse:
    """Keeps chosen files for the form at once, so that a wrong one is refused before the order."""
    service = _service(code)
    form = _form(request, person)
    refused: Refusal | None = None
    try:
        form = _with_uploads(request, person, form)
    except Refusal as refusal:
        refused = refusal
    # htmx swaps the block also when a file is refused; the status says so to everybody else.
    return show(request, "dashboard/_files.html", _context(person, service, form), refused)


@form_of("dashboard:service")
@customer_page
def place_order(request: HttpRequest, person: Person, code: str) -> HttpResponse:
    """Places the order once for its key and goes to the order's page; a refusal shows the form again."""
    service = _service(code)
    form = _form(request, person)
    try:
        form = _with_uploads(request, person, form)
        placed = place(person, _order_request(service, form), key=form.key, channel="page")
    except (Refusal, Refusals) as refused:
        # A stored refusal answers its key for ever, so what is corrected goes under a new one.
        return form_page(request, person, _service(code), replace(form, key=new_key()), refused)
    if not placed.replayed:
        messages.success(
            request, _("Order placed. %(amount)s Credits are held for it.") % {"amount": shown_credits(placed.charged)}
        )
    return redirect("dashboard:order", placed.order_id)


def _service(code: str) -> ServiceRow:
    service = service_by_code(code)
    if service is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return service


def _form(request: HttpRequest, person: Person) -> Form:
    posted = request.POST
    try:
        file_ids = [row.id for row in own_files(person, ids(posted.getlist("file_ids")))]
    except Refusal:
        file_ids = []
    removed = posted.get("remove_file", "")
    return Form(
        posted.get("key", ""),
        {name: posted.get(name, "") for name in TEXT_FIELDS},
        posted.get("start_now") == "yes",
        [file_id for file_id in file_ids if str(file_id) != removed],
        _number(posted.get("terms_version", "")),
        _number(posted.get("policy_version_id", "")),
    )


def _with_uploads(request: HttpRequest, person: Person, form: Form) -> Form:
    return replace(form, file_ids=[*form.file_ids, *kept_uploads(request, person, "brief")])


def kept_uploads(request: HttpRequest, person: Person, purpose: str) -> list[int]:
    """Keeps the files of a form; their ids.

    Raises:
        Refusal: `file_*`. The files before the refused one are kept and belong to nothing.
    """
    return [
        keep_file(person, name=uploaded.name, content=uploaded.read(), purpose=purpose).id
        for uploaded in request.FILES.getlist("upload")
        if isinstance(uploaded, UploadedFile) and uploaded.name
    ]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _order_request(service: ServiceRow, form: Form) -> OrderRequest:
    values = form.values
    return OrderRequest(
        service_id=service.id,
        quantity=values["quantity"] or None,
        link=values["link"],
        brief=values["brief"],
        texts=values["texts"],
        runs=values["runs"] or None,
        interval_minutes=values["interval_minutes"] or None,
        start_now=form.start_now,
        file_ids=tuple(form.file_ids),
        terms_version=form.terms_version,
        policy_version_id=form.policy_version_id,
    )


def _context(person: Person | None, service: ServiceRow, form: Form) -> dict[str, object]:
    link, link_refusal = _link(service, form.values["link"])
    moment = now()
    grace = None if form.start_now or not service.grace_minutes else moment + timedelta(minutes=service.grace_minutes)
    return {
        "room": "services",
        "service": service,
        "form": form,
        "values": form.values,
        "files": _files(person, form),
        "link": link,
        "link_refusal": link_refusal,
        "price": _price(person, service, form),
        "promise": Promise(grace, moment + timedelta(hours=service.start_hours), service.can_be_stopped),
        "policy": current_policy(),
        "wants_files": service.delivery == "staff" or service.takes_files or service.service_class == "upload",
        "wants_link": service.link_kinds != ("upload",),
        "intervals": _interval_choices(form.values["interval_minutes"]),
        "problem": _problem(person, service, form),
    }


def _files(person: Person | None, form: Form) -> list[FileRow]:
    return own_files(person, form.file_ids) if person and form.file_ids else []


def _link(service: ServiceRow, text: str) -> tuple[Link | None, Refusal | None]:
    if not text.strip():
        return None, None
    try:
        link = check_link(service.terms(), text)
    except Refusal as refusal:
        return None, refusal
    return (None if link == NO_LINK else link), None


def _price(person: Person | None, service: ServiceRow, form: Form) -> Price:
    available = wallet(person.id).available if person else 0
    try:
        quantity = _quantity(service, form.values)
        return Price(quantity, None if quantity is None else amount_of(service.terms(), quantity), available)
    except Refusal as refusal:
        return Price(None, None, available, refusal)


def _quantity(service: ServiceRow, values: dict[str, str]) -> int | None:
    """How many units are asked for so far, by the same checks that placing makes."""
    terms = service.terms()
    if service.type == "package":
        return 1
    if service.type == "custom_comments":
        lines = [line for line in values["texts"].splitlines() if line.strip()]
        return check_quantity(terms, len(lines), "texts") if lines else None
    name = "runs" if service.type == "counted_runs" else "quantity"
    return check_quantity(terms, values[name], name) if values[name] else None


def _problem(person: Person | None, service: ServiceRow, form: Form) -> Refusal | None:
    """The first thing that placing would refuse now and that no field shows yet; empty fields are not a problem."""
    if person is None:
        return None
    try:
        quote(person, _order_request(service, form))
    except Refusal as refusal:
        return refusal
    except Refusals:
        return None
    return None


def _interval_choices(chosen: str) -> list[tuple[str, str]]:
    def words(minutes: int) -> str:
        if minutes % 1_440 == 0:
            days = minutes // 1_440
            return _("every day") if days == 1 else _("every %(days)s days") % {"days": days}
        if minutes % 60 == 0:
            hours = minutes // 60
            return _("every hour") if hours == 1 else _("every %(hours)s hours") % {"hours": hours}
        return _("every %(minutes)s minutes") % {"minutes": minutes}

    choices = [(str(minutes), words(minutes)) for minutes in INTERVALS]
    if chosen and chosen not in dict(choices):
        choices.append((chosen, chosen))
    return choices
