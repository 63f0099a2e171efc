"""An article whose full text is its PDF: bought and subscribed to like any other; not rented, not given, for both leave
the PDF out."""

import pytest
from django.test import Client

from accounts.models import User
from journal import filing, publishing
from journal.filing import NewFile
from journal.importing import import_source
from journal.models import Article, ArticleFile, FullText
from subscriptions import checkout
from subscriptions.checkout import Wish
from tests.conftest import signed_in
from tests.journal.jats.build import make_xml
from tests.journal.pdfs import make_pdf
from tests.journal.test_packages import make_zip
from tests.make import make_article, make_offer, make_right

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(db: None) -> Article:
    """An article of an old volume: no full text, a PDF of two pages."""
    article = make_article(has_full_text=False, has_pdf=True, pdf_pages=2)
    FullText.objects.filter(article=article).delete()
    filing.add(article, [NewFile(ArticleFile.Kind.PDF, "article.pdf", make_pdf(["Herons."] * 2), "application/pdf")])
    return article


def page(client: Client, article: Article) -> str:
    return client.get(article.get_absolute_url()).content.decode()


def test_a_visitor_is_told_what_it_is_before_it_is_bought_and_not_offered_a_rental(
    old: Article, visitor: Client
) -> None:
    make_offer("purchase")
    make_offer("rental")
    shown = page(visitor, old)
    assert "The full text of this article is a PDF. It has 2 pages." in shown
    assert "Buy for $30.00" in shown
    assert "Rent for" not in shown
    assert "Rent for" in page(visitor, make_article())
    assert visitor.get(f"{old.get_absolute_url()}article.pdf").status_code == 403


def test_no_form_rents_it(old: Article, dan: User) -> None:
    rental = make_offer("rental")
    with pytest.raises(checkout.NotForSale):
        checkout.begin(Wish(dan, rental, old, "/"))
    answer = signed_in(dan).post(f"/offers/{rental.pk}/order/?article={old.pk}", {"consent": "on", "article": old.pk})
    assert "checkout" not in answer.get("Location", "")
    assert not dan.orders.exists()


def test_thanks_and_notes_are_no_full_text_but_stand_beside_the_pdf(dan: User) -> None:
    thanks = "<ack><p>We thank the keepers of the herons.</p></ack>"
    package = make_zip({"x.xml": make_xml(back=thanks), "x.pdf": make_pdf(["A title", "Herons."])})
    article = Article.objects.get(pk=import_source(package, "x.zip").article_id)
    publishing.publish(article)
    assert article.is_only_pdf
    make_right(dan, article, "purchase")
    shown = page(signed_in(dan), article)
    assert shown.index("The full text is a PDF") < shown.index("We thank the keepers of the herons.")
    assert "We thank the keepers" not in page(Client(), article)


@pytest.mark.parametrize("right", ["purchase", "subscription"])
def test_who_has_it_is_led_to_the_pdf(old: Article, dan: User, right: str) -> None:
    make_right(dan, old if right == "purchase" else old.journal, right)
    client = signed_in(dan)
    shown = page(client, old)
    assert "The full text is a PDF" in shown
    assert f'href="{old.get_absolute_url()}article.pdf">Read the PDF (2 pages)</a>' in shown
    assert shown.count('id="get-access"') == 1
    assert "How to read the full text" not in shown
    assert client.get(f"{old.get_absolute_url()}article.pdf", follow=True).status_code == 200


def test_a_subscriber_does_not_give_it(old: Article, alice: User) -> None:
    client = signed_in(alice)
    assert "Give this article" not in page(client, old)
    assert client.get(f"/gifts/new/{old.pk}/").status_code in (302, 404)
    assert "Give this article" in page(client, make_article())


def test_who_rented_it_when_it_had_a_text_is_told(old: Article, dan: User) -> None:
    right = make_right(dan, old, "rental")
    type(right).objects.filter(pk=right.pk).update(opened_at=right.starts_at, ends_at=right.open_by)
    shown = page(signed_in(dan), old)
    assert "The PDF is not part of a rental or a gift. It comes with buying the article." in shown
    assert "Read the PDF" not in shown


def test_it_is_published_though_it_is_controlled(old: Article) -> None:
    assert publishing.obstacles(old) == []
    old.has_pdf = False
    assert publishing.obstacles(old) == [publishing.NO_TEXT]
