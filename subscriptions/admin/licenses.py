"""Licenses of institutions: typed while they are drafts, then invoiced, marked as paid or made void."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin_pages import ModelAdmin, ModelForm, PageAtOnce, PlainChoices, admin_url, column, refused
from accounts.models import User
from subscriptions import gateway, support, sync
from subscriptions.admin import at_a_glance
from subscriptions.admin.offers import CURRENCIES
from subscriptions.admin.sales import stripe_link
from subscriptions.institutions import licenses
from subscriptions.models import SiteLicense, SyncTarget
from subscriptions.money import decimals, from_minor, parse_money

State = SiteLicense.State


class LicenseForm(ModelForm):
    """`amount` is text on the page and minor units in the row."""

    currency = forms.ChoiceField(choices=CURRENCIES)
    amount = forms.CharField(label="Price", max_length=20, help_text="In the currency's main unit, for example 2500.00")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.pk and "amount" in self.fields:
            self.initial["amount"] = f"{from_minor(row.amount, row.currency):.{decimals(row.currency)}f}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["amount"] = parse_money(cleaned["amount"], cleaned["currency"])
                if cleaned["amount"] <= 0:
                    raise ValueError("A license costs something. To give access, add an entitlement.")
            except ValueError as error:
                self.add_error("amount", str(error))
        return cleaned


class StepForm(forms.Form):
    """What to do with a license next; what does not fit how it stands is not offered."""

    INVOICE, PAID, VOID = "invoice", "paid", "void"
    WORDS = {
        INVOICE: "Have Stripe make the invoice and mail it to the institution",
        PAID: "The money has come another way (bank transfer)",
        VOID: "Make it void: nothing is to be paid, and nothing is open",
    }
    STEPS = {
        State.DRAFT: (INVOICE, PAID, VOID), State.OPEN: (PAID, VOID), State.UNCOLLECTIBLE: (VOID,),
        State.PAID: (VOID,),
    }  # fmt: skip
    action = forms.ChoiceField(label="Next step", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For money that came another way, or a void license: what you saw, for example the bank's reference.",
    )  # fmt: skip

    def __init__(self, *args: Any, row: SiteLicense, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.fields["action"].choices = [(step, self.WORDS[step]) for step in steps_of(row)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") in (self.PAID, self.VOID) and not cleaned.get("reason"):
            self.add_error("reason", "Write why: it is kept with the license and in the log.")
        return cleaned

    def act(self, by: User) -> str:
        action, reason = self.cleaned_data["action"], self.cleaned_data["reason"]
        if action == self.INVOICE:
            licenses.request_invoice(self.row)
            return "Invoice asked for."
        if action == self.PAID:
            licenses.mark_paid(self.row, by, reason)
            return f"Marked as paid: {reason}"
        licenses.make_void(self.row, by, reason)
        return f"Made void: {reason}"


def steps_of(row: SiteLicense) -> tuple[str, ...]:
    """A paid invoice of Stripe's is not made void: its payment is refunded."""
    return () if row.state == State.PAID and row.invoice_id else StepForm.STEPS.get(State(row.state), ())


def taxes_in_words(row: SiteLicense) -> str:
    """`$2,500.00, VAT 19% €475.00, in all €2,975.00`; empty before Stripe has worked them out."""
    if row.tax is None:
        return ""
    if row.is_reverse:
        return f"{row.price}, reverse charge ({', '.join(row.tax['numbers']) or 'no tax number'})"
    parts = [f"{words} {amount}" for words, amount in row.tax_lines] or ["no tax is due"]
    return f"{row.price}, {', '.join(parts)}, in all {row.total}"


