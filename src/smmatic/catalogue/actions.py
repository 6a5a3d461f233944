"""Changes to the catalogue."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.imports import read_catalogue
from smmatic.catalogue.models import Service, ServiceVersion
from smmatic.catalogue.queries import forget, service
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.kernel.refusals import Refusal, RefusalCode


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
    wanted = read_catalogue(csv_text)
    with atomic():
        _one_at_a_time()
        known = {row.code: row for row in Service.objects.filter(code__in=[columns["code"] for columns in wanted])}
        outcomes = [_bring_in(known.get(columns["code"]), columns, actor) for columns in wanted]
    forget()
    return ImportResult(*(outcomes.count(outcome) for outcome in ("added", "changed", "unchanged")))


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


def _one_at_a_time() -> None:
    execute("SELECT pg_advisory_xact_lock(hashtextextended('smmatic.catalogue', 0))")


def _bring_in(row: Service | None, columns: dict[str, Any], actor: Person | None) -> str:
    if row is None:
        _record(Service.objects.create(**columns), actor)
        return "added"
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if changed.keys() <= {"position"}:
        Service.objects.filter(id=row.id).update(**changed) if changed else None
        return "unchanged"
    _change(row, changed, actor)
    return "changed"


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
        active=stored.active,
        actor_id=actor.id if actor else None,
    )
