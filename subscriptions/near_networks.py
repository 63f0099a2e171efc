"""What an IP address says about institutions: whose it is, or how near it is to a network that is known."""

import ipaddress
from collections.abc import Sequence

from django.db import connection

from subscriptions.models import Institution
from subscriptions.networks import Address, Network, unmapped

NEAR = {4: 16, 6: 32}  # an address that shares so many bits with a known network may be a forgotten part of it
_HOLDING = """
SELECT r.network, i.id, i.name FROM subscriptions_iprange r JOIN subscriptions_institution i ON i.id = r.institution_id
WHERE r.network >>= %s::inet ORDER BY masklen(r.network) DESC LIMIT 10
"""
_NEAREST = """
SELECT r.network, i.id, i.name FROM subscriptions_iprange r JOIN subscriptions_institution i ON i.id = r.institution_id
WHERE r.network && %s::cidr AND (%s::bigint IS NULL OR i.id = %s) LIMIT 500
"""


def read_address(text: str) -> Address | None:
    """An address as it is typed; one that is an IPv4 written into IPv6 as what it is."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    return unmapped(ipaddress.ip_network(found)).network_address


def holding(address: Address) -> list[tuple[str, int, str]]:
    """(network, institution's id, name) of each known network that holds the address, the narrowest first."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, [str(address)])
        return [(str(network), pk, name) for network, pk, name in cursor.fetchall()]


def explain(ip: str, known: Sequence[tuple[int, str]] = (), institution: Institution | None = None) -> str:
    """Whose network an address is in, or by how much the nearest is missed."""
    address = read_address(ip)
    if address is None:
        return ""
    within = [
        (network, pk, name) for network, pk, name in holding(address) if institution in (None, Institution(pk=pk))
    ]
    if within:
        told = ", ".join(f"{network} of {name}" for network, _, name in within)
        return f"{address} is in the network {told}."
    by_account = f" They belong to {', '.join(name for _, name in known)} by a seat or sign-in." if known else ""
    whose = "you have told us" if institution else "is known here"
    return f"{address} is in no network that {whose}. {_near(address, institution)}{by_account}"


def _near(address: Address, institution: Institution | None) -> str:
    around = ipaddress.ip_network((address, NEAR[address.version]), strict=False)
    pk = institution.pk if institution else None
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, [str(around), pk, pk])
        networks = [(ipaddress.ip_network(str(network)), name) for network, _, name in cursor.fetchall()]
    if not networks:
        return "None is near it."
    network, name = min(networks, key=lambda one: missed_by(address, one[0]))
    far = missed_by(address, network)
    return f"The nearest is {network} of {name}, missed by {far:,} address{'' if far == 1 else 'es'}."


def missed_by(address: Address, network: Network) -> int:
    """How many addresses lie between an address and a network that does not hold it."""
    first, last, here = int(network.network_address), int(network.broadcast_address), int(address)
    return first - here if here < first else max(here - last, 0)
