"""What belongs to an article, for the boxes below it (journal/boxes.py): all of it in one statement, and the articles
of this journal among it in another, however much there is."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Q

from journal.models import Article
from journal.search import database
from journal.search.query import parse

MOST = 20

_OWN_TOPICS = "SELECT topic_id FROM journal_articletopic WHERE article_id = %(article)s"
_GATHER = f"""
(SELECT 'see_also', json_build_array(r.kind, r.article_id, r.target_doi)
    FROM journal_relation r JOIN journal_article s ON s.id = r.article_id
    WHERE r.article_id = %(article)s OR (r.target_doi = %(doi)s AND s.status = 'published')
    ORDER BY r.id LIMIT {2 * MOST})
UNION ALL (SELECT 'cited_by', json_build_array(doi, here_id, title, authors, source, year, count(*) OVER ())
    FROM journal_citation WHERE article_id = %(article)s ORDER BY year DESC NULLS LAST, id DESC LIMIT {MOST})
UNION ALL (SELECT 'similar', json_build_array(other_id)
    FROM journal_similar WHERE article_id = %(article)s AND kind = 'words' ORDER BY position)
UNION ALL (SELECT 'pubmed', json_build_array(pmid, title, line)
    FROM journal_similar WHERE article_id = %(article)s AND kind = 'pubmed' ORDER BY position)
UNION ALL (SELECT 'collections', json_build_array(c.id, c.title, c.slug, c.description, c.rule_words)
    FROM journal_collection c WHERE c.is_shown AND CASE
        WHEN c.rule_topic_id IS NULL AND c.rule_section_id IS NULL AND c.rule_kind = '' AND c.rule_words = '' THEN
            EXISTS (SELECT FROM journal_collectionentry e WHERE e.collection_id = c.id AND e.article_id = %(article)s)
        ELSE (c.rule_topic_id IS NULL OR c.rule_topic_id IN
                (SELECT p.above_id FROM journal_topicpath p WHERE p.below_id IN ({_OWN_TOPICS})))
            AND (c.rule_section_id IS NULL OR c.rule_section_id = %(section)s)
            AND (c.rule_kind = '' OR c.rule_kind = %(kind)s) END
    ORDER BY c.position, c.title LIMIT {MOST})
UNION ALL (SELECT 'elsewhere', json_build_array(title, url, source)
    FROM journal_elsewhere WHERE article_id = %(article)s OR topic_id IN ({_OWN_TOPICS}) ORDER BY title LIMIT {MOST})
"""  # noqa: S608  (only our own words are put together)


def of(article: Article) -> dict[str, list[Any]]:
    """Rows by box, as they are read there."""
    found: dict[str, list[Any]] = {
        name: [] for name in ("see_also", "cited_by", "similar", "pubmed", "collections", "elsewhere")
    }
    told: dict[str, int | str | None] = {
        "article": article.pk, "doi": (article.doi or "").lower(), "section": article.section_id,
        "kind": article.type_label,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, told)
        for name, row in cursor.fetchall():
            found[name].append(row)
    return found


class Here(dict[int | str, Article]):
    """Published articles of this journal, by their number and by their DOI in lower case. `own`: each once."""

    def __init__(self, articles: list[Article]) -> None:
        self.own: Mapping[int, Article] = {one.pk: one for one in articles}
        super().__init__()
        for one in articles:
            self[one.pk] = self[(one.doi or "").lower()] = one


def articles_of(article: Article, rows: dict[str, list[Any]]) -> Here:
    """What of it stands in this journal; drafts and what was taken back are left out."""
    ids = {pk for (pk,) in rows["similar"]} | {row[1] for row in rows["cited_by"] if row[1]}
    ids |= {source for _, source, _ in rows["see_also"]}
    dois = {target for _, source, target in rows["see_also"] if source == article.pk}
    if not ids and not dois:
        return Here([])
    published = Article.objects.published().only(
        "doi", "title", "byline", "published_online", "retracted_on", "status"
    )  # fmt: skip
    return Here(list(published.filter(Q(pk__in=ids) | Q(doi_key__in=dois)).exclude(pk=article.pk)))


def meet_words(article: Article, asked: Mapping[int, str]) -> set[int]:
    """Of collections (number → words of their rule) those whose words the article has."""
    parts, values = [], list[Any]()
    for number, words in asked.items():
        query = parse(words)
        if query.is_empty:
            continue
        matching, texts = database.tsquery(query)
        parts.append(f"CASE WHEN search @@ ({matching}) THEN %s END")
        values += [*texts, number]
    if not parts:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ARRAY[{', '.join(parts)}]::bigint[] FROM journal_article WHERE id = %s",  # noqa: S608
            [*values, article.pk],
        )
        row = cursor.fetchone()
    return {number for number in (row[0] if row else []) if number is not None}
