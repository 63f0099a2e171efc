"""What is put together for a reader is what Django would have made for them, and nobody gets it without the yes."""

import gzip
import json
import random
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.middleware import csrf
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config import form_tokens, frame, page_cache, stitching
from journal.models import Article, FullText
from subscriptions import downloads
from subscriptions.counter import recording
from subscriptions.models import DownloadQuestion, Entitlement, Institution
from subscriptions.reader import GIFTS
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_offer, make_right, make_user
from tests.test_page_cache import CAMPUS, HOME, Browser, committing, fresh, get, keeping, sold_article, text

__all__ = ["keeping"]  # the fixture

Holder = Callable[[Article, int], tuple[Browser, str]]


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    get("/about/", browser)  # the secret behind forms comes with the first page
    return browser


def holder(kind: str, **fields: Any) -> Holder:
    def make(article: Article, number: int) -> tuple[Browser, str]:
        user = make_user(name=f"Reader {number}")
        scope = article.journal if kind in ("subscription", "membership") else article
        ends = {"ends_at": timezone.now() + timedelta(days=20 * number)} if kind == "subscription" else {}
        make_right(user, scope, kind, **{**ends, **fields})
        return signed_in(user), HOME

    return make


def token(answer: Any) -> str:
    """The form's token, as the page has it, packed or not."""
    text = gzip.decompress(answer.content) if "Content-Encoding" in answer else answer.content
    _, _, rest = text.decode().partition('name="csrfmiddlewaretoken" value="')
    return rest.partition('"')[0] or "none"


def on_campus(article: Article, number: int) -> tuple[Browser, str]:
    place = make_institution(f"192.0.{number}.0/24", name=f"University {number}")
    make_right(place, article.journal)
    return Browser(), f"192.0.{number}.7"


READERS: dict[str, Holder] = {
    "buyers": holder("purchase"),
    "subscribers": holder("subscription"),
    "members": holder("membership"),
    "guests of the editors": holder("complimentary"),
    "readers on a campus": on_campus,
}


@committing
@pytest.mark.parametrize("who", READERS)
def test_the_second_reader_of_an_article_gets_it_in_one_statement_and_word_for_word(settings: Any, who: str) -> None:
    article = sold_article()
    path = article.get_absolute_url()
    for number in (1, 2):
        browser, ip = READERS[who](article, number)
        first = get(path, browser, ip=ip)
        with CaptureQueriesContext(connection) as asked:
            answer = get(path, browser, ip=ip)
        assert answer.was_kept
        assert len(asked) == 0, "Django's connection is not asked"
        assert SECRET_SENTENCE in text(answer)
        expected = fresh(settings, path, browser, ip=ip)
        assert text(answer) == text(expected) == text(first)
        packed = get(path, browser, ip=ip, **{"accept-encoding": "gzip, br"})
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content).decode().replace(token(packed), token(answer)) == answer.content.decode()
        assert len(packed.content) < len(answer.content) / 2
        told = {n: v for n, v in expected.headers.items() if n not in ("X-Request-ID", "Set-Cookie", "Content-Length")}
        told["Vary"] += ", Accept-Encoding"
        assert {n: v for n, v in answer.headers.items() if n not in ("X-Request-ID", "Content-Length")} == told
        assert answer["Cache-Control"] == "private, no-store"
        assert not answer.cookies
        if number == 2 and who not in ("buyers", "readers on a campus"):
            assert first.was_kept, "what the first reader's page was made of serves the second's"

    uses = list(recording.buffer.waiting)[-2:]
    assert all(use.is_request and use.doi == article.doi and not use.denied for use in uses)
    assert uses[0].user_id == uses[1].user_id


@committing
def test_no_page_outlives_a_right_a_session_or_an_account(settings: Any) -> None:
    article = sold_article()
    path, user = article.get_absolute_url(), make_user("ada@example.org")
    right = make_right(user, article.journal, "subscription", ends_at=timezone.now() + timedelta(days=9))
    browser, rights = signed_in(user), Entitlement.objects.filter(pk=right.pk)

    def reads() -> bool:
        answer = get(path, browser)
        assert text(answer) == text(fresh(settings, path, browser))
        return SECRET_SENTENCE in text(answer)

    ways_out_and_back: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
        (lambda: rights.update(revoked_at=timezone.now()), lambda: rights.update(revoked_at=None)),
        (lambda: rights.update(ends_at=timezone.now()), lambda: rights.update(ends_at=None)),
        (lambda: rights.update(covers_until="1999-01-01"), lambda: rights.update(covers_until=None)),
        (lambda: User.objects.update(is_active=False), lambda: User.objects.update(is_active=True)),
        (lambda: User.objects.update(password="!changed"), lambda: browser.force_login(User.objects.get())),
        (lambda: Session.objects.update(expire_date=timezone.now()), lambda: browser.force_login(User.objects.get())),
        (browser.logout, lambda: browser.force_login(User.objects.get())),
        (lambda: Article.objects.update(status=Article.Status.DRAFT),
         lambda: Article.objects.update(status=Article.Status.PUBLISHED)),
    ]  # fmt: skip
    for number, (out, back) in enumerate(ways_out_and_back):
        assert [reads() for _ in range(3)] == [True] * 3, number
        assert get(path, browser).was_kept, number
        out()
        assert not reads(), number
        back()
        assert reads(), number
    FullText.objects.update(body=f"<p>{SECRET_SENTENCE} Corrected.</p>")
    assert "Corrected." in text(get(path, browser))
    frame.forget()
    assert not get(path, browser).was_kept, "what stands around a page is put together by Django"
    assert get(path, browser).was_kept


