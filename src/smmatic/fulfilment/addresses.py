"""Which network addresses the outbound client may speak to. Pure.

``ipaddress.is_global`` is the base, but it lets through forms that carry another address inside them (NAT64, 6to4,
Teredo) and some well-known internal services on public numbers. What is not plainly a public unicast address is
refused.
"""

from __future__ import annotations

import ipaddress

_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared address space (CGNAT); also Alibaba's metadata service
        "168.63.129.16/32",  # Azure's host service answers on this public number
        "192.0.0.0/24",  # protocol assignments; also Oracle's metadata service
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 for local use
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")


def refusal_reason(address: str) -> str | None:
    """Say why a numeric address may not be spoken to, or ``None`` where it is a public unicast address."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "not a numeric address"
    if number.is_multicast:
        return "multicast address"
    for network in _REFUSED:
        if number.version == network.version and number in network:
            return f"address in {network}"
    if number.version == 6 and number not in _PUBLIC_V6:
        return "not a public address"
    if not number.is_global or number.is_reserved:
        return "not a public address"
    return None
