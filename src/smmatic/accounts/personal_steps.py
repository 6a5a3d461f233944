"""Takes a person out of their account, inside a transaction that an action has opened. The id stays: orders name it."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils.http import urlencode

from smmatic.accounts.models import ApiKey, SavedView, User
from smmatic.accounts.queries import addresses_of
from smmatic.kernel.clock import now


def erase(customer_id: int) -> None:
    """Nobody can sign in as them afterwards, by password, link, second step or API key."""
    user = User.objects.select_for_update(no_key=True).get(id=customer_id)
    for words in filter(None, (*addresses_of(customer_id), user.name)):
        # Searches that staff keep can name a customer, and so can the names of them.
        asked = urlencode({"q": words})[2:]
        SavedView.objects.filter(Q(query__icontains=asked) | Q(name__icontains=words)).delete()
    _end_sessions(customer_id)
    EmailAddress.objects.filter(user_id=customer_id).delete()
    Authenticator.objects.filter(user_id=customer_id).delete()
    ApiKey.objects.filter(user_id=customer_id, revoked_at=None).update(revoked_at=now())
    ApiKey.objects.filter(user_id=customer_id).update(label="erased")
    user.email, user.name = f"erased-{customer_id}@erased.invalid", ""
    user.password, user.is_active, user.last_login = make_password(None), False, None
    user.save(update_fields=["email", "name", "password", "is_active", "last_login"])


def _end_sessions(customer_id: int) -> None:
    """Sessions hold the address that somebody signed in with, packed so that no search of the database finds it."""
    sessions = Session.objects.iterator(2000)
    ended = [one.session_key for one in sessions if one.get_decoded().get(SESSION_KEY) == str(customer_id)]
    Session.objects.filter(session_key__in=ended).delete()
