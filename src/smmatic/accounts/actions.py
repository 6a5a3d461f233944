"""Changes to people, API keys and one-time links."""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from smmatic.accounts.models import ApiKey, OneTimeLink, User
from smmatic.accounts.queries import Person, digest_of, operator_exists
from smmatic.accounts.rules import SCOPES, Permission, Role
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.ids import new_secret
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line

OPERATOR_LINK_HOURS = 24
MAX_EMAIL = 254
"""Longest mail address in characters (RFC 5321)."""


def operator_link() -> str | None:
    """The path of a fresh one-time link for the first operator, or None when there is an operator already.

    Older unused links end here: only the newest works, for 24 hours.
    """
    if operator_exists():
        return None
    secret = new_secret()
    with atomic():
        OneTimeLink.objects.filter(used_at=None).update(used_at=now())
        OneTimeLink.objects.create(digest=digest_of(secret), expires_at=now() + timedelta(hours=OPERATOR_LINK_HOURS))
    return f"/welcome/{secret}"


def use_operator_link(secret: str, *, email: str, name: str, password: str) -> Person:
    """Makes the first operator; the link works once.

    Raises:
        Refusal: `not_found` for a link that is used, old or unknown; `field_invalid` for address or password.
    """
    _check_email(email)
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Refusal(RefusalCode.FIELD_INVALID, "password", why=" ".join(error.messages)) from error
    with atomic():
        used = OneTimeLink.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=now()).update(
            used_at=now()
        )
        if not used:
            raise Refusal(RefusalCode.NOT_FOUND)
        return create_person(email=email, name=name, password=password, role=Role.OPERATOR)


def create_person(
    *,
    email: str,
    name: str = "",
    password: str | None = None,
    role: Role = Role.CUSTOMER,
    language: str = "en",
    customer_type: str = "consumer",
    country: str = "VN",
) -> Person:
    """A new person. Without a password they sign in by resetting it.

    Raises:
        Refusal: `email_taken`, `field_invalid`.
    """
    _check_email(email)
    with atomic():
        if User.objects.filter(email__iexact=email).exists():
            raise Refusal(RefusalCode.EMAIL_TAKEN, "email")
        user = User.objects.create_user(
            email,
            password,
            name=clean_line(name, "name", 120),
            role=role.value,
            language=language,
            customer_type=customer_type,
            country=country,
        )
    return Person(user.id, user.email, user.name, user.language, user.role, user.customer_type, user.country)


def set_role(actor: Person, person_id: int, role: Role) -> None:
    """Gives a person a role.

    Raises:
        Refusal: `role_missing`; `not_found`.
    """
    actor.need(Permission.PEOPLE_MANAGE)
    if not User.objects.filter(id=person_id).update(role=role.value):
        raise Refusal(RefusalCode.NOT_FOUND)


def save_profile(actor: Person, *, name: str, language: str, customer_type: str = "", country: str = "") -> None:
    """Changes one's own name and language, and for whom and from where one buys; '' leaves these two as they are.

    Orders placed before keep the kind of customer and the country that they were placed with.

    Raises:
        Refusal: `field_invalid`, `text_too_long`.
    """
    if language not in ("en", "vi"):
        raise Refusal(RefusalCode.FIELD_INVALID, "language")
    if customer_type not in ("", "consumer", "business"):
        raise Refusal(RefusalCode.FIELD_INVALID, "customer_type")
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise Refusal(RefusalCode.FIELD_INVALID, "country")
    User.objects.filter(id=actor.id).update(
        name=clean_line(name, "name", 120),
        language=language,
        customer_type=customer_type or actor.customer_type,
        country=country.upper() or actor.country,
    )


def create_api_key(
    actor: Person, *, label: str, scopes: Sequence[str] = SCOPES, days: int | None = None
) -> tuple[int, str]:
    """A new key of one's own; its id and the key itself, which is shown this once.

    Raises:
        Refusal: `field_missing`, `field_invalid`, `text_too_long`.
    """
    if not label.strip():
        raise Refusal(RefusalCode.FIELD_MISSING, "label")
    if not scopes or set(scopes) - set(SCOPES):
        raise Refusal(RefusalCode.FIELD_INVALID, "scopes")
    if days is not None and not 1 <= days <= 3650:
        raise Refusal(RefusalCode.FIELD_INVALID, "days")
    secret = "smm_" + new_secret()
    row = ApiKey.objects.create(
        user_id=actor.id,
        label=clean_line(label, "label", 80),
        prefix=secret[:12],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        expires_at=now() + timedelta(days=days) if days else None,
    )
    return row.id, secret


def revoke_api_key(actor: Person, key_id: int) -> None:
    """Ends a key of one's own at once.

    Raises:
        Refusal: `not_found`, also for another's key.
    """
    if not ApiKey.objects.filter(id=key_id, user_id=actor.id, revoked_at=None).update(revoked_at=now()):
        raise Refusal(RefusalCode.NOT_FOUND)


def note_key_use(key_id: int) -> None:
    """Records the day on which a key was used; one write a day a key."""
    today = now().date()
    ApiKey.objects.filter(id=key_id).exclude(last_used_on=today).update(last_used_on=today)


def _check_email(email: str) -> None:
    if len(email) > MAX_EMAIL:
        raise Refusal(RefusalCode.TEXT_TOO_LONG, "email", maximum=MAX_EMAIL)
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refusal(RefusalCode.FIELD_INVALID, "email") from error
