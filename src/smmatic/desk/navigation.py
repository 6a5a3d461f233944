"""The rooms of the desk, for the frame of every page that staff see."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from smmatic.web.context import current_person

NEAR: tuple[tuple[str, str | Promise, str], ...] = (
    ("home", _("Today"), "layout-dashboard"),
    ("cases", _("Cases"), "scale"),
    ("work", _("Work"), "tools"),
    ("orders", _("Orders"), "list-details"),
    ("talks", _("Messages"), "message"),
)
"""The rooms in which the day's work waits, always in sight: name in routes, word, icon."""

GROUPS: tuple[tuple[str | Promise, tuple[tuple[str, str | Promise, str], ...]], ...] = (
    (
        _("Promises and disturbances"),
        (("promises", _("Promises"), "hourglass"), ("incidents", _("Incidents"), "activity")),
    ),
    (
        _("Credits and money"),
        (("deposits", _("Deposits"), "building-bank"), ("money", _("Credits"), "report-money")),
    ),
    (
        _("What the shop offers"),
        (
            ("catalogue", _("Services"), "package"),
            ("providers", _("Providers"), "server"),
            ("policy", _("Policy"), "gavel"),
        ),
    ),
    (
        _("People and reports"),
        (
            ("people", _("People"), "users"),
            ("case_reports", _("Reports"), "chart-bar"),
            ("audit", _("Audit"), "history"),
        ),
    ),
)
"""The other rooms, one step away, by what they are about."""


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the desk's navigation."""

    room: str
    label: str | Promise
    icon: str
    url: str


@dataclass(frozen=True, slots=True)
class Navigation:
    """The rooms in sight, the others by group, and the names of the others."""

    near: tuple[Room, ...]
    groups: tuple[tuple[str | Promise, tuple[Room, ...]], ...]
    far: frozenset[str]


def rooms(request: HttpRequest) -> dict[str, object]:
    """Context processor: `desk_nav`, the rooms for staff and nothing for everybody else, made when a page asks."""
    return {"desk_nav": SimpleLazyObject(lambda: _rooms(request))}


def _rooms(request: HttpRequest) -> Navigation:
    person = current_person(request)
    if person is None or not person.staff:
        return Navigation((), (), frozenset())
    groups = tuple((title, tuple(_room(*one) for one in entries)) for title, entries in GROUPS)
    far = frozenset(room.room for _title, entries in groups for room in entries)
    return Navigation(tuple(_room(*one) for one in NEAR), groups, far)


def _room(name: str, label: str | Promise, icon: str) -> Room:
    return Room(f"desk-{name}", label, icon, reverse(f"desk:{name}"))
