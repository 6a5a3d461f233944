"""What every page knows: the shop, the language, the person and, only when shown, the balance."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from smmatic.accounts.queries import Person, person_of
from smmatic.credits.queries import wallet
from smmatic.kernel.refusals import Refusal


def page(request: HttpRequest) -> dict[str, object]:
    """Template variables of every page. `person` is None for visitors; `balance` is read when a template asks."""
    return {
        "site_name": settings.SMMATIC_SITE_NAME,
        "support_address": settings.SMMATIC_SUPPORT_ADDRESS,
        "language": (get_language() or "en")[:2],
        "person": SimpleLazyObject(lambda: current_person(request)),
        "balance": SimpleLazyObject(lambda: _balance(request)),
        "dev_mail": settings.SMMATIC_DEV_MAIL,
        "errors": {},
        "values": {},
    }


def current_person(request: HttpRequest) -> Person | None:
    """Who is signed in, or None."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    try:
        return person_of(user)
    except Refusal:
        return None


def _balance(request: HttpRequest) -> object:
    person = current_person(request)
    return wallet(person.id) if person and not person.staff else None
