"""A right to read: a dated row with a source. Selling writes it, reading reads it, nothing else joins the two."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from journal.models import Article, Issue, Journal
from subscriptions.models.gifts import GiftLink
from subscriptions.models.institution import Institution


class EntitlementQuerySet(models.QuerySet["Entitlement"]):
    def in_force(self, now: datetime | None = None) -> "EntitlementQuerySet":
        """Rights that open something at `now`: the rule of `subscriptions/access.py`, for lists."""
        now = now or timezone.now()
        begun = Q(starts_at__lte=now) & (Q(reading_seconds=None) | Q(opened_at__isnull=False))
        return self.filter(begun, Q(ends_at=None) | Q(ends_at__gt=now), revoked_at=None)


class Entitlement(models.Model):
    """holder (a user, an institution or a gift link) × scope (an article, an issue or a journal) × dates × source."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase", gettext_lazy("Purchase")
        RENTAL = "rental", gettext_lazy("Rental")
        SUBSCRIPTION = "subscription", gettext_lazy("Subscription")
        INSTITUTION = "institution", gettext_lazy("Institution's license")
        COMPLIMENTARY = "complimentary", gettext_lazy("Complimentary")
        ACCESS_CODE = "access_code", gettext_lazy("Access code")
        MEMBERSHIP = "membership", gettext_lazy("Membership of the society")
        GIFT = "gift", gettext_lazy("Gift link")
        CME = "cme", gettext_lazy("CME activity (no right to read)")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="entitlements",
        db_index=False,
    )  # fmt: skip
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="entitlements"
    )
    gift_link = models.ForeignKey(
        GiftLink, null=True, blank=True, on_delete=models.PROTECT, related_name="entitlements", db_index=False,
        help_text="Held by whoever opened this link, on the devices it was opened on.",
    )  # fmt: skip
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    issue = models.ForeignKey(Issue, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    journal = models.ForeignKey(Journal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    kind = models.CharField(max_length=15, choices=Kind)
    source = models.CharField(
        max_length=100, unique=True, help_text="Where it comes from: order:<id>, subscription:<id>, staff:<id>."
    )
    reason = models.TextField(blank=True, help_text="Why it was given; required for complimentary access.")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: without end.")
    covers_from = models.DateField(null=True, blank=True, help_text="Only articles published on or after this day.")
    covers_until = models.DateField(null=True, blank=True, help_text="Only articles published on or before this day.")
    grace_since = models.DateTimeField(null=True, blank=True, help_text="A renewal failed then and is being retried.")

    reading_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="A rental's time from its opening.")
    open_by = models.DateTimeField(null=True, blank=True, help_text="A rental must be opened before.")
    opened_at = models.DateTimeField(null=True, blank=True)

    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="The staff member who revoked it; empty when a refund or a dispute did.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history_since = models.DateTimeField(
        db_default=Now(), editable=False,
        help_text="From then on each change is kept (RightChange); later than its making only for old rights.",
    )  # fmt: skip

    objects: ClassVar[models.Manager["Entitlement"]] = EntitlementQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="entitlement_is_held_by_one",
                condition=Q(user=None, institution__isnull=False, gift_link=None)
                | Q(user__isnull=False, institution=None, gift_link=None)
                | Q(user=None, institution=None, gift_link__isnull=False, article__isnull=False),
                violation_error_message="Choose a reader or an institution, and only one of them.",
            ),
            models.CheckConstraint(
                name="entitlement_has_one_scope",
                condition=Q(article__isnull=False, issue=None, journal=None)
                | Q(article=None, issue__isnull=False, journal=None)
                | Q(article=None, issue=None, journal__isnull=False),
                violation_error_message="Choose an article, an issue or the journal, and only one of them.",
            ),
            models.CheckConstraint(
                name="entitlement_ends_after_it_starts",
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                violation_error_message="The end lies before the start.",
            ),
            models.CheckConstraint(
                name="rental_has_its_clock",
                condition=~Q(kind="rental") | Q(reading_seconds__gt=0, open_by__isnull=False),
            ),
            models.CheckConstraint(
                name="opened_rental_has_an_end", condition=Q(opened_at=None) | Q(ends_at__isnull=False)
            ),
        ]
        # One exact probe for each holder × scope: an OR-list was measured to degrade with the holder's rights.
        indexes = [
            models.Index(
                fields=[holder, scope], name=f"right_{holder}_{scope}", condition=Q(**{f"{scope}__isnull": False})
            )
            for holder in ("user", "institution")
            for scope in ("article", "issue", "journal")
        ] + [
            models.Index(
                fields=["gift_link", "article"], name="right_gift_link_article", condition=Q(gift_link__isnull=False)
            ),
            models.Index(fields=["user", "-created_at"], name="right_user_newest", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.holder}: {self.scope}"

    @property
    def holder(self) -> Any:
        return self.user or self.institution or self.gift_link

    @property
    def scope(self) -> Any:
        return self.article or self.issue or self.journal

    @property
    def reading_time(self) -> timedelta | None:
        return None if self.reading_seconds is None else timedelta(seconds=self.reading_seconds)
