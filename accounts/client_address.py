"""The one answer to "from which address does this request come?".

Access by institution, rate limits and usage counts all ask here: behind a proxy a header names the client, and a
visitor can write that header, too. So only as many hops are believed as the operator says there are.
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The client's address as normalised text (an IPv4 address mapped into IPv6 comes back as IPv4), or None."""
    return address_of(request.META)


def address_of(meta: Mapping[str, Any]) -> str | None:
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    if trusted == 0:
        candidate = meta.get("REMOTE_ADDR", "")
    elif len(hops) >= trusted:
        candidate = hops[-trusted]
    else:
        return None
    return _normal(candidate)


@lru_cache(maxsize=1024)
def _normal(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
