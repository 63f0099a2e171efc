"""The page where a reader redeems an access code."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rate_limits import may_guess
from subscriptions import access_codes
from subscriptions.models import Entitlement

TRIES, WINDOW = 10, 900
TOO_OFTEN = gettext_lazy(
    "Too many codes were tried from here. Please wait a quarter of an hour, then type the code with care."
)


class RedeemForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy(
            "Twelve letters and digits, like 7KQ4-9ACM-RXTD. Capitals, spaces and hyphens do not matter."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    form = RedeemForm(request.POST or None)
    status = 200
    if request.method == "POST" and not may_guess(request, "redeem", most=TRIES, seconds=WINDOW):
        form.add_error(None, TOO_OFTEN)
        status = 429
    elif request.method == "POST" and form.is_valid():
        try:
            right = access_codes.redeem(form.cleaned_data["code"], request.user)  # type: ignore[arg-type]
        except access_codes.NotRedeemed as refusal:
            form.add_error("code", str(refusal))
        else:
            return _redeemed(request, right)
    response = render(request, "subscriptions/redeem.html", {"form": form}, status=status)
    if status == 429:
        response["Retry-After"] = str(WINDOW)
    return response


def _redeemed(request: HttpRequest, right: Entitlement) -> HttpResponse:
    until = _(", until %(day)s") % {"day": date_format(right.ends_at, "DATE_FORMAT")} if right.ends_at else ""
    messages.success(
        request, _("The code is redeemed: %(scope)s is open to you%(until)s.") % {"scope": right.scope, "until": until}
    )
    return redirect(right.article or right.issue or "subscriptions:my_access")
