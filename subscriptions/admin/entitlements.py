"""Rights to read: what is in force, complimentary access, and ending or revoking with a reason."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin_pages import ModelAdmin, ModelForm, PlainChoices, admin_url, column, is_there, link_to, refused
from subscriptions import grants, support, sync
from subscriptions.models import Entitlement, SyncTarget

ONE_HOLDER = "A reader or an institution, one of them."
NOT_ONE_HOLDER = "Choose a reader or an institution, and only one of them."
ONE_SCOPE = "An article, an issue or the journal, one of them."
DATES = ("starts_at", "ends_at", "covers_from", "covers_until", "grace_since", "open_by", "opened_at")
HOLDER_AND_SCOPE = ("user", "institution", "article", "issue", "journal")


class ComplimentaryForm(ModelForm):
    """Access given by staff. Days are whole days in the site's time zone, and the last one is part of it."""

    first_day = forms.DateField(initial=timezone.localdate, widget=AdminDateWidget)
    last_day = forms.DateField(
        required=False, widget=AdminDateWidget, help_text="Still open on this day. Empty: without end."
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who asked and why. Support reads it later; the reader does not.",
        error_messages={"required": "Write why this access is given: who asked, and on what ground."},
    )

    class Meta:
        model = Entitlement
        fields = (*HOLDER_AND_SCOPE, "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if bool(cleaned.get("user")) == bool(cleaned.get("institution")) and not {"user", "institution"} & set(
            self.errors
        ):
            self.add_error(None, NOT_ONE_HOLDER)  # the table's own rule knows gift links, too, which are not given here
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day lies before the first. Swap them, or leave the last day empty.")
        elif first:
            self.instance.starts_at = grants.start_of(first)
            self.instance.ends_at = grants.end_of(last) if last else None
        return cleaned


class EndForm(forms.Form):
    """How a right stops. A sold one can only be revoked: its end follows from what was paid for."""

    REVOKE, END, GIVE_BACK = "revoke", "end", "give_back"
    ACTIONS = {
        END: "End it with a day (the right was fine and is over)",
        REVOKE: "Revoke it now (it should not be there)",
        GIVE_BACK: "Give it back (it was revoked by mistake)",
    }
    action = forms.ChoiceField(label="What to do", widget=forms.RadioSelect)
    last_day = forms.DateField(
        required=False, widget=AdminDateWidget, help_text="Only for ending: the last day it is open."
    )
    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write the reason: it is kept with the right and in the log."},
    )

    def __init__(self, *args: Any, right: Entitlement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actions = self.choices_for(right)
        gone = f"That is not possible any more. The right: {support.state_of(right)}."
        self.fields["action"].error_messages["invalid_choice"] = gone
        self.fields["action"].choices = [(name, self.ACTIONS[name]) for name in actions]  # type: ignore[attr-defined]
        self.fields["action"].initial = next(iter(actions), None)
        if self.END not in actions:
            del self.fields["last_day"]

    @classmethod
    def choices_for(cls, right: Entitlement) -> list[str]:
        if right.revoked_at:
            return [cls.GIVE_BACK] if right.revoked_by_id else []
        return [cls.END, cls.REVOKE] if grants.is_by_staff(right) else [cls.REVOKE]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") == self.END and "last_day" not in self.errors and not cleaned.get("last_day"):
            self.add_error("last_day", "Choose the last day the right is open; yesterday ends it at once.")
        return cleaned

    def act(self, right: Entitlement, by: Any) -> str:
        """Do what was chosen and say it in a sentence for the log."""
        action, reason = self.cleaned_data["action"], self.cleaned_data["reason"]
        if action == self.END:
            grants.end(right, self.cleaned_data["last_day"])
            return f"Ended with {self.cleaned_data['last_day']}: {reason}"
        if action == self.GIVE_BACK:
            grants.give_back(right)
            return f"Given back: {reason}"
        grants.revoke(right, by, reason)
        return f"Revoked: {reason}"


class InForce(admin.SimpleListFilter):
    title = "in force now"
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In force"), ("no", "Not in force")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Entitlement]") -> "QuerySet[Entitlement]":
        in_force = Entitlement.objects.in_force()
        if self.value() == "yes":
            return queryset.filter(pk__in=in_force)
        return queryset.exclude(pk__in=in_force) if self.value() == "no" else queryset


