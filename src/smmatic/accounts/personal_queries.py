"""What accounts hold of a person, for their export."""

from collections.abc import Mapping, Sequence

from allauth.account.models import EmailAddress

from smmatic.accounts.models import ApiKey, User


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a person, by what it is; never a secret."""
    return {
        "profile": list(
            User.objects.filter(id=customer_id).values(
                "id", "email", "name", "language", "customer_type", "country", "joined_at", "last_login"
            )
        ),
        "addresses": list(EmailAddress.objects.filter(user_id=customer_id).values("email", "verified", "primary")),
        "api_keys": list(
            ApiKey.objects.filter(user_id=customer_id).values(
                "label", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_on"
            )
        ),
    }
