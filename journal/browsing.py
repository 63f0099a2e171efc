"""Ways to articles beside issues: topics, collections, authors, what is read most. And how these are worked out."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from journal.changes import in_batches
from journal.models import Article, ArticleQuerySet
from journal.search import database
from journal.search.folding import fold
from journal.search.query import parse
from journal.topic_models import ArticleAuthor, ArticleTopic, Collection, MostRead, Topic, TopicPath

if TYPE_CHECKING:  # the class is generic for the type checker only
    ArticlePaginator = Paginator[Article]
else:
    ArticlePaginator = Paginator

PER_PAGE = 20
MOST_LISTED = 1000
MOST_READ_KEPT = 50


class Listed(ArticlePaginator):
    """Pages of a list that may be very long: counted and shown up to 1,000 articles.

    The newest of a shorter one are told here, by their days. The database cannot know that there are few: asked for the
    newest, it would read the whole journal in the order of its days to find them. Who knows the newest (up to one more
    than are shown) gives them.
    """

    def __init__(self, articles: ArticleQuerySet, newest: list[int] | None = None) -> None:
        super().__init__(articles[:MOST_LISTED], PER_PAGE)
        self._articles = articles
        if newest is not None:
            self.is_more, self.count = len(newest) > MOST_LISTED, min(len(newest), MOST_LISTED)
            self._newest: list[int] | None = newest
            return
        found = list(articles.order_by().values_list("published_online", "pk")[: MOST_LISTED + 1])
        self.is_more = len(found) > MOST_LISTED
        self.count = min(len(found), MOST_LISTED)
        by_day = articles.query.order_by == Article.objects.newest().query.order_by
        self._newest = [pk for _, pk in sorted(found, reverse=True)] if by_day and not self.is_more else None

    def page(self, number: int | str) -> Any:
        if self._newest is None:
            return super().page(number)
        number = self.validate_number(number)
        ids = self._newest[(number - 1) * PER_PAGE : number * PER_PAGE]
        return Page(self._articles.filter(pk__in=ids), number, self)


#: Of each topic below it the newest, by an index, and of these the newest; an article with two of them stands twice.
_NEWEST_OF_TOPIC = """
SELECT newest.article_id FROM journal_topicpath p CROSS JOIN LATERAL (
    SELECT t.day, t.article_id FROM journal_articletopic t
    WHERE t.topic_id = p.below_id AND t.day <= %(today)s ORDER BY t.day DESC, t.article_id DESC LIMIT %(most)s
) newest
WHERE p.above_id = %(topic)s ORDER BY newest.day DESC, newest.article_id DESC LIMIT %(rows)s
"""


def newest_of_topic(topic: int, most: int = MOST_LISTED + 1) -> list[int]:
    """The first of `of_topic`, however many there are: by the days that stand in the topic's own rows."""
    asked: dict[str, Any] = {"topic": topic, "today": timezone.localdate(), "most": most, "rows": 2 * most}
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST_OF_TOPIC, asked)
            rows = [pk for (pk,) in cursor.fetchall()]
        found = list(dict.fromkeys(rows))[:most]
        if len(found) == most or len(rows) < asked["rows"]:
            return found
        asked["rows"] *= 4  # they have many topics each


def newest_of_collection(collection: Collection, most: int = MOST_LISTED + 1) -> list[int] | None:
    """The same for a collection whose rule is a topic and nothing else; None for others."""
    is_topic = not (collection.rule_section_id or collection.rule_kind or collection.rule_words)
    return newest_of_topic(collection.rule_topic_id, most) if collection.rule_topic_id and is_topic else None


def of_topic(topic: Topic) -> ArticleQuerySet:
    """The topic's articles and those of every topic below it."""
    below = TopicPath.objects.filter(above=topic).values("below")
    rows = ArticleTopic.objects.filter(topic__in=below).order_by().values("article")
    return Article.objects.published().filter(pk__in=rows).newest()


def of_author(rows: Any) -> ArticleQuerySet:
    """The articles of rows of authors (journal/authors.py)."""
    return Article.objects.published().filter(pk__in=rows.values("article")).newest()


