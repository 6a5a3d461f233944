"""How allauth meets our users."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.shortcuts import resolve_url

from smmatic.accounts.rules import is_staff


class AccountAdapter(DefaultAccountAdapter):
    """Sends staff to the desk and customers to the services."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where a person lands after signing in."""
        return resolve_url("desk:home" if is_staff(getattr(request.user, "role", "")) else "dashboard:services")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Where a new customer lands."""
        return self.get_login_redirect_url(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # By the account alone, anybody could lock its owner out by failing on purpose.
        key = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{self.get_client_ip(request)}"
