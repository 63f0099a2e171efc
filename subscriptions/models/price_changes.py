"""A new price for subscriptions that are running: what staff announced, and who was told what, from which day on."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from subscriptions.models.sales import Offer, Subscription
from subscriptions.money import Money


class PriceChange(models.Model):
    """Running subscriptions move to this offer's price, each at a renewal it was told of in time."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="price_changes")
    reason = models.CharField(
        max_length=300, blank=True, help_text="One sentence for the mail, for example why the price rises."
    )
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stopped_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Nobody more is told from then on: another change took over, or staff stopped it.",
    )

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.offer.price} per {self.offer.interval}"

    def get_absolute_url(self) -> str:
        return reverse("admin:subscriptions_pricechange_change", args=[self.pk])


class PriceNotice(models.Model):
    """What one subscriber was told: the price from `applies_at`, a renewal, on."""

    class State(models.TextChoices):
        TOLD = "told", "Told"
        MOVED = "moved", "New price set at Stripe"
        LAPSED = "lapsed", "Not in time: told again before the next renewal"
        WITHDRAWN = "withdrawn", "Withdrawn: the price stays"

    change = models.ForeignKey(PriceChange, on_delete=models.PROTECT, related_name="notices")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="price_notices")
    old_amount = models.PositiveIntegerField()
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    applies_at = models.DateTimeField(help_text="The renewal that is charged at the new price.")
    state = models.CharField(max_length=10, choices=State, default=State.TOLD)
    told_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-told_at"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(state="told"), name="one_price_notice_at_a_time"
            ),
            models.UniqueConstraint(fields=["change", "subscription", "applies_at"], name="one_price_notice_for_a_day"),
        ]
        indexes = [models.Index(fields=["applies_at"], name="price_notice_due", condition=Q(state="told"))]

    def __str__(self) -> str:
        return f"{self.old_price} → {self.price} for {self.subscription.user}"

    @property
    def old_price(self) -> Money:
        return Money(self.old_amount, self.currency)

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)
