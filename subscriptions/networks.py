"""IP networks as librarians write them, and how wide one may be."""

import ipaddress

from django.core.exceptions import ValidationError

WIDEST = {4: 8, 6: 16}  # wider is refused: no institution has it
WIDE = {4: 16, 6: 32}  # wider gets a warning: a university may, a typing mistake more often does
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_network(text: str) -> str:
    """`192.0.2.7/24` → `192.0.2.0/24`, `192.0.2.7` → `192.0.2.7/32`; raises ValidationError with the remedy."""
    try:
        return str(unmapped(ipaddress.ip_network(text.strip(), strict=False)))
    except ValueError:
        raise ValidationError(f"“{text}” is not a network. Write it like 192.0.2.0/24 or 2001:db8::/32.") from None


def unmapped(network: Network) -> Network:
    """An IPv4 network written into IPv6 (::ffff:192.0.2.0/120) as what it is: that is how readers' addresses come."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96))


def refuse_wide(network: str) -> None:
    """Raises ValidationError for a network wider than any institution's."""
    width = network.partition("/")[2]
    if width.isdigit() and int(width) < WIDEST[6 if ":" in network else 4]:
        raise ValidationError("This range is wider than any institution's. Split it into its networks.")
