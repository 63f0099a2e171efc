"""What the account's pages print."""

from typing import Any

from django import template
from django.urls import reverse

from accounts.devices import browser_named

register = template.Library()
register.filter("browser_name", browser_named)

PAGES = (
    ("subscriptions:my_access", "My access"),
    ("accounts:profile", "Profile"),
    ("account_email", "Email address"),
    ("account_change_password", "Password"),
    ("mfa_index", "Passkeys and second factor"),
    ("socialaccount_connections", "Other ways to sign in"),
    ("usersessions_list", "Where you are signed in"),
    ("accounts:privacy", "Privacy"),
    ("subscriptions:merge", "Merge accounts"),
)


@register.simple_tag(takes_context=True)
def account_pages(context: Any) -> list[tuple[str, str, bool]]:
    """(address, name, whether this page is it or below it) of each page of the account."""
    here = context["request"].path
    pages = [(reverse(view), name) for view, name in PAGES]
    nearest = max((address for address, _ in pages if here.startswith(address)), key=len, default="")
    return [(address, name, address == nearest) for address, name in pages]
