"""Signing in elsewhere (ORCID): allauth's providers, and what follows when one of them does not answer.

No account is ever found by an email address alone: a provider's account is linked by its owner, signed in here.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.orcid.provider import OrcidProvider
from allauth.socialaccount.providers.orcid.views import OrcidOAuth2Adapter
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts import errors

OrcidProvider.name = "ORCID"  # as ORCID spells it; allauth says Orcid.org
_complete_login = OrcidOAuth2Adapter.complete_login


def complete_login(self: Any, request: HttpRequest, app: Any, token: Any, **more: Any) -> Any:
    """An answer of another shape, without an iD for example, is a failure of the provider: E1, as its silence is."""
    try:
        return _complete_login(self, request, app, token, **more)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OAuth2Error(f"The answer names no iD: {error!r}") from error


OrcidOAuth2Adapter.complete_login = complete_login

CANCELLED = gettext_lazy("You did not sign in with {name}. Nothing has changed; choose another way if you like.")
OVER = gettext_lazy("This sign-in with {name} is over, or was begun in another browser. Please begin again.")


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": gettext_lazy(
            "This iD is the only way into your account. Choose a password first, then remove it."
        ),
    }

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Only what the settings name: the sign-in page asks no table for it."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """A provider that the settings do not name has no pages here."""
        try:
            return super().get_app(request, provider, client_id=client_id)
        except SocialApp.DoesNotExist:
            raise Http404 from None

    def get_requests_session(self) -> Any:
        """ORCID's addresses are known: an answer that sends us elsewhere is a failure (ASVS 15.3.2)."""
        session = super().get_requests_session()
        session.max_redirects = 0
        return session

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """Who cancels, or comes back too late or in another browser, begins anew; a provider that fails is E1."""
        name = getattr(provider, "name", "the other site")
        begun = (extra_context or {}).get("state")
        way_back = (begun or {}).get("next") or ""
        here = errors.with_way_back(request, reverse("account_login"), way_back)
        if error in (AuthError.CANCELLED, AuthError.DENIED):
            messages.info(request, CANCELLED.format(name=name))
            raise ImmediateHttpResponse(redirect(here))
        if begun is None:
            messages.info(request, OVER.format(name=name))
            raise ImmediateHttpResponse(redirect(here))
        happened = f"{name} did not sign the reader in: {error}, {type(exception).__name__}: {exception}"
        raise ImmediateHttpResponse(errors.cannot_sign_in(request, happened, failed=name, way_back=way_back))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Our accounts have one name."""
        user = super().populate_user(request, sociallogin, data)
        whole = data.get("name") or " ".join(filter(None, (data.get("first_name"), data.get("last_name"))))
        user.name = whole[:200]
        return user

    def get_signup_form_initial_data(self, sociallogin: Any) -> dict[str, Any]:
        return {**super().get_signup_form_initial_data(sociallogin), "name": sociallogin.user.name}
