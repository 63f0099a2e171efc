"""Template tags with which the journal's templates show access without the journal knowing prices."""

from typing import Any

from django import template

from journal.access import Access
from journal.models import Article
from subscriptions.get_access import block_for

register = template.Library()


@register.inclusion_tag("subscriptions/_get_access.html", takes_context=True)
def get_access_block(context: Any, article: Article, access: Access) -> dict[str, Any]:
    request = context["request"]
    return {
        "block": block_for(article, access, request.reader, request.GET.get("chosen", "")),
        "article": article,
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "service_center": context.get("service_center"),
        "journal": context.get("journal"),
    }
