"""Saved views of a customer's order list."""

from smmatic.accounts.queries import Person
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line
from smmatic.orders.models import ListView

MAX_VIEWS = 20


def save_view(person: Person, name: str, query: str) -> None:
    """Saves the filters of an address under a name; the same name again replaces them.

    Raises:
        Refusal: `field_missing`, `text_*`, `view_too_many`.
    """
    named = clean_line(name, "name", 40)
    if not named:
        raise Refusal(RefusalCode.FIELD_MISSING, "name")
    kept = clean_line(query, "query", 600)
    with atomic():
        mine = ListView.objects.filter(customer_id=person.id)
        if not mine.filter(name=named).exists() and mine.count() >= MAX_VIEWS:
            raise Refusal(RefusalCode.VIEW_TOO_MANY, "name", maximum=MAX_VIEWS)
        ListView.objects.update_or_create(customer_id=person.id, name=named, defaults={"query": kept})


def delete_view(person: Person, view_id: int) -> None:
    """Deletes one of the person's views.

    Raises:
        Refusal: `not_found`.
    """
    if not ListView.objects.filter(id=view_id, customer_id=person.id).delete()[0]:
        raise Refusal(RefusalCode.NOT_FOUND)
