"""Search over title, authors, keywords and abstract. The text behind the wall is not in this index at all."""

from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db import connection, models
from django.db.models import Value
from django.db.models.expressions import Combinable

from journal.models import Article, ArticleQuerySet

CONFIG = "english"
LONGEST_QUERY = 300
COUNT_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class Matches:
    """`articles` best first; `count` is exact up to 1,000, and `is_more` says that there are more."""

    articles: "models.QuerySet[Article]"
    count: int
    is_more: bool


def search(text: str) -> Matches:
    """Articles any visitor may find. `text` may hold "phrases", or, and -exclusions (websearch_to_tsquery)."""
    query = SearchQuery(text.replace("\x00", " "), config=CONFIG, search_type="websearch")
    published: ArticleQuerySet = Article.objects.published()
    found = published.filter(search=query)
    count = found.order_by()[: COUNT_UP_TO + 1].count()
    ranked = found.annotate(rank=SearchRank("search", query)).order_by("-rank", "-published_online", "-pk")
    return Matches(ranked, min(count, COUNT_UP_TO), count > COUNT_UP_TO)


def entry(article: Article) -> Combinable:
    """What the article is found by, for its column: title A, authors and keywords B, abstract C (or the extract)."""
    return (
        SearchVector(Value(f"{article.title} {article.subtitle}"), weight="A", config=CONFIG)
        + SearchVector(Value(_authors(article)), weight="B", config="simple")
        + SearchVector(Value(" ".join(article.keywords)), weight="B", config=CONFIG)
        + SearchVector(Value(f"{article.doi or ''}"), weight="B", config="simple")
        + SearchVector(Value(article.abstract), weight="C", config=CONFIG)
    )


def _authors(article: Article) -> str:
    """Everybody's name: the byline of a list stops at ten."""
    parts = (author.get(key, "") for author in article.authors for key in ("given", "surname", "group"))
    return " ".join([article.byline, *(part for part in parts if part)])


def guard_statement_time() -> None:
    """A search may take half a second of the database, then it is told to be more specific.

    Its plan depends on how rare its words are, so here, and only here, it is not the kept one (config/database.py).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', '500ms', true),"
            " set_config('plan_cache_mode', 'force_custom_plan', true)"
        )
