"""Who was given the full text of an article with an activity: a small row, written when the text goes out."""

from typing import Any

from django.db import connection
from django.http import HttpRequest

from accounts import viewing
from accounts.models import User
from cme.models import Opening
from journal.access import Access, Reason
from journal.models import Article
from journal.signals import text_given

_KEEP = "INSERT INTO cme_opening (user_id, article_id) VALUES (%s, %s) ON CONFLICT (user_id, article_id) DO NOTHING"
READING_ONLY = frozenset({Reason.RENTAL, Reason.GIFT})


def watch() -> None:
    text_given.connect(keep, sender=Article)


def keep(*, article: Article, access: Access, request: HttpRequest, **_: Any) -> None:
    """Write the first opening. A renter who may not take part leaves no row and costs no statement."""
    user, told = request.user, article.open_activity
    if not isinstance(user, User) or not told or access.reason == Reason.STAFF_PREVIEW or viewing.is_by_staff(request):
        return
    if access.reason in READING_ONLY and not told["renters"]:
        return
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [user.pk, article.pk])


def has_opened(user: User, article: Article) -> bool:
    return Opening.objects.filter(user=user, article=article).exists()
