"""The article page for each of its readers: one decision, told the same by body, button, badge, file and header."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import SignInIncident, User
from journal import search
from journal.models import Article, ArticleFile, FullText, PublicPage
from tests.conftest import signed_in
from tests.journal.pdfs import make_pdf
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_offer, make_right

pytestmark = pytest.mark.django_db


def page(client: Client, article: Article, **extra: str) -> str:
    return client.get(article.get_absolute_url(), **extra).content.decode()


@pytest.fixture
def offers(article: Article, settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_sim_x"
    for kind in ("purchase", "rental", "subscription"):
        make_offer(kind)


@pytest.fixture
def pdf(article: Article) -> ArticleFile:
    file = ArticleFile(
        article=article, kind="pdf", name="article.pdf", content_type="application/pdf", size=9, sha256="0" * 64
    )
    file.file.save("article.pdf", ContentFile(make_pdf(["One", "Two"])))
    Article.objects.filter(pk=article.pk).update(has_pdf=True)
    return file


def test_a_visitor_sees_abstract_and_prices_and_not_a_word_of_the_full_text(
    visitor: Client, article: Article, offers: None
) -> None:
    text = page(visitor, article)
    assert "What everybody may read." in text
    assert all(price in text for price in ("$30.00", "$6.00", "$9.00"))
    assert SECRET_SENTENCE not in text


def test_the_visitors_buttons_lead_back_to_the_same_article(visitor: Client, article: Article, offers: None) -> None:
    links = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', page(visitor, article))
    assert links
    assert all("10.5555" in link for link in links)


def test_a_stranger_who_is_signed_in_is_offered_to_buy_and_reads_nothing(
    dan: User, article: Article, offers: None
) -> None:
    text = page(signed_in(dan), article)
    assert f"article={article.pk}" in text
    assert SECRET_SENTENCE not in text


def test_a_subscriber_reads_and_is_offered_nothing(alice: User, article: Article, offers: None) -> None:
    text = page(signed_in(alice), article)
    assert SECRET_SENTENCE in text
    assert "$30.00" not in text


def test_an_extract_is_not_repeated_above_the_text_it_was_taken_from(
    visitor: Client, alice: User, article: Article
) -> None:
    extract = '<section id="extract"><p>How the herons began.</p></section>'
    PublicPage.objects.filter(article=article).update(abstract=extract)
    assert "How the herons began." in page(visitor, article)
    text = page(signed_in(alice), article)
    assert "How the herons began." not in text
    assert 'href="#extract"' not in text


def test_a_library_reader_is_told_who_provides_the_access(visitor: Client, article: Article, offers: None) -> None:
    make_right(make_institution(name="University of Herons"), article.journal)
    text = page(visitor, article, REMOTE_ADDR="192.0.2.77")
    assert SECRET_SENTENCE in text
    assert "Access provided by" in text
    assert "University of Herons" in text


def test_a_forged_header_does_not_make_a_visitor_a_library_reader(visitor: Client, article: Article) -> None:
    make_right(make_institution(), article.journal)
    for header in ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP"):
        assert SECRET_SENTENCE not in page(visitor, article, **{header: "192.0.2.77"})


def test_behind_one_proxy_the_last_hop_counts_and_what_the_visitor_wrote_before_it_does_not(
    visitor: Client, article: Article, settings
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    make_right(make_institution(), article.journal)
    assert SECRET_SENTENCE in page(visitor, article, HTTP_X_FORWARDED_FOR="192.0.2.77")
    assert SECRET_SENTENCE in page(visitor, article, HTTP_X_FORWARDED_FOR="8.8.8.8, 192.0.2.77")
    assert SECRET_SENTENCE not in page(visitor, article, HTTP_X_FORWARDED_FOR="192.0.2.77, 8.8.8.8")


def test_what_depends_on_the_reader_is_never_kept_by_a_cache(
    visitor: Client, alice: User, article: Article, pdf: ArticleFile
) -> None:
    Article.objects.filter(pk=article.pk).update(search=search.entry(article))
    everybodys = ("/", article.get_absolute_url())
    make_right(make_institution(), article.journal)
    for client, ip in ((visitor, "198.51.100.7"), (visitor, "192.0.2.7"), (signed_in(alice), "198.51.100.7")):
        for path in (*everybodys, f"{article.get_absolute_url()}article.pdf", "/search/?q=herons"):
            answer = client.get(path, REMOTE_ADDR=ip)
            is_everybodys = client is visitor and ip == "198.51.100.7" and path in everybodys
            told = "public, no-cache" if is_everybodys else "private, no-store"
            assert set(answer["Cache-Control"].split(", ")) >= set(told.split(", ")), (path, ip)
            assert ("Cookie" in answer["Vary"]) == (not is_everybodys), (path, ip)


@pytest.mark.parametrize(("kind", "status"), [("purchase", 200), ("rental", 403), (None, 403)])
def test_the_pdf_goes_to_those_whose_right_covers_it(
    dan: User, article: Article, pdf: ArticleFile, kind: str | None, status: int
) -> None:
    now = timezone.now()
    if kind:
        opened = {"opened_at": now, "ends_at": now + timedelta(hours=48)} if kind == "rental" else {}
        make_right(dan, article, kind, **opened)
    answer = signed_in(dan).get(f"{article.get_absolute_url()}article.pdf", follow=True)
    assert answer.status_code == status
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert body.startswith(b"%PDF") is (status == 200)


@pytest.mark.django_db(transaction=True)
def test_when_the_rights_cannot_be_looked_up_nothing_is_sold_and_a_reference_is_given(
    dan: User, article: Article, offers: None, monkeypatch
) -> None:
    """E2: signed in, kept so, preview only, no buying, a reference that support finds."""
    monkeypatch.setattr("subscriptions.access.DECISION", "SELECT no_such_column, %(user)s, %(ip)s, %(now)s")
    answer = signed_in(dan).get(article.get_absolute_url())
    text = answer.content.decode()
    reference = SignInIncident.objects.get().reference
    assert answer.status_code == 200
    assert reference in text
    assert "$30.00" not in text
    assert SECRET_SENTENCE not in text


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"is_for_sale": False}, "not sold singly"),
        ({"retracted_on": timezone.localdate()}, "etract"),
        ({"access_type": "open"}, "Open access"),
        ({"access_type": "free_to_read"}, "Free"),
    ],
)
def test_special_articles_sell_nothing_and_say_why(visitor: Client, offers: None, facts: dict, says: str) -> None:
    text = page(visitor, make_article(**facts))
    assert says in text
    assert "Buy for" not in text


def test_without_a_stripe_key_the_page_says_that_nothing_can_be_bought(
    visitor: Client, article: Article, offers: None, settings
) -> None:
    settings.STRIPE_SECRET_KEY = ""
    text = page(visitor, article)
    assert "$30.00" not in text


def test_a_draft_and_an_article_of_tomorrow_do_not_exist_for_anybody(visitor: Client, alice: User) -> None:
    draft = make_article(status="draft")
    tomorrow = make_article(published_online=timezone.localdate() + timedelta(days=1))
    for client in (visitor, signed_in(alice)):
        for article in (draft, tomorrow):
            assert client.get(article.get_absolute_url()).status_code == 404
            assert client.get(f"{article.get_absolute_url()}article.pdf").status_code == 404


def test_a_doi_is_found_whatever_its_case_and_has_one_address(visitor: Client) -> None:
    article = make_article(doi="10.5555/Heron.1")
    answer = visitor.get("/doi/10.5555/HERON.1/")
    assert answer.status_code == 301
    assert answer["Location"] == article.get_absolute_url()


@pytest.mark.parametrize("form", ["ris", "bib", "json", "txt"])
def test_citations_are_never_behind_the_wall(visitor: Client, article: Article, form: str) -> None:
    answer = visitor.get(f"{article.get_absolute_url()}citation.{form}")
    assert answer.status_code == 200
    assert "On waiting herons" in answer.content.decode()


def test_the_database_being_down_is_a_page_with_a_reference_and_retry_after(visitor: Client, monkeypatch) -> None:
    from django.db import OperationalError

    def down(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", down)
    answer = visitor.get("/")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert re.search(r"E1-[34679ACDEFGHJKMNPQRTWXY]{5}", answer.content.decode())


@pytest.mark.parametrize(
    "path", ["/doi/10.5555/none/", "/issues/99/1/", "/receipts/5/", "/offers/1/order/", "/nowhere/"]
)
def test_what_is_not_there_is_a_helpful_404(dan: User, path: str) -> None:
    answer = signed_in(dan).get(path)
    assert answer.status_code == 404
    assert "<main" in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_words(dan: User, article: Article) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(dan)
    answer = client.post(f"/offers/{make_offer().pk}/order/", {"article": article.pk})
    assert answer.status_code == 403
    assert "Nothing" in answer.content.decode()


def test_headers_keep_the_page_to_itself(visitor: Client, article: Article) -> None:
    headers = visitor.get(article.get_absolute_url()).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


def test_only_a_reader_of_the_text_finds_the_way_back_from_a_reference_to_its_mention(
    visitor: Client, alice: User, article: Article
) -> None:
    PublicPage.objects.filter(article=article).update(references='<ol id="references">Bird 2001</ol>')
    back = '<ol id="references">Bird 2001 <a href="#a-cite-1">↩</a></ol>'
    FullText.objects.filter(article=article).update(references=back)
    for client, found in ((visitor, 0), (signed_in(alice), 1)):
        text = page(client, article)
        assert text.count("Bird 2001") == 1
        assert text.count("#a-cite-1") == found


def test_before_pages_are_made_again_a_reader_has_the_public_reference_list(alice: User, article: Article) -> None:
    PublicPage.objects.filter(article=article).update(references='<ol id="references">Bird 2001</ol>')
    assert "Bird 2001" in page(signed_in(alice), article)
