"""Where an account is signed in, and ending that: a browser is out at its next page."""

from typing import Any

from allauth.usersessions.models import UserSession

from accounts.models import User


def of(user: User) -> list[Any]:
    return list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))


def end_all(user: User) -> int:
    """How many were ended."""
    found = of(user)
    for session in found:
        session.end()
    return len(found)
