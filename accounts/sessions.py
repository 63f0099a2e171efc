"""Sessions as Django keeps them in the database, read by a written-out statement (docs/performance.md).

Read anew for every page and never from a cache: a session that was ended is ended in every process at once. And none
lasts longer than was said when it began, however often it is used (docs/security.md).
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.db import connection
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

LONGEST = "longest"  # seconds


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s",
                [self.session_key, timezone.now()],
            )
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])

    def set_expiry(self, value: datetime | timedelta | int | None) -> None:
        """Seconds become a moment: Django would count them anew whenever something is written into the session."""
        if isinstance(value, int) and value:
            value = timezone.now() + timedelta(seconds=min(value, self.get(LONGEST, value)))
        super().set_expiry(value)

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Plain JSON: who can write into our table need not forge a signature, and checking one costs at every page."""
        return json.dumps(session_dict, separators=(",", ":"))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What cannot be read is an empty session, as with Django's own."""
        try:
            found = json.loads(session_data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@receiver(user_logged_in)
def begin(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Every way of signing in, before allauth asks for the length of its own."""
    if request is not None:
        request.session[LONGEST] = settings.STAFF_SESSION_SECONDS if user.is_staff else settings.SESSION_COOKIE_AGE
        request.session.set_expiry(request.session[LONGEST])
