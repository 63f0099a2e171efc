"""Institutions and the networks their readers come from."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from accounts.admin_pages import ModelAdmin, ModelForm, TabularInline, column
from accounts.models import User
from subscriptions.models import Entitlement, Institution, IPRange, LibraryManager
from subscriptions.networks import parse_network

if TYPE_CHECKING:  # generic for the type checker only
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    InlineFormSet = BaseInlineFormSet


class IPRangeForm(ModelForm):
    """The network is brought into its one spelling first, so that the same one typed twice is noticed."""

    def clean_network(self) -> str:
        return parse_network(self.cleaned_data["network"])


class Networks(InlineFormSet):
    def get_unique_error_message(self, unique_check: Any) -> str:
        return "The same network stands here twice. Empty or delete one of the two rows."


class Ranges(TabularInline):
    model = IPRange
    form = IPRangeForm
    formset = Networks
    extra = 1


class LibrarianForm(ModelForm):
    """A person is named by the address of their account: who may add librarians need not see readers."""

    email = forms.EmailField(label="e-mail address of the account")

    class Meta:
        model = LibraryManager
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["email"].initial = self.instance.user.email

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        user = User.objects.filter(email=email, is_active=True).first()
        if user is None:
            raise forms.ValidationError("No account has this address. Ask the person to register first.")
        self.instance.user = user
        return email


class Librarians(TabularInline):
    """Who sees the institution's own page."""

    model = LibraryManager
    form = LibrarianForm
    extra = 0
    verbose_name_plural = "librarians (they see the institution's own page)"


@admin.register(Institution)
class InstitutionAdmin(ModelAdmin):
    list_display = ("name", "range_count", "rights_in_force", "contact_email", "ror_id")
    search_fields = ("name", "ror_id", "contact_email", "ranges__note")
    search_help_text = "Name, ROR id or contact"
    inlines = (Librarians, Ranges)
    view_on_site = False  # its own page is for its librarians

    def get_queryset(self, request: HttpRequest) -> Any:
        in_force = Entitlement.objects.in_force().filter(institution=OuterRef("pk")).order_by()
        count = in_force.values("institution").annotate(many=Count("pk")).values("many")
        return super().get_queryset(request).annotate(networks=Count("ranges", distinct=True), in_force=Subquery(count))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.entitlements.exists())

    @column("networks", ordering="networks")
    def range_count(self, institution: Institution) -> int:
        return institution.networks  # type: ignore[attr-defined,no-any-return]

    @column("rights in force", ordering="in_force")
    def rights_in_force(self, institution: Institution) -> int:
        return institution.in_force or 0  # type: ignore[attr-defined]
