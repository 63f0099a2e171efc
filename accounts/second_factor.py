"""Second factors: allauth's, with their secrets encrypted at rest, and required of staff and librarians."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts import devices, encryption

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _(
            "Incorrect code. The app’s is good for half a minute: take the next one, and let the phone set its clock by"
            " itself."
        ),
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What the authenticator app shows beside the address of the account."""
        return urlsplit(settings.SITE_URL).hostname or "First Page"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002  (allauth's word)
        """`Chrome on Android`: what the owner will recognize."""
        return devices.browser_of(context.request) if context.request else str(type)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Staff and librarians keep at least one factor, so that taking one away is no way around the rule."""
        if authenticator.type not in FACTORS or not _is_required(authenticator.user):
            return True
        return bool(_factors_of(authenticator.user).exclude(pk=authenticator.pk).exists())


Rule = Callable[[Any], bool]
_rules: list[Rule] = []


def require_of(rule: Rule) -> None:
    """Besides staff: whom another app trusts with more than a reader's pages, such as librarians."""
    if rule not in _rules:
        _rules.append(rule)


def is_missing(user: Any) -> bool:
    """Whether this account must set up a second factor before it may do what its role does."""
    return _is_required(user) and not _factors_of(user).exists()


def _is_required(user: Any) -> bool:
    if settings.READER_SECOND_FACTOR:
        return True
    return bool(settings.STAFF_SECOND_FACTOR and (user.is_staff or any(rule(user) for rule in _rules)))


def _factors_of(user: Any) -> Any:
    return Authenticator.objects.filter(user=user, type__in=FACTORS)


class EverybodysSecondFactor:
    """Where READER_SECOND_FACTOR is set: who is signed in sets one up first. It costs a statement a page."""

    OPEN = ("/accounts/", "/static/", "/brand", "/account/language/", "/accessibility/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known = settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path_info.startswith(self.OPEN)
        if known and request.user.is_authenticated and is_missing(request.user):
            messages.warning(
                request, _("Accounts here need a second factor. Set up an authenticator app or a passkey.")
            )
            return redirect("mfa_index")
        return self.get_response(request)


def reencrypt() -> int:
    """The secrets lie within a JSON column, which `manage.py reencrypt` asks for apart. Returns how many factors."""
    done = 0
    for row in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN):
        row.data = {name: _anew(name, value) for name, value in row.data.items()}
        row.save(update_fields=["data"])
        done += 1
    return done


def _anew(name: str, value: Any) -> Any:
    if name in ("secret", "seed"):
        return encryption.reencrypt(value)
    return [encryption.reencrypt(code) for code in value] if name == "migrated_codes" else value
