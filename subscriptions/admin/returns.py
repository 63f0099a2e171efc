"""Money that goes back: refunds, disputes, fraud warnings, the policy on them, and what comparing with Stripe found."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin_pages import (
    NOTHING,
    ModelAdmin,
    PageAtOnce,
    ReadOnlyAdmin,
    ReadOnlyInline,
    column,
    link_to,
)
from subscriptions import orders, policy, policy_preview, withdrawals
from subscriptions.admin import at_a_glance
from subscriptions.admin.sales import stripe_link
from subscriptions.models import (
    CreditNote,
    Dispute,
    Finding,
    FraudWarning,
    Policy,
    Reconciliation,
    Refund,
)
from subscriptions.money import Money


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "person", "price", "state", "reason", "requested_by", "payment")
    list_filter = ("state", "reason", "created_at")
    list_select_related = ("payment__user", "requested_by")
    search_fields = ("=stripe_id", "=payment__charge_id", "=payment__payment_intent_id", "payment__user__email")
    search_help_text = "Stripe id or email address"
    fields = ("person", "price", "state", "reason", "note", "requested_by", "created_at", "failure_reason", "payment",
              "at_stripe", "request")  # fmt: skip

    @column("person")
    def person(self, refund: Refund) -> str:
        return link_to(refund.payment.user)

    @column("at Stripe")
    def at_stripe(self, refund: Refund) -> str:
        return stripe_link(refund.stripe_id)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    list_display = ("number", "issued_at", "amount", "receipt", "voided_at")
    list_select_related = ("refund__payment", "receipt")
    search_fields = ("=number", "=receipt__number", "receipt__user__email")
    fields = ("number", "issued_at", "amount", "receipt", "refund", "voided_at")

    @column("amount")
    def amount(self, note: CreditNote) -> str:
        return str(note.refund.price)


class AboutPayment(PageAtOnce, ReadOnlyAdmin):
    """Rows that name a payment intent: the payment here, if there is one."""

    def of_page(self, rows: list[Any]) -> None:
        known = at_a_glance.payments_by_intent(row.payment_intent_id for row in rows)
        for row in rows:
            row.found = known.get(row.payment_intent_id)

    @column("payment")
    def payment(self, row: Any) -> str:
        if not hasattr(row, "found"):
            self.of_page([row])
        found = row.found
        return link_to(found) if found else stripe_link(row.payment_intent_id)


@admin.register(Dispute)
class DisputeAdmin(AboutPayment):
    list_display = ("created_at", "price", "status", "reason", "due_by", "payment", "at_stripe")
    list_filter = ("status", "reason")
    search_fields = ("=stripe_id", "=payment_intent_id")
    fields = ("status", "reason", "due_by", "payment", "at_stripe", "created_at", "synced_at")

    @column("amount", ordering="amount")
    def price(self, dispute: Dispute) -> str:
        return str(Money(dispute.amount, dispute.currency))

    @column("dispute at Stripe")
    def at_stripe(self, dispute: Dispute) -> str:
        return stripe_link(dispute.stripe_id)


@admin.register(FraudWarning)
class FraudWarningAdmin(AboutPayment):
    list_display = ("created_at", "kind", "actionable", "payment")
    list_filter = ("actionable",)
    search_fields = ("=stripe_id", "=payment_intent_id")
    fields = ("kind", "actionable", "payment", "stripe_id", "created_at")


# --- the policy ------------------------------------------------------------------------------------------------------


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row of the table, within its limits."""

    class Meta:
        model = Policy
        fields = ("consequence", "days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = policy.LIMITS[self.instance.happening]
        if "consequence" in self.fields:
            choices = [(value, label) for value, label in Policy.Consequence.choices if value in limit.choices]
            self.fields["consequence"].choices = choices  # type: ignore[attr-defined]
            self.fields["consequence"].help_text = limit.why

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        rule = policy.Rule(cleaned.get("consequence", ""), cleaned.get("days"))
        limit = policy.LIMITS[self.instance.happening]
        if limit.days and not policy.is_allowed(self.instance.happening, rule):
            self.add_error("days", f"Between {limit.days[0]} and {limit.days[1]} days.")
        return cleaned


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    """A table of what follows from what. Each change shows whom it meets before it is applied."""

    form = PolicyForm
    list_display = ("happening_in_words", "consequence", "days", "may_be", "changed_at", "changed_by")
    list_display_links = ("happening_in_words",)
    change_form_template = "admin/subscriptions/policy/change_form.html"
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        counted = obj is not None and policy.LIMITS[obj.happening].days is not None
        return ("consequence", "days") if counted else ("consequence",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        told = {"title": "What follows from what", "withdrawals": withdrawals.RULES}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    @column("when")
    def happening_in_words(self, row: Policy) -> str:
        return row.get_happening_display()

    @column("may be")
    def may_be(self, row: Policy) -> str:
        limit = policy.LIMITS[row.happening]
        if limit.days:
            return f"{limit.days[0]} to {limit.days[1]} days"
        return " or ".join(Policy.Consequence(value).label.lower() for value in limit.choices)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(Policy, pk=unquote(object_id))
        if request.method != "POST" or "confirm" in request.POST or not self.has_change_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        form = PolicyForm(request.POST, instance=row)
        if not form.is_valid():
            return super().change_view(request, object_id, form_url, extra_context)
        return self._preview(request, row, form)

    def _preview(self, request: HttpRequest, row: Policy, form: PolicyForm) -> HttpResponse:
        rule = policy.Rule(form.cleaned_data["consequence"], form.cleaned_data.get("days"))
        context = {
            **self.admin_site.each_context(request), "title": "Preview of the change", "opts": self.opts, "row": row,
            "rule": rule, "words": Policy.Consequence(rule.consequence).label, "back": request.path,
            "changes": policy_preview.changes(row.happening, rule),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/policy/preview.html", context)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        obj.changed_by = request.user  # type: ignore[assignment]
        obj.save()
        met = policy_preview.apply(obj.happening)
        self.message_user(request, f"{met} payments and subscriptions are being looked at again.")


# --- what comparing with Stripe found --------------------------------------------------------------------------------


class Findings(ReadOnlyInline):
    model = Finding
    fields = ("kind", "about", "remedy", "settled_at")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ("began_at", "outcome", "looked_at", "events_missed", "since")
    inlines = (Findings,)
    fields = ("began_at", "ended_at", "since", "looked_at", "events_missed", "error")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(found=Count("findings"))

    @column("outcome")
    def outcome(self, run: Reconciliation) -> str:
        if run.error:
            return "Stripe did not answer"
        found: int = run.found  # type: ignore[attr-defined]
        return f"{found} found" if found else "All agreed"


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """What differed from Stripe, and what a person should decide."""

    list_display = ("found_at", "kind", "about", "remedy", "to_do", "settled_at")
    list_filter = ("kind", ("settled_at", admin.EmptyFieldListFilter), "found_at")
    list_select_related = ("payment",)
    search_fields = ("about",)
    actions = ("settle",)
    fields = ("kind", "about", "remedy", "to_do", "found_at", "settled_at", "settled_by", "reconciliation")

    @column("payment")
    def to_do(self, finding: Finding) -> str:
        return link_to(finding.payment) if finding.payment else NOTHING

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_finding")

    @admin.action(description="Mark as settled", permissions=["settle"])
    def settle(self, request: HttpRequest, queryset: "QuerySet[Finding]") -> None:
        open_ones = list(queryset.filter(settled_at=None))
        for finding in open_ones:
            finding.settled_at, finding.settled_by = timezone.now(), request.user
            finding.save()
            orders.after_review(finding)
            self.log_change(request, finding, "Settled.")
        self.message_user(request, format_html("{} settled.", len(open_ones)), messages.SUCCESS)
