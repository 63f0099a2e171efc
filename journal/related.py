"""Citations among the journal's own articles, and which are alike: worked out as articles change (search/upkeep.py)."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from journal.models import Article, MetadataRecord
from journal.related_models import Citation, Similar
from journal.search import fulltext
from journal.search.folding import COMMON, words

MOST_ALIKE = 6
MOST_WORDS = 12


def learn_citations(articles: Iterable[Article]) -> None:
    """From their reference lists: whom they cite in this journal. What they cited before and do not any more goes."""
    listed = {article.pk: article for article in articles}
    cited: dict[str, set[int]] = {}
    for pk, facts in MetadataRecord.objects.filter(pk__in=listed).values_list("pk", "facts"):
        for reference in facts.get("references", []):
            if doi := reference.get("doi", "").lower():
                cited.setdefault(doi, set()).add(pk)
    here = dict(Article.objects.filter(doi_key__in=cited).values_list("doi_key", "pk"))
    rows = [
        _citation(there, listed[pk])
        for doi, there in here.items()
        for pk in cited[doi]
        if there != pk and listed[pk].doi
    ]
    keys = {(row.article_id, row.doi) for row in rows}
    gone = [row.pk for row in Citation.objects.filter(here__in=listed) if (row.article_id, row.doi) not in keys]
    Citation.objects.filter(pk__in=gone).delete()
    Citation.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["article", "doi"],
        update_fields=["here", "title", "authors", "year"],
    )


def _citation(cited: int, citing: Article) -> Citation:
    return Citation(
        article_id=cited, doi=(citing.doi or "").lower(), here=citing, title=citing.title, authors=citing.byline[:300],
        year=citing.published_online.year if citing.published_online else None,
    )  # fmt: skip


def learn_similar(articles: Iterable[Article]) -> None:
    """The articles most like each, by the words of title, keywords and abstract."""
    for article in articles:
        alike = _alike(article)
        with transaction.atomic():
            Similar.objects.filter(article=article, kind=Similar.Kind.WORDS).delete()
            Similar.objects.bulk_create(
                Similar(article=article, kind=Similar.Kind.WORDS, position=n, other_id=pk) for n, pk in enumerate(alike)
            )


def _alike(article: Article) -> list[int]:
    try:
        found: Sequence[int] = fulltext.alike(article, MOST_ALIKE)
    except fulltext.Unusable:
        found = _alike_in_database(article)
    known = set(Article.objects.published().filter(pk__in=found).values_list("pk", flat=True))
    return [pk for pk in found if pk in known and pk != article.pk][:MOST_ALIKE]


_ALIKE = """
SELECT id FROM (SELECT id, ts_rank(search, q) AS rank FROM journal_article, to_tsquery('english', %s) q
    WHERE search @@ q AND id <> %s AND status = 'published' LIMIT 2000) f
ORDER BY rank DESC, id DESC LIMIT %s
"""


def _alike_in_database(article: Article) -> list[int]:
    """By title and keywords only; a sample of what common words match is enough."""
    said = dict.fromkeys(words(f"{' '.join(article.keywords)} {article.title}"))
    telling = [word for word in said if word not in COMMON and len(word) > 3][:MOST_WORDS]
    if not telling:
        return []
    query = " | ".join(f"'{word}'" for word in telling)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('gin_fuzzy_search_limit', '2000', true)")
        cursor.execute(_ALIKE, [query, article.pk, MOST_ALIKE + 1])
        return [row[0] for row in cursor.fetchall()]
