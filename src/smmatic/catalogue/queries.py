"""Reads of the catalogue."""

import time
import tomllib
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from smmatic.catalogue.links import link_example, link_expected
from smmatic.catalogue.models import Service, ServiceVersion

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
)


_FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service as it is offered now. `price_units` are Credit units for one service unit; times as their names say."""

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
    link_kinds: tuple[str, ...]
    active: bool
    version: int

    def name(self, language: str) -> str:
        """The service's name in a language ('vi' or anything else for English)."""
        return self.name_vi if language == "vi" else self.name_en

    def unit(self, language: str) -> str:
        """The name of one unit in a language."""
        return self.unit_vi if language == "vi" else self.unit_en

    def gets(self, language: str) -> str:
        """What the customer gets, in one sentence."""
        return _description(self.code, self.service_class, "gets", language)

    def needs(self, language: str) -> str:
        """What we need from the customer, in one sentence."""
        return _description(self.code, self.service_class, "needs", language)

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
        return {name: getattr(self, name) for name in _TERMS} | {
            "link_kinds": list(self.link_kinds),
            "version": self.version,
        }


_offered: dict[int, tuple[float, ServiceRow]] = {}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """The terms of a service under one version, and who brought it in (None: the installation)."""

    version: int
    terms: dict[str, Any]
    active: bool
    actor_id: int | None
    at: datetime


def services(active_only: bool = True) -> list[ServiceRow]:
    """The services in the order of the catalogue file."""
    rows = Service.objects.order_by("position", "code")
    return [_row(row) for row in (rows.filter(active=True) if active_only else rows)]


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


def forget() -> None:
    """Makes `offered` read anew: the catalogue has changed."""
    _offered.clear()


def service_by_code(code: str) -> ServiceRow | None:
    """The service with this code, also when it is not offered now, or None."""
    row = Service.objects.filter(code=code).first() if code.isascii() and "\x00" not in code else None
    return _row(row) if row else None


def versions(service_id: int) -> list[VersionRow]:
    """All versions of a service's terms, newest first: its price history."""
    rows = ServiceVersion.objects.filter(service_id=service_id).order_by("-version")
    return [VersionRow(row.version, row.terms, row.active, row.actor_id, row.at) for row in rows]


def categories(rows: list[ServiceRow]) -> dict[str, list[ServiceRow]]:
    """Services by category, both in the order of the list."""
    grouped: dict[str, list[ServiceRow]] = {}
    for row in rows:
        grouped.setdefault(row.category, []).append(row)
    return grouped


def _row(row: Service) -> ServiceRow:
    values = {field.name: getattr(row, field.name) for field in fields(ServiceRow)}
    return ServiceRow(**(values | {"link_kinds": tuple(row.link_kinds)}))


@cache
def _descriptions() -> dict[str, Any]:
    text = resources.files("smmatic.catalogue").joinpath("data/descriptions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _description(code: str, service_class: str, part: str, language: str) -> str:
    known = _descriptions()
    chosen = known["service"].get(code) or known["class"].get(service_class) or known["class"]["other"]
    text: str = chosen[part]["vi" if language == "vi" else "en"]
    return text
