"""The two calls an importer makes: what does this file need, and render it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from journal.jats import links
from journal.jats.document import ArticleDoc, Image
from journal.jats.parse import read
from journal.jats.render import render
from journal.jats.tree import href, text_of


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file says before it is rendered: its DOI, and the files it refers to.

    ``graphics`` are stems of pictures (`links.stem`), ``files`` lower-case names of supplements, both in order.
    """

    doi: str
    graphics: tuple[str, ...]
    files: tuple[str, ...]


def survey(xml: bytes) -> Survey:
    """Look through a JATS file. Raises `JatsError`."""
    article = read(xml).article
    ids = [el for el in article.iterfind("front/article-meta/article-id") if el.get("pub-id-type") == "doi"]
    graphics = [links.stem(href(el)) for el in article.iter("graphic", "inline-graphic")]
    files = [
        links.file_name(href(el))
        for el in article.iter("supplementary-material", "media", "inline-supplementary-material")
    ]
    return Survey(
        doi=links.find_doi(text_of(ids[0])) if ids else "",
        graphics=tuple(dict.fromkeys(stem for stem in graphics if stem)),
        files=tuple(dict.fromkeys(name for name in files if name)),
    )


def render_source(xml: bytes, images: Mapping[str, Image], files: Mapping[str, str]) -> ArticleDoc:
    """Parse and render; what the parser mended is among the warnings. Raises `JatsError`."""
    parsed = read(xml)
    doc = render(parsed.article, images, files)
    return replace(doc, warnings=(*parsed.warnings, *doc.warnings))
