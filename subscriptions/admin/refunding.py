"""Refund…: the verb on a payment's page, previewed, and done once however many press."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin_pages import ReadOnlyInline, admin_url, refused
from accounts.models import User
from subscriptions import gateway, refunds, support, sync
from subscriptions.admin.sales import PaymentAdmin
from subscriptions.models import Payment, Refund, SyncTarget
from subscriptions.money import from_minor, parse_money

LOOK = "This is what would happen now."


class RefundForm(forms.Form):
    """What goes back, and why. `key` is made with the page, so that pressing twice refunds once."""

    amount = forms.CharField(max_length=20, help_text="Written like 30.00.")
    reason = forms.ChoiceField(choices=Refund.Reason.choices)
    note = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 3}), max_length=1000,
        error_messages={"required": "Write why the money goes back: it is kept with the refund and in the log."},
    )  # fmt: skip
    cancel = forms.BooleanField(label="Cancel the subscription now, too", required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, payment: Payment) -> None:
        left = refunds.left(payment)
        super().__init__(data, initial={"amount": str(from_minor(left, payment.currency)), "key": uuid.uuid4()})
        self.payment = payment
        if payment.subscription is None or payment.subscription.status == "canceled":
            del self.fields["cancel"]

    def clean_amount(self) -> int:
        try:
            amount = parse_money(self.cleaned_data["amount"], self.payment.currency)
            self._check(amount)
        except (ValueError, refunds.NotRefundable) as error:
            raise forms.ValidationError(f"{error} {refunded_lately(self.payment)}".strip()) from None
        return amount

    def _check(self, amount: int) -> None:
        """In this order: whether this form was pressed before is asked after the look that may have met its refund."""
        try:
            refunds.check(self.payment, amount)
        except refunds.NotRefundable:
            if not self.was_made():
                raise

    def was_made(self) -> bool:
        """The button pressed twice: the second time there may be nothing left."""
        key = self.fields["key"].clean(self.data.get("key") or uuid.UUID(int=0))
        return Refund.objects.filter(request=key).exists()


def refunded_lately(payment: Payment) -> str:
    """Who gave money of this payment back last, for whoever finds less left than they thought."""
    last = payment.refunds.filter(state__in=Refund.GIVEN_BACK).select_related("requested_by").first()
    if last is None:
        return ""
    return (
        f"{last.requested_by or 'The policy, or Stripe,'} refunded {last.price} on {support.moment(last.created_at)}."
    )


class Refunds(ReadOnlyInline):
    model = Refund
    fields = ("created_at", "price", "state", "reason", "note", "requested_by", "stripe_id", "failure_reason")


class PaymentWithRefundAdmin(PaymentAdmin):
    """The payment's page with its refunds and the verb Refund…, previewed before it is done."""

    change_form_template = "admin/subscriptions/payment/change_form.html"
    inlines = (Refunds,)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        payment = self.get_object(request, object_id)
        may = bool(payment and request.user.has_perm("subscriptions.add_refund") and refunds.left(payment))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_refund": may})

    def refund_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        payment = get_object_or_404(Payment.objects.select_related("user", "order", "subscription"), pk=object_id)
        if not request.user.has_perm("subscriptions.add_refund"):
            return refused(self, request, "Support")
        form = RefundForm(request.POST or None, payment=payment)
        if request.method != "POST" or not form.is_valid():
            return self._page(request, payment, form)
        if "confirm" not in request.POST:
            return self._look(request, payment, form)
        return self._refund(request, payment, form)

    def _look(self, request: HttpRequest, payment: Payment, form: RefundForm, told: str = "") -> HttpResponse:
        """What would happen; or that it can't any more: this form may have been pressed before."""
        try:
            preview = refunds.preview(payment, form.cleaned_data["amount"])
        except refunds.NotRefundable as error:
            form.add_error("amount", f"{error} {refunded_lately(payment)}".strip())
            return self._page(request, payment, form)
        return self._page(request, payment, form, preview, told)

    def _refund(self, request: HttpRequest, payment: Payment, form: RefundForm) -> HttpResponse:
        """Once, and only while as much is left as the preview said."""
        try:
            refund = self._asked(request, payment, form)
        except refunds.Changed as error:
            told = " ".join(filter(None, ("Nothing was done.", refunded_lately(payment), str(error), LOOK)))
            return self._look(request, payment, form, told)
        except refunds.NotRefundable as error:
            form.add_error("amount", f"Nothing was done. {error} {refunded_lately(payment)}".strip())
            return self._page(request, payment, form)
        if refund is None:
            self.message_user(request, "This was refunded already. Nothing was done twice.", messages.INFO)
            return redirect(admin_url(payment))
        sync.run(SyncTarget.Kind.REFUND, str(refund.request))
        if form.cleaned_data.get("cancel"):
            self._cancel(request, payment)
        self._tell(request, refund)
        return redirect(admin_url(payment))

    def _asked(self, request: HttpRequest, payment: Payment, form: RefundForm) -> Refund | None:
        """The wish and its entry in the log, both or neither; None where this form's wish was written before."""
        told, seen = form.cleaned_data, str(request.POST.get("left", ""))
        with transaction.atomic():
            Payment.objects.select_for_update().get(pk=payment.pk)
            if form.was_made():
                return None
            refund = refunds.request(
                payment, told["amount"], reason=told["reason"], note=told["note"], by=cast(User, request.user),
                key=told["key"], left_before=int(seen) if seen.isdecimal() else -1,
            )  # fmt: skip
            self.log_change(request, payment, f"{refund}: {refund.get_reason_display()}. {told['note']}")
        return refund

    def _cancel(self, request: HttpRequest, payment: Payment) -> None:
        subscription = payment.subscription
        assert subscription is not None  # noqa: S101  (the form has the field only then)
        try:
            gateway.cancel_subscription(subscription.stripe_id)
        except gateway.GatewayError as error:
            self.message_user(request, f"The subscription was not canceled: {error}", messages.ERROR)
            return
        self.log_change(request, payment, "Subscription canceled.")
        support.re_read(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)

    def _tell(self, request: HttpRequest, refund: Refund) -> None:
        refund.refresh_from_db()
        if refund.state == Refund.State.FAILED:
            self.message_user(request, f"Stripe refused the refund: {refund.failure_reason}", messages.ERROR)
        elif refund.state == Refund.State.REQUESTED:
            said = "is written down. Stripe did not answer; it is carried out as soon as it does. Don't ask again."
            self.message_user(request, f"{refund} {said}", messages.WARNING)
        else:
            self.message_user(request, f"{refund}: {refund.get_state_display().lower()}.", messages.SUCCESS)

    def _page(
        self, request: HttpRequest, payment: Payment, form: RefundForm, preview: refunds.Preview | None = None,
        note: str = "",
    ) -> HttpResponse:  # fmt: skip
        context = {
            **self.admin_site.each_context(request), "title": "Refund", "opts": self.opts, "payment": payment,
            "form": form, "preview": preview, "note": note, "back": admin_url(payment),
            "left": refunds.left(payment),
            "state": support.state_of(preview.right) if preview and preview.right else "",
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/payment/refund.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.refund_view)
        return [path("<int:object_id>/refund/", view, name="subscriptions_payment_refund"), *super().get_urls()]


admin.site.unregister(Payment)
admin.site.register(Payment, PaymentWithRefundAdmin)
