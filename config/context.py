"""What every page shows: the journal's name, the service center in the footer, the demo's bar."""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import ServiceCenter
from journal.models import Journal

SECONDS = 60
ADDRESSES = {
    "sign_in": "account_login",
    "sign_up": "account_signup",
    "sign_out": "account_logout",
    "my_access": "subscriptions:my_access",
}


def site(request: HttpRequest) -> dict[str, Any]:
    """The frame changes rarely, so each process keeps it for a minute; staff edits clear it where they are made."""
    frame = cache.get("frame")
    if frame is None:
        frame = {"journal": Journal.objects.first(), "service_center": ServiceCenter.current()}
        frame["footer"] = render_to_string("components/_footer.html", frame)
        frame["icons"] = render_to_string("components/_icons.html")
        frame["addresses"] = {name: reverse(view) for name, view in ADDRESSES.items()}
        cache.set("frame", frame, SECONDS)
    return {
        **frame,
        "demo": settings.DEMO,
        "stripe_console_url": settings.STRIPE_CONSOLE_URL,
        "reader": getattr(request, "reader", None),
        "site_url": settings.SITE_URL,
    }