def of_collection(collection: Collection) -> ArticleQuerySet:
    """By its rule, newest first; else as an editor has put them."""
    published: ArticleQuerySet = Article.objects.published()
    if not collection.is_by_rule:
        return published.filter(collection_rows__collection=collection).order_by(
            "collection_rows__position", "-collection_rows__pk"
        )
    if collection.rule_topic_id:
        below = TopicPath.objects.filter(above=collection.rule_topic_id).values("below")
        rows = ArticleTopic.objects.filter(topic__in=below).order_by().values("article")
        published = published.filter(pk__in=rows)
    if collection.rule_section_id:
        published = published.filter(section=collection.rule_section_id)
    if collection.rule_kind:
        published = published.filter(type_label=collection.rule_kind)
    query = parse(collection.rule_words)
    if not query.is_empty:
        matching, words = database.tsquery(query)
        by_words: Any = published.extra(where=[f'"journal_article"."search" @@ ({matching})'], params=words)  # noqa: S610
        return cast("ArticleQuerySet", by_words.newest())
    return published.newest()


def put_down_readings(readings: Mapping[int, int]) -> None:
    """How often each article (by its id) was read lately, instead of what was put down before."""
    most = sorted(readings.items(), key=lambda row: (-row[1], row[0]))[:MOST_READ_KEPT]
    known = set(Article.objects.filter(pk__in=[pk for pk, _ in most]).values_list("pk", flat=True))
    with transaction.atomic():
        MostRead.objects.all().delete()
        MostRead.objects.bulk_create(MostRead(article_id=pk, readings=n) for pk, n in most if pk in known and n > 0)


# --- worked out of the articles as they change (search/upkeep.py) -----------------------------------------------------


def learn_authors(articles: Iterable[Article]) -> None:
    listed = list(articles)
    rows = {(row.key, row.article_id): row for article in listed for row in _author_rows(article)}
    ArticleAuthor.objects.filter(article__in=listed).delete()
    ArticleAuthor.objects.bulk_create(rows.values(), ignore_conflicts=True)


def _author_rows(article: Article) -> Iterable[ArticleAuthor]:
    for author in article.authors:
        given, surname = author.get("given", ""), author.get("surname", "") or author.get("group", "")
        name = f"{given} {surname}".strip()[:300]
        sort = fold(f"{surname} {given}".strip())[:300]
        if key := author_key(name):
            yield ArticleAuthor(
                article=article, key=key, name=name, sort=sort, initial=sort[:1], orcid=author.get("orcid", "")[-19:]
            )


def author_key(name: str) -> str:
    return slugify(fold(name), allow_unicode=True)[:200]


def learn_topics(articles: Iterable[Article]) -> None:
    """Topics by keywords: given and taken back; what an editor has chosen stays."""
    rules = [(topic.pk, {fold(word) for word in topic.keywords}) for topic in Topic.objects.exclude(keywords=[])]
    listed = {article.pk: {fold(word) for word in article.keywords} for article in articles}
    wanted = {(topic, pk) for pk, words in listed.items() for topic, sought in rules if words & sought}
    there = {
        (topic, pk): by_keyword
        for topic, pk, by_keyword in ArticleTopic.objects.filter(article__in=listed)
        .order_by()
        .values_list("topic", "article", "by_keyword")
    }
    new = wanted - there.keys()
    gone = {row for row, by_keyword in there.items() if by_keyword and row not in wanted}
    ArticleTopic.objects.bulk_create(
        [ArticleTopic(topic_id=topic, article_id=pk, by_keyword=True) for topic, pk in new], ignore_conflicts=True
    )
    for topic, pk in gone:
        ArticleTopic.objects.filter(topic=topic, article=pk).delete()
    note_change({pk for _, pk in new | gone})


def learn_topics_of_all() -> None:
    """After a topic's keywords were changed."""
    for batch in in_batches(Article.objects.only("keywords")):
        learn_topics(batch)


def note_change(articles: Iterable[Any]) -> None:
    """So that the full-text index learns it: it reads what was changed since its last time."""
    Article.objects.filter(pk__in=list(articles)).update(updated_at=timezone.now())
