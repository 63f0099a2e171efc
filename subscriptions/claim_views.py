"""Claiming a guest's purchase, and finding one: pages that mail scanners may open without doing anything."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rate_limits import is_allowed, is_allowed_for
from subscriptions import claiming
from subscriptions.models import Offer, Order

TOO_OFTEN = gettext_lazy("That was often. Please wait a few minutes, then try again.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail. Opening it does nothing; its button gives the purchase to an account."""
    order = claiming.order_behind(token)
    if order is None:
        return render(request, "subscriptions/claim_gone.html", status=404)
    user: User | None = request.reader.user  # type: ignore[attr-defined]
    if order.user_id is not None:
        return _claimed_before(request, order, user)
    if request.method == "POST":
        return _claim(request, order, user)
    return render(request, "subscriptions/claim.html", {"order": order, "person": user})


def _claim(request: HttpRequest, order: Order, user: User | None) -> HttpResponse:
    try:
        owner = claiming.claim(order, user)
    except claiming.AlreadyClaimed:
        order.refresh_from_db()
        return _claimed_before(request, order, user)
    except claiming.MustSignIn:
        return render(request, "subscriptions/claim.html", {"order": order, "person": None, "must_sign_in": True})
    if user is None and not owner.has_usable_password() and owner.last_login is None:
        login(request, owner)  # the account this link has just made
        messages.success(
            request, _("Your account is ready, and the purchase is in it. You can set a password at any time.")
        )
        return redirect(_where(order))
    if user is None:
        messages.success(request, _("The purchase is in your account. Sign in to read."))
        return redirect(f"{reverse('account_login')}?next={_where(order)}")
    messages.success(request, _("The purchase is in your account."))
    return redirect(_where(order))


def _claimed_before(request: HttpRequest, order: Order, user: User | None) -> HttpResponse:
    """Once claimed, the link opens nothing more: whose purchase it is, signs in."""
    if user is not None and order.user_id == user.pk:
        return redirect(_where(order))
    return render(request, "subscriptions/claim_gone.html", {"order": order, "where": _where(order)})


def _where(order: Order) -> str:
    if order.article:
        return order.article.get_absolute_url()
    if order.kind == Offer.Kind.ISSUE and order.issue:
        return order.issue.get_absolute_url()
    return reverse("subscriptions:my_access")


class FindForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("The email address you paid with"), required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    number = forms.CharField(
        label=gettext_lazy("Or the order number"), required=False, max_length=20,
        help_text=gettext_lazy("On the receipt, for example 7KQ4-9ACM."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not (cleaned.get("email") or cleaned.get("number")):
            raise forms.ValidationError(_("Write the email address or the order number."))
        if not is_allowed(self.request, "find_purchase", most=10, seconds=600):
            raise forms.ValidationError(TOO_OFTEN)
        return cleaned

    def send(self) -> None:
        """The same answer whoever asks: only the mail tells whether there is something."""
        email = self.cleaned_data["email"].lower() or claiming.paid_with(self.cleaned_data["number"])
        if email and is_allowed_for(email, "find_purchase_mail", most=3, seconds=3600):
            claiming.send_links(email)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_purchase(request: HttpRequest) -> HttpResponse:
    """“I paid and cannot find it”: the links go to the address, and the page says the same to everybody."""
    form = FindForm(request.POST or None, request=request)
    sent = request.method == "POST" and form.is_valid()
    if sent:
        form.send()
    return render(request, "subscriptions/find_purchase.html", {"form": form, "sent": sent})
