"""Institutions: the networks their readers come from, the people who look after them, and what they ask to change."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, SpGistIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.urls import reverse

from accounts.search_words import Words
from subscriptions.networks import parse_network, refuse_wide

is_ror = RegexValidator(r"^https://ror\.org/0[a-z0-9]{8}$", "A ROR id looks like https://ror.org/02mhbdp94.")
is_web_address = URLValidator(schemes=["https", "http"])
is_country = RegexValidator(r"^[A-Z]{2}$", "Two capital letters, as DE or US.")


class NetworkField(models.Field):  # type: ignore[type-arg]  # generic for mypy only
    """A network of IPv4 or IPv6 addresses, as text in Python and `cidr` in PostgreSQL."""

    description = "IP network"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "cidr"

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return None if value is None else str(value)

    def to_python(self, value: Any) -> str | None:
        return None if value in (None, "") else parse_network(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        return self.to_python(value)


class TaxExempt(models.TextChoices):
    """Stripe's words for a customer."""

    NONE = "none", "As the law of the place says"
    EXEMPT = "exempt", "Exempt"
    REVERSE = "reverse", "Reverse charge: the institution accounts for the tax"


class Institution(models.Model):
    name = models.CharField(max_length=200, help_text="As readers see it after “Access provided by”.")
    ror_id = models.CharField("ROR id", max_length=40, blank=True, validators=[is_ror])
    contact_email = models.EmailField("contact email", blank=True, help_text="Invoices go here, too.")
    notes = models.TextField(blank=True)
    seats = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many readers it may invite by name, beside its network."
    )
    resolver_url = models.CharField(
        "link resolver", max_length=500, blank=True, default="", db_default="", validators=[is_web_address],
        help_text="Base address of its OpenURL link resolver. Its readers get a link beside each article.",
    )  # fmt: skip
    resolver_label = models.CharField(
        "words of the link", max_length=60, blank=True, default="", db_default="",
        help_text="For example “Find it at Heron University”. Empty: “Find it at my library”.",
    )  # fmt: skip
    customer_id = models.CharField(
        max_length=255, blank=True, default="", db_default="", editable=False, help_text="Stripe's customer."
    )
    billing_line1 = models.CharField("street", max_length=200, blank=True, default="", db_default="")
    billing_line2 = models.CharField("street, continued", max_length=200, blank=True, default="", db_default="")
    billing_postal_code = models.CharField("postal code", max_length=20, blank=True, default="", db_default="")
    billing_city = models.CharField("city", max_length=100, blank=True, default="", db_default="")
    billing_state = models.CharField("state or region", max_length=100, blank=True, default="", db_default="")
    billing_country = models.CharField(
        "country", max_length=2, blank=True, default="", db_default="", validators=[is_country],
        help_text="Two capital letters, as DE or US. With Stripe Tax it decides which tax is due.",
    )  # fmt: skip
    tax_number = models.CharField(
        max_length=40, blank=True, default="", db_default="",
        help_text="VAT number or the like, as DE123456789. With it a business in the EU accounts for the tax itself.",
    )  # fmt: skip
    tax_exempt = models.CharField(
        "taxes", max_length=10, choices=TaxExempt, default=TaxExempt.NONE, db_default="none",
        help_text="Only with Stripe Tax. Keep the certificate of who is exempt.",
    )  # fmt: skip
    managers: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="LibraryManager", related_name="managed_institutions"
    )

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(Words("name"), name="institution_words")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its own page, for those who look after it."""
        return reverse("subscriptions:library", args=[self.pk])


class IPRange(models.Model):
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="ranges")
    network = NetworkField(help_text="For example 192.0.2.0/24 or 2001:db8::/32.")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "IP range"
        constraints = [models.UniqueConstraint(fields=["institution", "network"], name="one_range_per_network")]
        # SP-GiST was measured three times as fast as GiST for "which networks hold this address".
        indexes = [SpGistIndex(fields=["network"], name="iprange_network", opclasses=["inet_ops"])]

    def __str__(self) -> str:
        return str(self.network)

    def clean(self) -> None:
        """Refuse what is too wide. A network that is none has its own message from the field already."""
        try:
            refuse_wide(self.network or "")
        except ValidationError as error:
            raise ValidationError({"network": error.messages}) from None


class LibraryManager(models.Model):
    """A person who looks after an institution: sees its page, invites readers, proposes its networks."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="library_managers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_managers")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "librarian"
        constraints = [models.UniqueConstraint(fields=["user", "institution"], name="one_manager_row_per_person")]

    def __str__(self) -> str:
        return f"{self.user} for {self.institution}"


class RangeProposal(models.Model):
    """A list of networks a librarian asks for. Nothing changes until staff accept it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="proposals")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    listed = models.TextField("list", help_text="As it was typed.")
    replaces = models.BooleanField("is the whole list", default=True)
    remark = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    answer = models.TextField("what the librarian is told", blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-sent_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution"], condition=Q(state="waiting"), name="one_waiting_proposal_per_institution"
            )
        ]

    def __str__(self) -> str:
        return f"Networks of {self.institution}"
