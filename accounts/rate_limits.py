"""How often one address may try something that can be guessed. Counted by the address accounts/client_address.py names.

In PostgreSQL, so that every process of the site counts together and a restart forgets nothing.
"""

import hashlib

from django.db import connection
from django.http import HttpRequest

from accounts.client_address import client_ip

_COUNT = """
INSERT INTO accounts_ratelimit (key, window_start, count) VALUES (%(key)s, %(window)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN accounts_ratelimit.window_start = %(window)s THEN accounts_ratelimit.count + 1 ELSE 1 END,
    window_start = %(window)s
RETURNING count
"""


def is_allowed(request: HttpRequest, action: str, *, most: int, seconds: int) -> bool:
    """Count one try of `action` from this client; False for more than `most` in one window of `seconds`."""
    return is_allowed_for(client_ip(request) or "unknown", action, most=most, seconds=seconds)


def is_allowed_for(whom: str, action: str, *, most: int, seconds: int) -> bool:
    """As `is_allowed`, for an address, an account or anything else that can be named. Only its digest is stored."""
    digest = hashlib.sha256(f"{action}:{whom}".encode()).hexdigest()[:40]
    with connection.cursor() as cursor:
        cursor.execute("SELECT floor(extract(epoch FROM clock_timestamp()) / %s)::bigint", [seconds])
        window = cursor.fetchone()[0]
        cursor.execute(_COUNT, {"key": digest, "window": window})
        count: int = cursor.fetchone()[0]
    return count <= most
