"""Topics, collections, authors, volumes and the home page: their lists, marks, feeds, and what is worked out by itself."""
# ruff: noqa: E501  (what is made reads best in one line)

import random
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journal import browsing
from journal.models import Article, Issue, Section
from journal.search import database, upkeep
from journal.topic_models import ArticleTopic, Collection, CollectionEntry, MostRead, Topic, draw_paths
from subscriptions.counter import most_read
from subscriptions.models import UsageCount
from tests.conftest import signed_in
from tests.make import make_article, make_issue, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Any) -> None:
    settings.SEARCH_FOLDER = tmp_path


@pytest.fixture
def topics() -> dict[str, Topic]:
    """Stroke stands below Vascular and below Emergencies."""
    made = {
        name: Topic.objects.create(name=name, slug=name.lower(), keywords=words)
        for name, words in {
            "Vascular": [],
            "Emergencies": [],
            "Stroke": ["Ischémic stroke", "tia"],
            "Sleep": [],
        }.items()
    }
    made["Stroke"].parents.set([made["Vascular"], made["Emergencies"]])
    draw_paths()
    return made


def test_an_article_gets_topics_by_its_keywords_and_keeps_those_an_editor_chose(topics: dict[str, Topic]) -> None:
    article = make_article(title="On wake-up", keywords=["ischemic Stroke"])
    ArticleTopic.objects.create(article=article, topic=topics["Sleep"])
    upkeep.catch_up()
    assert set(article.topic_rows.values_list("topic__name", flat=True)) == {"Stroke", "Sleep"}
    article.keywords = ["sundials"]
    article.save()
    upkeep.catch_up()
    assert list(article.topic_rows.values_list("topic__name", flat=True)) == ["Sleep"]


def test_a_topic_lists_everything_below_it_with_the_marks_of_the_one_decision(
    topics: dict[str, Topic], visitor: Client
) -> None:
    articles = [make_article(title=f"Stroke {n}", keywords=["TIA"], abstract=f"Abstract {n}") for n in range(3)]
    Article.objects.filter(pk=articles[0].pk).update(access_type="open")
    upkeep.catch_up()
    for slug in ("stroke", "vascular", "emergencies"):
        page = visitor.get(f"/topics/{slug}/").content.decode()
        assert [f"Stroke {n}" in page for n in range(3)] == [True] * 3
        assert page.count("access-mark-open") == 1
    assert "Part of" in visitor.get("/topics/stroke/").content.decode()
    assert "Includes" in visitor.get("/topics/vascular/").content.decode()
    assert "no article here yet" in visitor.get("/topics/sleep/").content.decode()
    owner = make_user()
    make_right(owner, articles[1])
    assert signed_in(owner).get("/topics/stroke/").content.decode().count("You have access") == 1
    tree = visitor.get("/topics/").content.decode()
    assert tree.count(">Stroke</a>") == 2
    feed = visitor.get("/topics/vascular/feed/").content.decode()
    assert feed.count("<item>") == 3
    assert "prism:doi" in feed
    assert visitor.get("/topics/nothing/").status_code == 404


