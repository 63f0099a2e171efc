"""What the account's pages print."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.devices import browser_named

register = template.Library()
register.filter("browser_name", browser_named)

PAGES = (
    ("subscriptions:my_access", gettext_lazy("My access")),
    ("accounts:profile", gettext_lazy("Profile")),
    ("account_email", gettext_lazy("Email address")),
    ("account_change_password", gettext_lazy("Password")),
    ("mfa_index", gettext_lazy("Passkeys and second factor")),
    ("socialaccount_connections", gettext_lazy("Other ways to sign in")),
    ("usersessions_list", gettext_lazy("Where you are signed in")),
    ("journal:saved", gettext_lazy("Saved articles")),
    ("journal:alerts_ask", gettext_lazy("Alerts")),
    ("accounts:privacy", gettext_lazy("Privacy")),
    ("subscriptions:merge", gettext_lazy("Merge accounts")),
)


@register.simple_tag(takes_context=True)
def account_pages(context: Any) -> list[tuple[str, str, bool]]:
    """(address, name, whether this page is it or below it) of each page of the account."""
    here = context["request"].path
    pages = [(reverse(view), name) for view, name in PAGES]
    nearest = max((address for address, _ in pages if here.startswith(address)), key=len, default="")
    return [(address, str(name), address == nearest) for address, name in pages]
