"""How an institution's readers sign in at home: its SAML identity provider, as staff enter it."""

from django.core.validators import URLValidator
from django.db import models
from django.urls import reverse

from subscriptions.models.institution import Institution

MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"  # eduPersonScopedAffiliation


class InstitutionSignIn(models.Model):
    """One identity provider. What its metadata says is kept beside it, so that signing in fetches nothing."""

    institution = models.OneToOneField(Institution, on_delete=models.CASCADE, related_name="sign_in")
    slug = models.SlugField(
        max_length=60, unique=True, help_text="Part of the addresses the identity provider is told: never change it."
    )
    active = models.BooleanField("offered to readers", default=True)
    metadata_url = models.CharField(
        "metadata address", max_length=500, blank=True, validators=[URLValidator(schemes=["https"])],
        help_text="Begins with https. It is fetched when it changes; signing in fetches nothing.",
    )  # fmt: skip
    metadata = models.TextField("metadata (XML)", blank=True, help_text="Or paste the XML here.")
    entity_id = models.CharField(
        max_length=500, blank=True, help_text="Needed only where the metadata describes several identity providers."
    )
    sso_url = models.CharField("sign-in address", max_length=500, editable=False)
    certificates = models.JSONField(default=list, editable=False)
    email_attribute = models.CharField("attribute with the email address", max_length=300, default=MAIL)
    affiliation_attribute = models.CharField("attribute with the affiliation", max_length=300, default=AFFILIATION)
    affiliations = models.CharField(
        "affiliations that may read", max_length=500, default="member, faculty, staff, student, employee",
        help_text="With commas between. A value like student@heron.example counts as student.",
    )  # fmt: skip
    scopes = models.CharField(
        max_length=500, blank=True,
        help_text="What may stand after the @ of an affiliation, with commas between. Empty: anything.",
    )  # fmt: skip
    mail_domains = models.CharField(
        max_length=500, blank=True,
        help_text="Email domains this institution gives out: their addresses count as confirmed. With commas between.",
    )  # fmt: skip
    days = models.PositiveSmallIntegerField(
        "reading goes on for (days)", default=30, help_text="From each sign-in; then the reader signs in there again."
    )

    class Meta:
        verbose_name = "institutional sign-in"
        ordering = ["institution__name"]

    def __str__(self) -> str:
        return f"Sign-in of {self.institution}"

    def get_absolute_url(self) -> str:
        return reverse("saml_login", args=[self.slug])
