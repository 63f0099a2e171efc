"""Editors: what the list shows, publishing and why not, previews of drafts, issues and their covers."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from journal.importing import import_source
from journal.models import Article, ArticleFile, FullText, Journal, PublicPage
from journal.worker import WorkerError
from tests.admin.said import errors_of, look_and_save, messages_of, text_of
from tests.journal.jats.build import make_xml
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal, make_offer

pytestmark = pytest.mark.django_db
LIST = "/admin/journal/article/"


def draft(**fields: Any) -> Article:
    return make_article(**{"status": "draft", **fields})


def change(client: Client, article: Article, **fields: Any) -> Any:
    data = {"access_type": article.access_type, "position": 0, "published_online": article.published_online or ""}
    inlines = {
        f"{name}-{count}_FORMS": 0
        for name in ("topic_rows", "files", "sources", "relations")
        for count in ("TOTAL", "INITIAL")
    }
    typed = {**data, "is_for_sale": "on", **inlines, **fields}
    return look_and_save(client, f"{LIST}{article.pk}/change/", typed)


def press(client: Client, article: Article, verb: str) -> Any:
    """The button of an article's page, and the one of the page that says what it does."""
    return look_and_save(client, f"{LIST}{article.pk}/{verb}/", {})


@pytest.mark.parametrize("words", ["herons", "10.5555/HERON.1", "Fenwick"])
def test_an_article_is_found_by_title_doi_and_author(edith: Client, words: str) -> None:
    make_article(title="On waiting herons", doi="10.5555/heron.1", byline="Ada Fenwick")
    make_article(title="Night rounds")
    said = text_of(edith.get(LIST, {"q": words}))
    assert "On waiting herons" in said
    assert "Night rounds" not in said


def test_the_list_can_be_narrowed_to_what_the_import_noted(edith: Client) -> None:
    make_article(title="Whole")
    draft(title="Holed", problems=["line 3: no DOI"])
    assert "Whole" not in text_of(edith.get(LIST, {"noted": "yes"}))
    assert "Holed" not in text_of(edith.get(LIST, {"noted": "no"}))


def test_a_complete_draft_is_published_and_then_found(edith: Client, visitor: Client) -> None:
    article = draft()
    assert visitor.get(article.get_absolute_url()).status_code == 404
    answer = press(edith, article, "publish")
    assert "is published" in messages_of(answer)
    assert visitor.get(article.get_absolute_url()).status_code == 200
    assert LogEntry.objects.get(object_id=str(article.pk)).get_change_message() == "Published."


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"doi": None}, "It has no DOI: add <article-id"),
        ({"title": ""}, "It has no title: add <article-title>"),
        ({"published_online": None}, "It has no date: fill in “Published online”"),
        ({"has_full_text": False}, "It has no full text"),
    ],
)
def test_a_draft_that_lacks_something_stays_a_draft_and_says_what(edith: Client, fields: Any, sentence: str) -> None:
    article = draft(**fields)
    assert sentence in text_of(edith.get(f"{LIST}{article.pk}/change/"))
    assert sentence in messages_of(press(edith, article, "publish"))
    article.refresh_from_db()
    assert article.status == "draft"


def test_an_abstract_only_is_published_when_everybody_may_read_it_and_never_sold(
    edith: Client, visitor: Client
) -> None:
    article = draft(has_full_text=False, access_type="open")
    FullText.objects.filter(article=article).update(body="")
    make_offer("purchase")
    assert "is published" in messages_of(press(edith, article, "publish"))
    page = visitor.get(article.get_absolute_url())
    assert "What everybody may read." in page.text
    assert "Buy" not in text_of(page)
    article.refresh_from_db()
    assert errors_of(change(edith, article, access_type="controlled"))["access_type"] == [
        "This article has no full text: there would be nothing to sell."
    ]