@committing
def test_whatever_is_not_the_plain_case_is_answered_by_django(settings: Any) -> None:
    article = sold_article()
    path, user, other = article.get_absolute_url(), make_user(), make_user()
    make_right(user, article)
    browser = signed_in(user)
    get(path, browser)
    assert get(path, browser).was_kept

    def change(**data: Any) -> None:
        row = Session.objects.get(pk=browser.cookies[settings.SESSION_COOKIE_NAME].value)
        row.session_data = json.dumps({**json.loads(row.session_data), **data})
        row.save()

    def as_it_was() -> None:
        browser.cookies.clear()
        browser.force_login(user)
        assert [get(path, browser).was_kept for _ in range(3)][2]

    for oddity in (
        {HASH_SESSION_KEY: "0" * 64},
        {"account_login": {"x": 1}},
        {"_auth_user_backend": "other.Backend"},
        {"_messages": "[]"},
    ):
        change(**oddity)
        answer = get(path, browser)
        assert not answer.was_kept, oddity
        assert (SECRET_SENTENCE in text(answer)) == (oddity.keys() <= {"account_login", "_messages"}), oddity
        as_it_was()
    Session.objects.update(session_data="not ours")
    assert SECRET_SENTENCE not in text(get(path, browser))
    as_it_was()
    for name, value in {"messages": "x", "language": "de", "anything": "1"}.items():
        browser.cookies[name] = value
        assert not get(path, browser).was_kept, name
        del browser.cookies[name]
    for headers in ({"accept": "application/x-bibtex"}, {"range": "bytes=0-9"}, {"authorization": "Bearer x"}):
        assert not get(path, browser, **headers).was_kept, headers
    for odd in (f"{path}?chosen=1", f"{path}?page=2", f"{path}related/", "/doi/10.5555/none/"):
        get(odd, browser)
        assert not get(odd, browser).was_kept, odd
    settings.READER_SECOND_FACTOR = True
    assert not get(path, browser).was_kept, "whether it is set up is asked by Django"
    settings.READER_SECOND_FACTOR = False
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert not get(path, browser).was_kept
    User.objects.filter(pk=user.pk).update(is_staff=False)
    uses = len(recording.buffer.waiting)
    assert get(path, browser, **{"sec-purpose": "prefetch"}).was_kept
    (ahead,) = list(recording.buffer.waiting)[uses:]
    assert not ahead.counts, "what a browser fetches ahead is no use, but a text that was given"

    # Somebody else's session, somebody else's answer; and a token that is good for this browser alone.
    stranger = signed_in(other)
    assert SECRET_SENTENCE not in text(get(path, stranger))
    sent = token(get(path, browser))
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post("/accounts/logout/", {"csrfmiddlewaretoken": sent}).status_code == 302
    assert SECRET_SENTENCE not in text(get(path, browser))


def test_a_forms_token_is_as_good_as_djangos() -> None:
    drawn: Counter[str] = Counter()
    for _ in range(1000):
        secret = csrf._get_new_csrf_string()  # type: ignore[attr-defined]
        made = form_tokens.masked(secret)
        csrf._check_token_format(made)  # type: ignore[attr-defined]
        assert len(made) == csrf.CSRF_TOKEN_LENGTH
        assert csrf._does_token_match(made, secret)  # type: ignore[attr-defined]
        assert made != form_tokens.masked(secret)
        drawn.update(made[: csrf.CSRF_SECRET_LENGTH])
    assert drawn.keys() == set(csrf.CSRF_ALLOWED_CHARS)
    assert min(drawn.values()) > 350, "each letter of the mask is as likely: 516 of each, by chance some 100 less"


