"""Who signs in, who is signed in: the accounts of an address and the account of a session, by one statement each."""

from collections.abc import Iterable
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection
from django.db.models import F, Value

from accounts.models import User

_NAMES = [field.attname for field in User._meta.concrete_fields]
_FIND = f"SELECT {', '.join(_NAMES)} FROM accounts_user WHERE id = %s AND is_active"  # noqa: S608  (our own columns)


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's, which checks the password."""

    def _authenticate_by_email(self, email: str, password: str) -> Any:
        """One statement whether or not the address is known; allauth asks once more for who is not."""
        for user in _accounts_of(email.lower()):
            if self._check_password(user, password):
                return user
        return None

    def get_user(self, user_id: Any) -> User | None:
        """Read anew for every page, so that an account on hold is out at once (docs/performance.md)."""
        with connection.cursor() as cursor:
            cursor.execute(_FIND, [user_id])
            row = cursor.fetchone()
        return None if row is None else User.from_db("default", _NAMES, row)


def _accounts_of(email: str) -> Iterable[User]:
    """Whose confirmed address it is; only where there is nobody, whoever else names it. Mostly one, or none."""
    by_address = User.objects.filter(emailaddress__email=email).annotate(confirmed=F("emailaddress__verified"))
    by_account = User.objects.filter(email=email).annotate(confirmed=Value(False))
    found = list(by_address.union(by_account))
    confirmed = [user for user in found if user.confirmed]
    return {user.pk: user for user in confirmed or found}.values()
