"""“Sign in through your institution”: choosing it, going there, coming back, and what its administrators read of us."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import errors
from accounts.incidents import report
from accounts.rate_limits import is_allowed
from subscriptions.institutions import saml, saml_accounts
from subscriptions.models import InstitutionSignIn

REMEMBERED, A_YEAR = f"{settings.COOKIE_PREFIX}institution", 365 * 24 * 3600
SHOWN = 50


@never_cache
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """Institutions by name; the one chosen last stands first. Nothing is shown that the search did not ask for."""
    text = " ".join(request.GET.get("q", "").split())[:100]
    offered = InstitutionSignIn.objects.filter(active=True).select_related("institution")
    found = offered.filter(institution__name__icontains=text) if text else offered
    context: dict[str, Any] = {
        "text": text, "next": _next(request), "found": found[:SHOWN], "more": max(found.count() - SHOWN, 0),
        "last": offered.filter(slug=request.COOKIES.get(REMEMBERED, "")).first(), "is_available": saml.is_available(),
    }  # fmt: skip
    return render(request, "subscriptions/institution_choose.html", context)


@never_cache
@require_GET
def start(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Off to the institution. A link of a library may lead here directly, with `next` (WAYFless)."""
    provider = _provider(request, organization_slug)
    response: HttpResponse = provider.redirect(request, process=AuthProcess.LOGIN, next_url=_next(request) or None)
    response.set_cookie(
        REMEMBERED, organization_slug, max_age=A_YEAR, secure=request.is_secure(),
        httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


@csrf_exempt
@require_POST
def acs(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """The institution's answer arrives (a form of theirs, without our cookies); it is looked at in the next step."""
    _provider(request, organization_slug)
    if not is_allowed(request, "saml", most=60, seconds=600):
        return errors.too_many(request, retry_after=600, again=reverse("saml_login", args=[organization_slug]))
    from allauth.socialaccount.providers.saml import views  # noqa: PLC0415  (xmlsec may be missing)

    response: HttpResponseBase = views.acs(request, organization_slug)
    return response


@never_cache
@require_GET
def finish(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """The answer is proven, or nothing is bound, nobody is signed in, and a page says so with a reference."""
    provider = _provider(request, organization_slug)
    try:
        login = saml.prove(request, provider)
    except saml.Unproven as failure:
        happened = f"SAML answer of {provider.app.sign_in.institution}: {failure}"
        reference = report(request, "E1", happened, is_rise=False)
        return saml_accounts.refused(request, provider.app.sign_in, failure.state, reference=reference)
    response: HttpResponseBase = complete_social_login(request, login)
    return response


@require_GET
def metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What an institution's administrators load into their identity provider. We offer no single logout."""
    provider = _provider(request, organization_slug)
    from onelogin.saml2.settings import OneLogin_Saml2_Settings  # noqa: PLC0415  (xmlsec may be missing)

    settings = OneLogin_Saml2_Settings(settings=saml.config_of(request, provider), sp_validation_only=True)
    return HttpResponse(settings.get_sp_metadata(), content_type="application/samlmetadata+xml")


@require_http_methods(["GET", "HEAD", "POST"])
def no_single_logout(request: HttpRequest, organization_slug: str) -> HttpResponse:
    raise Http404("Signing out elsewhere does not sign out here.")


def _provider(request: HttpRequest, slug: str) -> Any:
    if not saml.is_available():
        raise Http404("SAML is not available on this site.")
    request.META.setdefault("HTTP_HOST", request.get_host())  # allauth asks for the header itself
    try:
        return get_adapter().get_app(request, saml.PROVIDER, client_id=slug).get_provider(request)
    except SocialApp.DoesNotExist:
        raise Http404("No institution signs in here.") from None


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""
