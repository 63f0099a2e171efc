"""Gift links: a subscriber lets somebody read one article, for a while, on a few devices."""

import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from journal.models import Article

GIFTS_A_MONTH = 10
GIFT_DAYS = 14
GIFT_DEVICES = 10


def new_token() -> str:
    return secrets.token_urlsafe(18)


class GiftLinkQuerySet(models.QuerySet["GiftLink"]):
    def made_in_month_of(self, now: datetime) -> "GiftLinkQuerySet":
        """Links made in the calendar month of `now`, in the journal's time zone; revoked ones count."""
        first = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return self.filter(created_at__gte=first)


class GiftLink(models.Model):
    """What the giver made. Its right is an entitlement held by the link itself; the token is all that opens it."""

    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gift_links")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["GiftLink"]] = GiftLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["giver", "created_at"], name="gift_of_giver")]

    def __str__(self) -> str:
        return f"Gift of {self.giver}: {self.article}"

    def get_absolute_url(self) -> str:
        return reverse("subscriptions:gift", args=[self.token])

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class GiftOpening(models.Model):
    """One device on which the link was opened. The device is a session of ours; nothing about the person is kept."""

    link = models.ForeignKey(GiftLink, on_delete=models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["opened_at"]

    def __str__(self) -> str:
        return f"Opened {timezone.localtime(self.opened_at):%Y-%m-%d %H:%M}"
