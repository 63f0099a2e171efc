"""The PDF in a reader's hands: whose name is on it, in how many pieces it comes, and what is left behind."""

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SignInIncident, User
from journal import filing, shelf, worker
from journal.filing import NewFile
from journal.models import Article, ArticleFile, Relation
from journal.pdf import delivery
from subscriptions.models import Order, Subscription
from tests.conftest import signed_in
from tests.journal.pdfs import make_pdf, page_texts
from tests.make import make_article, make_institution, make_journal, make_offer, make_right, make_user

pytestmark = pytest.mark.django_db
SOURCE = make_pdf(["First page", "Second page", "Third page"])


@pytest.fixture(autouse=True)
def empty_shelf(settings: Any, tmp_path: Path) -> Path:
    settings.READER_COPIES = tmp_path / "copies"
    return tmp_path / "copies"


def with_pdf(article: Article, data: bytes = SOURCE) -> Article:
    filing.add(article, [NewFile(ArticleFile.Kind.PDF, "article.pdf", data, "application/pdf")])
    Article.objects.filter(pk=article.pk).update(has_pdf=True)
    return article


def get(client: Client, article: Article, **extra: Any) -> Any:
    """As a browser fetches it: by the address it is sent on to (journal/tickets.py)."""
    return client.get(f"{article.get_absolute_url()}article.pdf", follow=True, **extra)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def said_on(answer: Any) -> list[str]:
    """What each page's foot says; the pages' own text is above it."""
    return [text.replace("\r\n", "\n").partition("page\n")[2] for text in page_texts(body(answer))]


def make_order(user: User, article: Article | None = None) -> Order:
    offer = make_offer("purchase" if article else "subscription")
    return Order.objects.create(
        user=user,
        offer=offer,
        article=article,
        journal=make_journal(),
        kind=offer.kind,
        amount=offer.amount,
        currency="usd",
    )


def test_a_buyers_copy_says_name_day_and_order_on_every_page_and_the_original_stays(
    dan: User, article: Article
) -> None:
    order = make_order(dan, article)
    make_right(dan, with_pdf(article), source=f"order:{order.pk}")
    answer = get(signed_in(dan), article)
    today = timezone.localdate()
    day = f"{today:%B} {today.day}, {today.year}"
    line = f"Licensed to Dan · {day} · Order {order.number} · For personal use only · https://doi.org/{article.doi}"
    assert said_on(answer) == [line] * 3
    assert Path(article.files.get().file.path).read_bytes() == SOURCE
    assert answer["X-Robots-Tag"] == "noindex, noarchive"
    assert "no-store" in answer["Cache-Control"]


def test_a_subscribers_copy_names_the_order_of_the_subscription(dan: User, article: Article) -> None:
    order = make_order(dan)
    Subscription.objects.create(
        stripe_id="sub_1", user=dan, journal=article.journal, order=order, status="active", synced_at=timezone.now()
    )
    make_right(dan, article.journal, "subscription", source="subscription:sub_1")
    assert f"Order {order.number}" in said_on(get(signed_in(dan), with_pdf(article)))[2]


@pytest.mark.parametrize("source", ["order:not-a-number", "order:", "staff:7", "subscription:unknown", "something"])
def test_a_right_without_an_order_names_none(dan: User, article: Article, source: str) -> None:
    make_right(dan, with_pdf(article), "complimentary", source=source)
    foot = said_on(get(signed_in(dan), article))[0]
    assert "Licensed to Dan" in foot
    assert "Order" not in foot


def test_at_an_institution_the_copy_names_it_and_a_reader_only_when_signed_in(dan: User, article: Article) -> None:
    make_right(make_institution(), with_pdf(article).journal)
    here = {"REMOTE_ADDR": "192.0.2.9"}
    visitors, dans = get(Client(), article, **here), get(signed_in(dan), article, **here)
    assert said_on(visitors)[1].startswith("Provided by University of Tests · ")
    assert said_on(dans)[1].startswith("Provided to Dan by University of Tests · ")


def test_a_free_articles_pdf_is_the_publishers_and_names_nobody(alice: User, empty_shelf: Path) -> None:
    article = with_pdf(make_article(access_type="open"))
    answer = get(signed_in(alice), article)
    assert body(answer) == SOURCE
    assert f'{article.get_absolute_url()}>; rel="canonical"' in answer["Link"]
    assert "X-Robots-Tag" not in answer
    assert not empty_shelf.exists()


def test_a_retraction_is_on_every_page_from_the_moment_its_notice_is_published(dan: User, article: Article) -> None:
    free = with_pdf(make_article(doi="10.5555/free", title="Free", access_type="open"))
    make_right(dan, with_pdf(article))
    reader = signed_in(dan)
    notice = make_article(title="Retraction", doi="10.5555/notice", status="draft", published_online=date(2026, 6, 3))
    for one in (article, free):
        Relation.objects.create(article=notice, kind="retracted-article", target_doi=one.doi or "")
        Relation.objects.create(article=notice, kind="corrected-article", target_doi=one.doi or "")
    before = {one.doi: get(reader, one) for one in (article, free)}
    assert "etracted" not in " ".join(page_texts(body(before[article.doi])))
    assert body(before[free.doi]) == SOURCE
    Article.objects.filter(pk=notice.pk).update(status="published")
    about = "June 3, 2026, notice: https://doi.org/10.5555/notice"
    for one in (article, free):
        answer = get(reader, one)
        pages = page_texts(body(answer))
        assert len(pages) == 3
        assert all(f"Retracted {about} · Corrected {about}" in text for text in pages)
        assert all("RETRACTED" in text for text in pages)
        assert all(("Licensed to Dan" in text) is (one == article) for text in pages), "a free copy names nobody"
        assert answer["ETag"] != before[one.doi]["ETag"], "what a browser has kept is not taken for the same"
    Relation.objects.filter(kind="retracted-article").delete()
    corrected = page_texts(body(get(Client(), free)))[2]
    assert f"Corrected {about}" in corrected
    assert "RETRACTED" not in corrected


