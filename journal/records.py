"""What is known of an article beyond its columns, kept at import for whatever tells machines about it.

The facts are plain data (they stand in a JSON column) in the shape of `journal.jats.document.Metadata`, with the
`references` and `abstracts` of the article, and without any HTML. Nothing of the text behind the wall is among them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from journal.jats.document import ArticleDoc
from journal.models import Article, MetadataRecord

Facts = Mapping[str, Any]


def facts(doc: ArticleDoc) -> dict[str, Any]:
    """The document's facts, empty values left out."""
    known = doc.as_data() | {
        "references": [asdict(reference) for reference in doc.references],
        "abstracts": [asdict(abstract) for abstract in doc.abstracts],
    }
    found: dict[str, Any] = _bare(known)
    return found


def _bare(value: Any) -> Any:
    """Without HTML (keys that end in `html`) and without what is empty."""
    if isinstance(value, dict):
        bare = {key: _bare(inner) for key, inner in value.items() if not key.endswith("html")}
        return {key: inner for key, inner in bare.items() if inner not in ("", None, [], {}, False)}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value


def facts_of(article: Article) -> Facts:
    """The stored facts; empty for an article that was never imported. No statement if `record` was selected with it."""
    record: MetadataRecord | None = getattr(article, "record", None)
    return record.facts if record else {}


def front_of(article: Article) -> str:
    """The stored front matter as a JATS document; "" if there is none."""
    record: MetadataRecord | None = getattr(article, "record", None)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{record.front}' if record and record.front else ""
