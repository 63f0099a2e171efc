"""The numbered papers of payments: numbers without gaps, and what an invoice says for good."""

from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.encryption import EncryptedTextField
from subscriptions.models.sales import Payment
from subscriptions.money import Money

_TAKE_NUMBER = {
    kind: f"""
INSERT INTO subscriptions_papernumber (kind, last)
VALUES (%s, (SELECT GREATEST(COALESCE(MAX(number), 0) + 1, %s) FROM {table}))
ON CONFLICT (kind) DO UPDATE SET last = subscriptions_papernumber.last + 1 RETURNING last
"""  # noqa: S608  (our own two tables)
    for kind, table in (("receipt", "subscriptions_receipt"), ("credit_note", "subscriptions_creditnote"))
}


class PaperNumber(models.Model):
    """The last number given to a kind of paper (receipt, credit_note)."""

    FIRST = 1001
    kind = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.last}"

    @classmethod
    def take(cls, kind: str) -> int:
        """The next number. Its row stays locked until the caller's transaction ends, so a rollback leaves no gap."""
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_NUMBER[kind], [kind, cls.FIRST])
            return int(cursor.fetchone()[0])


class Receipt(models.Model):
    """The numbered paper for one payment: what it says does not change afterwards."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="receipt")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts"
    )
    description = models.CharField(max_length=500)
    terms = models.TextField(blank=True)
    tax: Any = models.JSONField(null=True, blank=True, help_text="As Stripe Tax worked it out; empty without it.")
    kept_buyer = EncryptedTextField(
        blank=True, default="", db_default="", editable=False,
        help_text="Who paid, once the account was erased: tax law keeps the paper as it was issued.",
    )  # fmt: skip
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Receipt {self.number}"

    @property
    def tax_lines(self) -> list[tuple[str, Money]]:
        """Each tax in words with its amount: `("VAT 19%", €3.80)`."""
        return [(words, Money(amount, self.payment.currency)) for words, amount in (self.tax or {}).get("lines", [])]

    @property
    def net(self) -> Money:
        """What was paid, without the taxes that Stripe Tax worked out."""
        return Money(self.payment.amount - int((self.tax or {}).get("amount", 0)), self.payment.currency)

    @property
    def tax_note(self) -> str:
        """The sentence about tax: worked out by Stripe, or as staff wrote it beside the price."""
        if self.tax is None:
            order = self.payment.order
            return f"{order.offer.tax_note}." if order and order.offer.tax_note else ""
        if self.tax["reverse"]:
            return _("Reverse charge: the buyer (%(value)s) accounts for the tax.") % {
                "value": ", ".join(self.tax["numbers"])
            }
        return "" if self.tax["lines"] else _("No tax is due.")

    @property
    def buyer(self) -> list[str]:
        """Who paid, line by line, as far as we were told."""
        if self.kept_buyer:
            return str(self.kept_buyer).splitlines()
        told = list((self.tax or {}).get("buyer", []))
        name = [self.user.name] if self.user and self.user.name and not told else []
        return [line for line in (*told, *name, self.payment.email, *(self.tax or {}).get("numbers", [])) if line]

    def get_absolute_url(self) -> str:
        return reverse("subscriptions:receipt", args=[self.number])

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            self.number = self.number or PaperNumber.take("receipt")
            super().save(*args, **kwargs)
