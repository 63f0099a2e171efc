"""CSL-JSON, the hub format of citations (csl-data.json 1.0.2)."""

from typing import Any

from journal.citation.names import Name
from journal.citation.record import Record
from journal.models import Article


def csl(article: Article) -> dict[str, Any]:
    """All of it plain text. Content negotiation of DOIs answers with it."""
    return of_record(Record.of(article))


def of_record(record: Record) -> dict[str, Any]:
    article, day = record.article, record.day
    data: dict[str, Any] = {
        "id": record.doi,
        "type": "article-journal",
        "title": record.title,
        "container-title": record.journal,
        "container-title-short": record.abbreviation,
        "author": [_name(name) for name in record.authors],
        "issued": _date(record.year, record.month, day.day if record.is_online_first and day else None),
        "available-date": _date(day.year, day.month, day.day) if day else None,
        "volume": record.volume,
        "issue": record.number,
        "page": record.pages or record.article_number,
        "number": record.article_number,
        "DOI": record.doi,
        "URL": record.doi_url,
        "PMID": record.pmid,
        "PMCID": record.pmcid,
        "ISSN": ",".join(record.issns),
        "publisher": record.publisher,
        "language": article.language,
        "keyword": ", ".join(article.keywords),
        "abstract": article.abstract,
    }
    return {name: value for name, value in data.items() if value}


def _name(name: Name) -> dict[str, str]:
    if name.group:
        return {"literal": name.group}
    parts = {"family": name.surname, "given": name.given, "suffix": name.suffix}
    return {part: value for part, value in parts.items() if value}


def _date(*parts: int | None) -> dict[str, Any]:
    known = [part for part in parts if part]
    return {"date-parts": [known]} if known else {}
