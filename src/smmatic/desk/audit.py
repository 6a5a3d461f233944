"""The audit trail: what staff did, newest first, from every history that keeps it."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from smmatic.accounts.desk_queries import audit
from smmatic.accounts.queries import Person
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.orders import queries as orders
from smmatic.policy.queries import policy_history
from smmatic.refunds import queries as cases
from smmatic.refunds.incidents import notes_of, recent_incidents
from smmatic.web.timeline import lines

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that somebody did: who, what, about what, why, when."""

    at: datetime
    actor_id: int | None
    what: str
    about: str
    url: str
    why: str


@desk_page("GET")
def audit_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Everything that staff did, or one of them."""
    typed = request.GET.get("who", "")
    who = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 18 else None
    rows = [row for row in _all() if who is None or row.actor_id == who][:SHOWN]
    everybody = names_of({row.actor_id for row in _all()})
    context = {"room": "desk-audit", "rows": rows, "names": everybody, "who": who, "people": sorted(everybody.items())}
    return desk_show(request, person, "desk/audit.html", context)


def _all() -> list[Done]:
    found: list[Done] = []
    of_cases, of_orders = cases.staff_events(limit=SHOWN), orders.staff_events(limit=SHOWN)
    for event, line in zip(of_cases, lines(of_cases, viewer_id=None), strict=True):
        about = _("Case %(number)s") % {"number": event.case_id}
        url = reverse("desk:case", args=[event.case_id])
        found.append(Done(event.at, event.actor_id, line.what, about, url, event.why))
    for order_event, line in zip(of_orders, lines(of_orders, viewer_id=None), strict=True):
        about = _("Order %(number)s") % {"number": order_event.order_id}
        url = reverse("desk:order", args=[order_event.order_id])
        found.append(Done(order_event.at, order_event.actor_id, line.what, about, url, order_event.why))
    found += [*_records(), *_incidents(), *_policies()]
    return sorted(found, key=lambda row: row.at, reverse=True)


def _records() -> list[Done]:
    made = []
    for row in audit(limit=SHOWN):
        url = reverse("desk:customer", args=[row.subject_id]) if row.subject_id else ""
        about = _("Customer %(number)s") % {"number": row.subject_id} if row.subject_id else ""
        made.append(
            Done(row.at, row.actor_id, _("Looked at a customer's pages"), about, url, str(row.facts.get("path", "")))
        )
    return made


def _incidents() -> list[Done]:
    rows = {row.id: row for row in recent_incidents()}
    words = {"declared": _("Incident declared"), "update": _("Told about an incident"), "ended": _("Incident ended")}
    url = reverse("desk:incidents")
    return [
        Done(note.at, note.actor_id, words.get(note.kind, note.kind), rows[number].title_en, url, note.text_en)
        for number, notes in notes_of(list(rows)).items()
        for note in notes
    ]


def _policies() -> list[Done]:
    return [
        Done(row.activated_at, row.activated_by_id, _("Policy activated"), row.version, reverse("desk:policy"), row.why)
        for row in policy_history()
    ]