def test_several_are_published_at_once_and_each_is_answered(edith: Client) -> None:
    good, bad = draft(title="Good"), draft(title="Bad", doi=None)
    data = {"action": "publish_selected", "_selected_action": [good.pk, bad.pk]}
    assert "1 cannot be published; each will say what it lacks" in text_of(edith.post(LIST, data))
    said = messages_of(look_and_save(edith, LIST, data))
    assert "“Good” is published" in said
    assert "“Bad” can't be published. It has no DOI" in said


def test_an_article_of_tomorrow_says_from_when_it_is_found(edith: Client) -> None:
    article = draft(published_online=timezone.localdate() + timedelta(days=1))
    assert "Visitors find it from" in messages_of(press(edith, article, "publish"))


def test_unpublishing_takes_it_off_the_site(edith: Client, visitor: Client) -> None:
    article = make_article()
    press(edith, article, "unpublish")
    assert visitor.get(article.get_absolute_url()).status_code == 404


def test_publishing_needs_a_press_of_the_button_and_the_role(edith: Client, sam: Client) -> None:
    article = draft()
    assert edith.get(f"{LIST}{article.pk}/publish/").status_code == 405
    refusal = sam.post(f"{LIST}{article.pk}/publish/")
    assert refusal.status_code == 403
    assert "This needs the role Editor" in text_of(refusal)
    article.refresh_from_db()
    assert article.status == "draft"


def test_a_published_article_cannot_lose_its_date_and_the_form_says_why(edith: Client) -> None:
    article = make_article()
    errors = errors_of(change(edith, article, published_online=""))
    assert "A published article needs its date" in errors["published_online"][0]


def test_an_open_article_needs_no_day_from_which_it_is_free(edith: Client) -> None:
    errors = errors_of(change(edith, make_article(), access_type="open", free_from="2030-01-01"))
    assert "free already" in errors["free_from"][0]


def test_an_editor_makes_an_article_free_from_a_day_on(edith: Client) -> None:
    article = make_article()
    assert change(edith, article, free_from="2030-01-01").status_code == 302
    article.refresh_from_db()
    assert str(article.free_from) == "2030-01-01"


def test_a_change_of_issue_shows_in_the_citation_line_at_once(edith: Client) -> None:
    make_journal()
    record = import_source(make_xml("<sec><title>Start</title><p>Words.</p></sec>"), "paper.xml")
    article = Article.objects.get(pk=record.article_id)
    issue = make_issue(volume="31", number="4", year=2026)
    assert "31(4)" not in PublicPage.objects.get(article=article).header
    assert change(edith, article, issue=issue.pk, **{"sources-INITIAL_FORMS": 0}).status_code == 302
    assert "31(4)" in PublicPage.objects.get(article=article).header
    data = {
        "journal": issue.journal_id, "volume": "32", "number": "4", "year": 2026, "published_on": "2026-03-01",
        "articles-TOTAL_FORMS": 1, "articles-INITIAL_FORMS": 1, "articles-0-id": article.pk,
        "articles-0-issue": issue.pk, "articles-0-position": 0,
    }  # fmt: skip
    assert edith.post(f"/admin/journal/issue/{issue.pk}/change/", data).status_code == 302
    assert "32(4)" in PublicPage.objects.get(article=article).header


def test_a_page_that_cannot_be_prepared_is_said_and_nothing_is_published(edith: Client, monkeypatch: Any) -> None:
    article = draft()

    def fails(*_: Any) -> None:
        raise WorkerError("It took too long.")

    monkeypatch.setattr("journal.pages.refresh_around", fails)
    assert "could not be prepared: It took too long." in messages_of(press(edith, article, "publish"))
    article.refresh_from_db()
    assert article.status == "draft"


def test_a_failing_page_never_keeps_an_article_on_the_site(edith: Client, monkeypatch: Any) -> None:
    article = make_article()

    def fails(*_: Any) -> None:
        raise WorkerError("It took too long.")

    monkeypatch.setattr("journal.pages.refresh_around", fails)
    press(edith, article, "unpublish")
    article.refresh_from_db()
    assert article.status == "draft"


