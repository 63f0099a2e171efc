"""Banners above an article: what happened to it, and what it says about others (NISO RP-45-2024, CREC)."""

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


def banners(article: Article) -> str:
    """The banners of an article as HTML, "" if there are none."""
    found = [*_said_by(article), *_said_about(article)]
    found.sort(key=lambda notice: ORDER.index(notice["kind"]) if notice["kind"] in ORDER else len(ORDER))
    return render_to_string("journal/_article_notices.html", {"notices": found}).strip() if found else ""


def notices_about(article: Article) -> QuerySet[Relation]:
    """What articles say about this one that any visitor may find today."""
    return Relation.objects.filter(
        target_doi=(article.doi or "").lower(),
        article__status=Article.Status.PUBLISHED,
        article__published_online__lte=timezone.localdate(),
    )


def _said_by(article: Article) -> list[dict[str, str]]:
    """What the article says about others: published here, or anywhere else."""
    found = []
    for kind, target in Relation.objects.filter(article=article).values_list("kind", "target_doi"):
        word = WORDS[Relation.Kind(kind)][0]
        here = Article.objects.published().by_doi(target).values_list("title_html", "doi").first()
        if here is not None:
            found.append({"kind": word, "title_html": here[0], "url": article_address(here[1])})
        elif word in ABOUT_OTHERS and not Article.objects.by_doi(target).exists():
            found.append({"kind": word, "doi": target, "url": doi_url(target)})
    return found


def _said_about(article: Article) -> list[dict[str, str]]:
    """What articles on the site say about this one; a notice says nothing before its day."""
    about = notices_about(article).exclude(article=article)
    return [
        {"kind": WORDS[Relation.Kind(kind)][1], "title_html": title, "url": article_address(doi)}
        for kind, title, doi in about.values_list("kind", "article__title_html", "article__doi")
    ]