def test_a_list_of_few_is_put_in_order_without_reading_the_journal(topics: dict[str, Topic], visitor: Client) -> None:
    today = timezone.localdate()
    for number in range(23):
        article = make_article(title=f"Nap {number:02}", published_online=today - timedelta(days=number // 2))
        ArticleTopic.objects.create(article=article, topic=topics["Sleep"])
    newest = [f"Nap {number:02}" for pair in range(12) for number in (2 * pair + 1, 2 * pair) if number < 23]
    told = []
    for page in (1, 2, 99):
        with CaptureQueriesContext(connection) as asked:
            text = visitor.get(f"/topics/sleep/?page={page}").content.decode()
        told.append(re.findall(r">(Nap \d\d)<", text))
        (found,) = (one["sql"] for one in asked if "byline" in one["sql"])
        assert '"journal_article"."id" IN' in found, "only those of the page are asked for"
    assert told == [newest[:20], newest[20:], newest[20:]]


def test_the_newest_of_a_topic_are_the_same_by_the_days_in_its_rows_whatever_is_changed(
    topics: dict[str, Topic],
) -> None:
    """The days are written by the database itself; after each deed the list is the one the rule tells."""
    chance, today, named = random.Random(7), timezone.localdate(), list(topics.values())
    articles = [make_article(title=f"Nap {number}", keywords=[]) for number in range(7)]
    collection = Collection.objects.create(title="Vessels", slug="vessels", rule_topic=topics["Vascular"])
    status = [Article.Status.PUBLISHED, Article.Status.PUBLISHED, Article.Status.DRAFT]

    def save(article: Article, day: Any) -> None:
        article.refresh_from_db()
        article.published_online, article.status = day, chance.choice(status)
        article.save()

    deeds: list[Callable[[Article, Topic, Any], Any]] = [
        lambda article, topic, day: ArticleTopic.objects.get_or_create(article=article, topic=topic),
        lambda article, topic, day: ArticleTopic.objects.bulk_create(
            [ArticleTopic(article=one, topic=topic) for one in articles], ignore_conflicts=True
        ),
        lambda article, topic, day: ArticleTopic.objects.filter(article=article, topic=topic).delete(),
        lambda article, topic, day: Article.objects.filter(pk=article.pk).update(published_online=day),
        lambda article, topic, day: Article.objects.update(status=chance.choice(status)),
        lambda article, topic, day: save(article, day),
        lambda article, topic, day: topic.parents.set(chance.sample(named, 1)) or draw_paths(),
        lambda article, topic, day: [
            ArticleTopic.objects.filter(pk=one.pk).update(article=article)
            for one in ArticleTopic.objects.order_by("pk")[:1]
        ],
    ]
    lengths = set()
    for _ in range(40):
        day = today - timedelta(days=chance.randrange(-2, 4))
        with suppress(IntegrityError), transaction.atomic():
            chance.choice(deeds)(chance.choice(articles), chance.choice(named), day)
        for topic in named:
            told = list(browsing.of_topic(topic).values_list("pk", flat=True))
            assert browsing.newest_of_topic(topic.pk) == told
            assert browsing.newest_of_topic(topic.pk, 2) == told[:2]
            lengths.add(len(told))
        assert browsing.newest_of_collection(collection) == [one.pk for one in browsing.of_collection(collection)]
    assert len(lengths) > 3  # it was no list of nothing


def test_days_are_filled_in_for_rows_that_were_there_before(topics: dict[str, Topic]) -> None:
    fill = import_module("journal.migrations.0022_days_of_topics")
    articles = [make_article(), make_article(status=Article.Status.DRAFT)]
    rows = [ArticleTopic.objects.create(article=article, topic=topics["Sleep"]) for article in articles]
    ArticleTopic.objects.update(day="1999-01-01")
    with connection.schema_editor() as editor:
        fill.fill(apps, editor)
    days = dict(ArticleTopic.objects.values_list("pk", "day"))
    assert days == {rows[0].pk: articles[0].published_online, rows[1].pk: None}


def test_a_collection_is_chosen_one_by_one_or_follows_a_rule(topics: dict[str, Topic], visitor: Client) -> None:
    section = Section.objects.create(journal=make_journal(), name="Reviews")
    one = make_article(title="Sundials", keywords=["tia"], section=section, type_label="Review")
    two = make_article(title="Water clocks", type_label="Review")
    draft = make_article(title="Hourglasses", status=Article.Status.DRAFT)
    for article in (one, two, draft):
        Article.objects.filter(pk=article.pk).update(search=database.entry(article))
    upkeep.catch_up()
    chosen = Collection.objects.create(title="Editor’s choice", slug="choice", on_home=True)
    for position, article in enumerate((two, one, draft)):
        CollectionEntry.objects.create(collection=chosen, article=article, position=position)
    page = visitor.get("/collections/choice/").content.decode()
    assert 0 < page.index("Water clocks") < page.index("Sundials")
    assert "Hourglasses" not in page
    rules: list[tuple[dict[str, Any], set[Article]]] = [
        ({"rule_topic": topics["Vascular"]}, {one}), ({"rule_section": section}, {one}), ({"rule_kind": "Review"}, {one, two}),
        ({"rule_words": "title:clocks OR hourglasses"}, {two}), ({"rule_kind": "Review", "rule_words": "-sundials clocks"}, {two}),
    ]  # fmt: skip
    for number, (rule, found) in enumerate(rules):
        by_rule = Collection.objects.create(title=f"Rule {number}", slug=f"rule-{number}", **rule)
        assert set(browsing.of_collection(by_rule)) == found, rule
        assert visitor.get(f"/collections/rule-{number}/feed/").content.decode().count("<item>") == len(found)
        assert visitor.get(by_rule.get_absolute_url()).status_code == 200
    Collection.objects.filter(slug="rule-0").update(is_shown=False)
    assert (
        visitor.get("/collections/rule-0/").status_code == visitor.get("/collections/rule-0/feed/").status_code == 404
    )
    home = visitor.get("/").content.decode()
    assert 0 < home.index("Editor’s choice") < home.rindex("Water clocks")


def test_the_home_page_shows_what_is_read_most(visitor: Client) -> None:
    articles = [make_article(title=f"Read {n}", issue=make_issue(published_on="2020-01-01")) for n in range(7)]
    browsing.put_down_readings({article.pk: n for n, article in enumerate(articles)} | {999999: 50})
    page = visitor.get("/").content.decode()
    assert [title for title in (f"Read {n}" for n in range(7)) if f">{title}<" in page] == [
        f"Read {n}" for n in range(2, 7)
    ]
    assert page.index("Read 6") < page.index("Read 5")


def test_the_nights_count_of_usage_says_what_is_read_most() -> None:
    often, seldom, once = make_article(), make_article(), make_article()
    month, fields = (
        timezone.localdate().replace(day=1),
        {"yop": 2026, "access_type": "Open", "access_method": "Regular"},
    )
    before, long_ago = (month - timedelta(days=1)).replace(day=1), month - timedelta(days=200)
    for article, when, metric, count in (
        (often, month, most_read.METRIC, 3), (often, before, most_read.METRIC, 4), (seldom, before, most_read.METRIC, 5),
        (once, long_ago.replace(day=1), most_read.METRIC, 90), (once, month, "Total_Item_Investigations", 90),
    ):  # fmt: skip
        UsageCount.objects.create(
            month=when, article=article, metric=metric, count=count, journal=article.journal, **fields
        )
    most_read.put_down()
    assert list(MostRead.objects.values_list("pk", "readings")) == [(often.pk, 7), (seldom.pk, 5)]


def test_authors_are_one_person_by_their_orcid_id_and_else_by_their_name(visitor: Client) -> None:
    one, two = "0000-0002-1825-0097", "0000-0001-5109-3700"
    make_article(title="Herons", authors=[{"given": "José", "surname": "García", "orcid": one}])
    make_article(title="Bitterns", authors=[{"given": "J. L.", "surname": "García", "orcid": one}])
    make_article(title="Law", authors=[{"given": "Jose", "surname": "Garcia", "orcid": f"https://orcid.org/{two}"}])
    make_article(title="Egrets", authors=[{"given": "Jose", "surname": "Garcia"}, {"group": "The Heron Group"}])
    make_article(title="Ibises", authors=[{"given": "Li", "surname": "王"}])
    make_article(title="Storks", authors=[{"given": "Ada", "surname": "Stork", "orcid": "0000-0001-2345-678X"}])
    upkeep.catch_up()

    def told(key: str) -> tuple[set[str], str]:
        page = visitor.get(f"/authors/{key}/").content.decode()
        return {title for title in ("Herons", "Bitterns", "Law", "Egrets") if f">{title}</a>" in page}, page

    titles, page = told("jose-garcia")
    assert titles == {"Egrets"}
    assert "without an ORCID iD. They may be by different people." in page
    assert f"/authors/{one}/" in page
    assert f"/authors/{two}/" in page
    titles, page = told(one)
    assert titles == {"Herons", "Bitterns"}
    assert f"https://orcid.org/{one}" in page
    assert "/authors/jose-garcia/" in page
    assert told(two)[0] == {"Law"}
    feeds = [visitor.get(f"/authors/{key}/feed/").content.decode() for key in (one, "jose-garcia")]
    assert [feed.count("<item>") for feed in feeds] == [2, 1]
    for path in ("/authors/ada-stork/", "/authors/ada-stork/feed/"):
        assert visitor.get(path)["Location"] == path.replace("ada-stork", "0000-0001-2345-678X")
    letters = visitor.get("/authors/?letter=G").content.decode()
    assert letters.count(f"ORCID {two}") == 1
    assert letters.count('<a href="/authors/jose-garcia/">') == 1
    assert "ORCID" not in visitor.get("/authors/?letter=S").content.decode()
    assert visitor.get("/authors/?letter=王").content.decode().count("王") > 1
    for unknown in ("nobody", "0000-0000-0000-0000"):
        assert visitor.get(f"/authors/{unknown}/").status_code == 404
        assert visitor.get(f"/authors/{unknown}/feed/").status_code == 404


def test_a_volume_lists_its_issues(visitor: Client) -> None:
    make_issue(volume="7", number="1", year=2025)
    make_issue(volume="8", number="1")
    page = visitor.get("/issues/7/").content.decode()
    assert "/issues/7/1/" in page
    assert "/issues/8/1/" not in page
    assert visitor.get("/issues/9/").status_code == 404


def test_a_weekly_of_many_years_has_its_issues_by_pages(visitor: Client) -> None:
    journal, day = make_journal(), timezone.localdate()
    issues = Issue.objects.bulk_create(
        Issue(
            journal=journal, volume=str(99 - n // 50), number=str(52 - n % 50), year=day.year - n // 50,
            published_on=day - timedelta(days=7 * n),
        )
        for n in range(130)
    )  # fmt: skip
    for status in (Article.Status.PUBLISHED, Article.Status.PUBLISHED, Article.Status.DRAFT):
        make_article(issue=issues[129], status=status)
    first, last = (visitor.get(f"/issues/?page={page}").content.decode() for page in ("", "999"))
    assert (first.count("0 articles"), last.count("0 articles"), last.count("2 articles")) == (120, 9, 1)
    assert "Page 1 of 2" in first
    assert 'href="?page=1"' in last
    assert issues[129].get_absolute_url() in last
