"""“Withdraw from contract here”: what and who, then “Confirm withdrawal”. No account, no reason, no detour."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rate_limits import is_allowed
from subscriptions import withdrawals

TOO_OFTEN = gettext_lazy("Many withdrawals came from your network just now. Please wait a few minutes, or write to us.")


class WithdrawalForm(forms.Form):
    """The three things the law lets us ask."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contract = forms.CharField(
        label=gettext_lazy("The contract"),
        max_length=200,
        help_text=gettext_lazy("The order number (like 7KQ4-9ACM), or what you ordered and when."),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your email address"), help_text=gettext_lazy("The acknowledgement goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """Step one asks, step two shows it once more with “Confirm withdrawal”; only then it counts."""
    form = WithdrawalForm(request.POST or None, initial=_known(request))
    if request.method != "POST" or not form.is_valid():
        return render(request, "subscriptions/withdraw.html", {"form": form})
    if request.POST.get("step") != "confirm":
        return render(request, "subscriptions/withdraw.html", {"form": form, "told": form.cleaned_data})
    if not is_allowed(request, "withdraw", most=10, seconds=600):
        form.add_error(None, TOO_OFTEN)
        return render(request, "subscriptions/withdraw.html", {"form": form}, status=429)
    told: dict[str, Any] = form.cleaned_data
    row = withdrawals.receive(user=request.reader.user, **told)  # type: ignore[attr-defined]
    return render(request, "subscriptions/withdraw.html", {"form": form, "received": row})


def _known(request: HttpRequest) -> dict[str, str]:
    user = request.reader.user  # type: ignore[attr-defined]
    known = {"contract": request.GET.get("contract", "")[:200]}
    return {**known, "name": user.name, "email": user.email} if user else known
