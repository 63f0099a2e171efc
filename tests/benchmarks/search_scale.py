"""`make bench-search`: searching among 100,000 articles of real length, on a site of its own in var/.

Articles are made of paragraphs of 150 words drawn from 100,000 invented words as often as Zipf's law has them (exponent
1.07), twenty paragraphs each, with titles, abstracts, keywords, authors, topics and issues. Asked are 200 queries of
one to four words over all bands of frequency, by either engine, as the page asks (results and conditions); then
suggestions, and pages of a topic and an issue with their statements. `--articles 10000` makes a small run; `--keep
NAME` leaves the site in var/NAME, and another run with this name and number asks it at once (`--again` indexes anew).
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.site import ROOT, folder_of, site_environment

WORDS, EXPONENT, PARAGRAPHS, IN_A_PARAGRAPH = 100_000, 1.07, 20_000, 150
BATCH, QUERIES, IN_AN_ISSUE = 500, 200, 25


def main() -> int:
    options = _options()
    with folder_of("search", options.keep) as folder:
        environment = site_environment(folder, 8400)
        for words in (
            ["manage.py", "migrate", "--verbosity", "0"],
            ["manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            ["-m", "tests.benchmarks.search_scale", "--inside"],
        ):
            told = sys.argv[1:] if "--inside" in words else []
            subprocess.run([sys.executable, *words, *told], cwd=ROOT, env=environment, check=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--keep", default="", metavar="NAME", help="leave the site in var/NAME, or use the one there")
    parser.add_argument("--again", action="store_true", help="of a site that was kept: make index and terms anew")
    parser.add_argument("--inside", action="store_true")
    return parser.parse_args()


class Language:
    """Invented words, the frequent ones short, and paragraphs of them."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprst", "aeiou")]
        self.words = ["".join(self.chance.choices(syllables, k=2 + n % 3)) + "xyzq"[n % 4] for n in range(WORDS)]
        weights = (1 / (rank + 10) ** EXPONENT for rank in range(WORDS))
        self.weights = list(itertools.accumulate(weights))
        self.paragraphs = [self.said(IN_A_PARAGRAPH) for _ in range(PARAGRAPHS)]

    def said(self, number: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=number))

    def queries(self) -> list[str]:
        """One to four words, each from any band: the ten most frequent, the next hundred, thousand, ten thousand."""
        bands = [(0, 10), (10, 110), (110, 1_110), (1_110, 11_110)]
        return [
            " ".join(self.words[self.chance.randrange(*self.chance.choice(bands))] for _ in range(1 + n % 4))
            for n in range(QUERIES)
        ]


def inside(options: argparse.Namespace) -> None:
    import django
    from django.conf import settings

    django.setup()
    language = Language()
    made = Path(settings.VAR_DIR) / f"made-{options.articles}"
    if not made.exists():
        begun = time.perf_counter()
        _fill(language, options.articles)
        _say({"articles/s made with the database's entry": round(options.articles / (time.perf_counter() - begun))})
    if options.again or not made.exists():
        _say(_indexed(options.articles))
    made.touch()
    _say(_sizes())
    _say(_asked(language))
    _say({"pages": _pages(), "load": [round(one, 1) for one in os.getloadavg()]})


def _indexed(articles: int) -> dict[str, Any]:
    from journal.search import terms, upkeep

    begun, spent = time.perf_counter(), time.process_time()
    upkeep.rebuild_index()
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    begun = time.perf_counter()
    learned = terms.learn_all()
    return {
        "articles/s indexed in full text": round(articles / took),
        "processor ms an article (this process)": round(spent * 1e3 / articles, 2),
        "terms": learned, "seconds to learn the terms": round(time.perf_counter() - begun, 1),
    }  # fmt: skip


def _say(found: dict[str, Any]) -> None:
    """At once: what was measured is not lost with what fails afterwards."""
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    sys.stdout.flush()


