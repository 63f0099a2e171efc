"""The calls an importer makes: what does this file need, and render it; or both at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from journal.jats import links
from journal.jats.document import ArticleDoc, Image
from journal.jats.parse import Parsed, read
from journal.jats.render import render
from journal.jats.tree import Element, href, text_of

#: Elements that name a file to fetch.
FILES = ("supplementary-material", "media", "inline-supplementary-material", "inline-media")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file says before it is rendered: its DOI, and the files it refers to.

    ``graphics`` are stems of pictures (`links.stem`), ``files`` lower-case names of supplements, both in order;
    ``title`` is its title as plain text.
    """

    doi: str
    title: str
    graphics: tuple[str, ...]
    files: tuple[str, ...]


def survey(xml: bytes) -> Survey:
    """Look through a JATS file. Raises `JatsError`."""
    return _survey(read(xml).article)


def whole(xml: bytes) -> tuple[Survey, ArticleDoc]:
    """Survey and rendering of an article that comes without files, in one reading. Raises `JatsError`."""
    parsed = read(xml)
    return _survey(parsed.article), _render(parsed, {}, {})


def _survey(article: Element) -> Survey:
    ids = [el for el in article.iterfind("front/article-meta/article-id") if el.get("pub-id-type") == "doi"]
    graphics = [links.stem(href(el)) for el in article.iter("graphic", "inline-graphic")]
    files = [links.file_name(href(el)) for el in article.iter(*FILES)]
    return Survey(
        doi=links.declared_doi(text_of(ids[0])) if ids else "",
        title=text_of(article.find("front/article-meta/title-group/article-title")),
        graphics=tuple(dict.fromkeys(stem for stem in graphics if stem)),
        files=tuple(dict.fromkeys(name for name in files if name)),
    )


def render_source(xml: bytes, images: Mapping[str, Image], files: Mapping[str, str]) -> ArticleDoc:
    """Parse and render; what the parser mended is among the warnings. Raises `JatsError`."""
    return _render(read(xml), images, files)


def _render(parsed: Parsed, images: Mapping[str, Image], files: Mapping[str, str]) -> ArticleDoc:
    doc = render(parsed.article, images, files)
    return replace(doc, warnings=(*parsed.warnings, *doc.warnings))
