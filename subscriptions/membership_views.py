"""“Activate your membership”: a number and a name that stand together on the society's roster."""

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

from accounts import roster
from accounts.rate_limits import may_guess

TRIES, WINDOW = 8, 900
TOO_OFTEN = gettext_lazy("That was often. Please wait a quarter of an hour, then type number and name with care.")


class ActivateForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Membership number"), max_length=60,
        help_text=gettext_lazy("Spaces, hyphens and capitals do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Family name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    form = ActivateForm(request.POST or None)
    status = 200
    if request.method == "POST" and not may_guess(request, "activate-membership", most=TRIES, seconds=WINDOW):
        form.add_error(None, TOO_OFTEN)
        status = 429
    elif request.method == "POST" and form.is_valid():
        try:
            member = roster.activate(request.user, form.cleaned_data["number"], form.cleaned_data["name"])  # type: ignore[arg-type]
        except roster.NotActivated as refusal:
            form.add_error(None, str(refusal))
        else:
            until = date_format(member.valid_until, "DATE_FORMAT")
            messages.success(
                request, _("Your membership is active: the journal is open to you until %(until)s.") % {"until": until}
            )
            return redirect("subscriptions:my_access")
    response = render(request, "subscriptions/activate_membership.html", {"form": form}, status=status)
    if status == 429:
        response["Retry-After"] = str(WINDOW)
    return response
