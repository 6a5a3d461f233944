"""People: staff and their roles, customers and what they have."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from smmatic.accounts.actions import create_person, set_role
from smmatic.accounts.queries import Person, find_customers, staff_people
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.rules import Permission, Role
from smmatic.credits.actions import give_credits
from smmatic.credits.queries import statement, wallet
from smmatic.deposits.queries import deposits_of
from smmatic.desk.common import days_of, desk_page, desk_show, done, gift_limits
from smmatic.kernel.amounts import parse_credits
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import orders_by_id, orders_of
from smmatic.refunds.queries import cases_of
from smmatic.web.pages import checked_id, cursor, new_key, search_text
from smmatic.web.templatetags.smm import credits as shown_credits

FOUND = 25
PAGE = 25
ROLES = (
    (Role.AGENT.value, gettext_lazy("Agent: reviews cases, delivers work")),
    (Role.APPROVER.value, gettext_lazy("Approver: is the second person, gives Credits")),
    (Role.OPERATOR.value, gettext_lazy("Operator: deposits, policy, people; everything")),
    (Role.AUDITOR.value, gettext_lazy("Auditor: reads everything, changes nothing")),
)
"""Staff roles with what each may do."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff with what their role may do."""

    person: Person
    word: str

    @property
    def id_text(self) -> str:
        """The id for names of forms."""
        return str(self.person.id)


@desk_page("GET")
def people_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Staff, and customers by a part of their address or name."""
    return _people(request, person)


@desk_page("POST", need=Permission.PEOPLE_MANAGE)
def add_person(request: HttpRequest, person: Person) -> HttpResponse:
    """Adds a member of staff, who sets a password by resetting it."""
    try:
        role = _role(request, staff_only=True)
        added = create_person(
            email=request.POST.get("email", "").strip(), name=request.POST.get("name", ""), role=role,
            language="vi" if request.POST.get("language") == "vi" else "en",
        )  # fmt: skip
    except Refusal as refused:
        return _people(request, person, refused, "add")
    text = _("%(name)s was added. They choose a password with 'Forgot your password?' on the sign-in page.")
    return done(request, text % {"name": added.shown_name}, "desk:people")


@desk_page("POST", need=Permission.PEOPLE_MANAGE)
def change_role(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """Gives a member of staff another role, or none. Nobody changes their own."""
    try:
        if person_id == person.id:
            raise Refusal(RefusalCode.ROLE_MISSING)
        set_role(person, checked_id(person_id), _role(request))
    except Refusal as refused:
        return _people(request, person, refused, f"role-{person_id}")
    return done(request, _("The role was changed."), "desk:people")


@desk_page("GET")
def customer_page(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """A customer's wallet, orders, cases, deposits and statement, as they see them themselves; read only."""
    return _customer(request, person, person_id)


@desk_page("POST", need=Permission.CREDITS_GRANT)
def give(request: HttpRequest, person: Person, person_id: int) -> HttpResponse:
    """Gives a customer bonus or goodwill Credits, with a reason."""
    try:
        customer = _the_customer(person_id)
        units = parse_credits(request.POST.get("credits", ""))
        give_credits(
            person, customer.id, kind=request.POST.get("kind", ""), units=units, reason=request.POST.get("reason", ""),
            key=request.POST.get("key", ""), limits=gift_limits(), days=days_of(request),
        )  # fmt: skip
    except Refusal as refused:
        return _customer(request, person, person_id, refused, "give")
    text = _("%(amount)s Credits given to %(name)s.") % {"amount": shown_credits(units), "name": customer.shown_name}
    return done(request, text, "desk:customer", person_id)


def _role(request: HttpRequest, *, staff_only: bool = False) -> Role:
    try:
        role = Role(request.POST.get("role", "?"))
    except ValueError:
        raise Refusal(RefusalCode.FIELD_INVALID, "role") from None
    if staff_only and role is Role.CUSTOMER:
        raise Refusal(RefusalCode.FIELD_INVALID, "role")
    return role


def _the_customer(person_id: int) -> Person:
    found = person_by_id(checked_id(person_id))
    if found is None or found.staff:
        raise Refusal(RefusalCode.NOT_FOUND)
    return found


def _people(request: HttpRequest, person: Person, refused: Refusal | None = None, posted: str = "") -> HttpResponse:
    words, words_of_role = search_text(request), dict(ROLES)
    context = {
        "room": "desk-people",
        "staff": [Colleague(one, str(words_of_role.get(one.role, one.role))) for one in staff_people()],
        "roles": ROLES,
        "roles_or_none": [*ROLES, ("", _("None: no longer staff"))],
        "found": find_customers(words, limit=FOUND),
        "q": words,
        "languages": [("en", "English"), ("vi", "Tiếng Việt")],
    }
    return desk_show(request, person, "desk/people.html", context, refused, posted)


def _customer(
    request: HttpRequest, person: Person, person_id: int, refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    customer = _the_customer(person_id)
    after = cursor(request)
    transfers = statement(customer.id, before_version=after, limit=PAGE + 1)
    cases = cases_of(customer.id)
    context = {
        "room": "desk-people",
        "customer": customer,
        "wallet": wallet(customer.id),
        "orders": orders_of(customer.id, limit=10),
        "cases": [case for case in cases if case.ask != "cancel"],
        "case_orders": orders_by_id([case.order_id for case in cases]),
        "deposits": deposits_of(customer.id, limit=10),
        "transfers": transfers[:PAGE],
        "first": after is None,
        "next_cursor": transfers[PAGE - 1].version if len(transfers) > PAGE else None,
        "kinds": [("bonus", _("Bonus: a present")), ("goodwill", _("Goodwill: instead of a refund"))],
        "key": new_key(),
    }
    return desk_show(request, person, "desk/customer.html", context, refused, posted)
