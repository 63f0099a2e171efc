"""What is known of an article beyond its columns, kept at import for whatever tells machines about it.

The facts are plain data (they stand in a JSON column) in the shape of `journal.jats.document.Metadata`, with the
`references` and `abstracts` of the article, and without any HTML. Nothing of the text behind the wall is among them.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from journal.jats.document import ArticleDoc
from journal.models import Article, MetadataRecord

Facts = Mapping[str, Any]


def facts(doc: ArticleDoc) -> dict[str, Any]:
    """The document's facts, empty values left out."""
    lists = {"references": _bare(doc.references), "abstracts": _bare(doc.abstracts)}
    known: dict[str, Any] = _bare(doc.metadata)
    return known | {name: found for name, found in lists.items() if found}


def _bare(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists; without HTML (names that end in `html`) and without what is empty.

    Written out because `dataclasses.asdict` copies every value, which took as long as rendering the article.
    """
    if isinstance(value, list | tuple):
        return [inner if type(inner) is str else _bare(inner) for inner in value]
    kind: Any = type(value)  # mypy does not see that a class can be a key
    names, told = _told(kind)
    if not names:
        return value
    bare: dict[str, Any] = {}
    for name, inner in zip(names, told(value), strict=False):
        if inner and (known := inner if type(inner) is str else _bare(inner)):
            bare[name] = known
    return bare


@cache
def _told(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The fields of a dataclass that hold no HTML: their names, and what reads them all. None of another type."""
    names = [f.name for f in fields(kind) if not f.name.endswith("html")] if is_dataclass(kind) else []
    return tuple(names), attrgetter(*names, "__class__")  # of one name alone it would give no tuple


def facts_of(article: Article) -> Facts:
    """The stored facts; empty for an article that was never imported. No statement if `record` was selected with it."""
    record: MetadataRecord | None = getattr(article, "record", None)
    return record.facts if record else {}


def front_of(article: Article) -> str:
    """The stored front matter as a JATS document; "" if there is none."""
    record: MetadataRecord | None = getattr(article, "record", None)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{record.front}' if record and record.front else ""
