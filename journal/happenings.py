"""What alerts tell of, written down once each when the upkeep first sees it. Numbers go up in the order of seeing."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import F
from django.utils import timezone

from journal.access import public_reason
from journal.models import Article, Issue, Relation
from journal.reader_models import Happening
from journal.related_models import Citation

#: What is older than this when it is first seen (a back-file that is imported, the first run) is not news.
NEWS = timedelta(days=14)
H = Happening.Kind
NOTICES = {
    Relation.Kind.CORRECTION: Happening.Kind.CORRECTED,
    Relation.Kind.CONCERN: Happening.Kind.CORRECTED,
    Relation.Kind.RETRACTION: Happening.Kind.RETRACTED,
}


def note(articles: Iterable[Article]) -> None:
    """Of changed articles on the site: that they appeared, became free, were corrected, retracted or cited."""
    today = timezone.localdate()
    since = today - NEWS
    listed = list(articles)
    new = [one for one in listed if one.published_online and one.published_online >= since]
    rows = [Happening(kind=H.ONLINE, article=one) for one in new]
    rows += [
        Happening(kind=H.FREE, article=one)
        for one in listed
        if public_reason(one, today) and (one.free_from is None or one.free_from >= since)
    ]
    rows += _noticed({(one.doi or "").lower(): one for one in listed}, since)
    citing = Citation.objects.filter(here__in=listed, here__published_online__gte=since)
    rows += [Happening(kind=H.CITED, article_id=row.article_id, by_id=row.here_id) for row in citing]
    shown = Issue.objects.published().filter(published_on__gte=since, articles__status=Article.Status.PUBLISHED)
    rows += [Happening(kind=H.ISSUE, issue=issue) for issue in shown.distinct()]
    Happening.objects.bulk_create(rows, ignore_conflicts=True)


def _noticed(by_doi: dict[str, Article], since: date) -> list[Happening]:
    """One for each notice: an article may be corrected twice."""
    notices = Relation.objects.filter(
        kind__in=NOTICES, target_doi__in=by_doi, article__status=Article.Status.PUBLISHED,
        article__published_online__gte=since, article__published_online__lte=timezone.localdate(),
    )  # fmt: skip
    return [
        Happening(kind=NOTICES[Relation.Kind(row.kind)], article=by_doi[row.target_doi], by_id=row.article_id)
        for row in notices
    ]


def last() -> int:
    newest = Happening.objects.order_by(F("pk").desc()).values_list("pk", flat=True).first()
    return newest or 0