def test_parts_are_stitched_into_one_gzip_member_whatever_they_are() -> None:
    walk = random.Random(59)
    for _ in range(30):
        plain = [
            walk.randbytes(walk.choice([0, 1, 700, 70_000])) + b"text " * walk.choice([0, 9_000]) for _ in range(4)
        ]
        parts = [stitching.pack(part) if walk.random() < 0.6 else part for part in plain]
        stitched = stitching.gzip(parts)
        assert gzip.decompress(stitched) == b"".join(plain)
        reader = zlib.decompressobj(31)  # one member: what follows it, some clients leave unread
        assert reader.decompress(stitched) == b"".join(plain)
        assert reader.eof
        assert not reader.unused_data


@committing
def test_what_runs_or_asks_is_made_by_django_each_time(settings: Any) -> None:
    """A rental's clock, a failed payment's form, an institution's resolver, a gift, an article with a CME activity."""
    make_offer("purchase")
    article, with_cme = make_article(), make_article(activity={"id": 1})
    renter, late, gifted, learner = make_user(), make_user(), Browser(), make_user()
    running = {"opened_at": timezone.now(), "ends_at": timezone.now() + timedelta(hours=40)}
    make_right(renter, article, "rental", **running)
    make_right(late, article.journal, "subscription", grace_since=timezone.now())
    make_right(learner, with_cme)
    make_right(make_institution("192.0.2.0/24", resolver_url="https://resolver.example/x"), article.journal)
    path = article.get_absolute_url()
    Article.objects.filter(pk=with_cme.pk).update(
        activity={"id": 1, "quarters": 4, "until": "2999-01-01", "minimum": 70, "from": "2000-01-01"}
    )
    for browser, ip, where in [
        (signed_in(renter), HOME, path), (signed_in(late), HOME, path), (Browser(), CAMPUS, path),
        (signed_in(learner), HOME, with_cme.get_absolute_url()),
    ]:  # fmt: skip
        for _ in range(3):
            answer = get(where, browser, ip=ip)
            assert not answer.was_kept
            assert SECRET_SENTENCE in text(answer)
            assert text(answer) == text(fresh(settings, where, browser, ip=ip))
    Institution.objects.update(resolver_url="")
    get(path, Browser(), ip=CAMPUS)
    assert get(path, Browser(), ip=CAMPUS).was_kept
    session = gifted.session
    session[GIFTS] = [4711]
    session.save()
    assert SECRET_SENTENCE not in text(get(path, gifted)), "a gift that there is not"


@committing
def test_what_one_kind_of_reader_left_serves_each_other_kind_as_django_would(settings: Any) -> None:
    """One article: who reads for another reason, for a time, without the PDF, or not at all comes after everybody."""
    article, over = sold_article(), {"ends_at": timezone.now()}
    path, running = article.get_absolute_url(), {"opened_at": timezone.now(), "reading_seconds": 48 * 3600}
    kinds: dict[str, Holder] = {
        **READERS,
        "renters": holder("rental", ends_at=timezone.now() + timedelta(hours=40), **running),
        "former subscribers": holder("subscription", **over),
        "strangers": lambda _article, _number: (signed_in(make_user()), HOME),
        "visitors": lambda _article, _number: (Browser(), HOME),
    }
    everybody = {kind: make(article, number) for number, (kind, make) in enumerate(kinds.items(), 1)}
    kept = set()
    for first in everybody.values():
        page_cache.clear()
        get(path, first[0], ip=first[1])
        for kind, (browser, ip) in everybody.items():
            answer = get(path, browser, ip=ip)
            assert text(answer) == text(fresh(settings, path, browser, ip=ip)), kind
            if answer.was_kept:
                kept.add(kind)
    assert kept >= {"buyers", "subscribers", "members", "guests of the editors", "visitors"}


@committing
def test_a_kept_article_counts_for_whoever_reads_it_and_whoever_is_asked_about_downloads_gets_the_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "watch", downloads.Watch())
    article = sold_article()
    path, (first, _), (second, _) = article.get_absolute_url(), *(READERS["subscribers"](article, n) for n in (1, 2))
    get(path, first)
    recording.buffer.waiting.clear()
    assert get(path, second).was_kept
    (use,) = recording.buffer.waiting
    assert (use.given, use.counts) == (f"user|{use.user_id}", True)
    assert use.user_id == int(second.session["_auth_user_id"])
    reader = downloads.keyed(use.given)
    DownloadQuestion.objects.create(reader=reader, texts=200, hours=24, open_until=timezone.now() + timedelta(hours=1))
    downloads.watch.look()
    asked = get(path, second)
    assert (asked.status_code, asked.was_kept, SECRET_SENTENCE in text(asked)) == (429, False, False)
    assert get(path, first).was_kept
