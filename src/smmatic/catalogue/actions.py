"""Changes to the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from django.db.models import Max

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.imports import (
    PRICE,
    TEXTS,
    CatalogueRefused,
    RowProblem,
    check_service,
    read_catalogue,
    read_table,
)
from smmatic.catalogue.models import Category, CustomerPrice, Service, ServiceVersion
from smmatic.catalogue.queries import ServiceRow, forget, service, service_by_code
from smmatic.catalogue.rules import MAX_ORDER_UNITS
from smmatic.kernel.amounts import format_credits, parse_count, parse_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.kernel.sheets import Rows
from smmatic.kernel.texts import clean_line, one_of


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many services an import added, changed and left as they were."""

    added: int
    changed: int
    unchanged: int


def import_catalogue(csv_text: str, actor: Person | None = None) -> ImportResult:
    """Brings the services of a CSV text in, all of them or none; services that the text doesn't name stay.

    A service whose columns differ gets the next version; one that is the same keeps its version, so importing twice
    changes nothing. Orders keep the terms that they pinned.

    Args:
        csv_text: with the header of `imports.COLUMNS`.
        actor: who imports; None is the installation itself.

    Raises:
        CatalogueRefused: with every problem of every line; nothing was imported.
        Refusal: `role_missing`.
    """
    if actor is not None:
        actor.need(Permission.CATALOGUE_EDIT)
    return _import(read_catalogue(csv_text), actor)


def import_table(actor: Person, rows: Rows, *, all_or_nothing: bool) -> tuple[ImportResult, list[RowProblem]]:
    """As `import_catalogue`, from the rows of a table; where wrong lines are allowed, the others are brought in.

    Raises:
        CatalogueRefused: with every problem; nothing was imported.
        Refusal: `role_missing`.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    reading = read_table(rows)
    if reading.problems and (all_or_nothing or not reading.services):
        raise CatalogueRefused(reading.problems)
    return _import([service for _, service in reading.services], actor), reading.problems


@dataclass(frozen=True, slots=True)
class Planned:
    """What an import does to one service: 'added', 'changed' or 'unchanged', and the columns that change."""

    code: str
    outcome: str
    columns: tuple[str, ...]


def plan_import(actor: Person, rows: Rows) -> tuple[list[Planned], list[RowProblem]]:
    """What `import_table` would do with these rows, and every problem; changes nothing.

    Raises:
        CatalogueRefused: when no line can be read.
        Refusal: `role_missing`.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    reading = read_table(rows)
    wanted = [service for _, service in reading.services]
    known = {row.code: row for row in Service.objects.filter(code__in=[columns["code"] for columns in wanted])}
    return [_planned(known.get(columns["code"]), columns) for columns in wanted], reading.problems


def save_service(actor: Person, form: Mapping[str, str], *, version: int | None) -> ServiceRow:
    """Saves a service from the texts of a form: a new one when `version` is None, else the next version of one.

    Raises:
        Refusals: one a field. Nothing was saved.
        Refusal: `role_missing`, `service_unknown`, `catalogue_version` when another version is in force by now,
            `catalogue_code_twice` when a new service's code is taken.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    columns = _checked(form)
    with atomic():
        _one_at_a_time()
        row = Service.objects.filter(code=columns["code"]).first()
        if version is None:
            if row is not None:
                raise Refusal(RefusalCode.CATALOGUE_CODE_TAKEN, "code")
            last = Service.objects.aggregate(last=Max("position"))["last"] or 0
            columns["position"] = last + 1
        elif row is None:
            raise Refusal(RefusalCode.SERVICE_UNKNOWN, "code")
        elif row.version != version:
            raise Refusal(RefusalCode.CATALOGUE_VERSION)
        _bring_in(row, columns, actor)
    forget()
    saved = service_by_code(columns["code"])
    if saved is None:
        raise RuntimeError(f"service {columns['code']} vanished after it was saved")
    return saved


def row_of_form(form: Mapping[str, str]) -> ServiceRow:
    """The service that `save_service` would make of a form, for a preview; nothing is saved.

    Raises:
        Refusals: one a field.
    """
    columns = _checked(form)
    defaults: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"overlap": "warn", "active": True, "deliverable": True}
    values = defaults | columns | {"link_kinds": tuple(columns["link_kinds"])}
    return ServiceRow(id=0, version=0, **values)


def set_customer_price(actor: Person, customer_id: int, service_id: int, price: str | None, reason: str) -> None:
    """Gives one customer a price of their own for one service from now on, or the list price again (None).

    Orders placed before keep their price; one under way is asked again.

    Raises:
        Refusal: `role_missing`, `service_unknown`, `reason_missing`, `text_*`, `amount_*`, `price_too_large`.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    why = clean_line(reason, "reason", 300)
    if not why:
        raise Refusal(RefusalCode.REASON_MISSING, "reason")
    units = None if price is None else parse_credits(price, field="price")
    with atomic():
        _one_at_a_time()
        row = Service.objects.filter(id=service_id).first()
        if row is None:
            raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
        if units is not None and units * row.max > MAX_ORDER_UNITS:
            raise Refusal(RefusalCode.PRICE_TOO_LARGE, "price", maximum=format_credits(MAX_ORDER_UNITS))
        CustomerPrice.objects.create(
            customer_id=customer_id, service_id=service_id, price_units=units, reason=why, actor_id=actor.id
        )
    forget()


