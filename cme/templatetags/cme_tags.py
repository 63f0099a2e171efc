"""The box with which the article's page tells of its CME activity; nothing where there is none."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString, mark_safe

from cme import statements
from cme.plots import Bar, bars
from cme.scoring import in_words
from journal.models import Article

register = template.Library()
NOTHING = mark_safe("")


@register.simple_tag
def cme_box(article: Article) -> SafeString:
    """Made from what stands on the article's row, so it asks the database nothing."""
    told = article.open_activity
    if not told:
        return NOTHING
    context: dict[str, Any] = {
        "id": told["id"], "credit": in_words(told["quarters"]), "phrase": statements.phrase(told["quarters"]),
        "until": parse_date(told["until"]), "minimum": told["minimum"],
    }  # fmt: skip
    return render_to_string("cme/_box.html", context)


@register.filter
def with_phrase(text: str) -> SafeString:
    return statements.with_phrase(text)


@register.filter
def in_credits(quarters: int) -> str:
    return in_words(quarters)


@register.filter
def credit_phrase(quarters: int) -> SafeString:
    """`1.5 AMA PRA Category 1 Credits™`, the phrase in italics."""
    return statements.with_phrase(f"{in_words(quarters)} {statements.phrase(quarters)}")


@register.simple_tag
def plot(shown: list[Bar], title: str, most: int = 0) -> SafeString:
    return bars(shown, title, most)
