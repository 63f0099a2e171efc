"""A kept page is never another's and never out of date: it is compared with what would be made without keeping."""

import gzip
import random
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import brotli
import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from accounts.models import ServiceCenter
from config import page_cache, readers_pages
from journal import article_parts
from journal.models import Article, Journal, PublicPage
from journal.topic_models import ArticleTopic, Collection, Topic, draw_paths
from subscriptions import public_changes
from subscriptions.counter import recording
from subscriptions.models import Entitlement, Institution, IPRange, Offer
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_issue, make_offer, make_right, make_user

CAMPUS, HOME = "192.0.2.7", "198.51.100.7"
BROWSER = {"accept": "text/html,application/xhtml+xml", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
committing = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keeping(settings: Any) -> Iterator[None]:
    settings.PAGE_CACHE_MB = 8
    page_cache.clear()
    yield
    page_cache.clear()
    public_changes.asker.close()


class Browser(Client):
    """Asks as config/wsgi.py is asked: what is kept is answered before Django. `was_kept` says whether it was."""

    def request(self, **request: Any) -> Any:
        environ = self._base_environ(**request)
        found = page_cache.answer(environ) or readers_pages.answer(environ)
        if found is None:
            told = {name: environ.get(name) for name in (page_cache.SHELF, page_cache.KEEP)}
            made: Any = super().request(**request, **told)
            made.was_kept = False
            return made
        status, headers, body = found
        kept: Any = HttpResponse(body, status=int(status.split()[0]))
        del kept.headers["Content-Type"]
        for name, value in headers:
            assert name not in kept.headers, f"{name} twice"
            kept.headers[name] = value
        kept.was_kept = True
        return kept


def get(path: str, client: Client | None = None, *, ip: str = HOME, **headers: str) -> Any:
    return (client or Browser()).get(path, headers=BROWSER | headers, REMOTE_ADDR=ip)


def text(answer: Any) -> str:
    """The page without what is masked anew each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")\w+', r"\1", answer.content.decode())


def fresh(settings: Any, path: str, client: Client | None = None, **more: Any) -> Any:
    settings.PAGE_CACHE_MB = 0
    answer = get(path, client, **more)
    settings.PAGE_CACHE_MB = 8
    return answer


def sold_article() -> Article:
    article = make_article(title="On waiting herons", issue=make_issue())
    make_offer("purchase", amount=3000)
    return article


@committing
def test_the_second_visitor_gets_the_same_page_without_anything_being_made() -> None:
    article = sold_article()
    path = article.get_absolute_url()
    first, second = get(path, **{"accept-language": "en-US"}), get(path, **{"accept-language": "de, fr;q=0.5"})
    assert not first.was_kept
    assert second.was_kept
    assert second.content == first.content
    assert second["Cache-Control"] == first["Cache-Control"] == "public, no-cache"
    assert second["ETag"] == first["ETag"]
    for answer in (first, second):
        assert answer["Vary"].lower() == "accept, accept-encoding"  # with one language no cookie, and never the wish
        assert not answer.cookies
        assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert first["X-Request-ID"] != second["X-Request-ID"]

    again = get(path, **{"if-none-match": second["ETag"]})
    assert (again.status_code, again.content, again.was_kept) == (304, b"", True)
    assert again["ETag"] == second["ETag"]
    packed = get(path, **{"accept-encoding": "gzip, deflate, br"})
    assert packed["Content-Encoding"] == "br"
    assert brotli.decompress(packed.content) == first.content
    packed = get(path, **{"accept-encoding": "gzip, br;q=0"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == first.content
    assert "Content-Encoding" not in get(path, **{"accept-encoding": "identity"})
    assert get(path, **{"if-none-match": 'W/"another"'}).status_code == 200

    seen = list(recording.buffer.waiting)[-6:]
    assert {(use.doi, use.denied, use.ip, use.is_request) for use in seen} == {(article.doi, "No_License", HOME, False)}


def change_everything() -> dict[str, Callable[[Article], Any]]:
    """What staff, readers' payments and the clock can change of a visitor's article page, one after the other."""
    rows, parts = Article.objects, PublicPage.objects
    return {
        "the text of the page": lambda a: parts.filter(article=a).update(abstract="<p>A new abstract.</p>"),
        "a price": lambda _: Offer.objects.update(amount=4200),
        "an offer more": lambda _: make_offer("rental", amount=600),
        "sales off": lambda _: Offer.objects.update(active=False),
        "retracted": lambda a: rows.filter(pk=a.pk).update(retracted_on=date(2026, 1, 2)),
        "not retracted": lambda a: rows.filter(pk=a.pk).update(retracted_on=None),
        "free to read": lambda a: rows.filter(pk=a.pk).update(access_type=Article.AccessType.FREE_TO_READ),
        "its full text": lambda a: a.full_text.__class__.objects.filter(article=a).update(body="<p>Another text.</p>"),
        "no longer free": lambda a: rows.filter(pk=a.pk).update(access_type=Article.AccessType.CONTROLLED),
        "free from today": lambda a: rows.filter(pk=a.pk).update(free_from=timezone.localdate()),
        "free from tomorrow": lambda a: rows.filter(pk=a.pk).update(free_from=timezone.localdate() + timedelta(1)),
        "the journal's name": lambda _: Journal.objects.update(title="Journal of Patience"),
        "a disturbance": lambda _: ServiceCenter.objects.update_or_create(
            pk=1, defaults={"disturbed_since": timezone.now()}
        ),
        "withdrawn": lambda a: rows.filter(pk=a.pk).update(status=Article.Status.DRAFT),
        "back again": lambda a: rows.filter(pk=a.pk).update(status=Article.Status.PUBLISHED),
    }


@committing
def test_every_change_shows_at_the_next_request(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_sim_x"
    settings.FRAME_SECONDS = 60  # as in production
    article = sold_article()
    path = article.get_absolute_url()
    for name, change in change_everything().items():
        before = get(path)
        if before.status_code == 200:
            assert get(path).was_kept, name
        change(article)
        after = get(path)
        assert not after.was_kept, name
        assert after.content != before.content, name
        assert (SECRET_SENTENCE in text(after)) == (name == "free to read"), name
    everything = text(get(path))
    assert "Journal of Patience" in everything
    assert "A new abstract." in everything


@committing
def test_whoever_is_known_gets_their_own_page_and_leaves_none_behind(settings: Any) -> None:
    """Random walks of readers, rights and ends: each answer is what it would be without keeping anything."""
    article, other = sold_article(), make_article()
    place, path = make_institution("192.0.2.0/24"), article.get_absolute_url()
    alice, dan = make_user("alice@example.org"), make_user("dan@example.org")
    make_right(alice, article.journal, "subscription")
    readers = {
        "visitor": (Browser(), HOME), "robot": (Browser(), "203.0.113.9"), "campus": (Browser(), CAMPUS),
        "alice": (Browser(), HOME), "dan": (Browser(), HOME),
    }  # fmt: skip
    readers["alice"][0].force_login(alice)
    readers["dan"][0].force_login(dan)
    rights = Entitlement.objects
    happenings: list[Callable[[], Any]] = [
        lambda: make_right(dan, article),
        lambda: rights.filter(user=dan).update(revoked_at=timezone.now()),
        lambda: make_right(place, article.journal),
        lambda: rights.filter(institution=place).delete(),
        lambda: IPRange.objects.all().delete(),
        lambda: IPRange.objects.get_or_create(institution=place, network="192.0.2.0/24"),
        lambda: rights.filter(user=alice).update(ends_at=timezone.now()),
        lambda: rights.filter(user=alice).update(ends_at=None),
        lambda: Institution.objects.update(name=f"Heron University {walk.random()}"),
        readers["dan"][0].logout,
        lambda: readers["dan"][0].force_login(dan),
    ]
    walk = random.Random(38)
    kept = shown = 0
    for _ in range(50):
        if walk.random() < 0.4:
            walk.choice(happenings)()
        name = walk.choice([*readers, "campus", "visitor"])
        client, ip = readers[name]
        where = walk.choice([path, path, "/", other.get_absolute_url()])
        answer, expected = get(where, client, ip=ip), fresh(settings, where, client, ip=ip)
        assert text(answer) == text(expected), (name, where)
        kept += answer.was_kept
        if SECRET_SENTENCE in text(answer):
            shown += 1
            assert "no-store" in answer["Cache-Control"], (name, where)
            assert "private" in answer["Cache-Control"]
        assert SECRET_SENTENCE not in text(get(path))
    assert kept > 3
    assert shown > 3


@committing
def test_a_page_made_while_something_changes_is_kept_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The change comes between the look and the page, and, worse, a transaction ends long after it has written."""
    article = sold_article()
    path, found = article.get_absolute_url(), article_parts.find
    written, may_end = threading.Event(), threading.Event()

    def rename(title: str, *, slowly: bool = False) -> None:
        try:
            with transaction.atomic():
                Article.objects.filter(pk=article.pk).update(title=title)
                written.set()
                if slowly:
                    may_end.wait(10)
        finally:
            connection.close()

    def find_and_be_overtaken(doi: str, reader: Any) -> Any:
        old = found(doi, reader)
        overtaking = threading.Thread(target=rename, args=["Herons, corrected"])
        overtaking.start()
        overtaking.join()
        return old

    monkeypatch.setattr(article_parts, "find", find_and_be_overtaken)
    assert "On waiting herons" in text(get(path))
    monkeypatch.setattr(article_parts, "find", found)
    after = get(path)
    assert not after.was_kept
    assert "Herons, corrected" in text(after)

    written.clear()
    slow = threading.Thread(target=rename, args=["Herons, at last"], kwargs={"slowly": True})
    slow.start()
    assert written.wait(10)
    page_cache.clear()  # the snapshot is taken while the other transaction has written and not ended
    assert "Herons, corrected" in text(get(path))
    assert get(path).was_kept
    may_end.set()
    slow.join()
    after = get(path)
    assert not after.was_kept
    assert "Herons, at last" in text(after)
    assert get(path).was_kept

    # Rows go an hour after they were seen, not after they were written.
    public_changes.forget_old()
    assert count() > 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public_change SET seen_at = seen_at - interval '61 minutes'")
    public_changes.forget_old()
    assert count() == 0
    assert get(path).was_kept


@committing
def test_visitors_share_a_question_that_is_asked_after_all_of_them_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three come while the database is still answering a first one: they get one answer, and it knows what was changed
    after the first was asked. Whoever wants to know something else, or of another address, asks apart."""
    asker, run, sent = public_changes.Asker(), public_changes._run, list[tuple[Any, ...]]()
    first_is_under_way, may_answer = threading.Event(), threading.Event()

    def slowly(connected: Any, name: bytes, values: list[Any]) -> Any:
        sent.append((name, *values[:2]))
        found = run(connected, name, values)
        if len(sent) == 1:
            first_is_under_way.set()
            may_answer.wait(10)
        return found

    come, all_have_come = list[Any](), threading.Event()

    class Unasked(dict[Any, Any]):
        def setdefault(self, key: Any, default: Any = None) -> Any:
            found = super().setdefault(key, default)
            come.append(key)
            if len(come) == 5:
                all_have_come.set()
            return found

    since = asker.ask(public_changes.NEVER, None).snapshot
    asker._unasked = Unasked()
    monkeypatch.setattr(public_changes, "_run", slowly)
    told: dict[str, public_changes.Told] = {}

    def visitor(name: str, ip: str | None = None) -> threading.Thread:
        def ask() -> None:
            told[name] = asker.ask(since, ip)

        thread = threading.Thread(target=ask)
        thread.start()
        return thread

    everybody = [visitor("first")]
    assert first_is_under_way.wait(10)
    make_article()  # committed while the first is being answered
    everybody += [visitor(name) for name in ("second", "third", "fourth")] + [visitor("on a campus", CAMPUS)]
    assert all_have_come.wait(10)
    may_answer.set()
    for thread in everybody:
        thread.join(10)
    asker.close()
    assert not told["first"].has_changed
    assert all(told[name].has_changed for name in told.keys() - {"first"})
    assert told["second"] is told["third"] is told["fourth"]
    assert len(sent) == 3
    assert not asker._unasked


@committing
def test_when_the_one_who_asks_for_all_gets_no_answer_nobody_gets_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asker = public_changes.Asker()
    since = asker.ask(public_changes.NEVER, None).snapshot

    def away(*_: Any) -> Any:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(public_changes, "_run", away)
    with pytest.raises(public_changes.UnknownError):
        asker.ask(since, None)
    assert not asker._unasked
    monkeypatch.undo()
    asker._not_before = 0
    assert not asker.ask(since, None).has_changed
    asker.close()


@committing
def test_an_address_is_asked_about_once_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    article, asked = sold_article(), list[str | None]()
    ask = public_changes.asker.ask
    monkeypatch.setattr(public_changes.asker, "ask", lambda since, ip: asked.append(ip) or ask(since, ip))
    path = article.get_absolute_url()
    assert [get(path).was_kept for _ in range(3)] == [False, True, True]
    assert asked == [HOME, None, None]
    make_right(make_institution(f"{HOME}/32"), article.journal)
    assert SECRET_SENTENCE in text(get(path)), "a network that is licensed now"
    assert [get(path, ip="203.0.113.9").was_kept for _ in range(2)] == [False, True]
    assert SECRET_SENTENCE in text(get(path)), "also when a visitor's page is there"
    IPRange.objects.all().delete()
    assert SECRET_SENTENCE not in text(get(path))


def count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public_change")
        return int(cursor.fetchone()[0])


@committing
def test_only_plain_questions_of_browsers_are_answered_from_it(settings: Any) -> None:
    article = sold_article()
    path = article.get_absolute_url()
    get(path)
    assert get(path).was_kept
    others: list[dict[str, str]] = [
        {"cookie": f"{settings.SESSION_COOKIE_NAME}=never-existed"}, {"cookie": "messages=hello"},
        {"cookie": "anything=1"}, {"authorization": "Bearer x"}, {"range": "bytes=0-9"}, {"accept": "application/json"},
        {"accept": "application/x-bibtex, text/html;q=0.1"}, {"host": "127.0.0.1"},
    ]  # fmt: skip
    for headers in others:
        assert not get(path, **headers).was_kept, headers
    assert get(path, accept="application/ld+json")["Cache-Control"] == "public, max-age=300"
    assert get(path, cookie=f"{settings.CSRF_COOKIE_NAME}={'x' * 32}").was_kept
    ahead = get(path, **{"sec-purpose": "prefetch"})
    assert ahead.was_kept
    uses = len(recording.buffer.waiting)
    get(path, **{"sec-purpose": "prefetch"})
    assert len(recording.buffer.waiting) == uses, "a browser that fetches ahead counts nothing"
    for odd in (f"{path}?chosen=1", f"{path}?utm_source=x", "/doi/10.5555/none/", "/search/?q=herons", "/my-access/"):
        get(odd)
        assert not get(odd).was_kept, odd
    assert Client().post(path).status_code == 405
    settings.TRUSTED_PROXY_COUNT = 1  # nobody knows the address: nothing is given that an institution might not get
    assert not get(path).was_kept
    assert get(path, **{"x-forwarded-for": HOME}).was_kept
    settings.TRUSTED_PROXY_COUNT = 0
    settings.SHARED_CACHE_SECONDS = 30
    page_cache.clear()
    told = "public, max-age=0, s-maxage=30, stale-while-revalidate=30"
    assert get(path)["Cache-Control"] == told
    make_right(make_institution(), article.journal)
    assert get(path, ip=CAMPUS)["Cache-Control"] == "private, no-store"


# Nothing of these is in a visitor's answer: the decision looks there for accounts, institutions, gifts and orders.
OF_READERS = {
    "subscriptions_entitlement", "subscriptions_membership", "subscriptions_order", "journal_relatedfetch",
}  # fmt: skip


def test_every_table_behind_a_visitors_page_is_watched(db: None) -> None:
    article = sold_article()
    topic, collection = (
        Topic.objects.create(name="Herons", slug="herons"),
        Collection.objects.create(title="Waiting", slug="waiting"),
    )
    draw_paths()
    ArticleTopic.objects.create(article=article, topic=topic)
    collection.entries.create(article=article)
    issue = article.issue
    assert issue is not None
    paths = [
        "/", "/issues/", f"/issues/{issue.volume}/", issue.get_absolute_url(), "/online-first/", "/topics/",
        topic.get_absolute_url(), "/collections/", collection.get_absolute_url(), "/authors/", "/about/",
        article.get_absolute_url(),
    ]  # fmt: skip
    named, read = set(), set()
    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            assert Client().get(path, headers=BROWSER).status_code == 200, path
        named.add(resolve(path).view_name)
        for query in asked:
            read |= set(re.findall(r'(?:FROM|JOIN)\s+"?([a-z]+_[a-z]+)"?\s', query["sql"]))
    assert named == page_cache.VIEWS - {"journal:author"}, "a list of pages; authors' own are read from the same tables"
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'public_change'")
        watched = {table for (table,) in cursor.fetchall()}
    assert read - watched - OF_READERS - {"public_change"} == set()
    assert {"journal_article", "journal_fulltext", "subscriptions_offer", "subscriptions_iprange"} <= watched


def test_inside_a_transaction_nothing_is_kept(db: None) -> None:
    path = sold_article().get_absolute_url()
    get(path)
    assert not get(path).was_kept


@pytest.mark.django_db(transaction=True)
def test_without_an_answer_from_the_database_the_page_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    path = sold_article().get_absolute_url()
    get(path)

    with connection.cursor() as cursor:  # as a restart of the server does
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_snapshot_xmin%'"
            " AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        assert cursor.rowcount == 1
    answer = get(path)
    assert not answer.was_kept
    assert answer.status_code == 200
    assert "On waiting herons" in text(answer)
    with monkeypatch.context() as later:
        later.setattr(public_changes.asker, "_not_before", 0.0)
        assert not get(path).was_kept, "what was kept before is not trusted"
        assert get(path).was_kept


def test_the_oldest_pages_go_first_when_there_is_no_more_room(settings: Any) -> None:
    settings.PAGE_CACHE_MB = 1
    shelf = page_cache.Shelf()
    for number in range(6):
        shelf.keep((str(number),), page_cache.Page([], b"x" * 300_000, "", None))
    assert [key for (key,) in shelf.pages] == ["3", "4", "5"]
    shelf.keep(("5",), page_cache.Page([], b"x" * 300_000, "", None))
    assert shelf.size <= 1_000_000
