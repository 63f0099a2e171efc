"""IP networks as librarians write them."""

import ipaddress

from django.core.exceptions import ValidationError


def parse_network(text: str) -> str:
    """`192.0.2.7/24` → `192.0.2.0/24`, `192.0.2.7` → `192.0.2.7/32`; raises ValidationError with the remedy."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValidationError(f"“{text}” is not a network. Write it like 192.0.2.0/24 or 2001:db8::/32.") from None
