"""Readers an institution knows by name: by a seat they were invited to, or by its own sign-in."""

import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from subscriptions.models.institution import Institution

INVITATION_DAYS = 30


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self) -> "MembershipQuerySet":
        """The rule of `subscriptions/access.py`, for lists."""
        return self.filter(Q(until=None) | Q(until__gt=timezone.now()), ended_at=None)


class Membership(models.Model):
    """A person belongs to an institution, and reads what it has licensed. One row a person, institution and way."""

    class Way(models.TextChoices):
        SEAT = "seat", "Seat"
        SIGN_IN = "sign_in", "Institutional sign-in"

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    way = models.CharField(max_length=10, choices=Way)
    affiliation = models.CharField(max_length=200, blank=True, help_text="As the institution's sign-in named it.")
    began_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True, help_text="The first moment without it. Empty: without end.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Taken back then.")

    objects: ClassVar[models.Manager["Membership"]] = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        # The decision looks up a reader's rows here, so the reader stands first.
        constraints = [models.UniqueConstraint(fields=["user", "institution", "way"], name="one_membership_a_way")]

    def __str__(self) -> str:
        return f"{self.user} at {self.institution}"


class SeatInvitationQuerySet(models.QuerySet["SeatInvitation"]):
    def open(self) -> "SeatInvitationQuerySet":
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


def in_thirty_days() -> Any:
    return timezone.now() + timedelta(days=INVITATION_DAYS)


def _new_token() -> str:
    return secrets.token_urlsafe(12)


class SeatInvitation(models.Model):
    """A seat that is kept for whoever gets this mail. The link in it is signed and names `token`."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    token = models.CharField(max_length=20, unique=True, default=_new_token, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=in_thirty_days)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitations"
    )

    objects: ClassVar[models.Manager["SeatInvitation"]] = SeatInvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at"]
        indexes = [
            models.Index(
                fields=["institution", "email"], name="invitation_open",
                condition=Q(accepted_at=None, withdrawn_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Seat for {self.email}"
