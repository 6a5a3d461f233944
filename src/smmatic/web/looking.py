"""Whose pages a member of staff looks at: kept in their session, read only."""

from django.http import HttpRequest

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission

LOOK_KEY = "look_as"


def looked_at(request: HttpRequest, person: Person) -> Person | None:
    """The customer whose pages this member of staff reads, or None. Only reading requests look."""
    customer_id = request.session.get(LOOK_KEY)
    if not isinstance(customer_id, int) or request.method not in ("GET", "HEAD") or not person.may(Permission.LOOK_AS):
        return None
    customer = person_by_id(customer_id)
    return customer if customer and not customer.staff else None
