"""The page as its readers get it, put together by the product's own templates without a database."""

from collections.abc import Iterator, Mapping

from journal import pages
from journal.jats import ArticleDoc, Image
from journal.models import Article, Journal


class EveryImage(Mapping[str, Image]):
    """Whatever picture an article names was supplied."""

    def __getitem__(self, stem: str) -> Image:
        if not stem:
            raise KeyError(stem)
        return Image("/figure.webp", 800, 600, "/figure-large.webp", "/figure.webp 800w, /figure-large.webp 1600w")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _unsaved(doc: ArticleDoc) -> Article:
    journal = Journal(title="Journal", abbreviation="J", publisher="P")
    article = Article(journal=journal, doi=doc.metadata.doi or "10.5555/none")
    pages.fill(article, doc)
    return article


def of_a_reader(doc: ArticleDoc) -> str:
    """The article element as article.html puts it together for somebody who may read it."""
    public = pages.public_parts(_unsaved(doc), doc)
    text = pages.text_parts(doc)
    abstract = "" if 'id="extract"' in public["abstract"] and doc.sections else public["abstract"]
    references = text["references"] or public["references"]
    parts = [public["header"], abstract, text["body"], text["notes"], references, public["information"]]
    return _document(parts)


def of_a_visitor(doc: ArticleDoc) -> str:
    """What somebody without a right gets."""
    public = pages.public_parts(_unsaved(doc), doc)
    return _document([public[part] for part in ("header", "abstract", "references", "information")])


def _document(parts: list[str]) -> str:
    return f"<!doctype html><html><body><main>{''.join(parts)}</main></body></html>"