@admin.register(SiteLicense)
class SiteLicenseAdmin(PageAtOnce, PlainChoices, ModelAdmin):
    form = LicenseForm
    change_form_template = "admin/subscriptions/license/change_form.html"
    list_display = ("number", "institution", "starts_on", "ends_on", "price", "stands", "open_now", "flag", "po_number")
    list_filter = ("state", "trusted", "ends_on")
    list_select_related = ("institution", "journal")
    search_fields = ("institution__name", "=number", "=po_number", "=invoice_number", "=invoice_id")
    search_help_text = "Institution, license, PO or invoice number, or Stripe id"
    date_hierarchy = "starts_on"
    autocomplete_fields = ("institution",)
    readonly_fields = (
        "number", "stands", "open_now", "taxes", "at_stripe", "invoice_number", "hosted_invoice_url", "finalized_at",
        "due_at", "paid_at", "paid_by_hand", "marked", "synced_at",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("institution", "journal", "number", "stands", "open_now")}),
        ("Term", {"fields": ("starts_on", "ends_on", "covers_from", "keeps_back_file")}),
        ("Money", {"fields": (("amount", "currency"), "po_number", "days_until_due", "trusted")}),
        ("Invoice", {
            "fields": (
                "taxes", "at_stripe", "invoice_number", "hosted_invoice_url", "finalized_at", "due_at", "paid_at",
                "paid_by_hand", "marked", "synced_at",
            ),
        }),
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was invoiced is not typed over: it is made void, and a new one made."""
        return super().has_change_permission(request, obj) and (obj is None or obj.state == State.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_step(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_sitelicense")

    def of_page(self, rows: list[SiteLicense]) -> None:
        rights = at_a_glance.rights_by(f"license:{row.pk}{part}" for row in rows for part in ("", ":years"))
        for row in rows:
            own = [rights.get(f"license:{row.pk}{part}") for part in ("", ":years")]
            row.rights = [right for right in own if right]  # type: ignore[attr-defined]

    @column("flag", ordering="due_at")
    def flag(self, row: SiteLicense) -> str:
        said = {
            "Overdue": row.state == State.OPEN and at_a_glance.overdue(row.due_at),
            "Written off": row.state == State.UNCOLLECTIBLE,
            "Not paid, term running": row.state == State.DRAFT and row.starts_on <= timezone.localdate() <= row.ends_on,
        }
        return at_a_glance.flagged(words for words, holds in said.items() if holds)

    @column("state", ordering="state")
    def stands(self, row: SiteLicense) -> str:
        when = row.paid_at if row.state == State.PAID else row.due_at if row.state == State.OPEN else None
        words = f"{row.get_state_display()}{', due' if row.state == State.OPEN and when else ''}"
        return f"{words} {support.moment(when)}" if when else words

    @column("marked by")
    def marked(self, row: SiteLicense) -> str | None:
        return row.marked_by.email if row.marked_by else None

    @column("opens")
    def open_now(self, row: SiteLicense) -> str | None:
        if not hasattr(row, "rights"):
            self.of_page([row])
        return "; ".join(support.state_of(right) for right in row.rights) or None  # type: ignore[attr-defined]

    @column("with taxes")
    def taxes(self, row: SiteLicense) -> str | None:
        return taxes_in_words(row) or None

    @column("invoice at Stripe")
    def at_stripe(self, row: SiteLicense) -> str:
        return stripe_link(row.invoice_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        may = {"may_step": row is not None and bool(steps_of(row)) and self.may_step(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.step_view)
        return [path("<int:pk>/step/", view, name="subscriptions_sitelicense_step"), *super().get_urls()]

    def step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(SiteLicense.objects.select_related("institution", "journal"), pk=pk)
        if not self.may_step(request):
            return refused(self, request, "Business")
        form = StepForm(request.POST or None, row=row)
        if request.method == "POST" and form.is_valid() and self._stepped(request, row, form):
            return redirect(admin_url(row))
        price = taxes_in_words(row) or f"{row.price}{', plus tax' if settings.STRIPE_TAX else ''}"
        notes = [f"{row.institution}: {row.description}, {price}.", f"State: {self.stands(row)}."]
        if not row.institution.contact_email:
            notes.append("The institution has no contact address yet: add one, so that the invoice reaches somebody.")
        if settings.STRIPE_TAX and not row.institution.billing_country:
            notes.append("The institution has no billing address yet: Stripe Tax has to know where it is.")
        context = {
            **self.admin_site.each_context(request), "title": "Next step", "opts": self.opts, "original": row,
            "form": form, "notes": notes, "is_open": bool(steps_of(row)),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/license/step.html", context)

    def _stepped(self, request: HttpRequest, row: SiteLicense, form: StepForm) -> bool:
        try:
            said = form.act(cast(User, request.user))
        except licenses.NotPossible as error:
            form.add_error(None, str(error))
            return False
        except gateway.GatewayError as error:
            form.add_error(None, f"Stripe did not answer as hoped, and nothing was changed: {error}")
            return False
        self.log_change(request, row, said)
        sync.run(SyncTarget.Kind.LICENSE, str(row.pk))
        row.refresh_from_db()
        self.message_user(request, f"{row} of {row.institution}: {said} Now: {self.stands(row)}.", messages.SUCCESS)
        return True