def test_only_drafts_can_be_deleted(edith: Client) -> None:
    article, unfinished = make_article(), draft()
    assert edith.post(f"{LIST}{article.pk}/delete/", {"post": "yes"}).status_code == 403
    assert edith.post(f"{LIST}{unfinished.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Article.objects.all()) == [article]


# --- preview ----------------------------------------------------------------------------------------------------------


def test_a_draft_is_previewed_as_a_reader_with_its_text_and_as_a_visitor_without(edith: Client) -> None:
    article = draft()
    page = f"{LIST}{article.pk}/preview/"
    reader, visitor = edith.get(page, {"as": "reader"}), edith.get(page, {"as": "visitor"})
    assert SECRET_SENTENCE in text_of(reader)
    assert SECRET_SENTENCE not in text_of(visitor)
    assert "Preview as a visitor. This article is a draft" in text_of(visitor)
    assert "Sign in" in text_of(visitor)
    assert "no-store" in reader["Cache-Control"]


def test_every_preview_is_in_the_log(edith: Client) -> None:
    article = draft()
    edith.get(f"{LIST}{article.pk}/preview/", {"as": "visitor"})
    entry = LogEntry.objects.get(object_id=str(article.pk))
    assert (entry.user.email, entry.get_change_message()) == ("edith@example.org", "Previewed as a visitor.")


def test_a_draft_without_a_doi_can_be_previewed(edith: Client) -> None:
    answer = edith.get(f"{LIST}{draft(doi=None).pk}/preview/", {"as": "reader"})
    assert "It has no DOI yet" in text_of(answer)


def test_the_pictures_of_a_draft_are_shown_in_its_preview_and_nowhere_else(edith: Client, visitor: Client) -> None:
    article = draft(doi="10.5555/draft.1", body='<img src="/doi/10.5555/draft.1/figures/f1.webp" alt="">')
    file = ArticleFile(
        article=article, kind="figure", name="f1.webp", content_type="image/webp", size=3, sha256="0" * 64
    )
    file.file.save("f1.webp", ContentFile(b"abc"))
    here = f"{LIST}{article.pk}/preview/figures/f1.webp"
    assert f'src="{here}"' in edith.get(f"{LIST}{article.pk}/preview/", {"as": "reader"}).content.decode()
    assert b"".join(edith.get(here).streaming_content) == b"abc"
    assert visitor.get(here).status_code == 302
    assert visitor.get("/doi/10.5555/draft.1/figures/f1.webp").status_code == 404


def test_support_reads_no_full_text_through_the_preview(sam: Client) -> None:
    answer = sam.get(f"{LIST}{make_article().pk}/preview/", {"as": "reader"})
    assert answer.status_code == 403
    assert SECRET_SENTENCE not in text_of(answer)


def test_an_open_article_is_open_in_the_visitors_preview(edith: Client) -> None:
    article = draft(access_type="open")
    assert SECRET_SENTENCE in text_of(edith.get(f"{LIST}{article.pk}/preview/", {"as": "visitor"}))


# --- issues and the journal -------------------------------------------------------------------------------------------


def save_issue(client: Client, **fields: Any) -> Any:
    data = {"journal": make_journal().pk, "volume": "9", "number": "1", "year": 2026, "published_on": "2026-01-02"}
    return client.post("/admin/journal/issue/add/", {**data, **fields})


def picture(format_: str, size: tuple[int, int] = (60, 80)) -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, format_)
    return SimpleUploadedFile(f"cover.{format_.lower()}", stream.getvalue())


def test_an_issue_gets_its_cover(edith: Client, visitor: Client) -> None:
    assert save_issue(edith, cover=picture("PNG"), cover_alt="A teal sheet").status_code == 302
    assert visitor.get("/issues/9/1/cover/").status_code == 200


