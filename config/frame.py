"""What stands around every page: journal, service center, and the parts made from them. It changes rarely."""

import time
from typing import Any

from django.conf import settings
from django.db.models import Exists
from django.db.models.signals import post_delete, post_save
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language

from accounts import service_center
from accounts.models import ServiceCenter
from config.script_words import words_for_scripts
from journal import branding, kept_parts
from journal.models import Article, Journal

ADDRESSES = {
    "home": "journal:home",
    "sign_in": "account_login",
    "sign_up": "account_signup",
    "sign_out": "account_logout",
    "my_access": "subscriptions:my_access",
}
_kept: dict[str, tuple[float, dict[str, Any]]] = {}  # by language
_forgotten = 0


def frame() -> dict[str, Any]:
    """Put together once in FRAME_SECONDS in each process; an edit shows at once in the process it was made in."""
    now, language, forgotten = time.monotonic(), get_language(), _forgotten
    kept = _kept.get(language)
    if kept is None or now - kept[0] >= settings.FRAME_SECONDS:
        kept = (now, _made())  # two threads may both make it
        if forgotten == _forgotten:  # else it was made from what has changed meanwhile
            _kept[language] = kept
    return kept[1]


def current() -> dict[str, Any] | None:
    """The frame as it is kept, without asking anybody; None when it must be put together."""
    kept = _kept.get(get_language())
    return kept[1] if kept and time.monotonic() - kept[0] < settings.FRAME_SECONDS else None


def forget(**_: Any) -> None:
    global _forgotten  # noqa: PLW0603
    _forgotten += 1
    _kept.clear()


def watch() -> None:
    for model in (Journal, ServiceCenter):
        post_save.connect(forget, sender=model)
        post_delete.connect(forget, sender=model)


def _made() -> dict[str, Any]:
    offers_cme = Exists(Article.objects.filter(activity__isnull=False))
    journal = Journal.objects.annotate(offers_cme=offers_cme).first()
    made: dict[str, Any] = {"journal": journal, "service_center": ServiceCenter.current()}
    service_center.keep(made["service_center"])
    made["brand_version"] = branding.version(journal or Journal())
    made["brand_name"] = render_to_string("components/_brand.html", made)
    made["site_head"] = render_to_string("components/_head.html", {**made, "script_words": words_for_scripts()})
    made["page_styles"] = format_html('<link rel="stylesheet" href="{}">', static("css/pages.css"))
    made["icons"] = render_to_string("components/_icons.html")
    made["footer"] = render_to_string("components/_footer.html", {**made, "languages": settings.LANGUAGES})
    made["addresses"] = {name: reverse(view) for name, view in ADDRESSES.items()}
    made[kept_parts.NAME] = {}
    return made
