"""The head of every page, made once for each place and not at every page (docs/performance.md)."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from journal.kept_parts import kept

register = template.Library()
OF_THE_FRAME = ("journal", "addresses", "brand_name")
TOKEN = "the-token-of-this-page"


@register.simple_tag(takes_context=True)
def masthead(context: Any, here: str | None = None, next_path: str | None = None) -> SafeString:
    """The name, the way in or out, navigation and search; the token of its form is the page's own."""
    if context.get("is_shape"):
        return mark_safe("\0masthead\0")
    here = context.get("here", "") if here is None else here
    next_path = context.get("next_path", "") if next_path is None else next_path
    reader = context.get("reader")
    is_known = bool(reader and reader.is_authenticated)

    def make() -> str:
        told = {name: context.get(name) for name in OF_THE_FRAME}
        told |= {"here": here, "next_path": next_path, "is_known": is_known, "csrf_token": TOKEN}
        return render_to_string("components/_masthead_made.html", told)

    part = kept(context, ("masthead", here, next_path, is_known), make)
    if not is_known:
        return part
    return mark_safe(part.replace(TOKEN, str(context.get("csrf_token", ""))))  # noqa: S308  (made by ourselves)