def _fill(language: Language, number: int) -> None:
    """Rows as an import writes them, by the models, in batches."""
    from django.db import connection

    from journal.models import Article, FullText, Issue, Journal, MetadataRecord, PublicPage, Section
    from journal.search.database import entry
    from journal.topic_models import ArticleTopic, Topic, draw_paths

    journal = Journal.objects.create(title="Journal of Scale", abbreviation="J Scale", publisher="Bench")
    section = Section.objects.create(journal=journal, name="Research")
    topics = Topic.objects.bulk_create(Topic(name=f"Topic {n}", slug=f"topic-{n}") for n in range(20))
    for topic in topics[1:]:
        topic.parents.add(topics[0])
    draw_paths()
    issues = Issue.objects.bulk_create(
        Issue(
            journal=journal, volume=str(n // 12 + 1), number=str(n % 12 + 1), year=1990 + n // 120,
            published_on=date(1990, 1, 1) + timedelta(3 * n),
        )
        for n in range(max(1, number // IN_AN_ISSUE))
    )  # fmt: skip
    chance = language.chance
    for first in range(0, number, BATCH):
        rows = []
        for n in range(first, min(first + BATCH, number)):
            title = language.said(12)
            row = Article(
                journal=journal, section=section, issue=issues[n % len(issues)], doi=f"10.5555/scale.{n}",
                title=title, title_html=title,
                abstract=language.said(180), keywords=language.said(5).split(), status="published", has_full_text=True,
                published_online=date(1990, 1, 1) + timedelta(chance.randrange(13_000)),
                type_label=chance.choice(["Research", "Review", "Letter"]),
                authors=[{"given": language.said(1).title(), "surname": language.said(1).title()} for _ in range(4)],
                access_type=chance.choice(["controlled", "controlled", "open"]),
            )  # fmt: skip
            row.byline = ", ".join(f"{one['given']} {one['surname']}" for one in row.authors)
            row.search = entry(row)
            rows.append(row)
        made = Article.objects.bulk_create(rows)
        texts = (" ".join(chance.choices(language.paragraphs, k=20)) for _ in made)
        FullText.objects.bulk_create(
            FullText(article=a, body="", plain_text=text) for a, text in zip(made, texts, strict=True)
        )
        PublicPage.objects.bulk_create(PublicPage(article=a, head="", header=a.title) for a in made)
        MetadataRecord.objects.bulk_create(MetadataRecord(article=a) for a in made)
        ArticleTopic.objects.bulk_create(ArticleTopic(article=a, topic=chance.choice(topics)) for a in made)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) journal_article")
        cursor.execute("ANALYZE")


def _sizes() -> dict[str, int]:
    from django.db import connection

    from journal.search.fulltext import folder

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('article_search'), pg_total_relation_size('journal_searchterm')")
        entries, kept = cursor.fetchone()
    index = sum(file.stat().st_size for file in folder().rglob("*") if file.is_file())
    return {
        "index MB": round(index / 1e6), "database's index MB": round(entries / 1e6), "terms MB": round(kept / 1e6),
    }  # fmt: skip


def _asked(language: Language) -> dict[str, Any]:
    from django.db import transaction

    from journal.search import database, fulltext, terms
    from journal.search.filters import Filters, facets
    from journal.search.query import parse

    queries, everything = [parse(text) for text in language.queries()], Filters()
    some = [Filters(year=2005), Filters(topic="topic-5"), Filters(access="open"), Filters(kind="Review", year=2012)]

    def by_database(query: Any, filters: Filters = everything) -> None:
        with transaction.atomic():
            database.guard(narrowed=not filters.is_empty)
            facets(database.find(query, filters, "relevance").sample, filters, {})

    def narrowed(query: Any) -> None:
        by_database(query, some[sum(map(ord, query.words[0])) % len(some)])

    def by_index(query: Any, filters: Filters = everything) -> None:
        found = fulltext.find(query, filters, "relevance")
        facets(found.sample, filters, {}, found.counted)

    def narrowed_by_index(query: Any) -> None:
        by_index(query, some[sum(map(ord, query.words[0])) % len(some)])

    begun = [language.words[n][:3] for n in range(QUERIES)]
    return {
        "PostgreSQL alone, with conditions": _times(by_database, queries),
        "PostgreSQL alone, narrowed to a year, topic, type or what is open": _times(narrowed, queries),
        "full-text index, with conditions": _times(by_index, queries),
        "full-text index, narrowed to the same": _times(narrowed_by_index, queries),
        "suggestions": _times(terms.suggest, begun),
    }


def _times(ask: Callable[[Any], Any], asked: list[Any]) -> dict[str, float]:
    """Milliseconds, the second time each is asked. One that the database's time limit ends counts as that long."""
    from django.db import OperationalError

    stopped = 0
    took: list[float] = []
    for one in [*asked, *asked]:
        begun = time.perf_counter()
        try:
            ask(one)
        except OperationalError:
            stopped += len(took) >= len(asked)
        took.append((time.perf_counter() - begun) * 1000)
    took = sorted(took[len(asked) :])
    found = {"p50": round(median(took), 2), "p95": round(took[int(len(took) * 0.95)], 2), "worst": round(took[-1], 1)}
    return found | ({"stopped": stopped} if stopped else {})


def _pages() -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    def one(path: str) -> dict[str, Any]:
        client, host = Client(), {"SERVER_NAME": "127.0.0.1"}
        client.get(path, **host)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path, **host).status_code == 200
        told = {"statements": len(captured), "of these ms": round(sum(float(q["time"]) for q in captured) * 1000)}
        return told | _times(lambda _: client.get(path, **host), list(range(20)))

    return {path: one(path) for path in _addresses()}


def _addresses() -> Iterator[str]:
    yield from ("/topics/topic-0/", "/topics/topic-0/?page=50", "/topics/topic-5/", "/topics/topic-5/?page=50")
    yield from ("/topics/topic-5/feed/", "/issues/1/1/", "/", "/search/?q=topic")


if __name__ == "__main__":
    if _options().inside:
        inside(_options())
    else:
        sys.exit(main())
