"""What is pasted into the search field and names one article (a DOI, a PMID, a citation), and OpenURL."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.db import OperationalError, transaction

from journal.doi import pasted_doi
from journal.models import Article, ArticleQuerySet, Issue, Journal
from journal.search.database import guard, tsquery
from journal.search.folding import words
from journal.search.query import Clause, Query

_DOI_WITHIN = re.compile(r"\b(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE)
_PMID = re.compile(
    r"^(?:pmid\s*:?\s*|https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/)?(\d{4,9})/?$",
    re.IGNORECASE,
)
# `2015;72(9):977-979`, `2015; 72: 977`, `vol. 72, no. 9, pp. 977–979`
_CITED = re.compile(
    r"(?:\b(?P<year>(?:18|19|20)\d\d)\b[^;:()]{0,12};\s*)?"
    r"(?:vol(?:ume)?\.?\s*)?\b(?P<volume>[A-Za-z]?\d{1,4})\s*"
    r"(?:\(\s*(?P<issue>[\w.-]{1,12})\s*\)|,\s*(?:no|number|issue)\.?\s*(?P<number>[\w-]{1,12}))?"
    r"\s*[:,]\s*(?:pp?\.?\s*)?(?P<page>[A-Za-z]?\d{1,7})\b",
    re.IGNORECASE,
)  # fmt: skip
LONGEST_CITATION, MOST_WORDS_OF_A_TITLE = 2000, 12
MOST_LOOKED_UP = 4  # DOIs, or places cited, within one text; each is a statement


def named_article(text: str) -> Article | None:
    """The one published article that the text names, or None."""
    text = " ".join(text[:LONGEST_CITATION].replace("\x00", " ").split())
    published: ArticleQuerySet = Article.objects.published()
    if doi := pasted_doi(text):
        return published.by_doi(doi).first()
    if pmid := _PMID.match(text):
        return published.filter(pmid__filled=pmid[1]).first()
    for match in islice(_DOI_WITHIN.finditer(text), MOST_LOOKED_UP):
        if (found := published.by_doi(match[1].rstrip(".,;)]}")).first()) is not None:
            return found
    return _by_citation(text)


def _by_citation(text: str) -> Article | None:
    for cited in islice(_CITED.finditer(text), MOST_LOOKED_UP):
        found = _at(cited["volume"], cited["issue"] or cited["number"] or "", cited["page"], cited["year"] or "")
        if len(found) == 1:
            return found[0]
    return None


def _at(volume: str, issue: str, page: str, year: str) -> list[Article]:
    where: dict[str, object] = {"issue__volume__iexact": volume}
    if issue:
        where["issue__number__iexact"] = issue
    if year:
        where["issue__year"] = int(year)
    published = Article.objects.published().filter(**where)
    return list(published.filter(first_page__iexact=page)[:2] or published.filter(elocation_id__iexact=page)[:2])


def openurl(asked: Mapping[str, str]) -> str:
    """The address an OpenURL 1.0 (key/encoded-value, also 0.1) leads to: an article, else an issue; "" for neither."""
    said = {key.removeprefix("rft.").lower(): value.replace("\x00", "").strip()[:300] for key, value in asked.items()}
    for identifier in (said.get("rft_id", ""), said.get("id", ""), said.get("doi", ""), said.get("pmid", "")):
        known = re.sub(r"^info:(doi/|pmid/)|^(doi|pmid):", "", identifier, flags=re.IGNORECASE)
        if known and (found := named_article(known)) is not None:
            return found.get_absolute_url()
    if not _is_ours(said.get("issn", ""), said.get("eissn", "")):
        return ""
    volume, issue, page = said.get("volume", ""), said.get("issue", ""), said.get("spage", "") or said.get("artnum", "")
    year = match[0] if (match := re.match(r"(18|19|20)\d\d", said.get("date", ""))) else ""
    page = page or said.get("pages", "").partition("-")[0]
    if volume and page and len(at := _at(volume, issue, page, "")) == 1:
        return at[0].get_absolute_url()
    title = said.get("atitle", "")
    if title and (by_title := _titled(title)):
        return by_title.get_absolute_url()
    return _issue_of(volume, issue, year)


def _titled(title: str) -> Article | None:
    """Who has the title's words, by their index, and then the very title; nobody, when that takes too long."""
    clauses = tuple((Clause((word,), "title"),) for word in words(title)[:MOST_WORDS_OF_A_TITLE])
    if not clauses:
        return None
    matching, asked = tsquery(Query(clauses))
    where = [f'"journal_article"."search" @@ ({matching})']
    has_words: Any = Article.objects.published().extra(where=where, params=asked)  # noqa: S610
    try:
        with transaction.atomic():
            guard(narrowed=True)
            found: Article | None = has_words.filter(title__iexact=title).first()
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        return None
    return found


def _issue_of(volume: str, number: str, year: str) -> str:
    issues = Issue.objects.published().filter(volume=volume)
    issues = issues.filter(number=number) if number else issues.filter(year=year or 0)
    found = issues.first() if volume else None
    return found.get_absolute_url() if found else ""


def _is_ours(*issns: str) -> bool:
    """An OpenURL that names no ISSN may mean this journal; one that names another's does not."""
    named = {issn.upper().replace("-", "") for issn in issns if issn}
    journal = Journal.objects.first()
    ours = {issn.replace("-", "") for issn in (journal.issn_print, journal.issn_online) if issn} if journal else set()
    return not named or bool(named & ours)
