"""The joints to Stripe: customers, the inbox of events, what must be re-read, and the outbox of mail."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone


class StripeCustomer(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="stripe_customers")
    stripe_id = models.CharField(max_length=255, unique=True)
    livemode = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "livemode"], condition=Q(deleted_at=None), name="one_living_customer_per_account"
            )
        ]

    def __str__(self) -> str:
        return self.stripe_id


class StripeEvent(models.Model):
    """The inbox: each event once, however often it was delivered. A hint to look, never the truth itself."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=255, blank=True)
    api_version = models.CharField(max_length=40, blank=True)
    livemode = models.BooleanField()
    created = models.DateTimeField()
    payload = models.JSONField()
    deliveries = models.PositiveIntegerField(default=1, help_text="0: its webhook never came; found by asking Stripe.")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["object_id"], name="event_object")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class SyncTargetQuerySet(models.QuerySet["SyncTarget"]):
    def due(self) -> "SyncTargetQuerySet":
        """What the sweep takes up, by the database's clock."""
        waiting = self.filter(dirty__gt=F("clean"), dead=False)
        return waiting.filter(next_at__lte=Now(), lease_until__lte=Now()).order_by("next_at")


class SyncTarget(models.Model):
    """Something at Stripe that must be re-read. `dirty` counts hints, `clean` is the hint up to which we are true.

    The lease and the fence keep two workers from overwriting each other (design 4.6; the executable model behind it
    falsified every simpler scheme).
    """

    class Kind(models.TextChoices):
        ORDER = "order", "Order"
        SUBSCRIPTION = "subscription", "Subscription"
        PAYMENT = "payment", "Disputes and warnings of a payment"
        REFUND = "refund", "Refund to be made"
        LICENSE = "license", "Invoice of an institution's license"

    kind = models.CharField(max_length=15, choices=Kind)
    key = models.CharField(
        max_length=255,
        help_text="Our order's or license's id, Stripe's subscription or payment intent id, or a refund's request.",
    )
    dirty = models.BigIntegerField(default=0)
    clean = models.BigIntegerField(default=0)  # type: ignore[assignment]  # the column, not Model.clean
    lease_until = models.DateTimeField(default=timezone.now)
    fence = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    last_error = models.TextField(blank=True)
    dead = models.BooleanField("given up", default=False)

    objects: ClassVar[models.Manager["SyncTarget"]] = SyncTargetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_target_per_object")]
        indexes = [models.Index(fields=["next_at"], name="target_due", condition=Q(dirty__gt=F("clean")))]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class OutgoingMail(models.Model):
    """A message to be sent once. Its key names the happening, so a second sync of the same thing adds nothing."""

    key = models.CharField(max_length=200, unique=True)
    template = models.CharField(max_length=100)
    to = models.EmailField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    context: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], name="mail_unsent", condition=Q(sent_at=None))]

    def __str__(self) -> str:
        return self.key
