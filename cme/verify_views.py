"""Anybody who holds a certificate can check it: its number leads to a public page that says what the paper says."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.rate_limits import is_allowed
from cme.forms import NumberForm
from cme.models import Credit

TRIES, WINDOW = 60, 3600
TOO_OFTEN = gettext_lazy("Too many numbers were tried from your network. Please try again in an hour, or call us.")


@never_cache
@require_safe
def verify_form(request: HttpRequest) -> HttpResponse:
    form = NumberForm(request.GET if "number" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("cme:verify", form.cleaned_data["number"])
    return render(request, "cme/verify_form.html", {"form": form})


@never_cache
@require_safe
def verify(request: HttpRequest, number: str) -> HttpResponse:
    """The name, the credit, the day and whether it stands: what is on the paper, and nothing else of the learner."""
    if not is_allowed(request, "cme-verify", most=TRIES, seconds=WINDOW):
        response = render(request, "cme/verify_form.html", {"form": NumberForm(), "too_often": TOO_OFTEN}, status=429)
        response["Retry-After"] = str(WINDOW)
        return response
    form = NumberForm({"number": number})
    credit = None
    if form.is_valid():
        credit = Credit.objects.filter(number=form.cleaned_data["number"]).first()
    if credit is None:
        return render(request, "cme/verify_form.html", {"form": NumberForm(), "unknown": number[:40]}, status=404)
    corrected = credit.corrections.exclude(after__has_key="standing").first()
    return render(request, "cme/verify.html", {"credit": credit, "told": credit.statements, "corrected": corrected})
