"""What is owed to a reader around a payment: credit for earlier ones, the words agreed to, withdrawals."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.languages import spoken
from subscriptions.models.sales import Order, Subscription
from subscriptions.money import Money


class Credit(models.Model):
    """A payment that counts towards a later order. Each payment counts once (a partial unique index says so)."""

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved for an open order"
        USED = "used", "Used"
        RELEASED = "released", "Released: the order came to nothing"

    source = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="credits_given")
    target = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="credits_taken")
    amount = models.PositiveIntegerField(help_text="In the currency's minor unit.")
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(state__in=["reserved", "used"]), name="a_payment_is_credited_once"
            ),
            models.CheckConstraint(name="credit_is_something", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{Money(self.amount, self.source.currency)} of {self.source} for {self.target}"


class Consent(models.Model):
    """The words a reader agreed to, as they stood on the page at that moment. Kept; never edited."""

    class Kind(models.TextChoices):
        IMMEDIATE = "immediate", "Access at once, and what becomes of withdrawal"
        RENEWAL = "renewal", "Renewal terms"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField()
    version = models.CharField(max_length=12, help_text="The first characters of the text's SHA-256.")
    given_at = models.DateTimeField()
    page = models.CharField(max_length=300, help_text="The page and the button it was given on.")

    class Meta:
        ordering = ["given_at", "pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["order", "kind"], name="one_consent_of_a_kind_for_an_order")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.version})"


class Withdrawal(models.Model):
    """A reader withdrew from a contract (Directive 2011/83/EU, art. 11a): what was said, when, and what followed."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received, waits for staff"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined: no right of withdrawal"

    name = models.CharField(max_length=200)
    email = models.EmailField("email address")
    language = models.CharField(max_length=7, blank=True, default=spoken, db_default="", editable=False)
    contract = models.CharField(max_length=200, help_text="The order number, or how the reader named the contract.")
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="withdrawals")
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.PROTECT, related_name="withdrawals"
    )
    received_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    answer = models.TextField(blank=True, help_text="What the reader was told.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-received_at"]

    def __str__(self) -> str:
        return f"{self.name}: {self.contract}"
