"""Reads of the catalogue."""

import time
import tomllib
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from smmatic.catalogue.links import link_example, link_expected
from smmatic.catalogue.models import Category, Service, ServiceVersion
from smmatic.catalogue.prices import forget_prices, own_price, own_prices

_TERMS = (
    "code",
    "name_en",
    "name_vi",
    "category",
    "service_class",
    "platform",
    "unit_en",
    "unit_vi",
    "type",
    "min",
    "max",
    "step",
    "price_units",
    "start_hours",
    "grace_minutes",
    "delivery",
    "rework_days",
    "stop_rule",
    "overlap",
)
_TEXTS = ("gets_en", "gets_vi", "needs_en", "needs_vi")

_FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service as it is offered now. `price_units` are Credit units for one service unit; times as their names say.

    For a customer with a price of their own `price_units` is that price and `price_id` the row that says so; else it
    is 0. `gets_*` and `needs_*` are the operator's own words, empty where those of the class stand in.

    `deliverable`: whether somebody delivers it now; while nobody does, placing refuses it.
    """

    id: int
    code: str
    name_en: str
    name_vi: str
    category: str
    service_class: str
    platform: str
    unit_en: str
    unit_vi: str
    type: str
    min: int
    max: int
    step: int
    price_units: int
    start_hours: int
    grace_minutes: int
    delivery: str
    rework_days: int
    stop_rule: str
    overlap: str
    link_kinds: tuple[str, ...]
    gets_en: str
    gets_vi: str
    needs_en: str
    needs_vi: str
    active: bool
    version: int
    deliverable: bool
    price_id: int = 0
    list_price_units: int = 0

    def name(self, language: str) -> str:
        """The service's name in a language ('vi' or anything else for English)."""
        return self.name_vi if language == "vi" else self.name_en

    def unit(self, language: str) -> str:
        """The name of one unit in a language."""
        return self.unit_vi if language == "vi" else self.unit_en

    def gets(self, language: str) -> str:
        """What the customer gets, in one sentence."""
        return self._said("gets", language)

    def needs(self, language: str) -> str:
        """What we need from the customer, in one sentence."""
        return self._said("needs", language)

    def _said(self, part: str, language: str) -> str:
        own: str = getattr(self, f"{part}_{'vi' if language == 'vi' else 'en'}")
        return own or _description(self.code, self.service_class, part, language)

    @property
    def takes_files(self) -> bool:
        """Whether files or a brief can stand in for a link."""
        return "upload" in self.link_kinds

    @property
    def can_be_stopped(self) -> bool:
        """Whether a stop can be asked for while the work goes on (4.2)."""
        return self.stop_rule == "request"

    @property
    def link_example(self) -> str:
        """A well-formed link for the empty field."""
        return link_example(self.terms())

    @property
    def link_expected(self) -> str:
        """What the link field takes, in the active language."""
        return link_expected(self.terms())

    def terms(self) -> dict[str, Any]:
        """The terms that an order pins: plain JSON values, the same for the same version."""
        own = {"price_id": self.price_id} if self.price_id else {}
        return {
            **{name: getattr(self, name) for name in _TERMS},
            "link_kinds": list(self.link_kinds),
            "version": self.version,
            **own,
        }

    def texts(self) -> dict[str, str]:
        """What one gets and what we need, in both languages, as the customer reads it under this version."""
        return {name: self._said(*name.split("_")) for name in _TEXTS}

    def at_price(self, own: tuple[int, int] | None) -> "ServiceRow":
        """The service for a customer whose own price this is: its row and its Credit units; None changes nothing."""
        if own is None:
            return self
        return replace(self, price_id=own[0], price_units=own[1], list_price_units=self.price_units)


_offered: dict[int, tuple[float, ServiceRow]] = {}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """The terms and texts of a service under one version, and who brought it in (None: the installation)."""

    version: int
    terms: dict[str, Any]
    texts: dict[str, str]
    active: bool
    actor_id: int | None
    at: datetime


