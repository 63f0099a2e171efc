"""Our answers to allauth's questions."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.client_address import client_ip


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that decides about access by institution, so a forged header moves neither."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  (a key for rate limits, not an address to bind)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)
