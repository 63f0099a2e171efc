"""The full-text index on this machine's disk (tantivy): the whole text, captions and references beside what is public.

What only paying readers may read is kept without the places of its words: it can be found by its words, but no phrase
of it can be asked for, or whoever asks often enough would read it by questions (docs/decisions/0026). The index holds
no text at all; results are looked up in the database, whose rules decide what is shown.

A folder holds one index for each rebuild, and the file `current` names the one in use, so that a rebuild never
disturbs a search.
"""

import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import tantivy
from django.conf import settings
from django.utils import timezone

from journal.access import public_reason
from journal.models import Article
from journal.search.database import COUNT_UP_TO, Found, names
from journal.search.filters import CONTROLLED, FREE, OPEN, Counted, Filters
from journal.search.folding import COMMON, fold, words
from journal.search.query import Clause, Query

log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
HEAP_BYTES, THREADS = 96_000_000, 2
ALIKE_WORDS = 20
MOST_TEXTS = 50_000  # types, and sets of topics, that are kept in mind
#: Field → how much a word in it is worth. The first group knows where its words stand, the second does not.
PUBLIC = {"title": 4.0, "authors": 3.0, "keywords": 2.5, "abstract": 1.5, "open_text": 0.6, "references": 0.15}
GATED = {"body": 0.6, "captions": 0.5}
PLAIN = frozenset({"authors"})
#: What results are narrowed to; and columns that are read for the choices beside them. A column holds one number an
#: article: for texts a number made of the text, which stands in a column, too, and is looked up there once.
NARROWING = ("kind", "topic", "access")
NUMBERS, NUMBERED = ("year", "section", "cme", "is_free", "is_open"), ("kind", "topics")
_OF = {
    "title": ("title",), "author": ("authors",), "keyword": ("keywords",), "abstract": ("abstract",),
    "text": ("open_text", "body"), "caption": ("captions",), "reference": ("references",),
}  # fmt: skip
_CAPTION = re.compile(r"<figcaption\b[^>]*>(.*?)</figcaption>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


class Unusable(Exception):
    """There is no index on this machine, or it cannot be read."""


def _schema() -> Any:
    build = tantivy.SchemaBuilder()
    build.add_integer_field("id", indexed=True, fast=True)
    build.add_integer_field("day", fast=True)
    for name in (*NUMBERS, *(f"{name}_number" for name in NUMBERED)):
        build.add_integer_field(name, indexed=True, fast=True)
    for name in dict.fromkeys((*NARROWING, *NUMBERED)):
        build.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name in NUMBERED)
    for name in PUBLIC:
        build.add_text_field(name, tokenizer_name=_tokenizer(name), index_option="position")
    for name in GATED:
        build.add_text_field(name, tokenizer_name=_tokenizer(name), index_option="freq")
    return build.build()


def _tokenizer(field: str) -> str:
    return "plain" if field in PLAIN else "stemmed"


def _analyzer(*, stemmed: bool) -> Any:
    build = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(60))
    build = build.filter(tantivy.Filter.lowercase())
    return (build.filter(tantivy.Filter.stemmer("english")) if stemmed else build).build()


_ANALYZERS = {"stemmed": _analyzer(stemmed=True), "plain": _analyzer(stemmed=False)}


def folder() -> Path:
    return Path(settings.SEARCH_FOLDER)


def _opened(path: Path, *, new: bool = False) -> Any:
    if new:
        path.mkdir(parents=True)
    elif not tantivy.Index.exists(str(path)):
        raise Unusable("There is no index.")
    index = tantivy.Index(_schema(), str(path), reuse=not new)
    for name, analyzer in _ANALYZERS.items():
        index.register_tokenizer(name, analyzer)
    return index


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    stamp: tuple[str, int]
    index: Any


_lock = threading.Lock()
_reading: _Reading | None = None


def current() -> Path:
    """The index in use. Raises `Unusable`."""
    try:
        name = (folder() / "current").read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Unusable("No index has been built on this machine.") from error
    if not re.fullmatch(rf"v{SCHEMA_VERSION}-\w+", name):
        raise Unusable("The index is of another version of First Page.")
    return folder() / name


def _index() -> Any:
    """The index, opened once for the process and read again when something was written to it."""
    global _reading  # noqa: PLW0603  (one for the process)
    path = current()
    try:
        stamp = (path.name, (path / "meta.json").stat().st_mtime_ns)
    except OSError as error:
        raise Unusable("The index is not there.") from error
    with _lock:
        if _reading is None or _reading.stamp[0] != stamp[0]:
            _reading = _Reading(stamp, _opened(path))
        elif _reading.stamp != stamp:
            _reading.index.reload()
            _reading = _Reading(stamp, _reading.index)
        return _reading.index


