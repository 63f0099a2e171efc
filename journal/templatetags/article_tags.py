"""Parts of an article's page that are alike on many of them, kept with the frame (docs/performance.md)."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from journal.access import Access
from journal.kept_parts import kept
from journal.models import Article

register = template.Library()


@register.simple_tag(takes_context=True)
def way_to_the_text(context: Any, access: Access) -> SafeString:
    """Above a page without its text: how it is open to this reader, and where to read how to get it."""
    told = {"access": access}
    key = ("way to the text", access.reason, access.granted)
    return kept(context, key, lambda: render_to_string("journal/_way_to_the_text.html", told))


@register.simple_tag(takes_context=True)
def text_sizes(context: Any) -> SafeString:
    return kept(context, ("text sizes",), lambda: render_to_string("journal/_text_sizes.html"))


@register.simple_tag(takes_context=True)
def place_of_the_related(context: Any, article: Article) -> SafeString:
    if context.get("is_shape"):
        return mark_safe("\0related\0")  # config/templatetags/shape_tags.py
    told = {"article": article}
    return kept(
        context, ("related", article.doi), lambda: render_to_string("journal/_place_of_the_related.html", told).strip()
    )
