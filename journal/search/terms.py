"""Suggestions while somebody types, and other spellings for what was not found. Learned from what everybody may read.

A word's near spellings are found by exact look-ups: each word is kept with its beginning and that beginning with any
one letter left out, and so is what is asked for; what shares one of these differs by a letter or two (the idea of
SymSpell, W. Garbe). No extension of PostgreSQL is needed for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.lookups import after
from journal.models import Article
from journal.search.folding import COMMON, fold, words
from journal.search.query import Query, readable
from journal.topic_models import SearchTerm, Topic

SHOWN = 8
SHORTEST = 2
BEGINNING = 7  # letters of a word that are compared by leaving one out
LONGEST_WORD = 30
BATCH = 2000
Key = tuple[str, str]  # kind, folded text
TEXTS = ("title", "abstract", "keywords", "authors")


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    text: str


#: A range, not LIKE: a kept plan (config/database.py) cannot know where a pattern begins. The first step reads the
#: index alone; only what is shown is fetched from the table.
_STARTING = """
WITH first AS MATERIALIZED (
    SELECT id FROM journal_searchterm WHERE key ~>=~ %s AND key ~<~ %s
    ORDER BY (kind = 'word'), weight DESC, length(key), key LIMIT %s
)
SELECT t.kind, t.text FROM first JOIN journal_searchterm t ON t.id = first.id
ORDER BY (t.kind = 'word'), t.weight DESC, length(t.key), t.key
"""


def suggest(typed: str) -> list[Suggestion]:
    """What begins as typed, most frequent first; single words come last. One statement, by its index."""
    key = fold(readable(typed))[:60]
    if len(key) < SHORTEST:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_STARTING, [key, after(key), SHOWN * 2])
        rows = cursor.fetchall()
    shown: dict[str, Suggestion] = {}
    for kind, text in rows:
        shown.setdefault(fold(text), Suggestion(kind, text))
    return list(shown.values())[:SHOWN]


_NEAR = """
SELECT key, weight, near FROM journal_searchterm WHERE kind = 'word' AND near && %s::varchar[]
"""


def respelled(query: Query) -> str:
    """The query's words with those that nobody has written replaced by the nearest that somebody has; "" for none."""
    asked = [word for word in query.words if word not in COMMON and word.isalpha()]
    if not asked:
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM journal_searchterm WHERE kind = 'word' AND key = ANY(%s)", [asked])
        known = {row[0] for row in cursor.fetchall()}
    better = _nearest([word for word in asked if word not in known and 3 < len(word) <= LONGEST_WORD])
    return " ".join(better.get(word, word) for word in query.words) if better else ""


def _nearest(asked: list[str]) -> dict[str, str]:
    """Each word's nearest among those that are known, in one statement for all; words without one are left out."""
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [sorted({start for word in asked for start in near(word)})])
        rows = [(key, weight, set(starts)) for key, weight, starts in cursor.fetchall()]
    found = {}
    for word in asked:
        most, own = 1 if len(word) < 6 else 2, near(word)
        judged = [
            (distance(word, key), -weight, key)
            for key, weight, starts in rows
            if abs(len(key) - len(word)) <= most and not starts.isdisjoint(own)
        ]
        best = min(judged, default=None)
        if best and best[0] <= most:
            found[word] = best[2]
    return found


def near(word: str) -> list[str]:
    start = word[:BEGINNING]
    return [start, *dict.fromkeys(start[:n] + start[n + 1 :] for n in range(len(start)))]


def distance(one: str, other: str) -> int:
    """Letters to change, add, leave out or swap with their neighbor (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


# --- learning --------------------------------------------------------------------------------------------------------


def told(article: Article) -> Iterator[tuple[Key, str]]:
    """Every term of an article once: (kind, key) and how it is shown."""
    title = article.title[:300]
    yield (SearchTerm.Kind.TITLE, fold(title)[:300]), title
    for author in article.authors:
        given, surname = author.get("given", ""), author.get("surname", "") or author.get("group", "")
        name = f"{given} {surname}".strip()[:300]
        if surname:
            yield (SearchTerm.Kind.AUTHOR, fold(name)), name
            yield (SearchTerm.Kind.AUTHOR, fold(f"{surname} {given}".strip())[:300]), name
    for keyword in article.keywords:
        yield (SearchTerm.Kind.KEYWORD, fold(keyword)[:300]), keyword[:300]
    for word in {*words(article.title), *words(article.abstract)}:
        if 2 < len(word) <= LONGEST_WORD and word.isalpha() and word not in COMMON:
            yield (SearchTerm.Kind.WORD, word), word


def learn(articles: Iterable[Article]) -> None:
    """The terms of new articles, at once; the night's `learn_all` counts them exactly."""
    found = {key: text for article in articles for key, text in told(article) if key[1]}
    rows = [_row(key, text, 1) for key, text in found.items()]
    SearchTerm.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def learn_all() -> int:
    """Everything anew, counted. Readers see the old terms until the new ones are there."""
    counts: Counter[Key] = Counter()
    shown: dict[Key, str] = {}
    published = Article.objects.published().only(*TEXTS).order_by("pk")
    for article in published.iterator(chunk_size=500):
        said = {key: text for key, text in told(article) if key[1]}
        counts.update(said.keys())
        for key, text in said.items():
            shown.setdefault(key, text)
    for name in Topic.objects.values_list("name", flat=True):
        shown[SearchTerm.Kind.TOPIC, fold(name)] = name
        counts[SearchTerm.Kind.TOPIC, fold(name)] = 1_000_000
    with transaction.atomic():
        SearchTerm.objects.all().delete()
        rows = [_row(key, shown[key], count) for key, count in counts.items()]
        SearchTerm.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return len(counts)


def _row(key: Key, text: str, count: int) -> SearchTerm:
    kind, folded = key
    return SearchTerm(
        kind=kind, key=folded, text=text, weight=count, near=near(folded) if kind == SearchTerm.Kind.WORD else []
    )
