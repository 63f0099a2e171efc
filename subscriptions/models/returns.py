"""Money that goes back, or is asked back: refunds, disputes, fraud warnings, and what follows from each by policy."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from subscriptions.models.papers import PaperNumber, Receipt
from subscriptions.models.sales import Payment
from subscriptions.money import Money


class Refund(models.Model):
    """Money on its way back. Asked for here (`request` is then the idempotency key) or found at Stripe."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Asked for, not yet at Stripe"
        PENDING = "pending", "On its way"
        REQUIRES_ACTION = "requires_action", "Waits for the customer's bank details"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed: the money came back"
        CANCELED = "canceled", "Canceled"

    class Reason(models.TextChoices):
        """Stripe's words, the only ones it takes."""

        CUSTOMER = "requested_by_customer", "The reader asked for it"
        DUPLICATE = "duplicate", "Paid twice"
        FRAUD = "fraudulent", "Fraudulent payment"

    GIVEN_BACK = (State.REQUESTED, State.PENDING, State.REQUIRES_ACTION, State.SUCCEEDED)

    request = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    stripe_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.REQUESTED)
    reason = models.CharField(max_length=30, choices=Reason, blank=True)
    note = models.TextField(blank=True, help_text="Why, in staff's words.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty: made at Stripe, or by the policy.",
    )  # fmt: skip
    failure_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(name="refunds_give_something_back", condition=Q(amount__gt=0))]

    def __str__(self) -> str:
        return f"Refund of {self.price}"

    @property
    def price(self) -> Money:
        return Money(self.amount, self.payment.currency)


class CreditNote(models.Model):
    """The numbered paper for one refund that was carried out; void when the bank sent the money back."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, related_name="credit_note")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="credit_notes")
    issued_at = models.DateTimeField(auto_now_add=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Credit note {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            self.number = self.number or PaperNumber.take("credit_note")
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("subscriptions:credit_note", args=[self.number])


class Dispute(models.Model):
    """A payer's bank asks for money back (or, as an inquiry, only asks). Stripe's words, as last read."""

    # Money is in question (Stripe, Dispute.status): inquiries (warning_*) and what was prevented are not.
    IN_QUESTION = ("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review")
    INQUIRY = ("warning_needs_response", "warning_under_review")
    OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review", *INQUIRY)

    stripe_id = models.CharField(max_length=255, unique=True)
    payment_intent_id = models.CharField(max_length=255, db_index=True)
    status = models.CharField(max_length=40, help_text="Stripe's word.")
    reason = models.CharField(max_length=60, blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    due_by = models.DateTimeField(null=True, blank=True, help_text="Evidence is taken until then.")
    created_at = models.DateTimeField()
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Dispute over {Money(self.amount, self.currency)}: {self.status}"


class FraudWarning(models.Model):
    """An issuer's early word that a payment is probably fraudulent; most become disputes."""

    stripe_id = models.CharField(max_length=255, unique=True)
    payment_intent_id = models.CharField(max_length=255, db_index=True)
    actionable = models.BooleanField(default=True, help_text="Refunding can still avert a dispute.")
    kind = models.CharField(max_length=60, blank=True, help_text="Stripe's word.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Fraud warning: {self.kind.replace('_', ' ')}"


class Policy(models.Model):
    """What follows for access and money when something happens to a payment; `policy.py` has the limits."""

    class Happening(models.TextChoices):
        REFUNDED_IN_PART = "refunded_in_part", "A purchase or rental is refunded in part"
        REFUNDED_IN_FULL = "refunded_in_full", "A purchase or rental is refunded in full"
        PERIOD_REFUNDED = "period_refunded", "A subscription's latest payment is refunded in full"
        INQUIRY = "inquiry", "A bank asks about a payment (inquiry; no money has moved)"
        DISPUTED = "disputed", "A purchase or rental is disputed, until it is decided"
        PERIOD_DISPUTED = "period_disputed", "A subscription's latest payment is disputed, until it is decided"
        DISPUTE_LOST = "dispute_lost", "A dispute is lost"
        FRAUD_WARNING = "fraud_warning", "A card's issuer warns of fraud"
        DUPLICATE = "duplicate", "A thing is paid twice"
        RENEWAL_FAILED = "renewal_failed", "A renewal's payment fails"

    class Consequence(models.TextChoices):
        KEEP = "keep", "Access stays"
        HOLD = "hold", "Access is held back"
        REFUND = "refund", "The payment is refunded at once"

    happening = models.CharField(max_length=20, choices=Happening, primary_key=True)
    consequence = models.CharField(max_length=10, choices=Consequence)
    days = models.PositiveSmallIntegerField(null=True, blank=True, help_text="For so many days.")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["happening"]
        verbose_name = "refund and dispute policy"
        verbose_name_plural = "refund and dispute policy"

    def __str__(self) -> str:
        return self.get_happening_display()


class Reconciliation(models.Model):
    """One comparison with Stripe."""

    began_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField(help_text="What happened at Stripe from then on was looked at.")
    events_missed = models.PositiveIntegerField(default=0, help_text="Events whose webhook never came.")
    looked_at = models.PositiveIntegerField(default=0, help_text="Orders and subscriptions read again.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"Reconciliation of {timezone.localtime(self.began_at):%Y-%m-%d %H:%M}"


class Finding(models.Model):
    """Something that differed from Stripe, or that a person should decide. `key` keeps it from being said twice."""

    class Kind(models.TextChoices):
        DRIFT = "drift", "Differed from Stripe; mended"
        NO_ORDER = "no_order", "Money without an order"
        DUPLICATE = "duplicate", "Paid twice"
        REVIEW = "review", "Amount differs from the order"
        ENDPOINT = "endpoint", "Webhook endpoint"
        STUCK = "stuck", "Could not be read"

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=15, choices=Kind)
    about = models.CharField(max_length=500)
    remedy = models.CharField(max_length=500, blank=True)
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="findings")
    reconciliation = models.ForeignKey(
        Reconciliation, null=True, blank=True, on_delete=models.SET_NULL, related_name="findings"
    )
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-found_at"]
        indexes = [models.Index(fields=["found_at"], name="finding_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"
