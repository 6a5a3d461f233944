"""From a provider's row to the adapter that speaks to it. Clients are kept for the life of the process."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from django.conf import settings

from smmatic.fulfilment.http_client import GuardedClient, Limits, parse_exceptions
from smmatic.fulfilment.protocol import Provider
from smmatic.fulfilment.queries import ProviderRow
from smmatic.fulfilment.sandbox.adapter import SandboxProvider

Adapter = Callable[[ProviderRow, GuardedClient], Provider]


def _sandbox(row: ProviderRow, client: GuardedClient) -> Provider:
    return SandboxProvider(row.base_url, row.api_key, client, settles_after=row.settles_after)


ADAPTERS: Mapping[str, Adapter] = {"sandbox": _sandbox}
"""Adapters by the name in the provider's row."""


def adapter_of(row: ProviderRow) -> Provider:
    """The adapter of a provider."""
    return ADAPTERS[row.adapter](row, _client(row.timeout, tuple(settings.SMMATIC_PROVIDER_PRIVATE_HOSTS)))


@lru_cache(maxsize=64)
def _client(timeout: float, private_hosts: tuple[str, ...]) -> GuardedClient:
    allowed = parse_exceptions(",".join(private_hosts))
    return GuardedClient(limits=Limits(connect=min(5.0, timeout), total=timeout), exceptions=allowed)
