"""Reads of people and API keys."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Q

from smmatic.accounts.models import ApiKey, OneTimeLink, User
from smmatic.accounts.rules import Permission, Role, allows, is_staff
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `id` is also the id of a customer's Credits account.

    `customer_type` is 'consumer' or 'business', `country` the ISO code of where they buy from: orders pin both.
    """

    id: int
    email: str
    name: str
    language: str
    role: str
    customer_type: str = "consumer"
    country: str = "VN"

    @property
    def shown_name(self) -> str:
        """What others see: the name, else the address."""
        return self.name or self.email

    @property
    def staff(self) -> bool:
        """Whether this person works at the desk."""
        return is_staff(self.role)

    def may(self, permission: Permission) -> bool:
        """Whether the permission table gives this person the permission."""
        return allows(self.role, permission)

    def need(self, permission: Permission) -> None:
        """Does nothing for those who may.

        Raises:
            Refusal: `role_missing`.
        """
        if not self.may(permission):
            raise Refusal(RefusalCode.ROLE_MISSING)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as its owner sees it; never the key itself."""

    id: int
    label: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: object


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The person behind an API key and what the key may do."""

    person: Person
    key_id: int
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Does nothing when the key has the scope.

        Raises:
            Refusal: `scope_missing`.
        """
        if scope not in self.scopes:
            raise Refusal(RefusalCode.SCOPE_MISSING, scope=scope)


def person_of(user: object) -> Person:
    """The person of a signed-in Django user.

    Raises:
        Refusal: `not_signed_in`.
    """
    if not isinstance(user, User) or not user.is_active:
        raise Refusal(RefusalCode.NOT_SIGNED_IN)
    return _row(user)


def person(person_id: int) -> Person | None:
    """The person with this id, or None."""
    user = User.objects.filter(id=person_id).first()
    return _row(user) if user else None


def person_by_email(email: str) -> Person | None:
    """The person with this address, whatever its case, or None."""
    user = User.objects.filter(email__iexact=email).first()
    return _row(user) if user else None


def customer_by_verified_address(address: str) -> Person | None:
    """The customer who has shown that mails to this address reach them, or None; never a member of staff."""
    found = EmailAddress.objects.filter(email__iexact=address, verified=True, user__is_active=True, user__role="")
    row = found.select_related("user").first()
    return _row(row.user) if row else None


def holder_of_address(address: str) -> int | None:
    """The id of who gets mails to this address: whose current or verified address it is, else who alone claims it."""
    found = User.objects.filter(email__iexact=address).values_list("id", flat=True).first()
    if found is not None:
        return found
    claims = EmailAddress.objects.filter(email__iexact=address).order_by("-verified", "id")
    rows = list(claims.values_list("user_id", "verified")[:2])
    return rows[0][0] if rows and (len(rows) == 1 or rows[0][1]) else None


def addresses_of(person_id: int) -> list[str]:
    """Every address of a person, the current one first; none that they only claim and that is somebody else's."""
    current = User.objects.filter(id=person_id).values_list("email", flat=True)
    others = EmailAddress.objects.filter(user_id=person_id).order_by("id").values_list("email", flat=True)
    known = dict.fromkeys(email.lower() for email in (*current, *others))
    return [email for email in known if holder_of_address(email) == person_id]


def people(ids: list[int]) -> dict[int, Person]:
    """The people with these ids."""
    return {user.id: _row(user) for user in User.objects.filter(id__in=ids)}


def staff_people() -> list[Person]:
    """Everybody with a staff role, by name."""
    return [_row(user) for user in User.objects.exclude(role="").filter(is_active=True).order_by("name", "id")]


def find_customers(term: str, *, limit: int = 25) -> list[Person]:
    """Customers whose address or name contains the term, the newest first; the newest of all for an empty term."""
    rows = User.objects.filter(role=Role.CUSTOMER)
    if term:
        rows = rows.filter(Q(email__icontains=term) | Q(name__icontains=term))
    return [_row(user) for user in rows.order_by("-id")[: max(1, min(limit, 100))]]


def operator_exists() -> bool:
    """Whether anybody is an operator yet."""
    return User.objects.filter(role=Role.OPERATOR, is_active=True).exists()


def link_is_open(secret: str) -> bool:
    """Whether a one-time operator link can still be used."""
    return OneTimeLink.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=now()).exists()


def api_keys(holder: Person) -> list[KeyRow]:
    """A person's keys that are not revoked, newest first."""
    rows = ApiKey.objects.filter(user_id=holder.id, revoked_at=None).order_by("-id")
    return [KeyRow(r.id, r.label, r.prefix, tuple(r.scopes), r.created_at, r.expires_at, r.last_used_on) for r in rows]


def holder_of_key(secret: str) -> KeyHolder:
    """The person and scopes behind an API key that is valid now.

    Raises:
        Refusal: `api_key_invalid`, the same for every cause.
    """
    prefix = secret[:12]
    row = (
        ApiKey.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now()), prefix=prefix, revoked_at=None, user__is_active=True)
        .first()
        if secret.isascii() and "\x00" not in secret
        else None
    )
    if row is None or not hmac.compare_digest(bytes(row.digest), digest_of(secret)):
        raise Refusal(RefusalCode.API_KEY_INVALID)
    return KeyHolder(_row(row.user), row.id, frozenset(row.scopes))


def digest_of(secret: str) -> bytes:
    """SHA-256 of a secret of high entropy, for which a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).digest()


def _row(user: User) -> Person:
    return Person(user.id, user.email, user.name, user.language, user.role, user.customer_type, user.country)
