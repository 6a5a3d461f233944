"""The rooms of the desk, for the frame of every page that staff see."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from smmatic.web.context import current_person

ROOMS: tuple[tuple[str, str | Promise, str], ...] = (
    ("home", _("Today"), "layout-dashboard"),
    ("cases", _("Cases"), "scale"),
    ("work", _("Work"), "tools"),
    ("orders", _("Orders"), "list-details"),
    ("talks", _("Messages"), "message"),
    ("deposits", _("Deposits"), "building-bank"),
    ("money", _("Credits"), "report-money"),
    ("people", _("People"), "users"),
    ("policy", _("Policy"), "gavel"),
)
"""Each room: its name in routes, its word, its icon. In the order of what is due first."""


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the desk's navigation."""

    room: str
    label: str | Promise
    icon: str
    url: str


def rooms(request: HttpRequest) -> dict[str, object]:
    """Context processor: `desk_nav`, the rooms for staff and nothing for everybody else, made when a page asks."""
    return {"desk_nav": SimpleLazyObject(lambda: _rooms(request))}


def _rooms(request: HttpRequest) -> list[Room]:
    person = current_person(request)
    if person is None or not person.staff:
        return []
    return [Room(f"desk-{name}", label, icon, reverse(f"desk:{name}")) for name, label, icon in ROOMS]
