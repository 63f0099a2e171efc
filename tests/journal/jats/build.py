"""Small JATS articles for the tests, and the short way to their rendering."""

from journal.jats import ArticleDoc, Image, read
from journal.jats.render import render

NAMESPACES = (
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"'
    ' xmlns:ali="http://www.niso.org/schemas/ali/1.0/" xmlns:oasis="http://docs.oasis-open.org/ns/oasis-exchange/table"'
)
DOI = '<article-id pub-id-type="doi">10.5555/sample.1</article-id>'
TITLE = "<title-group><article-title>A title</article-title></title-group>"
DATE = '<pub-date pub-type="epub"><day>3</day><month>11</month><year>2025</year></pub-date>'


def make_xml(
    body: str = "", back: str = "", meta: str = DOI + TITLE + DATE, more: str = "", journal: str = ""
) -> bytes:
    """A whole article around the parts a test is about."""
    front = f"<front><journal-meta>{journal}</journal-meta><article-meta>{meta}</article-meta></front>"
    text = f"<body>{body}</body><back>{back}</back>{more}"
    return f'<article {NAMESPACES} article-type="research-article" xml:lang="en">{front}{text}</article>'.encode()


def doc_of(body: str = "", back: str = "", images: dict[str, Image] | None = None, **parts: str) -> ArticleDoc:
    return render(read(make_xml(body, back, **parts)).article, images or {})


def html_of(body: str, back: str = "", images: dict[str, Image] | None = None) -> str:
    """The full text of an article with this body, without the section around loose text."""
    return doc_of(body, back, images).body_html.removeprefix('<section id="a-text">').removesuffix("</section>")


def codes(doc: ArticleDoc) -> set[str]:
    return {problem.code for problem in doc.warnings}