def find(query: Query, filters: Filters, sort: str) -> Found:
    """As `database.find`, over the whole text. Raises `Unusable` for a missing or damaged index."""
    try:
        index = _index()
        schema, searcher = index.schema, index.searcher()
        asked = _query(schema, query, filters)
        by_day = {"order_by_field": "day"} if sort == "date" else {}
        result = searcher.search(asked, COUNT_UP_TO + 1, count=True, **by_day)
        addresses = [address for _, address in result.hits[:COUNT_UP_TO]]
        ids, count = list(searcher.fast_field_values("id", addresses)), int(result.count or 0)
        found = Found(ids, min(count, COUNT_UP_TO), count > COUNT_UP_TO, in_full_text=True)
        counted = _counted(schema, searcher, addresses[: len(found.sample)])
    except BaseException as error:
        raise _unusable(error) from error
    return replace(found, counted=counted)


def _counted(schema: Any, searcher: Any, addresses: list[Any]) -> Counted:
    """How many of these articles there are for each condition."""
    if not addresses:
        return []
    number = {name: Counter(searcher.fast_field_values(name, addresses)) for name in NUMBERS}
    text = {name: _told(schema, searcher, name, addresses) for name in NUMBERED}
    topics: Counter[str] = Counter()
    for said, count in text["topics"].items():
        topics.update(dict.fromkeys(said.split(), count))
    counted = [
        (name, str(value), n) for name in ("year", "section", "cme") for value, n in number[name].items() if value
    ]
    counted += [("kind", kind, n) for kind, n in text["kind"].items() if kind]
    counted += [("topic", topic, n) for topic, n in topics.items()]
    free, opened = number["is_free"][1], number["is_open"][1]
    return [*counted, ("access", FREE, free), ("access", OPEN, opened), ("access", CONTROLLED, len(addresses) - free)]


_texts: dict[int, str] = {}  # the same number is the same text, in every index


def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest())


def _told(schema: Any, searcher: Any, name: str, addresses: list[Any]) -> dict[str, int]:
    """How many of the articles have which text in a column: by its number, and what has never been met is looked up."""
    numbers = Counter(searcher.fast_field_values(f"{name}_number", addresses))
    if new := [number for number in numbers if number not in _texts]:
        if len(_texts) > MOST_TEXTS:
            _texts.clear()
            return _told(schema, searcher, name, addresses)
        asked = tantivy.Query.term_set_query(schema, f"{name}_number", new)
        found = searcher.aggregate(asked, {name: {"terms": {"field": name, "size": len(new)}}})
        _texts.update((_number_of(one["key"]), one["key"]) for one in found[name]["buckets"])
    return {_texts[number]: n for number, n in numbers.items() if number in _texts}


