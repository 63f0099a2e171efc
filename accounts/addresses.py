"""The address an account is named by, changed by staff for somebody who cannot get into the old mailbox any more.

The new one is not confirmed until its owner signs in and types the code that is mailed to it; the old one opens
nothing from now on.
"""

from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User


class CannotChange(Exception):
    """Why not, as a sentence."""


def check(user: User, email: str) -> None:
    if email.lower() == user.email:
        raise CannotChange("This is the account's address already.")
    elsewhere = EmailAddress.objects.filter(email__iexact=email).exclude(user=user).exists()
    if elsewhere or User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        raise CannotChange("This is the address of another account. If both are this person's, merge them.")


def others_of(user: User) -> list[str]:
    """Further addresses that sign in to the account, for example after a merge."""
    found = EmailAddress.objects.filter(user=user).exclude(email=user.email)
    return list(found.order_by("email").values_list("email", flat=True))


def change(user: User, email: str) -> dict[str, Any]:
    """Name the account by `email`. Returns what putting it back needs."""
    email = email.lower()
    check(user, email)
    old = EmailAddress.objects.filter(user=user, email=user.email).first()
    known = EmailAddress.objects.filter(user=user, email=email).first()
    before = {"email": user.email, "verified": bool(old and old.verified), "was_known": bool(known)}
    _name_by(user, email, verified=bool(known and known.verified))
    return before


def put_back(user: User, before: dict[str, Any]) -> None:
    check(user, before["email"])
    kept = user.email if before["was_known"] else ""
    verified = EmailAddress.objects.filter(user=user, email=kept, verified=True).exists()
    _name_by(user, before["email"], verified=before["verified"])
    if kept:
        EmailAddress.objects.create(user=user, email=kept, verified=verified, primary=False)


def _name_by(user: User, email: str, *, verified: bool) -> None:
    EmailAddress.objects.filter(user=user, email__in=[user.email, email]).delete()
    EmailAddress.objects.filter(user=user).update(primary=False)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    user.email = email
    user.save(update_fields=["email"])
