"""Institutions, their networks and people. Lists of networks are looked at before they are taken (ranges.py)."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin_pages import ModelForm, PageAtOnce, ReadOnlyInline, TabularInline, admin_url, column, refused
from accounts.models import User
from subscriptions import support
from subscriptions.admin import at_a_glance
from subscriptions.institutions import ranges, seats
from subscriptions.institutions.forms import RangeListForm
from subscriptions.models import Entitlement, Institution, IPRange, LibraryManager, Membership, SiteLicense
from subscriptions.networks import parse_network

MOST_INLINE = 200  # more networks than these are changed as a list
SOON = timedelta(days=60)

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

    email = forms.EmailField(label="email address of the account")

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


class Readers(ReadOnlyInline):
    """Readers known by name. Librarians end seats on their page; staff find the person under Users."""

    model = Membership
    fields = ("reader", "way", "affiliation", "began_at", "until")
    verbose_name_plural = "readers by name, the newest"

    def get_queryset(self, request: HttpRequest) -> Any:
        here = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        newest = Membership.objects.in_force().filter(institution=here).order_by("-began_at").values("pk")[:20]
        return super().get_queryset(request).filter(pk__in=newest).select_related("user")

    @column("reader")
    def reader(self, member: Membership) -> str:
        return member.user.email


class HasAccess(admin.SimpleListFilter):
    title = "access"
    parameter_name = "access"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Has a right in force"), ("no", "Has none"), ("ends", "Ends within 60 days")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        rights = Entitlement.objects.in_force().filter(institution=OuterRef("pk"))
        soon = rights.filter(ends_at__lt=timezone.now() + SOON)
        match self.value():
            case "yes":
                return queryset.filter(Exists(rights))
            case "no":
                return queryset.exclude(Exists(rights))
            case "ends":
                return queryset.filter(Exists(soon))
        return queryset


@admin.register(Institution)
class InstitutionAdmin(PageAtOnce):
    list_display = ("name", "stands", "until", "last_payment", "flag", "range_count", "contact_email")
    list_filter = (HasAccess,)
    show_full_result_count = False
    search_fields = ("name", "ror_id", "contact_email", "ranges__note")
    search_help_text = "Name, ROR id or contact"
    inlines = (Librarians, Ranges, Readers)
    view_on_site = False  # its own page is for its librarians
    change_form_template = "admin/subscriptions/institution/change_form.html"
    readonly_fields = ("seats_taken",)
    fieldsets = (
        (None, {"fields": ("name", "ror_id", "contact_email", "notes")}),
        (
            "For invoices",
            {
                "fields": (
                    ("billing_line1", "billing_line2"),
                    ("billing_postal_code", "billing_city"),
                    ("billing_state", "billing_country"),
                    ("tax_number", "tax_exempt"),
                )
            },
        ),
        ("Readers by name", {"fields": ("seats", "seats_taken")}),
        ("Link resolver", {"fields": ("resolver_url", "resolver_label")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(networks=Count("ranges", distinct=True))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Thousands of networks are no form: they are changed as a list."""
        many = obj is not None and obj.ranges.count() > MOST_INLINE
        return tuple(inline for inline in self.inlines if not (many and inline is Ranges))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.entitlements.exists())

    @column("networks", ordering="networks")
    def range_count(self, institution: Institution) -> int:
        return institution.networks  # type: ignore[attr-defined,no-any-return]

    def of_page(self, rows: list[Any]) -> None:
        """What each institution may read now, until when, and how it stands with paying."""
        ids = [row.pk for row in rows]
        rights: dict[int, list[Entitlement]] = {}
        for right in Entitlement.objects.in_force().filter(institution__in=ids).order_by("ends_at"):
            rights.setdefault(right.institution_id or 0, []).append(right)
        licenses: dict[int, list[SiteLicense]] = {}
        for one in SiteLicense.objects.filter(institution__in=ids, state__in=SiteLicense.UNDECIDED):
            licenses.setdefault(one.institution_id, []).append(one)
        payments = at_a_glance.last_payments("license__institution", ids)
        for row in rows:
            row.own_rights, row.unpaid = rights.get(row.pk, []), licenses.get(row.pk, [])
            row.paid_last = payments.get(row.pk)

    @column("state")
    def stands(self, institution: Any) -> str:
        count = len(institution.own_rights)
        return f"Reads, by {count} right{'s' if count > 1 else ''}" if count else "No right in force"

    @column("until")
    def until(self, institution: Any) -> str | None:
        ends = [right.ends_at for right in institution.own_rights]
        if not ends:
            return None
        return "Without end" if None in ends else support.moment(max(ends))

    @column("last payment")
    def last_payment(self, institution: Any) -> str:
        return at_a_glance.paid_in_words(institution.paid_last)

    @column("flag")
    def flag(self, institution: Any) -> str:
        said = {
            "Invoice overdue": any(at_a_glance.overdue(one.due_at) for one in institution.unpaid),
            "No network": institution.own_rights and not institution.networks,
            "Ends soon": institution.own_rights and all(
                right.ends_at and right.ends_at < timezone.now() + SOON for right in institution.own_rights
            ),
        }  # fmt: skip
        return at_a_glance.flagged(words for words, holds in said.items() if holds)

    @column("taken")
    def seats_taken(self, institution: Institution) -> str:
        kept = institution.invitations.open().count() if institution.pk else 0
        return f"{seats.taken(institution) if institution.pk else 0}, and {kept} kept for invitations"

    # --- a list of networks ------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        may = {"may_list_networks": self.may_change_ranges(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def may_change_ranges(self, request: HttpRequest) -> bool:
        return all(request.user.has_perm(f"subscriptions.{verb}_iprange") for verb in ("add", "delete"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.networks_view)
        return [path("<int:pk>/networks/", view, name="subscriptions_institution_networks"), *super().get_urls()]

    def networks_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        institution = get_object_or_404(Institution, pk=pk)
        if not self.may_change_ranges(request):
            return refused(self, request, "Business")
        initial = {"listed": "\n".join(as_lines(institution))}
        form = RangeListForm(request.POST or None, request.FILES or None, institution=institution, initial=initial)
        plan = None
        if request.method == "POST" and form.is_valid():
            plan = form.plan()
            if "apply" in request.POST and self._applied(request, institution, form):
                return redirect(admin_url(institution))
            form = form.looked_at(plan)
        context = {
            **self.admin_site.each_context(request), "title": f"Networks of {institution}", "opts": self.opts,
            "original": institution, "form": form, "plan": plan,
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/institution/networks.html", context)

    def _applied(self, request: HttpRequest, institution: Institution, form: RangeListForm) -> bool:
        told = form.cleaned_data
        try:
            done = ranges.apply(institution, told["text"], replaces=form.replaces, digest=told["digest"])
        except ranges.Changed:
            self.message_user(request, "Nothing was changed: look at the list below again.", messages.WARNING)
            return False
        self.log_change(request, institution, ranges.in_words(done))
        self.message_user(request, f"{institution}: {ranges.in_words(done)}", messages.SUCCESS)
        return True


def as_lines(institution: Institution) -> list[str]:
    """The networks as a list that can be changed and given back."""
    stored = institution.ranges.order_by("network").values_list("network", "note")
    return [f"{network} # {note}" if note else str(network) for network, note in stored]
