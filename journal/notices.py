"""Banners above an article: what happened to it, and what it says about others (NISO RP-45-2024, CREC)."""

from django.db import connection
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from journal.jats.links import doi_url
from journal.models import Article, Relation, article_address

#: Relation → what the article that says it is called, and what the other one is called.
WORDS = {
    Relation.Kind.CORRECTION: ("corrects", "corrected_by"),
    Relation.Kind.RETRACTION: ("retracts", "retracted_by"),
    Relation.Kind.CONCERN: ("has_concerns_about", "concern_from"),
    Relation.Kind.ADDENDUM: ("adds_to", "added_to_by"),
    Relation.Kind.COMMENTARY: ("comments_on", "commented_by"),
    Relation.Kind.COMPANION: ("companion", "companion"),
}
#: What a reader must know first stands first.
ORDER = ("retracted_by", "concern_from", "corrected_by", "added_to_by", "retracts", "has_concerns_about", "corrects")
#: Notices that make no sense without their article; it is linked by its DOI when it is not on this site.
ABOUT_OTHERS = ("retracts", "has_concerns_about", "corrects", "adds_to", "comments_on")


def banners(article: Article, *, is_told_about: bool = True) -> str:
    """The banners of an article as HTML, "" if there are none. `is_told_about`: others may say something about it."""
    found = [*_said_by(article), *(_said_about(article) if is_told_about else ())]
    found.sort(key=lambda notice: ORDER.index(notice["kind"]) if notice["kind"] in ORDER else len(ORDER))
    return render_to_string("journal/_article_notices.html", {"notices": found}).strip() if found else ""


def notices_about(article: Article) -> QuerySet[Relation]:
    """What articles say about this one that any visitor may find today."""
    return Relation.objects.filter(
        target_doi=(article.doi or "").lower(),
        article__status=Article.Status.PUBLISHED,
        article__published_online__lte=timezone.localdate(),
    )


#: Written out: an import asks it of every fourth article.
_SAID_BY = """
SELECT r.kind, r.target_doi, a.doi, a.title_html,
       CASE WHEN a.id IS NULL THEN 'elsewhere' WHEN a.status = 'published' AND a.published_online <= %s THEN 'here' END
FROM journal_relation r LEFT JOIN journal_article a ON a.doi_key = r.target_doi
WHERE r.article_id = %s ORDER BY r.id
"""


def _said_by(article: Article) -> list[dict[str, str]]:
    """What the article says about others: published here, or anywhere else."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_SAID_BY, [timezone.localdate(), article.pk])
        rows = cursor.fetchall()
    for kind, target, doi, title_html, where in rows:
        word = WORDS[Relation.Kind(kind)][0]
        if where == "here":
            found.append({"kind": word, "title_html": title_html, "url": article_address(doi)})
        elif where == "elsewhere" and word in ABOUT_OTHERS:
            found.append({"kind": word, "doi": target, "url": doi_url(target)})
    return found


def _said_about(article: Article) -> list[dict[str, str]]:
    """What articles on the site say about this one; a notice says nothing before its day."""
    about = notices_about(article).exclude(article=article)
    return [
        {"kind": WORDS[Relation.Kind(kind)][1], "title_html": title, "url": article_address(doi)}
        for kind, title, doi in about.values_list("kind", "article__title_html", "article__doi")
    ]
