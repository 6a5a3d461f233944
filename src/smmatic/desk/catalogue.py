"""The catalogue: every service with its terms, edited with a preview of what the customer sees, and its history."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from smmatic.accounts.queries import Person, find_customers
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission
from smmatic.catalogue.actions import (
    row_of_form,
    save_categories,
    save_service,
    set_availability,
    set_customer_price,
)
from smmatic.catalogue.exports import cells_of
from smmatic.catalogue.imports import EXTRA_COLUMNS, PRICE, TEXTS
from smmatic.catalogue.kinds import ANY_KIND, Kind, Platform
from smmatic.catalogue.prices import customer_prices
from smmatic.catalogue.queries import ServiceRow, VersionRow, categories, category_rows, service, services, versions
from smmatic.catalogue.rules import ServiceType
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.amounts import format_credits, parse_count
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.kernel.texts import one_of
from smmatic.policy.queries import current_policy
from smmatic.web.pages import checked_id, search_text

LABELS: dict[str, str | Promise] = {
    "code": gettext_lazy("Code"),
    "name_en": gettext_lazy("Name in English"),
    "name_vi": gettext_lazy("Name in Vietnamese"),
    "category": gettext_lazy("Category"),
    "service_class": gettext_lazy("Class: sets the decision time"),
    "platform": gettext_lazy("Platform"),
    "unit_en": gettext_lazy("Unit in English"),
    "unit_vi": gettext_lazy("Unit in Vietnamese"),
    "type": gettext_lazy("How it is ordered"),
    "min": gettext_lazy("Minimum"),
    "max": gettext_lazy("Maximum"),
    "step": gettext_lazy("Step"),
    PRICE: gettext_lazy("Credits for one unit"),
    "start_hours": gettext_lazy("Starts within, hours"),
    "grace_minutes": gettext_lazy("Time to undo, minutes"),
    "delivery": gettext_lazy("Delivered by"),
    "rework_days": gettext_lazy("Rework within, days"),
    "stop_rule": gettext_lazy("Stopping once begun"),
    "link_kinds": gettext_lazy("What the link may lead to"),
    "overlap": gettext_lazy("A second open order for one link"),
    "gets_en": gettext_lazy("What the customer gets, in English"),
    "gets_vi": gettext_lazy("What the customer gets, in Vietnamese"),
    "needs_en": gettext_lazy("What we need, in English"),
    "needs_vi": gettext_lazy("What we need, in Vietnamese"),
    "active": gettext_lazy("On sale"),
}
"""The words of every column, on forms and in histories."""

CHOICES: dict[str, list[tuple[str, str | Promise]]] = {
    "platform": [(one.value, one.value.capitalize()) for one in Platform if one not in (Platform.WEB, Platform.ANY)]
    + [(Platform.ANY.value, gettext_lazy("Any platform"))],
    "type": [
        (ServiceType.COUNTED.value, gettext_lazy("A number of units")),
        (ServiceType.PACKAGE.value, gettext_lazy("One package")),
        (ServiceType.CUSTOM_COMMENTS.value, gettext_lazy("The customer's texts, one a line")),
        (ServiceType.COUNTED_RUNS.value, gettext_lazy("Runs, spread over time")),
    ],
    "delivery": [("staff", gettext_lazy("Our staff")), ("provider", gettext_lazy("A delivery partner"))],
    "stop_rule": [
        ("request", gettext_lazy("Can be asked for")),
        ("none", gettext_lazy("Not possible")),
    ],
    "overlap": [
        ("warn", gettext_lazy("Warn the customer")),
        ("refuse", gettext_lazy("Refuse the second")),
        ("allow", gettext_lazy("Allow it silently")),
    ],
}
"""The choices of the columns that have a closed list."""


@dataclass(frozen=True, slots=True)
class Change:
    """One column that a version changed, in words, with the value before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One version in a service's history; the first has no changes."""

    row: VersionRow
    price_units: int
    changes: list[Change]


