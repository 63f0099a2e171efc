"""How often one address may try something that can be guessed. Counted by the address accounts/client_address.py names.

In PostgreSQL, so that every process of the site counts together and a restart forgets nothing.
"""

import hashlib
import ipaddress

from django.db import connection
from django.http import HttpRequest

from accounts.client_address import client_ip

#: Seconds; no window is longer, so a counter that began before has nothing left to count.
LONGEST_WINDOW = 86_400

_COUNT = """
INSERT INTO accounts_ratelimit (key, window_start, count) VALUES (%(key)s, %(window)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN accounts_ratelimit.window_start = %(window)s THEN accounts_ratelimit.count + 1 ELSE 1 END,
    window_start = %(window)s
RETURNING count
"""
_GIVE_BACK = "UPDATE accounts_ratelimit SET count = count - 1 WHERE key = %s AND count > 0"
IPV6_PREFIX = 64  # one household or machine has a whole network of them


def network_of(request: HttpRequest) -> str:
    """Whom a limit by address counts: the address, of IPv6 the network."""
    address = client_ip(request)
    if address is None or ":" not in address:
        return address or "unknown"
    return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX}", strict=False).network_address)


def is_allowed(request: HttpRequest, action: str, *, most: int, seconds: int) -> bool:
    """Count one try of `action` from this client; False for more than `most` in one window of `seconds`."""
    return is_allowed_for(network_of(request), action, most=most, seconds=seconds)


def is_allowed_for(whom: str, action: str, *, most: int, seconds: int) -> bool:
    """As `is_allowed`, for an address, an account or anything else that can be named. Only its digest is stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT floor(extract(epoch FROM clock_timestamp()) / %(s)s)::bigint * %(s)s", {"s": seconds})
        window = cursor.fetchone()[0]
        cursor.execute(_COUNT, {"key": _key(whom, action), "window": window})
        count: int = cursor.fetchone()[0]
    return count <= most


def may_guess(request: HttpRequest, action: str, *, most: int, seconds: int) -> bool:
    """One more try of a code by somebody signed in.

    Counted by account and by network, so that neither many accounts nor many addresses alone help a guesser.
    """
    from_here = is_allowed(request, action, most=most * 3, seconds=seconds)
    return is_allowed_for(f"user {request.user.pk}", action, most=most, seconds=seconds) and from_here


def give_back(whom: str, action: str) -> None:
    """Uncount one try: it was the right one."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [_key(whom, action)])


def _key(whom: str, action: str) -> str:
    return hashlib.sha256(f"{action}:{whom}".encode()).hexdigest()[:40]


def forget_old() -> int:
    """Remove the counters whose window is over; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_ratelimit WHERE window_start < extract(epoch FROM clock_timestamp()) - %s",
            [LONGEST_WINDOW],
        )
        return int(cursor.rowcount)
