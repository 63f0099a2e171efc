"""Banners in both directions: what a reader must know of a retraction, concern or correction, at either end."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from journal import pages, publishing
from journal.importing import import_source
from journal.models import Article, FullText, PublicPage, Relation
from journal.notices import banners
from journal.pdf.marks import mark_of
from tests.beside import begin_beside
from tests.journal.jats.build import make_xml
from tests.make import make_article, make_journal

pytestmark = pytest.mark.django_db


def notice_of(article: Article, kind: str, title: str) -> Article:
    notice = make_article(title=title)
    Relation.objects.create(article=notice, kind=kind, target_doi=article.doi or "")
    return notice


@pytest.mark.parametrize(
    "kind, at_the_notice, at_the_article",
    [
        ("retracted-article", "This notice retracts", "This article has been retracted."),
        ("object-of-concern", "This notice expresses concern about", "The editors have expressed concern"),
        ("corrected-article", "This notice corrects", "This article has been corrected."),
        ("addended-article", "This notice adds to", "There is an addendum to this article:"),
        ("commentary-article", "Comments on", "Commentary on this article:"),
    ],
)
def test_each_end_names_the_other(article: Article, kind: str, at_the_notice: str, at_the_article: str) -> None:
    notice = notice_of(article, kind, "About the herons")
    assert at_the_notice in banners(notice)
    assert article.get_absolute_url() in banners(notice)
    assert at_the_article in banners(article)
    assert notice.get_absolute_url() in banners(article)


def test_the_retraction_stands_above_everything_else(article: Article) -> None:
    for kind in ("companion", "corrected-article", "retracted-article"):
        notice_of(article, kind, f"A {kind}")
    html = banners(article)
    assert html.index("retracted") < html.index("corrected") < html.index("See also")


def test_a_notice_about_an_article_elsewhere_leads_to_its_doi() -> None:
    notice = make_article(title="Retraction")
    Relation.objects.create(article=notice, kind="retracted-article", target_doi="10.1234/elsewhere")
    assert 'href="https://doi.org/10.1234/elsewhere"' in banners(notice)


def test_a_draft_notice_says_nothing_to_anybody_and_a_draft_article_is_not_named(article: Article) -> None:
    notice = notice_of(article, "retracted-article", "Not yet decided")
    Article.objects.filter(pk=notice.pk).update(status="draft")
    assert banners(article) == ""
    Article.objects.filter(pk=article.pk).update(status="draft")
    assert banners(notice) == ""


def test_a_notice_says_nothing_before_its_day_and_is_told_on_it(article: Article, visitor: Client) -> None:
    notice = notice_of(article, "retracted-article", "Retraction: herons")
    tomorrow = timezone.localdate() + timedelta(days=1)
    Article.objects.filter(pk=notice.pk).update(published_online=tomorrow)
    pages.refresh_around(Article.objects.get(pk=notice.pk))
    article.refresh_from_db()
    assert (banners(article), article.retracted_on, mark_of(article)) == ("", None, None)
    assert publishing.announce_due() == 0
    Article.objects.filter(pk=notice.pk).update(published_online=timezone.localdate())
    assert publishing.announce_due() == 1
    article.refresh_from_db()
    assert article.retracted_on == timezone.localdate()
    assert mark_of(article) is not None
    assert "This article has been retracted." in visitor.get(article.get_absolute_url()).content.decode()
    assert publishing.announce_due() == 0


def test_a_retracted_article_says_so_in_its_title_and_across_its_text(article: Article, visitor: Client) -> None:
    notice = notice_of(article, "retracted-article", "Retraction: herons")
    pages.date_by_relations(article)
    article.refresh_from_db()
    assert article.retracted_on == notice.published_online
    PublicPage.objects.filter(article=article).update(notices=banners(article))
    text = visitor.get(article.get_absolute_url()).content.decode()
    assert "article-retracted" in text
    assert "This article has been retracted." in text


@pytest.mark.django_db(transaction=True)
def test_a_new_version_that_comes_while_a_comment_on_it_is_published_stands() -> None:
    make_journal()
    first = import_source(make_xml("<p>Eleven herons were counted.</p>"), "paper.xml")
    article = Article.objects.get(pk=first.article_id)  # a draft: its import has nothing to do with what is around it
    notice = notice_of(article, "commentary-article", "Twelve, not eleven")
    Article.objects.filter(pk=notice.pk).update(status="draft")

    def announce() -> None:
        publishing.publish(Article.objects.get(pk=notice.pk))
        connection.close()

    other = Thread(target=announce)
    second = import_source(
        make_xml("<p>Twelve herons were counted.</p>"), "paper.xml", settle=lambda _record: begin_beside(other)
    )
    other.join()
    assert second.status == "updated"
    assert "Twelve herons" in FullText.objects.get(article=article).body
    assert "Commentary on this article:" in PublicPage.objects.get(article=article).notices