@desk_page("GET")
def catalogue_page(request: HttpRequest, person: Person) -> HttpResponse:
    """All services by category, those not on sale among them."""
    return _list(request, person)


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def set_categories(request: HttpRequest, person: Person) -> HttpResponse:
    """Saves the categories' Vietnamese names and their order."""
    names = request.POST.getlist("name")
    words = {
        name: (request.POST.get(f"vi-{place}", ""), request.POST.get(f"at-{place}", ""))
        for place, name in enumerate(names[:200])
    }
    try:
        save_categories(person, words)
    except Refusal as refused:
        return _list(request, person, refused, "categories")
    return done(request, _("The categories were saved."), "desk:catalogue")


@desk_page("GET")
def new_service(request: HttpRequest, person: Person) -> HttpResponse:
    """The form of a new service; `like` in the address copies another."""
    like = request.GET.get("like", "")
    row = service(int(like)) if like.isascii() and like.isdigit() and len(like) < 19 else None
    cells = cells_of(row) | {"code": ""} if row else BLANK
    return _form(request, person, None, cells)


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def add_service(request: HttpRequest, person: Person) -> HttpResponse:
    """Adds a service from its form."""
    cells = cells_of_form(request.POST)
    try:
        row = save_service(person, cells, version=None)
    except (Refusal, Refusals) as refused:
        return _form(request, person, None, cells, refused, "service")
    return done(request, _("%(code)s was added.") % {"code": row.code}, "desk:service", row.id)


@desk_page("GET")
def service_page(request: HttpRequest, person: Person, service_id: int) -> HttpResponse:
    """One service: its form, how the customer sees it, its history and the prices of single customers."""
    row = _service(service_id)
    return _form(request, person, row, cells_of(row))


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def save(request: HttpRequest, person: Person, service_id: int) -> HttpResponse:
    """Saves a service as its next version."""
    row = _service(service_id)
    cells = cells_of_form(request.POST) | {"code": row.code}
    one_of(request.POST.get("code", ""), "code", (row.code, ""))
    try:
        version = parse_count(request.POST.get("version", ""), field="version")
        saved = save_service(person, cells, version=version)
    except (Refusal, Refusals) as refused:
        return _form(request, person, row, cells, refused, "service")
    text = _("Saved. New orders have these terms; orders that are placed keep theirs.")
    return done(request, text if saved.version != version else _("Nothing was different."), "desk:service", row.id)


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def preview(request: HttpRequest, person: Person) -> HttpResponse:
    """While it is edited: the service as the customer would see it, in both languages. Changes nothing."""
    return desk_show(request, person, "desk/_service_preview.html", _preview(cells_of_form(request.POST)))


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def availability(request: HttpRequest, person: Person, service_id: int) -> HttpResponse:
    """Takes a service off the list, or offers it again."""
    row = _service(service_id)
    offer = one_of(request.POST.get("active", ""), "active", ("yes", "no", "")) == "yes"
    set_availability(person, row.id, offer)
    text = _("%(code)s is on sale.") if offer else _("%(code)s is off the list. Orders that are placed go on.")
    return done(request, text % {"code": row.code}, "desk:service", row.id)


@desk_page("POST", need=Permission.CATALOGUE_EDIT)
def customer_price(request: HttpRequest, person: Person, service_id: int) -> HttpResponse:
    """Gives one customer a price of their own, or the list price again."""
    row = _service(service_id)
    try:
        customer = _customer(request.POST.get("customer", ""))
        back = one_of(request.POST.get("back", ""), "back", ("yes", "")) == "yes"
        price = None if back else request.POST.get("price", "")
        set_customer_price(person, customer.id, row.id, price, request.POST.get("reason", ""))
    except Refusal as refused:
        return _form(request, person, row, cells_of(row), refused, "price")
    text = _("%(name)s pays this from the next order on.") % {"name": customer.shown_name}
    return done(request, text, "desk:service", row.id)


def cells_of_form(posted: QueryDict) -> dict[str, str]:
    """The columns of a service as a form sends them; a box that is not ticked sends nothing."""
    cells = {name: posted.get(name, "") for name in LABELS if name not in ("active", "link_kinds")}
    return cells | {
        "link_kinds": "|".join(posted.getlist("link_kinds")),
        "active": posted.get("active", "no"),
    }


BLANK = dict.fromkeys(LABELS, "") | {
    "platform": "any", "type": "counted", "min": "1", "max": "100", "step": "1", "start_hours": "24",
    "grace_minutes": "15", "delivery": "staff", "rework_days": "7", "stop_rule": "request", "overlap": "warn",
    "active": "no",
}  # fmt: skip
"""The form of a new service: careful terms, and not on sale before somebody says so."""