def test_a_renter_and_a_stranger_get_no_pdf_and_none_is_made(dan: User, article: Article, empty_shelf: Path) -> None:
    with_pdf(article)
    now = timezone.now()
    assert get(signed_in(dan), article).status_code == 403
    make_right(dan, article, "rental", opened_at=now, ends_at=now + timedelta(hours=48))
    for extra in ({}, {"HTTP_RANGE": "bytes=0-10"}, {"HTTP_IF_NONE_MATCH": "*"}):
        answer = get(signed_in(dan), article, **extra)
        assert (answer.status_code, answer["Content-Type"][:9]) == (403, "text/html")
    assert not empty_shelf.exists()


def test_two_readers_never_share_a_copy(article: Article, empty_shelf: Path) -> None:
    with_pdf(article)
    etags = set()
    for email in ("a@example.org", "b@example.org"):
        user = make_user(email, name="Same Name")
        make_right(user, article)
        etags.add(get(signed_in(user), article)["ETag"])
    assert len(etags) == len(list(empty_shelf.glob("*.pdf"))) == 2


def test_a_name_is_one_line_of_letters_and_an_unnamed_account_is_its_address(article: Article) -> None:
    with_pdf(article)
    for name, shown in (("  Zoë\n\u202eevil\u0000 #sys ‘x’ ", "Zoë evil #sys ‘x’"), ("", "reader.one@example.org")):
        user = make_user(f"{'reader.one' if not name else 'zoe'}@example.org", name="")
        User.objects.filter(pk=user.pk).update(name=name.replace("\u0000", "\u0007"))
        make_right(user, article)
        assert said_on(get(signed_in(user), article))[0].startswith(f"Licensed to {shown} · ")


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, None),
        ("bytes=-50", 206, -50, None),
        ("bytes=5-5", 206, 5, 6),
        ("bytes=10-999999999", 206, 10, None),
        ("bytes=-999999999", 206, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("bytes=9-5", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=999999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_a_viewer_may_fetch_it_in_ranges(
    alice: User, article: Article, asked: str, status: int, start: int, end: int | None
) -> None:
    client = signed_in(alice)
    whole = body(get(client, with_pdf(article)))
    answer = get(client, article, HTTP_RANGE=asked)
    assert answer.status_code == status
    assert body(answer) == whole[start:end]
    if status == 206:
        first, last = len(whole[:start]), len(whole[:end]) - 1
        assert answer["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
        assert int(answer["Content-Length"]) == last - first + 1
    if status == 416:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"


def test_a_range_of_another_copy_is_answered_with_the_whole(alice: User, article: Article) -> None:
    client = signed_in(alice)
    etag = get(client, with_pdf(article))["ETag"]
    assert get(client, article, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE=etag).status_code == 206
    assert get(client, article, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE='"another"').status_code == 200


def test_when_a_copy_cannot_be_made_the_reader_is_told_and_support_finds_why(alice: User, article: Article) -> None:
    with_pdf(article, b"%PDF-1.7\nbroken on the disk")
    answer = get(signed_in(alice), article)
    incident = SignInIncident.objects.get()
    assert (answer.status_code, answer["Retry-After"], incident.stage) == (503, "60", "P1")
    assert incident.reference in answer.content.decode()
    assert "Read it on the site" in answer.content.decode()
    assert incident.user == alice


def test_a_copy_that_takes_too_long_is_given_up(alice: User, article: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(worker.TASKS, "stamp", ("tests.journal.naughty", "hang", 1, 512))
    answer = get(signed_in(alice), with_pdf(article))
    assert answer.status_code == 503
    assert "more than 1 seconds" in SignInIncident.objects.get().happened


def test_a_copy_is_used_again_and_forgotten_an_hour_after_its_last_use(
    alice: User, article: Article, empty_shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(alice)
    first = body(get(client, with_pdf(article)))
    (copy,) = empty_shelf.glob("*.pdf")
    monkeypatch.setattr(worker, "call", lambda *_: pytest.fail("made again"))
    assert body(get(client, article)) == first
    assert shelf.forget_old() == 0
    left = empty_shelf / ".new-left"  # by a process that was killed
    left.mkdir()
    for old in (copy, left):
        os.utime(old, (time.time() - 3601,) * 2)
    assert shelf.forget_old() == 2
    assert list(empty_shelf.iterdir()) == []


@pytest.mark.parametrize(
    ("author", "title", "name"),
    [
        (
            {"surname": "Łąk-Ångström"},
            "Night ferries & stroke: a trial of many more words",
            "lak-angstrom-2026-night-ferries-stroke-a-trial-of-many.pdf",
        ),
        ({"group": "The QUAY Group"}, "山", "the-quay-group-2026-10-5555-x.1.pdf"),
        (None, "", "2026-10-5555-x.1.pdf"),
    ],
)
def test_the_file_has_a_name_that_is_found_again(author: dict[str, str] | None, title: str, name: str) -> None:
    article = Article(
        authors=[author] if author else [], title=title, doi="10.5555/x.1", published_online=date(2026, 3, 1)
    )
    assert delivery.speaking_name(article) == name.replace("x.1", "x1").replace("10-5555-", "105555")
