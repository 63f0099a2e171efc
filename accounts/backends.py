"""Who is signed in. allauth checks the password; the account of a session is read by a written-out statement."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection

from accounts.models import User

_NAMES = [field.attname for field in User._meta.concrete_fields]
_FIND = f"SELECT {', '.join(_NAMES)} FROM accounts_user WHERE id = %s AND is_active"  # noqa: S608  (our own columns)


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Read anew for every page, so that an account on hold is out at once (docs/performance.md)."""

    def get_user(self, user_id: Any) -> User | None:
        with connection.cursor() as cursor:
            cursor.execute(_FIND, [user_id])
            row = cursor.fetchone()
        return None if row is None else User.from_db("default", _NAMES, row)
