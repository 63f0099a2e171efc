"""Addresses of files: signed, for one reader, for minutes. What is linked and cited stays as it is for good."""

import time
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from accounts.models import User
from journal import filing
from journal.filing import NewFile
from journal.models import Article, ArticleFile
from subscriptions.models import Entitlement
from tests.conftest import signed_in
from tests.journal.pdfs import make_pdf
from tests.make import make_article, make_institution, make_right, make_user

KIND = ArticleFile.Kind


def with_files(article: Article) -> Article:
    files = [
        NewFile(KIND.PDF, "article.pdf", make_pdf(["Herons."]), "application/pdf"),
        NewFile(KIND.SUPPLEMENT, "data.csv", b"a,b\n", "text/csv"),
        NewFile(KIND.ORIGINAL, "f1.tif", b"II*\x00", "image/tiff"),
        NewFile(KIND.FIGURE, "f1-600.webp", b"RIFF", "image/webp", 600, 400),
    ]
    filing.add(article, files)
    Article.objects.filter(pk=article.pk).update(has_pdf=True)
    return article


@pytest.fixture
def places(article: Article) -> list[str]:
    place = with_files(article).get_absolute_url()
    return [f"{place}{name}" for name in ("article.pdf", "files/data.csv", "figures/f1.tif")]


def sent_on(answer: Any) -> str:
    assert answer.status_code == 302, answer.status_code
    assert "no-store" in answer["Cache-Control"]
    address: str = answer["Location"]
    assert "?ticket=" in address
    return address


def test_a_reader_is_sent_on_to_an_address_of_their_own_which_gives_the_file(places: list[str], alice: User) -> None:
    reader = signed_in(alice)
    for place in places:
        assert sent_on(reader.head(place)).startswith(place)
        mine = sent_on(reader.get(place))
        for answer in (reader.get(mine), reader.get(mine, headers={"range": "bytes=0-1"})):
            assert answer.status_code in (200, 206)
            assert "no-store" in answer["Cache-Control"]
            assert "default-src 'none'" in answer["Content-Security-Policy"]
            assert "unsafe" not in answer["Content-Security-Policy"], "also around a PDF"
        assert alice.email not in mine
        assert f"{alice.pk}" not in mine.partition("?ticket=")[2].partition(":")[0]


def test_it_is_of_no_use_to_anybody_else_later_or_elsewhere(
    places: list[str], alice: User, dan: User, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, also_subscribes = signed_in(alice), make_user("bob@example.org")
    make_right(also_subscribes, article.journal, "subscription")
    for place in places:
        mine = sent_on(reader.get(place))
        for stranger in (Client(), signed_in(dan)):
            refused = stranger.get(mine)
            assert refused.status_code == 403
            assert f'href="{article.get_absolute_url()}#get-access"' in refused.content.decode()
        assert sent_on(signed_in(also_subscribes).get(mine)) != mine, "who may have it gets an address of their own"
        assert sent_on(signed_in(alice).get(mine)) != mine, "another browser of hers as well"
        other = next(one for one in places if one != place)
        for wrong in (
            mine.replace(place, other),
            f"{mine[:-1]}{'A' if mine[-1] != 'A' else 'B'}",
            f"{place}?ticket=a:b",
        ):
            assert sent_on(reader.get(wrong)) != wrong
        with monkeypatch.context() as later:
            later.setattr(signing.time, "time", lambda: time.monotonic() + 4e9)
            assert sent_on(reader.get(mine)) != mine
        assert reader.get(mine).status_code == 200


def test_the_decision_is_asked_at_delivery_so_a_right_that_ends_closes_at_once(places: list[str], alice: User) -> None:
    reader = signed_in(alice)
    mine = [sent_on(reader.get(place)) for place in places]
    Entitlement.objects.update(ends_at=Entitlement.objects.get().starts_at)
    assert {reader.get(address).status_code for address in mine} == {403}
    Entitlement.objects.update(ends_at=None)
    assert {reader.get(address).status_code for address in mine} == {200}
    reader.logout()
    assert {reader.get(address).status_code for address in mine} == {403}


def test_a_campus_has_many_addresses_and_one_ticket(places: list[str], article: Article) -> None:
    make_right(make_institution(), article.journal, "institution")
    here = {"headers": {"user-agent": "Firefox"}}
    mine = sent_on(Client().get(places[0], REMOTE_ADDR="192.0.2.7", **here))
    assert Client().get(mine, REMOTE_ADDR="192.0.2.99", **here).status_code == 200
    assert Client().get(mine, REMOTE_ADDR="203.0.113.9", **here).status_code == 403


def test_what_everybody_may_have_and_pictures_in_the_text_keep_their_addresses(
    places: list[str], alice: User, article: Article
) -> None:
    free = with_files(make_article(access_type="open")).get_absolute_url()
    for name in ("article.pdf", "files/data.csv", "figures/f1.tif"):
        assert Client().get(f"{free}{name}").status_code == 200
    assert signed_in(alice).get(f"{article.get_absolute_url()}figures/f1-600.webp").status_code == 200
