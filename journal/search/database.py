"""The search that needs nothing but PostgreSQL: title, authors, keywords, DOI and abstract, by their weights.

The text behind the wall is not in this index at all. Very common words are ranked among a sample of the matches
(gin_fuzzy_search_limit), and no search runs longer than half a second (docs/performance.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db import connection
from django.db.models.expressions import Combinable, RawSQL
from django.utils import timezone

from journal.models import Article
from journal.search.filters import Counted, Filters, conditions, has_many
from journal.search.folding import fold, spelled_out
from journal.search.query import Clause, Query

COUNT_UP_TO = 1000
SAMPLE = 400  # of more than are counted, for the choices beside them
CANDIDATES = 1200  # more than are counted; each costs the reading of its entry
#: D, C, B, A: abstract, keywords, authors, title.
WEIGHTS = "{0.15, 0.5, 0.6, 1.0}"
_FIELD = {
    "title": ("english", ":A"), "author": ("simple", ":B"), "keyword": ("english", ":C"), "abstract": ("english", ":D"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in their order; `count` is exact up to 1,000, and `is_more` says that there are more.

    `counted` is how many of the sample there are for each choice, where the engine knows (filters.py).
    """

    ids: list[int] = field(default_factory=list)
    count: int = 0
    is_more: bool = False
    in_full_text: bool = False
    counted: Counted | None = None

    @property
    def sample(self) -> list[int]:
        """What the choices beside the results are taken from: all, where their numbers are shown; else the best."""
        return self.ids[:SAMPLE] if self.is_more else self.ids


def find(query: Query, filters: Filters, sort: str) -> Found:
    """Runs inside the caller's transaction, whose statements `guard` has limited."""
    (matching, words), (ranking, ranked) = tsquery(query), tsquery(query, to_rank=True)
    last = frozenset[str]() if sort == "date" else _asked_of_found(matching, words, filters)
    where, values = conditions(filters, timezone.localdate(), last)
    if sort == "date":
        sql = (
            f"SELECT a.id FROM journal_article a WHERE a.search @@ ({matching}) AND {where}"  # noqa: S608
            " ORDER BY a.published_online DESC, a.id DESC LIMIT %s"
        )
        asked = [*words, *values, COUNT_UP_TO + 1]
    else:
        sql = (
            "WITH f AS MATERIALIZED (SELECT a.id, a.published_online AS day,"  # noqa: S608
            f" ts_rank('{WEIGHTS}', a.search, ({ranking}), 1) AS rank"
            f" FROM journal_article a WHERE a.search @@ ({matching}) AND {where} LIMIT {CANDIDATES})"
            " SELECT id FROM f ORDER BY rank DESC, day DESC, id DESC LIMIT %s"
        )
        asked = [*ranked, *words, *values, COUNT_UP_TO + 1]
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        ids = [row[0] for row in cursor.fetchall()]
    return found(ids)


def _asked_of_found(matching: str, words: list[str], filters: Filters) -> frozenset[str]:
    """What the search must not begin with: PostgreSQL does not know that an entry lies outside its row, and that
    reading those of a large topic, or of everything, takes longer than asking its index for the words."""
    if filters.year:
        return frozenset()
    if not filters.topic or not has_many(filters.topic, _expected(matching, words)):
        return frozenset({"published"})
    return frozenset({"published", "topic"})


def _expected(matching: str, words: list[str]) -> int:
    """How many articles have the words, as PostgreSQL's statistics have it."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT FROM journal_article a WHERE a.search @@ ({matching})", words)
        (plan,) = cursor.fetchone()
    return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])


def found(ids: list[int]) -> Found:
    return Found(ids[:COUNT_UP_TO], min(len(ids), COUNT_UP_TO), len(ids) > COUNT_UP_TO)


def tsquery(query: Query, *, to_rank: bool = False) -> tuple[str, list[str]]:
    """The query as an SQL expression of functions, and their texts: nothing typed stands in the statement.

    `to_rank`: with every way a word may have been meant; what is found does not depend on it, its rank does.
    """
    parts: list[str] = []
    texts: list[str] = []
    for group in query.groups:
        alternatives = [_said(clause, texts, to_rank) for clause in group]
        parts.append(f"({' || '.join(alternatives)})")
    parts += [f"(!! {_said(clause, texts, to_rank)})" for clause in query.without]
    return " && ".join(parts), texts


def _said(clause: Clause, texts: list[str], to_rank: bool) -> str:
    """A clause in one field, or anywhere: in English by its stem, and among the authors as it is written."""
    if clause.field in _FIELD:
        config, weight = _FIELD[clause.field]
        texts.append(_lexemes(clause, weight))
        return f"to_tsquery('{config}', %s)"
    plain = _lexemes(clause, "")
    texts.extend((plain, *([] if to_rank else [plain, plain]), _lexemes(clause, ":B")))
    return _EITHER if to_rank else _ANYWHERE


_EITHER = "(to_tsquery('english', %s) || to_tsquery('simple', %s))"
#: Where a word is its own stem the first finds all that the second would. A weight makes PostgreSQL read the entry of
#: each row that its index has found, which is most of the time that a search narrowed by something else takes.
_ANYWHERE = (
    "(to_tsquery('english', %s) || CASE WHEN to_tsquery('english', %s) = to_tsquery('simple', %s) THEN ''::tsquery"
    " ELSE to_tsquery('simple', %s) END)"
)


def _lexemes(clause: Clause, weight: str) -> str:
    """Our words are letters and digits only (`folding.words`), so quoting them is all there is to do."""
    return " <-> ".join(f"'{word}'{weight}" for word in clause.words)


def guard(*, narrowed: bool) -> None:
    """A search may take half a second of the database, then it is told to be more specific.

    Its plan depends on how rare its words are, so here, and only here, it is not the kept one (config/database.py); and
    never the table from end to end, which looks cheap to the planner where many match, and reads every entry.
    With other conditions beside the words a sample of the matches would miss what they leave.
    """
    sample = 0 if narrowed else CANDIDATES
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', '500ms', true), set_config('enable_seqscan', 'off', true),"
            " set_config('plan_cache_mode', 'force_custom_plan', true),"
            " set_config('gin_fuzzy_search_limit', %s, true)",
            [str(sample)],
        )


#: Written out: five `SearchVector`s take Django a twentieth of an import to put together.
_ENTRY = """
setweight(to_tsvector('english', %s), 'A') || setweight(to_tsvector('simple', %s), 'B') ||
setweight(to_tsvector('english', %s), 'C') || setweight(to_tsvector('simple', %s), 'C') ||
setweight(to_tsvector('english', %s), 'D')
"""


def entry(article: Article) -> Combinable:
    """What the article is found by, for its column: title A, authors B, keywords and DOI C, abstract (or extract) D."""
    words = [
        fold(f"{article.title} {article.subtitle}"),
        names(article),
        fold(" ".join(article.keywords)),
        fold(article.doi or ""),
        fold(article.abstract),
    ]
    return RawSQL(_ENTRY, words, SearchVectorField())  # noqa: S611  (ours; the words are parameters)


def names(article: Article) -> str:
    """Everybody's name (the byline of a list stops at ten), with umlauts written both ways."""
    parts = (author.get(key, "") for author in article.authors for key in ("given", "surname", "group"))
    said = " ".join([article.byline, *(part for part in parts if part)])
    ways: Iterable[str] = dict.fromkeys((fold(said), spelled_out(said)))
    return " ".join(ways)


def refresh(articles: Iterable[Any]) -> None:
    """The entries of articles that were imported before this version of the index."""
    for article in articles:
        Article.objects.filter(pk=article.pk).update(search=entry(article))
