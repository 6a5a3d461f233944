"""Who asks: API keys in the Authorization header, their scopes and their rate."""

from typing import ClassVar, cast

from django.http import HttpRequest
from django.utils import translation
from ninja.security import HttpBearer

from smmatic.accounts.actions import note_key_use
from smmatic.accounts.queries import KeyHolder, Person, holder_of_key
from smmatic.api.limits import count_call
from smmatic.kernel.refusals import Refusal, RefusalCode

KEY_PREFIX = "smm_"


class ApiKey(HttpBearer):
    """`Authorization: Bearer smm_...`, a key with one of the scopes named.

    Cookies are never looked at: a signed-in browser is nobody here, so there is nothing to forge.
    """

    scopes: ClassVar[tuple[str, ...]] = ()
    openapi_description = "Authorization: Bearer smm_..., a key from your settings page."

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder:
        """The key's holder; the request is counted.

        Raises:
            Refusal: `api_key_invalid`, `rate_limited`, `customers_only`, `scope_missing`.
        """
        holder = holder_of_key(token.strip(" "))
        allowance = count_call(holder.key_id)
        request.allowance = allowance  # type: ignore[attr-defined]  # the gate tells it in headers
        if allowance.first:
            note_key_use(holder.key_id)
        if not getattr(request, "language_asked", ""):
            translation.activate(holder.person.language)
        if holder.person.staff:
            raise Refusal(RefusalCode.CUSTOMERS_ONLY)
        if not holder.scopes & set(self.scopes):
            holder.need(self.scopes[0])
        return holder


class ReadKey(ApiKey):
    """A key that may read everything of its owner."""

    scopes = ("read",)


class OrderKey(ApiKey):
    """A key that may place and cancel orders."""

    scopes = ("order",)


class RefundKey(ApiKey):
    """A key that may ask for refunds."""

    scopes = ("refund",)


class OrderOrRefundKey(ApiKey):
    """A key that may do either."""

    scopes = ("order", "refund")


SCOPES_OF: dict[str, tuple[str, ...]] = {
    kind.__name__: kind.scopes for kind in (ReadKey, OrderKey, RefundKey, OrderOrRefundKey)
}
"""What the description calls a kind of key, and the scopes of which a key needs one."""


def holder_of(request: HttpRequest) -> KeyHolder:
    """The holder of the key that made this request."""
    return cast(KeyHolder, request.auth)  # type: ignore[attr-defined]  # set by ninja


def person_of(request: HttpRequest) -> Person:
    """The customer whose key made this request."""
    return holder_of(request).person
