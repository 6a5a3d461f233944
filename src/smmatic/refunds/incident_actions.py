"""Declaring incidents at the desk: customers see them at once; the sweep tells affected cases and moves their dates."""

from datetime import datetime

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.queries import services
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line, clean_text
from smmatic.refunds.incident_rules import SCOPES, IncidentRow
from smmatic.refunds.incidents import incident
from smmatic.refunds.models import OPEN_STATES as OPEN
from smmatic.refunds.models import Case, Incident, IncidentEvent

MAX_TITLE, MAX_TEXT = 120, 2000


def scope_values() -> dict[str, list[str]]:
    """What an incident can be limited to, by scope."""
    rows = services()
    return {
        "platform": sorted({row.platform for row in rows}),
        "class": sorted({row.service_class for row in rows}),
        "service": sorted(row.code for row in rows),
    }


def declare(
    person: Person, *, title_en: str, title_vi: str, text_en: str, text_vi: str, scope: str, scope_value: str = "",
    began_at: datetime | None = None,
) -> IncidentRow:  # fmt: skip
    """Declares an incident, since now or since a moment before; everybody can read it from this moment on.

    Raises:
        Refusal: `role_missing`, `field_missing`, `field_invalid` (scope, or a beginning in the future), `text_*`.
    """
    person.need(Permission.INCIDENT_DECLARE)
    moment = now()
    titles = {
        name: clean_line(text, name, MAX_TITLE) for name, text in (("title_en", title_en), ("title_vi", title_vi))
    }
    texts = _texts(text_en, text_vi)
    for name, text in titles.items():
        if not text:
            raise Refusal(RefusalCode.FIELD_MISSING, name)
    if scope not in SCOPES:
        raise Refusal(RefusalCode.FIELD_INVALID, "scope")
    if scope != "all" and scope_value not in scope_values()[scope]:
        raise Refusal(RefusalCode.FIELD_INVALID, "scope_value")
    if began_at is not None and began_at > moment:
        raise Refusal(RefusalCode.FIELD_INVALID, "began_at")
    with atomic():
        row = Incident.objects.create(
            **titles, scope=scope, scope_value="" if scope == "all" else scope_value, began_at=began_at or moment,
            declared_by_id=person.id,
        )  # fmt: skip
        IncidentEvent.objects.create(incident_id=row.id, kind="declared", actor_id=person.id, **texts)
        _look_again()
    return _read(row.id)


def tell(person: Person, incident_id: int, *, text_en: str, text_vi: str) -> None:
    """Adds what is known by now to an incident that goes on.

    Raises:
        Refusal: `role_missing`, `not_found`, `incident_ended`, `field_missing`, `text_*`.
    """
    person.need(Permission.INCIDENT_DECLARE)
    texts = _texts(text_en, text_vi)
    with atomic():
        if not _lock(incident_id).running:
            raise Refusal(RefusalCode.INCIDENT_ENDED)
        IncidentEvent.objects.create(incident_id=incident_id, kind="update", actor_id=person.id, **texts)


def end(person: Person, incident_id: int, *, text_en: str, text_vi: str) -> IncidentRow:
    """Ends an incident now, once. The next sweep moves the due dates of affected cases by the policy's rule.

    Raises:
        Refusal: `role_missing`, `not_found`, `incident_ended`, `field_missing`, `text_*`.
    """
    person.need(Permission.INCIDENT_DECLARE)
    texts = _texts(text_en, text_vi)
    with atomic():
        _lock(incident_id)
        if not Incident.objects.filter(id=incident_id, ended_at=None).update(ended_at=now()):
            raise Refusal(RefusalCode.INCIDENT_ENDED)
        IncidentEvent.objects.create(incident_id=incident_id, kind="ended", actor_id=person.id, **texts)
        _look_again()
    return _read(incident_id)


def _look_again() -> None:
    """Makes the next sweep look at every open case that has a due date; those that wait are looked at when resumed."""
    Case.objects.filter(state__in=OPEN, due_at__isnull=False).exclude(state="waiting").update(warn_at=now())


def _lock(incident_id: int) -> IncidentRow:
    if not list(Incident.objects.select_for_update(no_key=True).filter(id=incident_id).values_list("id")):
        raise Refusal(RefusalCode.NOT_FOUND)
    return _read(incident_id)


def _read(incident_id: int) -> IncidentRow:
    row = incident(incident_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def _texts(text_en: str, text_vi: str) -> dict[str, str]:
    texts = {name: clean_text(text, name, MAX_TEXT) for name, text in (("text_en", text_en), ("text_vi", text_vi))}
    for name, text in texts.items():
        if not text:
            raise Refusal(RefusalCode.FIELD_MISSING, name)
    return texts
