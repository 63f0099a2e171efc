"""What an institution licenses, for which years, and how it pays: by Stripe's invoice or by bank transfer."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from journal.models import Journal
from subscriptions.models.institution import Institution
from subscriptions.models.sales import new_order_number
from subscriptions.money import Money


class SiteLicense(models.Model):
    """One term of one institution. Its rights are derived from it (institutions/licenses.py), never typed."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        REQUESTED = "requested", "Invoice being made"
        OPEN = "open", "Invoice sent, not paid"
        PAID = "paid", "Paid"
        VOID = "void", gettext_lazy("Void")
        UNCOLLECTIBLE = "uncollectible", gettext_lazy("Written off")

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="licenses")
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="licenses")
    number = models.CharField(max_length=9, unique=True, default=new_order_number, editable=False)
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day.")
    covers_from = models.DateField(
        null=True, blank=True, help_text="Only articles published on or after this day. Empty: the whole back-file."
    )
    keeps_back_file = models.BooleanField(
        "keeps its years", default=True,
        help_text="After the end, what was published during the term stays open to the institution for good.",
    )  # fmt: skip
    amount = models.PositiveIntegerField(help_text="In the currency's minor unit, without taxes.")
    currency = models.CharField(max_length=3, default="usd")
    po_number = models.CharField("PO number", max_length=60, blank=True)
    days_until_due = models.PositiveSmallIntegerField("days to pay", default=30)
    trusted = models.BooleanField(
        "open at once", default=False,
        help_text="Open from the invoice's day until 30 days after it is due; paying makes it the whole term.",
    )  # fmt: skip
    state = models.CharField(max_length=15, choices=State, default=State.DRAFT, editable=False)

    invoice_id = models.CharField(max_length=255, unique=True, null=True, blank=True, editable=False)
    invoice_number = models.CharField(max_length=60, blank=True, editable=False)
    hosted_invoice_url = models.TextField(blank=True, editable=False)
    invoice_pdf = models.TextField(blank=True, editable=False)
    payment_intent_id = models.CharField(max_length=255, blank=True, editable=False)
    finalized_at = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    tax: Any = models.JSONField(
        null=True, blank=True, editable=False, help_text="As Stripe Tax worked it out; empty without it."
    )
    paid_by_hand = models.TextField(blank=True, editable=False, help_text="Why staff marked it paid.")
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    UNDECIDED: ClassVar[tuple[str, ...]] = (State.REQUESTED, State.OPEN)

    class Meta:
        verbose_name = "license"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="license_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on")),
                violation_error_message="The last day lies before the first.",
            )
        ]

    def __str__(self) -> str:
        return f"License {self.number}"

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def tax_lines(self) -> list[tuple[str, Money]]:
        """Each tax on top of the price, in words and with its amount: `("VAT 19%", €475.00)`."""
        return [(words, Money(amount, self.currency)) for words, amount in (self.tax or {}).get("lines", [])]

    @property
    def total(self) -> Money:
        """What the invoice asks for: the price, and the taxes once Stripe Tax has worked them out."""
        return Money(self.amount + int((self.tax or {}).get("amount", 0)), self.currency)

    @property
    def is_reverse(self) -> bool:
        """The institution accounts for the tax itself."""
        return bool((self.tax or {}).get("reverse"))

    @property
    def description(self) -> str:
        return f"{self.journal.title}: institutional license, {self.starts_on} to {self.ends_on}"
