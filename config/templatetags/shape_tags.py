"""An article's page for visitors who may not read the text, without rendering its template for each of them.

`journal/article.html` is rendered once with marks where an article's own parts stand: a shape, kept with the frame.
After that the parts are put between (docs/performance.md). Only the plain case: whatever else the template could say is
left to it, and a test holds the two against each other word for word.
"""

import re
from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from config.templatetags.frame_tags import masthead
from journal.access import Access
from journal.article_parts import Public
from journal.kept_parts import NAME
from journal.models import Article
from journal.templatetags.article_tags import place_of_the_related
from subscriptions.templatetags.access_tags import get_access_block

register = template.Library()
PUBLIC = ("header", "notices", "abstract", "first_page", "references", "information")
MARK = re.compile("\0([a-z_]+)\0")  # in no text: PostgreSQL takes no NUL


def mark(name: str) -> SafeString:
    return mark_safe(f"\0{name}\0")  # noqa: S308


class Place:
    """Where an article stands in a shape: what is printed of it is a mark."""

    title = mark("title")
    is_published, open_activity = True, None

    def __init__(self, article: Article) -> None:
        self.retracted_on = article.retracted_on

    def get_absolute_url(self) -> str:
        return ""  # goes to the tags below alone, which leave marks


@register.simple_tag(takes_context=True)
def article_without_text(context: Any) -> SafeString:
    article, public, access = context["article"], context["public"], context["access"]
    if not _is_plain(context, article, public, access):
        return mark_safe(_whole(context))  # noqa: S308  (from a template)
    kept: dict[Any, Any] = context[NAME]
    key = ("shape", get_language(), bool(article.retracted_on), bool(public.notices))
    shape: list[str] | None = kept.get(key)
    if shape is None:
        places = {name: mark(name) if getattr(public, name) or name != "notices" else "" for name in PUBLIC}
        marks = {"article": Place(article), "public": places, "head": mark("head"), "aside": mark("aside")}
        with context.push(**marks, is_shape=True):
            shape = kept[key] = MARK.split(_whole(context))
    own: dict[str, str] = {name: getattr(public, name) for name in PUBLIC}
    own |= {
        "title": conditional_escape(article.title), "head": conditional_escape(context["head"]),
        "aside": context["aside"], "masthead": masthead(context, "article", article.get_absolute_url()),
        "block": get_access_block(context, article, access), "related": place_of_the_related(context, article),
    }  # fmt: skip
    pieces = shape.copy()
    pieces[1::2] = [own[name] for name in shape[1::2]]
    return mark_safe("".join(pieces))  # noqa: S308  (from templates, and as they print it)


def _whole(context: Any) -> str:
    text: str = get_template("journal/article.html").template.render(context)  # type: ignore[attr-defined]
    return text


def _is_plain(context: Any, article: Article, public: Public, access: Access) -> bool:
    return (
        NAME in context
        and not context["demo"]
        and not context["may_have_messages"]()
        and not context["reader"].is_authenticated
        and not access.granted
        and bool(context["aside"])
        and article.is_published
        and not article.open_activity
        and 'class="languages"' not in public.abstract
    )