def _service(service_id: int) -> ServiceRow:
    row = service(checked_id(service_id))
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def _customer(typed: str) -> Person:
    """The customer of this number or exact mail address.

    Raises:
        Refusal: `customer_unknown`.
    """
    text = typed.strip().removeprefix("#")
    found = person_by_id(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if found is None and "@" in text and "\x00" not in text:
        found = next((one for one in find_customers(text, limit=10) if one.email.casefold() == text.casefold()), None)
    if found is None or found.staff:
        raise Refusal(RefusalCode.CUSTOMER_UNKNOWN, "customer")
    return found


def _list(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    everything = services(active_only=False)
    words = search_text(request)
    off = request.GET.get("show") == "off"
    wanted = [row for row in everything if (not off or not row.active) and _fits(row, words)]
    named = category_rows()
    context = {
        "room": "desk-catalogue",
        "groups": categories(wanted),
        "q": words,
        "off": off,
        "count": len(everything),
        "off_count": sum(1 for row in everything if not row.active),
        "categories": [
            (place, name, named[name].name_vi if name in named else "", named[name].position if name in named else 0)
            for place, name in enumerate(categories(everything))
        ],
    }
    return desk_show(request, person, "desk/catalogue.html", context, refused, posted)


def _fits(row: ServiceRow, words: str) -> bool:
    text = f"{row.code} {row.name_en} {row.name_vi} {row.platform} {row.category} {row.service_class}".casefold()
    return all(word in text for word in words.casefold().split())


def _form(
    request: HttpRequest, person: Person, row: ServiceRow | None, cells: dict[str, str],
    refused: Refusal | Refusals | None = None, posted: str = "",
) -> HttpResponse:  # fmt: skip
    everything = services(active_only=False)
    prices = customer_prices(service_id=row.id) if row else []
    history = _history(row) if row else []
    context = {
        "room": "desk-catalogue",
        "service": row,
        "cells": cells,
        "labels": LABELS,
        "choices": CHOICES,
        "kinds": [kind.value for kind in Kind] + [ANY_KIND],
        "chosen_kinds": cells["link_kinds"].split("|"),
        "known_categories": list(categories(everything)),
        "known_classes": [one.id for one in current_policy().document.service_classes],
        "history": history,
        "prices": prices,
        "names": names_of([step.row.actor_id for step in history], [price.customer_id for price in prices]),
        **_preview(cells),
    }
    return desk_show(request, person, "desk/service.html", context, refused, posted)


def _preview(cells: dict[str, str]) -> dict[str, object]:
    """The service as a customer would see it in each language, or what is still wrong with the form."""
    try:
        row = row_of_form(cells)
    except Refusals as refused:
        return {"unready": [(LABELS.get(one.field or "", one.field), one) for one in refused.refusals]}
    promise = {"undo_until": row.grace_minutes > 0, "can_be_stopped": row.can_be_stopped}
    context = {"policy": current_policy(), "promise": promise}
    shown = []
    for code, label in (("en", "English"), ("vi", "Tiếng Việt")):
        with translation.override(code):
            shown.append((code, label, render_to_string("desk/_service_shown.html", context | {"service": row})))
    return {"shown": shown}


def _history(row: ServiceRow) -> list[Step]:
    found = versions(row.id)
    before = [*found[1:], None]
    return [
        Step(one, int(one.terms["price_units"]), _changes(earlier, one) if earlier else [])
        for one, earlier in zip(found, before, strict=True)
    ]


def _changes(before: VersionRow, after: VersionRow) -> list[Change]:
    old, new = _flat(before), _flat(after)
    return [
        Change(str(LABELS.get(name, name)), old.get(name, ""), new[name])
        for name in new
        if name != "version"
        and old.get(name, "") != new[name]
        and (name in old or name not in (*EXTRA_COLUMNS, *TEXTS))
    ]


def _flat(row: VersionRow) -> dict[str, str]:
    values = {**row.terms, **row.texts, "active": _("yes") if row.active else _("no")}
    flat = {name: "|".join(item) if isinstance(item, list) else str(item) for name, item in values.items()}
    flat[PRICE] = format_credits(int(flat.pop("price_units")))
    return flat
