"""Who cites an article, as Crossref's members are told of their own DOIs ("Cited-by", crossref.org/documentation).

`CROSSREF_CITED_BY_URL` is the servlet `getForwardLinks`; user and password are those of the deposits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from lxml import etree

from journal.crossref.sending import MOST_BYTES, NotSentError, asked, credentials, text_of
from journal.xml import safe_parser

MOST_NAMES = 3
_TITLES = ("article_title", "paper_title", "chapter_title", "volume_title", "title")
_SOURCES = ("journal_title", "proceedings_title", "series_title", "volume_title")


@dataclass(frozen=True, slots=True)
class Citing:
    """A work that cites, of whichever kind: article, chapter, paper, posted content."""

    doi: str
    title: str
    authors: str
    source: str
    year: int | None


def forward_links(doi: str) -> list[Citing]:
    """Raises NotSentError when Crossref cannot be asked, or does not answer with links."""
    query = {"doi": doi, "include_postedcontent": "true", **credentials("usr", "pwd")}
    answer = asked("GET", settings.CROSSREF_CITED_BY_URL, params=query)
    if len(answer.content) > MOST_BYTES:
        raise NotSentError("Crossref's list of citations is longer than can be.")
    try:
        root = etree.fromstring(answer.content, safe_parser())
    except etree.XMLSyntaxError:
        raise NotSentError("Crossref did not answer with a list of citations.") from None
    if etree.QName(root).localname != "crossref_result":
        raise NotSentError("Crossref did not answer with a list of citations.")
    return [citing for link in root.iter("{*}forward_link") for citing in _cites(link)]


def _cites(link: "etree._Element") -> Iterator[Citing]:
    for cite in link:
        if isinstance(cite.tag, str) and (doi := text_of(cite, "doi").lower()).startswith("10."):
            year = text_of(cite, "year")
            known = int(year) if year.isascii() and year.isdigit() and 1000 < int(year[:5]) < 3000 else None
            title, source = _first(cite, _TITLES), _first(cite, _SOURCES)
            yield Citing(doi, title, _authors(cite), source if source != title else "", known)


def _first(cite: "etree._Element", names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := text_of(cite, name))), "")


def _authors(cite: "etree._Element") -> str:
    """Those who wrote it: editors stand among the contributors, too."""
    wrote = [one for one in cite.iter("{*}contributor") if one.get("contributor_role", "author") == "author"]
    people = [" ".join(filter(None, (text_of(one, "given_name"), text_of(one, "surname")))) for one in wrote]
    named = [name for name in people if name]
    return ", ".join(named[:MOST_NAMES]) + (" and others" if len(named) > MOST_NAMES else "")