def alike(article: Article, most: int) -> list[int]:
    """The articles that share most of the telling words of its title, keywords and abstract. Raises `Unusable`."""
    try:
        index = _index()
        schema, searcher = index.schema, index.searcher()
        text = fold(f"{article.title} {' '.join(article.keywords)} {article.title} {article.abstract}")
        said = Counter(_ANALYZERS["stemmed"].analyze(" ".join(word for word in words(text) if word not in COMMON)))
        rare = {word: searcher.doc_freq("abstract", word) + searcher.doc_freq("title", word) for word in said}
        total = searcher.num_docs + 1
        worth = {word: count * math.log(total / (1 + rare[word])) for word, count in said.items() if rare[word] > 1}
        telling = sorted(worth, key=lambda word: (-worth[word], word))[:ALIKE_WORDS]
        if len(telling) < 3:
            return []
        should = [(tantivy.Occur.Should, _in_any(schema, word)) for word in telling]
        query = tantivy.Query.boolean_query(should, max(3, len(telling) // 4))
        hits = searcher.search(query, most + 1).hits
        ids: list[int] = searcher.fast_field_values("id", [address for _, address in hits])
    except BaseException as error:
        raise _unusable(error) from error
    return [pk for pk in ids if pk != article.pk][:most]


def _in_any(schema: Any, word: str) -> Any:
    fields = ("title", "keywords", "abstract")
    terms = [(field, tantivy.Query.term_query(schema, field, word, "freq")) for field in fields]
    return _any_of([tantivy.Query.boost_query(query, PUBLIC[field]) for field, query in terms])


def _unusable(error: BaseException) -> BaseException:
    """What tantivy raises for damaged files: ValueError, OSError, or a panic of Rust, which is no `Exception`."""
    is_panic = type(error).__name__ == "PanicException"
    if isinstance(error, Unusable):
        return error
    return Unusable(f"{type(error).__name__}: {error}") if isinstance(error, Exception) or is_panic else error


def _query(schema: Any, query: Query, filters: Filters) -> Any:
    must, must_not = tantivy.Occur.Must, tantivy.Occur.MustNot
    parts = [(must, _any_of([_clause(schema, clause) for clause in group])) for group in query.groups]
    parts += [(must_not, _clause(schema, clause)) for clause in query.without]
    parts += [(must, tantivy.Query.const_score_query(one, 0.0)) for one in _narrowing(schema, filters)]
    return tantivy.Query.boolean_query(parts)


def _any_of(queries: list[Any]) -> Any:
    return queries[0] if len(queries) == 1 else tantivy.Query.disjunction_max_query(queries, 0.1)


def _clause(schema: Any, clause: Clause) -> Any:
    fields = _OF[clause.field] if clause.field else (*PUBLIC, *GATED)
    said = [query for field in fields if (query := _in_field(schema, field, clause)) is not None]
    return _any_of(said) if said else tantivy.Query.empty_query()


def _in_field(schema: Any, field: str, clause: Clause) -> Any:
    """The clause in one field; None where the field cannot tell (a phrase, in text without places)."""
    terms = [term for said in clause.words for term in _ANALYZERS[_tokenizer(field)].analyze(said)]
    if not terms or (field in GATED and clause.together and len(terms) > 1):
        return None
    if len(terms) == 1:
        query = tantivy.Query.term_query(schema, field, terms[0], "freq")
    elif field in GATED:
        every = [(tantivy.Occur.Must, tantivy.Query.term_query(schema, field, term, "freq")) for term in terms]
        query = tantivy.Query.boolean_query(every)
    else:
        query = tantivy.Query.phrase_query(schema, field, terms)
    return tantivy.Query.boost_query(query, PUBLIC.get(field) or GATED[field])


def _narrowing(schema: Any, filters: Filters) -> Iterable[Any]:
    said: dict[str, Any] = {
        "year": filters.year, "section": filters.section, "kind": filters.kind, "topic": filters.topic,
        "access": filters.access, "cme": int(filters.cme),
    }  # fmt: skip
    for field, value in said.items():
        if value:
            yield tantivy.Query.term_query(schema, field, value, "basic")


# --- writing ---------------------------------------------------------------------------------------------------------


def writer_of(path: Path, *, new: bool = False) -> Any:
    """A writer for an index; only one at a time has it. Raises `Unusable` when it cannot be had."""
    try:
        return _opened(path, new=new).writer(HEAP_BYTES, THREADS)
    except BaseException as error:
        raise _unusable(error) from error


def put(writer: Any, article: Article, *, known: bool = True) -> None:
    """An article as it is now instead of what was there; one that is not on the site is only taken out."""
    if known:
        writer.delete_documents_by_term("id", article.pk)
    day = article.published_online
    today = timezone.localdate()
    if article.status == Article.Status.PUBLISHED and day is not None and day <= today:
        writer.add_document(_document(article, day, today))


def _document(article: Article, day: date, today: date) -> Any:
    """`topic_slugs` stands on the article (upkeep.py), and its text and record were selected with it."""
    text = getattr(article, "full_text", None)
    record = getattr(article, "record", None)
    is_free = public_reason(article, today) is not None
    plain = fold(text.plain_text) if text else ""
    captions = " ".join(_TAG.sub(" ", caption) for caption in _CAPTION.findall(text.body)) if text else ""
    references = " ".join(entry.get("text", "") for entry in record.facts.get("references", [])) if record else ""
    access = [FREE] if is_free else [CONTROLLED]
    is_open = article.access_type == "open"
    topics = getattr(article, "topic_slugs", [])
    fields: dict[str, Any] = {
        "id": article.pk, "day": day.toordinal(), "year": day.year, "section": article.section_id or 0,
        "cme": int(article.open_activity is not None), "is_free": int(is_free), "is_open": int(is_open),
        "kind": article.type_label, "kind_number": _number_of(article.type_label),
        "topic": topics, "topics": " ".join(topics), "topics_number": _number_of(" ".join(topics)),
        "access": [*access, OPEN] if is_open else access,
        "title": fold(f"{article.title} {article.subtitle}"), "authors": names(article),
        "keywords": fold(" ".join(article.keywords)), "abstract": fold(article.abstract),
        "references": fold(references), "captions": fold(captions),
        "body": "" if is_free else plain, "open_text": plain if is_free else "",
    }  # fmt: skip
    document = tantivy.Document()
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            document.add_integer(name, one) if isinstance(one, int) else document.add_text(name, one)
    return document