def services(active_only: bool = True) -> list[ServiceRow]:
    """The services in the order of the catalogue file."""
    rows = Service.objects.order_by("position", "code")
    return [_row(row) for row in (rows.filter(active=True) if active_only else rows)]


def services_for(customer_id: int, active_only: bool = True) -> list[ServiceRow]:
    """As `services`, at the prices that this customer has."""
    own = own_prices(customer_id)
    return [row.at_price(own.get(row.id)) for row in services(active_only)]


def service(service_id: int) -> ServiceRow | None:
    """The service with this id, also when it is not offered now, or None."""
    row = Service.objects.filter(id=service_id).first()
    return _row(row) if row else None


def offered(service_id: int) -> ServiceRow | None:
    """The service as it was within the last seconds, for placing, which checks its version again in the database.

    Saves a query and most of the time of an order. `forget` makes the next call read anew.
    """
    known = _offered.get(service_id)
    if known is not None and time.monotonic() - known[0] < _FRESH_SECONDS:
        return known[1]
    row = service(service_id)
    if row is not None:
        _offered[service_id] = (time.monotonic(), row)
    return row


def offered_to(customer_id: int, service_id: int) -> ServiceRow | None:
    """As `offered`, at the price that this customer has. Placing checks in the database that it still stands."""
    row = offered(service_id)
    return row.at_price(own_price(customer_id, service_id)) if row else None


def forget() -> None:
    """Makes `offered` read anew: the catalogue has changed."""
    _offered.clear()
    _words.clear()
    forget_prices()


def service_by_code(code: str) -> ServiceRow | None:
    """The service with this code, also when it is not offered now, or None."""
    row = Service.objects.filter(code=code).first() if code.isascii() and "\x00" not in code else None
    return _row(row) if row else None


def versions(service_id: int) -> list[VersionRow]:
    """All versions of a service's terms, newest first: its price history."""
    rows = ServiceVersion.objects.filter(service_id=service_id).order_by("-version")
    return [VersionRow(row.version, row.terms, row.texts, row.active, row.actor_id, row.at) for row in rows]


def categories(rows: list[ServiceRow]) -> dict[str, list[ServiceRow]]:
    """Services by category, both in the order of the list; categories that the operator has placed come by place."""
    grouped: dict[str, list[ServiceRow]] = {}
    for row in rows:
        grouped.setdefault(row.category, []).append(row)
    placed = category_rows()
    return dict(sorted(grouped.items(), key=lambda item: placed[item[0]].position if item[0] in placed else 0))


def _row(row: Service) -> ServiceRow:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return ServiceRow(**(values | {"link_kinds": tuple(row.link_kinds)}))


_COLUMNS = [field.name for field in fields(ServiceRow) if field.name not in ("price_id", "list_price_units")]


@cache
def _descriptions() -> dict[str, Any]:
    text = resources.files("smmatic.catalogue").joinpath("data/descriptions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _description(code: str, service_class: str, part: str, language: str) -> str:
    known = _descriptions()
    chosen = known["service"].get(code) or known["class"].get(service_class) or known["class"]["other"]
    text: str = chosen[part]["vi" if language == "vi" else "en"]
    return text


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category: its English name, as services carry it, its Vietnamese one, and its place in the list."""

    name: str
    name_vi: str
    position: int

    def word(self, language: str) -> str:
        """The category's name in a language."""
        return self.name_vi if language == "vi" else self.name


_words: dict[str, tuple[float, dict[str, str]]] = {}


def category_words() -> dict[str, str]:
    """The Vietnamese names of categories by English name, as they were within the last seconds, for pages."""
    kept = _words.get("vi")
    if kept is None or time.monotonic() - kept[0] > _FRESH_SECONDS:
        kept = (time.monotonic(), {name: row.name_vi for name, row in category_rows().items()})
        _words["vi"] = kept
    return kept[1]


def category_rows() -> dict[str, CategoryRow]:
    """The categories that the operator has given words to, by English name, in the order of the list."""
    rows = Category.objects.order_by("position", "name").values_list("name", "name_vi", "position")
    return {name: CategoryRow(name, name_vi, position) for name, name_vi, position in rows}