def save_categories(actor: Person, words: Mapping[str, tuple[str, str]]) -> None:
    """Saves the categories' Vietnamese names and places in the list, by their English name.

    Raises:
        Refusal: `role_missing`, `field_missing`, `text_*`, `count_malformed`.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    checked = [
        (name, clean_line(name_vi, f"vi-{place}", 60), parse_count(position.strip() or "0", field=f"at-{place}"))
        for place, (name, (name_vi, position)) in enumerate(words.items())
    ]
    known = set(Service.objects.values_list("category", flat=True))
    for name, _, _ in checked:
        one_of(name, "name", known)
    with atomic():
        for name, name_vi, position in checked:
            if name_vi:
                Category.objects.update_or_create(name=name, defaults={"name_vi": name_vi, "position": position})
    forget()


def ensure_catalogue() -> ImportResult:
    """Imports the packaged catalogue into an installation that has no service yet; otherwise does nothing."""
    if Service.objects.exists():
        return ImportResult(0, 0, 0)
    return import_catalogue(packaged_catalogue())


def packaged_catalogue() -> str:
    """The CSV text of the catalogue that comes with the package."""
    return resources.files("smmatic.catalogue").joinpath("data/catalogue.csv").read_text(encoding="utf-8")


def set_availability(actor: Person, service_id: int, active: bool) -> None:
    """Offers a service or takes it off the list; a new version, so that an order under way is asked again.

    Raises:
        Refusal: `role_missing`, `service_unknown`.
    """
    actor.need(Permission.CATALOGUE_EDIT)
    with atomic():
        _one_at_a_time()
        row = Service.objects.filter(id=service_id).first()
        if row is None:
            raise Refusal(RefusalCode.SERVICE_UNKNOWN)
        if row.active != active:
            _change(row, {"active": active}, actor)
    forget()


def _checked(form: Mapping[str, str]) -> dict[str, Any]:
    problems: list[RowProblem] = []
    columns = check_service(1, form, problems)
    if problems:
        raise Refusals([one.refusal.at(one.column) for one in problems])
    return columns


def _import(wanted: Sequence[dict[str, Any]], actor: Person | None) -> ImportResult:
    with atomic():
        _one_at_a_time()
        known = {row.code: row for row in Service.objects.all()}
        _keep_places(known, wanted)
        outcomes = [_bring_in(known.get(columns["code"]), columns, actor) for columns in wanted]
    forget()
    return ImportResult(*(outcomes.count(outcome) for outcome in ("added", "changed", "unchanged")))


def _keep_places(known: Mapping[str, Service], wanted: Sequence[dict[str, Any]]) -> None:
    """A table that names every service there is sets their order too; another leaves it, and new ones come last."""
    if known.keys() <= {columns["code"] for columns in wanted}:
        return
    last = max(row.position for row in known.values())
    for place, columns in enumerate(wanted, start=1):
        row = known.get(columns["code"])
        columns["position"] = row.position if row else last + place


def _one_at_a_time() -> None:
    execute("SELECT pg_advisory_xact_lock(hashtextextended('smmatic.catalogue', 0))")


def _planned(row: Service | None, columns: Mapping[str, Any]) -> Planned:
    if row is None:
        return Planned(columns["code"], "added", ())
    names = {"price_units": PRICE}
    changed = [names.get(name, name) for name in _changed(row, columns) if name != "position"]
    return Planned(row.code, "changed" if changed else "unchanged", tuple(changed))


def _bring_in(row: Service | None, columns: dict[str, Any], actor: Person | None) -> str:
    planned = _planned(row, columns)
    if row is None:
        _record(Service.objects.create(**columns), actor)
    elif planned.columns:
        _change(row, _changed(row, columns), actor)
    elif changed := _changed(row, columns):
        Service.objects.filter(id=row.id).update(**changed)
    return planned.outcome


def _changed(row: Service, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if getattr(row, name) != value}


def _change(row: Service, changed: dict[str, Any], actor: Person | None) -> None:
    Service.objects.filter(id=row.id).update(**changed, version=row.version + 1, changed_at=now())
    row.refresh_from_db()
    _record(row, actor)


def _record(row: Service, actor: Person | None) -> None:
    stored = service(row.id)
    if stored is None:
        raise RuntimeError(f"service {row.id} vanished inside its own transaction")
    ServiceVersion.objects.create(
        service_id=row.id,
        version=stored.version,
        terms=stored.terms(),
        texts=stored.texts(),
        active=stored.active,
        actor_id=actor.id if actor else None,
    )
