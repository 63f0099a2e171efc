"""Institutional sign-ins (SAML): metadata in, addresses for the other side out."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.admin_pages import ModelAdmin, ModelForm, PlainChoices, column
from subscriptions.institutions import saml
from subscriptions.models import InstitutionSignIn


class SignInForm(ModelForm):
    """What the metadata says is read when it is saved: an answer can then be proven without fetching anything."""

    class Meta:
        model = InstitutionSignIn
        fields = "__all__"
        widgets: ClassVar[dict[str, Any]] = {"metadata": forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        url, pasted = cleaned.get("metadata_url", ""), cleaned.get("metadata", "")
        if self.errors:
            return cleaned
        if not url and not pasted.strip():
            raise ValidationError("Give the address of the metadata, or paste its XML.")
        if not saml.is_available():
            raise ValidationError("SAML is not available on this site: xmlsec cannot be loaded (docs/running.md).")
        fetched = url and ("metadata_url" in self.changed_data or not pasted.strip())
        try:
            cleaned["metadata"] = saml.fetch_metadata(url) if fetched else pasted
            found = saml.read_metadata(cleaned["metadata"], cleaned.get("entity_id", ""))
        except ValidationError as error:
            self.add_error("metadata_url" if fetched else "metadata", error)
            return cleaned
        cleaned["entity_id"], self.instance.sso_url, self.instance.certificates = found
        return cleaned


@admin.register(InstitutionSignIn)
class InstitutionSignInAdmin(PlainChoices, ModelAdmin):
    form = SignInForm
    list_display = ("institution", "slug", "active", "entity_id", "days")
    list_select_related = ("institution",)
    search_fields = ("institution__name", "slug", "entity_id")
    search_help_text = "Institution or entity id"
    autocomplete_fields = ("institution",)
    readonly_fields = ("our_metadata", "our_answer_address", "reads", "sso_url", "keys")
    view_on_site = False
    fieldsets = (
        (None, {"fields": ("institution", "slug", "active")}),
        ("Their identity provider", {"fields": ("metadata_url", "metadata", "entity_id", "sso_url", "keys")}),
        ("For their administrators", {"fields": ("our_metadata", "our_answer_address", "reads")}),
        ("Who may read", {"fields": ("affiliation_attribute", "affiliations", "scopes", "days")}),
        ("Accounts", {"fields": ("email_attribute", "mail_domains")}),
    )

    def get_prepopulated_fields(self, request: Any, obj: Any = None) -> Any:
        return {}

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    @column("our entity id and metadata")
    def our_metadata(self, row: InstitutionSignIn) -> str | None:
        return f"{settings.SITE_URL}{reverse('saml_metadata', args=[row.slug])}" if row.slug else None

    @column("where answers go (ACS, HTTP-POST)")
    def our_answer_address(self, row: InstitutionSignIn) -> str | None:
        return f"{settings.SITE_URL}{reverse('saml_acs', args=[row.slug])}" if row.slug else None

    @column("a link for the library's pages")
    def reads(self, row: InstitutionSignIn) -> str | None:
        return f"{settings.SITE_URL}{reverse('saml_login', args=[row.slug])}?next=/" if row.slug else None

    @column("signing certificates")
    def keys(self, row: InstitutionSignIn) -> str | None:
        return ", ".join(f"{one[:16]}…{one[-8:]}" for one in row.certificates) or None
