"""What every page shows: the frame, the reader, the demo's bar."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.frame import frame


def site(request: HttpRequest) -> dict[str, Any]:
    reader = getattr(request, "reader", None)
    return {
        **frame(),
        "demo": settings.DEMO,
        "stripe_console_url": settings.STRIPE_CONSOLE_URL,
        "reader": reader,
        # Asked where the template asks: whoever has no session must not get one looked up.
        "may_have_messages": lambda: bool(reader and reader.is_authenticated) or bool(request.COOKIES.get("messages")),
        "site_url": settings.SITE_URL,
    }
