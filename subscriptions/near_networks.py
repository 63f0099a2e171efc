"""What an IP address says about institutions: whose it is, or how near it is to a network that is known."""

import ipaddress
from collections.abc import Sequence

from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
        told = ", ".join(
            _("%(network)s of %(institution)s") % {"network": network, "institution": name}
            for network, _pk, name in within
        )
        return _("%(address)s is in the network %(networks)s.") % {"address": address, "networks": told}
    outside = (
        _("%(address)s is in no network that you have told us.")
        if institution
        else _("%(address)s is in no network that is known here.")
    )
    said = [outside % {"address": address}, _near(address, institution)]
    if known:
        names = ", ".join(name for _pk, name in known)
        said.append(_("They belong to %(names)s by a seat or sign-in.") % {"names": names})
    return " ".join(said)


def _near(address: Address, institution: Institution | None) -> str:
    around = ipaddress.ip_network((address, NEAR[address.version]), strict=False)
    pk = institution.pk if institution else None
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, [str(around), pk, pk])
        networks = [(ipaddress.ip_network(str(network)), name) for network, _pk, name in cursor.fetchall()]
    if not networks:
        return _("None is near it.")
    network, name = min(networks, key=lambda one: missed_by(address, one[0]))
    far = missed_by(address, network)
    said = ngettext(
        "The nearest is %(network)s of %(institution)s, missed by %(far)s address.",
        "The nearest is %(network)s of %(institution)s, missed by %(far)s addresses.",
        far,
    )
    return said % {"network": network, "institution": name, "far": number_format(far, force_grouping=True)}


def missed_by(address: Address, network: Network) -> int:
    """How many addresses lie between an address and a network that does not hold it."""
    first, last, here = int(network.network_address), int(network.broadcast_address), int(address)
    return first - here if here < first else max(here - last, 0)
