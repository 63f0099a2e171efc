"""Our answers to allauth's questions."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context as of_request
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse

from accounts import errors
from accounts.client_address import client_ip

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that decides about access by institution, so a forged header moves neither."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  (a key for rate limits, not an address to bind)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """E3, at once: allauth calls this only after the password, the code or the key was right."""
        return errors.about_account(request, user)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)

    # --- mail ----------------------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A code somebody waits for. A mail server that refuses is E1: nobody can be signed in, try later."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:
            request = of_request.request
            clear_login(request)
            response = errors.cannot_sign_in(request, f"The mail server did not take {template_prefix}: {error}")
            raise ImmediateHttpResponse(response) from error

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """An account whose first code never went out is not kept: the next try would meet “you already have one”."""
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except ImmediateHttpResponse:
            user = emailconfirmation.email_address.user
            if signup and user is not None and user.last_login is None:
                user.delete()
            raise

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """What tells of a change must not undo it: the change is made, whatever the mail server says."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except ImmediateHttpResponse:
            log.error("The notice %s did not go out.", args[0] if args else kwargs.get("template_prefix"))