@admin.register(Entitlement)
class EntitlementAdmin(PlainChoices, ModelAdmin):
    """Who may read what. Sold rights are written by selling; staff add complimentary ones, and end or revoke any."""

    form = ComplimentaryForm
    list_display = ("who", "state", "what", "kind", "came_from")
    list_display_links = ("state",)
    list_filter = (
        InForce, "kind", is_there("revoked_at", "revoked", "Revoked", "Not revoked"),
        is_there("grace_since", "renewal", "Renewal failing", "Not failing"),
        "created_at",
    )  # fmt: skip
    list_select_related = ("user", "institution", "article", "issue", "journal", "granted_by")
    show_full_result_count = False
    search_fields = (
        "user__email", "user__name", "institution__name", "article__doi", "article__title", "=source",
    )  # fmt: skip
    search_help_text = "Email address, name, institution, DOI, title or source"
    autocomplete_fields = ("user", "institution", "article", "issue")
    add_fieldsets = (
        ("Who", {"fields": ("user", "institution"), "description": ONE_HOLDER}),
        ("What", {"fields": ("article", "issue", "journal"), "description": ONE_SCOPE}),
        ("When and why", {"fields": ("first_day", "last_day", "reason")}),
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("who", "what", "kind", "state")}),
        ("Dates", {"fields": DATES}),
        ("Where it comes from", {"fields": ("came_from", "source", "reason", "granted_by", "created_at")}),
        ("Revoked", {"fields": ("revoked_at", "revoke_reason", "revoked_by")}),
    )  # fmt: skip
    change_form_template = "admin/subscriptions/entitlement/change_form.html"

    # --- permissions: rows are added as complimentary access, and stopped by the verb, never edited -------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_entitlement")

    # --- adding -------------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("who", "what", "state", "came_from") if obj else ()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        context = {"title": "Give complimentary access", **(extra_context or {})}
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Entitlement, form: Any, change: bool) -> None:
        grants.give(obj, request.user)  # type: ignore[arg-type]

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return f"Complimentary access given: {form.cleaned_data['reason']}"

    # --- columns ------------------------------------------------------------------------------------------------------

    @column("who")
    def who(self, right: Entitlement) -> str:
        return link_to(right.holder)

    @column("what")
    def what(self, right: Entitlement) -> str:
        return link_to(right.scope, str(right.scope)[:90])

    @column("state")
    def state(self, right: Entitlement) -> str:
        return support.state_of(right)

    @column("came from")
    def came_from(self, right: Entitlement) -> str:
        """Whoever gave it, or the order or subscription it was sold with: from the source alone, without a look-up."""
        kind, _, key = right.source.partition(":")
        if grants.is_by_staff(right):
            return str(right.granted_by or "Staff")
        if kind == "order":
            return format_html('<a href="{}">Order</a>', reverse("admin:subscriptions_order_change", args=[key]))
        if kind == "subscription":
            found = reverse("admin:subscriptions_subscription_changelist")
            return format_html('<a href="{}?q={}">Subscription</a>', found, key)
        if kind == "license":
            found = reverse("admin:subscriptions_sitelicense_change", args=[key.partition(":")[0]])
            return format_html('<a href="{}">License</a>', found)
        return right.source

    # --- ending -------------------------------------------------------------------------------------------------------

    def end_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if not self.has_end_permission(request):
            return refused(self, request, "Support")
        with transaction.atomic():  # of two at once the second sees what the first has done
            right = get_object_or_404(Entitlement.objects.select_for_update(), pk=object_id)
            form = EndForm(request.POST or None, right=right)
            said = form.act(right, request.user) if request.method == "POST" and form.is_valid() else ""
            if said:
                self.log_change(request, right, said)
        if said:
            self.message_user(request, f"{right}. {said}", messages.SUCCESS)
            return redirect(self._after(right))
        return self._end_page(request, right, form)

    def _after(self, right: Entitlement) -> str:
        """What was given back is read from Stripe again at the next sweep: a refund stands, whatever staff wished."""
        order = None if right.revoked_at or grants.is_by_staff(right) else support.order_behind(right)
        if order and order.session_id:
            sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
        return admin_url(right)

    def _end_page(self, request: HttpRequest, right: Entitlement, form: EndForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "title": "End or revoke a right", "opts": self.opts,
            "right": right, "state": support.state_of(right), "form": form, "order": support.order_behind(right),
            "is_by_staff": grants.is_by_staff(right), "possible": EndForm.choices_for(right),
            "media": self.media + form.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/entitlement/end.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"may_end": self.has_end_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.end_view)
        return [path("<int:object_id>/end/", view, name="subscriptions_entitlement_end"), *super().get_urls()]
