"""Incidents: declare, tell what is known, end; customers read the same words on the status page."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.policy.queries import current_policy
from smmatic.refunds import incident_actions
from smmatic.refunds.incidents import notes_of, recent_incidents
from smmatic.web.pages import checked_id


@desk_page("GET")
def incidents_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What goes on, what was, and the form to declare."""
    return _page(request, person)


@desk_page("POST", need=Permission.INCIDENT_DECLARE)
def declare(request: HttpRequest, person: Person) -> HttpResponse:
    """Declares an incident."""

    def act() -> str:
        scope, _colon, value = request.POST.get("scope", "").partition(":")
        texts = {name: request.POST.get(name, "") for name in ("title_en", "title_vi", "text_en", "text_vi")}
        incident_actions.declare(person, **texts, scope=scope, scope_value=value, began_at=_began(request))
        return _("Declared. Everybody can read it, and affected customers are told.")

    return _act(request, person, "declare", act)


@desk_page("POST", need=Permission.INCIDENT_DECLARE)
def tell(request: HttpRequest, person: Person, incident_id: int) -> HttpResponse:
    """Adds what is known by now."""

    def act() -> str:
        incident_actions.tell(person, checked_id(incident_id), **_texts(request))
        return _("Added. It stands on the status page.")

    return _act(request, person, f"tell-{incident_id}", act)


@desk_page("POST", need=Permission.INCIDENT_DECLARE)
def end(request: HttpRequest, person: Person, incident_id: int) -> HttpResponse:
    """Ends an incident now."""

    def act() -> str:
        incident_actions.end(person, checked_id(incident_id), **_texts(request))
        return _("Ended. Due dates move by the policy's rule, and affected customers are told.")

    return _act(request, person, f"tell-{incident_id}", act)


def _texts(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("text_en", "text_vi")}


def _began(request: HttpRequest) -> datetime | None:
    typed = request.POST.get("began_at", "").strip()
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(current_policy().document.times.zone))
    except ValueError as error:
        raise Refusal(RefusalCode.FIELD_INVALID, "began_at") from error


def _act(request: HttpRequest, person: Person, form: str, act: Callable[[], str]) -> HttpResponse:
    try:
        text = act()
    except Refusal as refused:
        return _page(request, person, refused, form)
    return done(request, text, "desk:incidents")


def _page(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    rows = recent_incidents()
    choices = [("all", _("Everything"))]
    labels = {"platform": _("Platform: %(name)s"), "class": _("Kind: %(name)s"), "service": _("Service: %(name)s")}
    for scope, values in incident_actions.scope_values().items():
        choices += [(f"{scope}:{value}", labels[scope] % {"name": value}) for value in values]
    context = {
        "room": "desk-incidents",
        "rows": rows,
        "notes": notes_of([row.id for row in rows]),
        "names": names_of({row.declared_by_id for row in rows}),
        "choices": choices,
        "most_days": current_policy().document.incident.at_most_days,
        "zone": current_policy().document.times.zone,
    }
    return desk_show(request, person, "desk/incidents.html", context, refused, posted)
