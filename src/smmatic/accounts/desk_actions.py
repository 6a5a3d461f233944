"""What staff keep for themselves, and what is recorded of them beyond the histories of orders and cases."""

from collections.abc import Mapping
from typing import Any

from smmatic.accounts.models import Audit, SavedView
from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line

MOST_VIEWS = 20
ROOMS = ("cases", "orders")


def keep_view(person: Person, *, room: str, name: str, query: str) -> None:
    """Keeps filters of a room under a name; the same name again replaces them.

    Raises:
        Refusal: `role_missing`, `field_missing`, `field_invalid` (room), `text_*`,
            `number_out_of_range` above MOST_VIEWS.
    """
    person.need(Permission.VIEW_KEEP)
    label, kept = clean_line(name, "name", 40), clean_line(query, "query", 500)
    if room not in ROOMS:
        raise Refusal(RefusalCode.FIELD_INVALID, "room")
    if not label:
        raise Refusal(RefusalCode.FIELD_MISSING, "name")
    with atomic():
        mine = SavedView.objects.filter(owner_id=person.id)
        if mine.exclude(room=room, name=label).count() >= MOST_VIEWS:
            raise Refusal(RefusalCode.NUMBER_OUT_OF_RANGE, "name", minimum=0, maximum=MOST_VIEWS)
        SavedView.objects.update_or_create(owner_id=person.id, room=room, name=label, defaults={"query": kept})


def drop_view(person: Person, view_id: int) -> None:
    """Forgets one of one's own views.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    person.need(Permission.VIEW_KEEP)
    if not SavedView.objects.filter(id=view_id, owner_id=person.id).delete()[0]:
        raise Refusal(RefusalCode.NOT_FOUND)


def note(person: Person, kind: str, *, subject_id: int | None = None, facts: Mapping[str, Any] | None = None) -> None:
    """Records what a member of staff did."""
    Audit.objects.create(actor_id=person.id, kind=kind, subject_id=subject_id, facts=dict(facts or {}))
