"""What every page shows: the frame, the reader, the demo's bar."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.frame import frame


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        **frame(),
        "demo": settings.DEMO,
        "stripe_console_url": settings.STRIPE_CONSOLE_URL,
        "reader": getattr(request, "reader", None),
        "site_url": settings.SITE_URL,
    }
