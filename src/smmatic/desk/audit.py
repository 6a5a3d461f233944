"""The audit trail: what staff did, newest first, from every history that keeps it; a page ends where a moment ends."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from smmatic.accounts.desk_queries import audit
from smmatic.accounts.queries import Person, staff_people
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.orders import queries as orders
from smmatic.policy.queries import policy_history
from smmatic.refunds import queries as cases
from smmatic.refunds.incidents import staff_notes
from smmatic.web.pages import cursor
from smmatic.web.timeline import lines

PAGE = 100
SAME_MOMENT = 60
"""What one transaction writes has one moment, and stays together on a page: never more than so many lines."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that somebody did: who, what, about what, why, when."""

    at: datetime
    actor_id: int | None
    what: str
    about: str
    url: str
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of the trail is asked for: before a moment, of one person."""

    before: datetime | None
    actor_id: int | None


@desk_page("GET")
def audit_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Everything that staff did, or one of them, a page at a time."""
    typed, after = request.GET.get("who", ""), cursor(request)
    who = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 18 else None
    before = None if after is None else _EPOCH + timedelta(microseconds=after)
    rows, more = _page(_found(Asked(before, who)))
    everybody = names_of({row.actor_id for row in rows}) | {one.id: one.shown_name for one in staff_people()}
    context = {
        "room": "desk-audit",
        "rows": rows,
        "names": everybody,
        "who": who,
        "people": sorted(everybody.items(), key=lambda item: item[1]),
        "first": after is None,
        "next_cursor": (rows[-1].at - _EPOCH) // timedelta(microseconds=1) if more else None,
    }
    return desk_show(request, person, "desk/audit.html", context)


def _page(found: list[Done]) -> tuple[list[Done], bool]:
    """The first page of these, with everything of its last moment, and whether there is more."""
    end = min(PAGE, len(found))
    while 0 < end < len(found) and found[end].at == found[end - 1].at:
        end += 1
    return found[:end], end < len(found)


def _found(asked: Asked) -> list[Done]:
    found = [*_cases(asked), *_orders(asked), *_records(asked), *_incidents(asked), *_policies(asked)]
    return sorted(found, key=lambda row: row.at, reverse=True)


def _cases(asked: Asked) -> list[Done]:
    rows = cases.staff_events(before=asked.before, actor_id=asked.actor_id, limit=PAGE + SAME_MOMENT)
    return [
        Done(
            row.at, row.actor_id, line.what, _("Case %(number)s") % {"number": row.case_id},
            reverse("desk:case", args=[row.case_id]), row.why,
        )
        for row, line in zip(rows, lines(rows, viewer_id=None), strict=True)
    ]  # fmt: skip


def _orders(asked: Asked) -> list[Done]:
    rows = orders.staff_events(before=asked.before, actor_id=asked.actor_id, limit=PAGE + SAME_MOMENT)
    return [
        Done(
            row.at, row.actor_id, line.what, _("Order %(number)s") % {"number": row.order_id},
            reverse("desk:order", args=[row.order_id]), row.why,
        )
        for row, line in zip(rows, lines(rows, viewer_id=None), strict=True)
    ]  # fmt: skip


def _records(asked: Asked) -> list[Done]:
    made = []
    for row in audit(before=asked.before, actor_id=asked.actor_id, limit=PAGE + SAME_MOMENT):
        url = reverse("desk:customer", args=[row.subject_id]) if row.subject_id else ""
        about = _("Customer %(number)s") % {"number": row.subject_id} if row.subject_id else ""
        path = str(row.facts.get("path", ""))
        made.append(Done(row.at, row.actor_id, _("Looked at a customer's pages"), about, url, path))
    return made


def _incidents(asked: Asked) -> list[Done]:
    words = {"declared": _("Incident declared"), "update": _("Told about an incident"), "ended": _("Incident ended")}
    url = reverse("desk:incidents")
    notes = staff_notes(before=asked.before, actor_id=asked.actor_id, limit=PAGE + SAME_MOMENT)
    return [Done(row.at, row.actor_id, words.get(row.kind, row.kind), title, url, row.text_en) for row, title in notes]


def _policies(asked: Asked) -> list[Done]:
    url = reverse("desk:policy")
    return [
        Done(row.activated_at, row.activated_by_id, _("Policy activated"), row.version, url, row.why)
        for row in policy_history()
        if (asked.before is None or row.activated_at < asked.before) and asked.actor_id in (None, row.activated_by_id)
    ]