def test_a_cover_is_sent_as_small_as_a_page_shows_it(edith: Client, visitor: Client) -> None:
    """Editors upload what the printer has; a page asks for a width, and says the picture's own proportions."""
    assert save_issue(edith, cover=picture("JPEG", (1200, 1600)), cover_alt="A teal sheet").status_code == 302
    page = visitor.get("/issues/9/1/").content.decode()
    assert 'width="1200" height="1600"' in page
    assert 'srcset="/issues/9/1/cover/?w=240 240w, /issues/9/1/cover/?w=480 480w"' in page
    for width in (240, 480):
        answer = visitor.get(f"/issues/9/1/cover/?w={width}")
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/webp", "public, max-age=86400")
        assert Image.open(io.BytesIO(answer.content)).size == (width, width * 4 // 3)
    for other in ("", "?w=241", "?w=99999", "?w=x"):
        whole = b"".join(visitor.get(f"/issues/9/1/cover/{other}").streaming_content)  # type: ignore[attr-defined]
        assert Image.open(io.BytesIO(whole)).size == (1200, 1600), other


@pytest.mark.parametrize(
    ("cover", "sentence"),
    [
        (SimpleUploadedFile("cover.png", b"not a picture"), "This file is not a picture that can be read"),
        (picture("BMP"), "The cover is a BMP file. Upload a JPEG, PNG or WebP."),
        (picture("PNG", (6001, 10)), "6001 × 10 pixels; 6000 a side is the most"),
    ],
)
def test_a_cover_that_is_none_is_refused_with_the_remedy(edith: Client, cover: Any, sentence: str) -> None:
    cover.seek(0)
    assert sentence in errors_of(save_issue(edith, cover=cover, cover_alt="A cover"))["cover"][0]


def test_a_cover_is_described_in_words(edith: Client) -> None:
    assert "Describe the cover" in errors_of(save_issue(edith, cover=picture("JPEG")))["cover_alt"][0]


def test_articles_of_an_issue_are_put_in_order(edith: Client) -> None:
    issue = make_issue()
    first, second = make_article(issue=issue, position=1), make_article(issue=issue, position=2)
    data = {
        "journal": issue.journal_id, "volume": issue.volume, "number": issue.number, "year": issue.year,
        "published_on": "2026-03-01", "articles-TOTAL_FORMS": 2, "articles-INITIAL_FORMS": 2,
        "articles-0-id": first.pk, "articles-0-issue": issue.pk, "articles-0-position": 5,
        "articles-1-id": second.pk, "articles-1-issue": issue.pk, "articles-1-position": 2,
    }  # fmt: skip
    assert edith.post(f"/admin/journal/issue/{issue.pk}/change/", data).status_code == 302
    assert list(Article.objects.in_issue_order()) == [second, first]


def test_the_issue_links_to_its_public_page_once_it_is_out(edith: Client) -> None:
    out, later = make_issue(), make_issue(published_on=timezone.localdate() + timedelta(days=9))
    assert "View on site" in text_of(edith.get(f"/admin/journal/issue/{out.pk}/change/"))
    assert "View on site" not in text_of(edith.get(f"/admin/journal/issue/{later.pk}/change/"))


def test_the_journal_is_one_row_that_cannot_be_deleted_and_shows_its_change_at_once(
    edith: Client, visitor: Client
) -> None:
    journal = make_journal(title="Old name")
    page = f"/admin/journal/journal/{journal.pk}/change/"
    assert edith.get("/admin/journal/journal/")["Location"] == page
    assert "Old name" in text_of(visitor.get("/about/"))
    fields = {"title": "New name", "abbreviation": "N", "publisher": "P", "accent": "#123456", "accent_dark": "#abcdef"}
    fields["typeface"] = "source"
    assert edith.post(page, fields).status_code == 302
    assert "New name" in text_of(visitor.get("/about/"))
    assert edith.get("/admin/journal/journal/add/").status_code == 403
    assert edith.post(f"/admin/journal/journal/{journal.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Journal.objects.count() == 1


def test_a_color_that_is_none_is_refused_with_an_example(edith: Client) -> None:
    journal = make_journal()
    fields = {"title": "T", "abbreviation": "N", "publisher": "P", "accent": "red;}", "accent_dark": "#abcdef"}
    fields["typeface"] = "source"
    errors = errors_of(edith.post(f"/admin/journal/journal/{journal.pk}/change/", fields))
    assert errors == {"accent": ["A color looks like #1a5276."]}
