"""Saved views: filters of a room under a name, each person's own."""

from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from smmatic.accounts.desk_actions import ROOMS, drop_view, keep_view
from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, done
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line
from smmatic.web.pages import checked_id


@desk_page("POST", need=Permission.VIEW_KEEP)
def keep(request: HttpRequest, person: Person) -> HttpResponse:
    """Keeps the filters that the page was shown with."""
    room = request.POST.get("room", "")
    if room not in ROOMS:
        raise Refusal(RefusalCode.FIELD_INVALID, "room")
    typed = clean_line(request.POST.get("query", ""), "query", 600)
    pairs = [(key, value) for key, value in parse_qsl(typed) if key != "after"]
    query = urlencode(pairs)
    keep_view(person, room=room, name=request.POST.get("name", ""), query=query)
    answer = done(request, _("Kept. You find it above the list."), f"desk:{room}")
    answer["Location"] = reverse(f"desk:{room}") + (f"?{query}" if query else "")
    return answer


@desk_page("POST", need=Permission.VIEW_KEEP)
def drop(request: HttpRequest, person: Person, view_id: int) -> HttpResponse:
    """Forgets a view."""
    drop_view(person, checked_id(view_id))
    room = request.POST.get("room", "")
    return redirect(f"desk:{room if room in ROOMS else 'cases'}")
