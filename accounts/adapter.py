"""Our answers to allauth's questions."""

import secrets
import time
from smtplib import SMTPRecipientsRefused
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.core import context as of_request
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import devices, errors, languages, letters, notices, tries
from accounts.client_address import client_ip
from accounts.forms import seen
from accounts.models import User

LONGEST_ADDRESS = 254  # what mail servers take
NO_SUCH_ADDRESS = gettext_lazy(
    "Our mail server says that no mail can be sent to %(email)s. Please check how it is written."
)
LOGIN_CODE = "account/email/login_code"
REFUSED_FOR_GOOD = range(500, 600)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": gettext_lazy(
            "That was wrong too often. Ask for a new code if it was mailed, else wait five minutes."
        ),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that decides about access by institution, so a forged header moves neither."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  (a key for rate limits, not an address to bind)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """E3, at once: allauth calls this only after the password, the code or the key was right."""
        return errors.about_account(request, user)

    def login(self, request: HttpRequest, user: Any) -> None:
        """The last step of every way. Whoever was put on hold since the first one is told so."""
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = seen(form.cleaned_data.get("name", ""))
        return super().save_user(request, user, form, commit)

    def clean_email(self, email: str) -> str:
        if len(email) > LONGEST_ADDRESS:
            raise ValidationError(
                _("An email address has at most %(longest_address)s characters.") % {"longest_address": LONGEST_ADDRESS}
            )
        return str(super().clean_email(email))

    def is_safe_url(self, url: str) -> bool:
        """The way back leads to this site, whatever other names it answers to."""
        host = of_request.request.get_host()
        return url_has_allowed_host_and_scheme(url, allowed_hosts={host}, require_https=of_request.request.is_secure())

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Who signed in within the last minutes is not asked again at once (WCAG 3.3.7)."""
        request = of_request.request
        records = get_authentication_records(request, request.user)
        recently = bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not recently and super().is_reauthentication_required(app=app)

    # --- tries -------------------------------------------------------------------------------------------------------

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Before a password is looked at. Ours take the place of allauth's counter, which an attacker could use up."""
        self._counted = tries.count_password(request, credentials.get("email", ""))
        if self._counted is None:
            raise ImmediateHttpResponse(errors.too_many(request, retry_after=tries.OF_ADDRESS_AND_ACCOUNT.seconds))

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth calls this for the right password."""
        tries.forgive(self._counted or [])

    # --- mail --------------------------------------------------------------------------------------------------------

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:
        """Text and HTML of every message, the second made from the first (accounts/letters.py)."""
        language = context.get("spoken") or getattr(context.get("user"), "language", "")
        with languages.speaking(language if language in settings.LANGUAGES_OFFERED else ""):
            message = super().render_mail(template_prefix, email, context, headers)
            html = letters.html_of(message.subject, message.body, of_request.request)
        message.attach_alternative(html, "text/html")
        return message

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A code somebody waits for, sent while they wait (docs/decisions/0052).

        A mail server that is away or refuses us is E1: try later. One that refuses the address says so to the reader.
        """
        request = of_request.request
        if len(email) > LONGEST_ADDRESS:
            return  # nobody's: the page says the same as for every other unknown address
        if not tries.count_mail(request, email):
            if template_prefix != LOGIN_CODE:  # of which the one sent before still works
                clear_login(request)
            response = errors.too_many(request, retry_after=tries.MAIL_ADDRESS_AND_ACCOUNT.seconds)
            raise ImmediateHttpResponse(response)
        # Asked for every letter, so that no answer takes longer; it is told to the owner alone, by mail.
        account = User.objects.filter(email=email.lower()).values_list("is_active", "language").first()
        is_active, language = account or (True, "")
        context = {**context, "is_held": not is_active, "spoken": language}
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:
            clear_login(request)
            happened = f"The mail server did not take {template_prefix}: {error}"
            if _refuses_address(error):
                messages.error(request, NO_SUCH_ADDRESS % {"email": email})
                raise ImmediateHttpResponse(redirect(errors.with_way_back(request, request.path))) from error
            raise ImmediateHttpResponse(errors.cannot_sign_in(request, happened, failed="mail")) from error

    def send_account_already_exists_mail(self, email: str) -> None:
        """Registering an address that is taken takes as long as one that is free, whose password is hashed."""
        make_password(secrets.token_hex(8))
        super().send_account_already_exists_mail(email)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """An account whose first code never went out is not kept: the next try would meet “you already have one”."""
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except ImmediateHttpResponse:
            user = emailconfirmation.email_address.user
            if signup and user is not None and user.last_login is None:
                user.delete()
            raise

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """What tells of a change does not undo it: the change is made, and a worker tries the mail again."""
        to = email or EmailAddress.objects.get_primary_email(user)
        if not to:
            return
        request = of_request.request
        told = {
            "request": request, "email": to, "user": user, "timestamp": timezone.now(),
            "browser": devices.browser_of(request), **(context or {}),
        }  # fmt: skip
        notices.send(self.render_mail(template_prefix, to, told))


def _refuses_address(error: OSError) -> bool:
    """Not that the server is busy or does not know us: this one address is none, and will be none later."""
    return isinstance(error, SMTPRecipientsRefused) and all(
        code in REFUSED_FOR_GOOD for code, _said in error.recipients.values()
    )
