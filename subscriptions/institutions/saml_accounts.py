"""What follows from a proven SAML answer: who counts as a reader of the institution, and whose account it is.

No account is ever bound by an email address alone (docs/decisions/0016-saml-binding.md): a reader who has an account
shows both, by being signed in here and coming back from there.
"""

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from accounts.providers import SocialAccountAdapter
from subscriptions.institutions import saml
from subscriptions.models import InstitutionSignIn, Membership

PAGE = "subscriptions/institution_sign_in.html"


class Refused(Exception):
    """A proven answer from which nothing follows; `state` names the page's words."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class InstitutionalAdapter(SocialAccountAdapter):
    """The answers of accounts/providers.py, and those about institutions."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Institutions' sign-ins are rows of ours, found one at a time; other providers are in the settings."""
        apps: list[Any] = super().list_apps(request, provider=provider, client_id=client_id)
        rows = InstitutionSignIn.objects.select_related("institution")
        if provider == saml.PROVIDER and client_id:
            return apps + [saml.app_of(row) for row in rows.filter(active=True, slug=client_id)]
        number = (provider or "").removeprefix("institution-")
        return apps + [saml.app_of(row) for row in rows.filter(institution=int(number))] if number.isdigit() else apps

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """After the proof and before anything is bound."""
        sign_in = getattr(sociallogin.provider.app, "sign_in", None)
        if sign_in is None:
            super().pre_social_login(request, sociallogin)
            return
        try:
            done = _settle(request, sociallogin, sign_in)
        except Refused as refusal:
            refusing = refused(request, sign_in, refusal.state, sociallogin.get_redirect_url(request) or "")
            raise ImmediateHttpResponse(refusing) from None
        if done:
            raise ImmediateHttpResponse(done)

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Where the institution vouches for the address there is nothing left to ask."""
        return hasattr(sociallogin.provider.app, "sign_in") or super().is_auto_signup_allowed(request, sociallogin)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """A new account, whose address the institution vouches for, gets its membership at once."""
        user = super().save_user(request, sociallogin, form)
        sign_in = getattr(sociallogin.provider.app, "sign_in", None)
        if sign_in is not None:
            admit(sign_in, user, affiliation_of(sign_in, sociallogin.provider.told))
        return user


def affiliation_of(sign_in: InstitutionSignIn, told: dict[str, Any]) -> str:
    """The first affiliation that counts. Raises Refused when the person has none."""
    counts, scopes = saml.listed(sign_in.affiliations), saml.listed(sign_in.scopes)
    for value in told.get(sign_in.affiliation_attribute) or []:
        kind, _, scope = str(value).strip().lower().partition("@")
        if kind in counts and (not scopes or scope in scopes):
            return str(value)[:200]
    if counts:
        raise Refused("not_entitled")
    return ""


def _settle(request: HttpRequest, sociallogin: SocialLogin, sign_in: InstitutionSignIn) -> HttpResponse | None:
    """Whose account it is. A response where nothing is left to do; None where allauth signs in, or makes an account."""
    here = request.user if isinstance(request.user, User) else None
    known = sociallogin.user if sociallogin.is_existing else None
    try:
        affiliation = affiliation_of(sign_in, sociallogin.provider.told)
    except Refused:
        _end(sign_in, known)
        raise
    if known and here and known != here:
        raise Refused("other_account")
    if known:
        admit(sign_in, known, affiliation)
        return _back(request, sociallogin) if here else None
    if here:
        _connect(request, sociallogin, here)
        admit(sign_in, here, affiliation)
        return _back(request, sociallogin)
    if not _is_vouched_for(sociallogin):
        raise Refused("needs_account")
    if User.objects.filter(email__iexact=sociallogin.user.email).exists():
        raise Refused("has_account")
    return None


def _back(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    return redirect(sociallogin.get_redirect_url(request) or "subscriptions:my_access")


def _connect(request: HttpRequest, sociallogin: SocialLogin, owner: User) -> None:
    """Bind the institution's id to the account that is signed in. One account has one id at an institution."""
    if SocialAccount.objects.filter(user=owner, provider=sociallogin.account.provider).exists():
        raise Refused("other_identity")
    try:
        raise_if_reauthentication_required(request, app="allauth.socialaccount")
    except ReauthenticationRequired:
        raise Refused("confirm") from None
    sociallogin.connect(request, owner)


def _is_vouched_for(sociallogin: SocialLogin) -> bool:
    """The institution named an address in a domain that it gives out: nobody else can have it."""
    email = sociallogin.user.email.lower()
    return bool(email) and any(one.verified and one.email.lower() == email for one in sociallogin.email_addresses)


def admit(sign_in: InstitutionSignIn, user: User, affiliation: str) -> Membership:
    """The reader reads through the institution from now on, for its days."""
    until = timezone.now() + timedelta(days=sign_in.days)
    member, _ = Membership.objects.update_or_create(
        institution_id=sign_in.institution_id, user=user, way=Membership.Way.SIGN_IN,
        defaults={"affiliation": affiliation, "until": until, "ended_at": None},
    )  # fmt: skip
    return member


def _end(sign_in: InstitutionSignIn, user: User | None) -> None:
    """Who no longer belongs to the institution reads through it no longer."""
    if user:
        Membership.objects.filter(
            institution_id=sign_in.institution_id, user=user, way=Membership.Way.SIGN_IN, ended_at=None
        ).update(ended_at=timezone.now())


def refused(
    request: HttpRequest, sign_in: InstitutionSignIn | None, state: str, back: str = "", reference: str = ""
) -> HttpResponse:
    """A page that says what was not done and what to do next."""
    context = {"sign_in": sign_in, "state": state, "next": back, "reference": reference}
    return render(request, PAGE, context, status=403)
