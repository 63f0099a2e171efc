"""Merging two accounts, in three steps: name the other, show that it is yours, look at what comes along."""

import secrets
import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import errors
from accounts.incidents import SPEAKABLE
from accounts.models import User
from accounts.rate_limits import is_allowed, is_allowed_for
from subscriptions import mail, merging

STATE = "merging"
VALID_SECONDS, TRIES = 900, 3
TOO_OFTEN = gettext_lazy("That was often. Please wait a quarter of an hour.")


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Email address of the other account"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ProofForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code from the mail"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    factor = forms.CharField(
        label=gettext_lazy("Code of the other account's authenticator app, if it has one"),
        max_length=20, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )  # fmt: skip


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """The same answer whether or not there is such an account: only its mailbox learns."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        here, there = (
            is_allowed_for(f"user {request.user.pk}", "merge", most=5, seconds=900),
            is_allowed_for(email, "merge-mail", most=3, seconds=900),
        )
        if not (here and there and is_allowed(request, "merge", most=10, seconds=900)):
            form.add_error(None, TOO_OFTEN)
            return render(request, "subscriptions/merge_begin.html", {"form": form}, status=429)
        try:
            _send_code(request, email)
        except OSError as error:
            happened = f"The mail server did not take a code for merging: {error}"
            return errors.cannot_sign_in(request, happened, failed="mail")
        return redirect("subscriptions:merge_prove")
    return render(request, "subscriptions/merge_begin.html", {"form": form})


def _send_code(request: HttpRequest, email: str) -> None:
    code = "".join(secrets.choice(SPEAKABLE) for _ in range(8))
    found = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
    other = found.user if found and found.user_id != request.user.pk else None
    request.session[STATE] = {
        "email": email, "other": other.pk if other else None, "code": make_password(code), "at": time.time(),
        "tries": 0, "proved": False,
    }  # fmt: skip
    words = f"{code[:4]}-{code[4:]}" if other else ""
    context = {"code": words, "kept_email": request.user.email}  # type: ignore[union-attr]
    mail.send_now("subscriptions/email/merge_code", email, context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    state = _state(request)
    if state is None:
        return redirect("subscriptions:merge")
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        other = User.objects.filter(pk=state["other"]).first()
        if _is_proved(state, other, form):
            request.session[STATE] = {**state, "proved": True}
            return redirect("subscriptions:merge_confirm")
        state["tries"] += 1
        request.session[STATE] = state
        if state["tries"] >= TRIES:
            del request.session[STATE]
            messages.error(request, _("That was not the code three times. Ask for a new one."))
            return redirect("subscriptions:merge")
        form.add_error(None, _("Incorrect code. Look into the newest mail; it works for a quarter of an hour."))
    return render(request, "subscriptions/merge_prove.html", {"form": form, "email": state["email"]})


def _is_proved(state: dict[str, Any], other: User | None, form: ProofForm) -> bool:
    typed = "".join(c for c in form.cleaned_data["code"].upper() if c.isalnum())
    return (
        check_password(typed, state["code"]) and other is not None and _has_factor(other, form.cleaned_data["factor"])
    )


def _has_factor(other: User, typed: str) -> bool:
    """The other account's second factor is asked for here, too; one with a key only merges from its own side."""
    factors = Authenticator.objects.filter(user=other).exclude(type=Authenticator.Type.RECOVERY_CODES)
    totp = factors.filter(type=Authenticator.Type.TOTP).first()
    return bool(totp.wrap().validate_code(typed)) if totp else not factors.exists()


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Everything that comes along, in numbers, before the button."""
    state = _state(request)
    if state is None or not state["proved"]:
        return redirect("subscriptions:merge")
    kept: User = request.user  # type: ignore[assignment]
    other = User.objects.get(pk=state["other"])
    try:
        merging.check(kept, other)
        if request.method == "POST":
            record = merging.merge(kept, other)
            del request.session[STATE]
            merging.tell(record)
            messages.success(
                request,
                _("The accounts are one: everything of %(other_email)s is here now.")
                % {"other_email": record.other_email},
            )
            return redirect("subscriptions:my_access")
    except merging.CannotMerge as refusal:
        messages.error(request, str(refusal))
        return redirect("subscriptions:merge")
    context = {"other": other, "parts": merging.preview(other), "rights": other.entitlements.in_force()}
    return render(request, "subscriptions/merge_confirm.html", context)


def _state(request: HttpRequest) -> dict[str, Any] | None:
    state: dict[str, Any] | None = request.session.get(STATE)
    return state if state and time.time() - state["at"] < VALID_SECONDS else None
