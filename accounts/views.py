"""What a person does with the account, beside allauth's pages."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import languages, privacy
from accounts.forms import ProfileForm
from accounts.models import Erasure, Export


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the other browsers this account is signed in with; it is out at its next page."""
    session: Any = get_object_or_404(UserSession, pk=pk, user=request.user)
    session.end()
    messages.success(request, _("That session has ended."))
    return redirect("usersessions_list")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        response = redirect("accounts:profile")
        if form.cleaned_data.get("language"):
            languages.keep_in_browser(response, form.cleaned_data["language"])
        with languages.speaking(form.cleaned_data.get("language", "")):  # the next page is in the language just chosen
            messages.success(request, _("Your profile is saved."))
        return response
    return render(request, "accounts/profile.html", {"form": form})


@never_cache
@login_required
@require_GET
def privacy_page(request: HttpRequest) -> HttpResponse:
    """What is known here, a copy of it, and the way to have it erased."""
    user: Any = request.user
    context = {
        "exports": Export.objects.filter(user=user)[:5], "wish": Erasure.objects.filter(user=user).first(),
        "consents": privacy.tables_named(user, "consents"), "hindrances": privacy.hindrances(user),
        "kept": privacy.kept_by_law(user),
    }  # fmt: skip
    return render(request, "accounts/privacy.html", context)


@login_required
@require_POST
def ask_for_copy(request: HttpRequest) -> HttpResponse:
    privacy.ask_for_copy(request.user)  # type: ignore[arg-type]
    messages.success(request, _("Your copy is being made. It appears on this page within a minute or two."))
    return redirect("accounts:privacy")


@never_cache
@reauthentication_required  # type: ignore[untyped-decorator]
@require_GET
def download_copy(request: HttpRequest, pk: int) -> HttpResponseBase:
    """To its owner alone, who has just shown to be the owner."""
    export = get_object_or_404(Export, pk=pk, user=request.user, ready_at__isnull=False)
    return FileResponse(export.file.open(), as_attachment=True, filename="everything.zip")


@never_cache
@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Everything that goes, everything that the law keeps, and the fourteen days in which it can be taken back."""
    user: Any = request.user
    if request.method == "POST":
        try:
            wish = privacy.ask_to_erase(user)
        except privacy.CannotErase as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                _("Your account will be erased on %(due_at)s. Until then you can keep it.")
                % {"due_at": date_format(wish.due_at, "DATE_FORMAT")},
            )
        return redirect("accounts:privacy")
    context = {"hindrances": privacy.hindrances(user), "kept": privacy.kept_by_law(user)}
    return render(request, "accounts/erase.html", context)


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    if privacy.take_back(request.user):  # type: ignore[arg-type]
        messages.success(request, _("Your account stays. Nothing was erased."))
    return redirect("accounts:privacy")
