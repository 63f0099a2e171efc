"""What others know of an article: who cites it (OpenAlex, Crossref), and what is like it (PubMed). Asked by night.

An address that is not set is not asked. A source that does not answer, or answers nonsense, leaves what is known as it
was; a later night asks again.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from journal.crossref import cited_by
from journal.crossref.sending import NotSentError
from journal.models import Article, Journal
from journal.related_models import Citation, LookedUp, Similar

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20
MOST_BYTES = 5_000_000
A_NIGHT = 500
CITATIONS_AFTER, PUBMED_AFTER, AGAIN_AFTER = timedelta(days=7), timedelta(days=30), timedelta(days=3)
MOST_MISSES = 3  # in a row: the source is away, not one article that it cannot tell of
PAUSE_SECONDS = 0.35  # the E-utilities ask for at most three requests a second
PAGES, PER_PAGE = 20, 100  # OpenAlex gives at most 100 works a page
MOST_ALIKE = 6
WORK_FIELDS = "doi,display_name,authorships,publication_year,primary_location"
#: What stands as markup in others' titles. `a < b` is none.
_MARKUP = re.compile(
    r"</?(?:b|i|u|em|strong|su[bp]|inf|scp?|tt|span|br|bold|italic|(?:jats|mml):\w+)(?:\s[^<>]*)?/?>", re.IGNORECASE
)


class NoAnswer(Exception):
    """The source could not be asked, or what it said is not what it is asked for."""


def look_up_citations(pause: Callable[[float], None] = time.sleep) -> int:
    """Articles whose citations are a week old, oldest first. How many were looked up."""
    asked = settings.OPENALEX_URL or settings.CROSSREF_CITED_BY_URL
    return _each("citations", CITATIONS_AFTER, asked, Q(), _take_citations, pause)


def look_up_similar(pause: Callable[[float], None] = time.sleep) -> int:
    """As above, for articles with a PMID and PubMed."""
    return _each("pubmed", PUBMED_AFTER, settings.EUTILS_URL, ~Q(pmid=""), _take_similar, pause)


def _each(
    what: str, age: timedelta, address: str, which: Q, take: Callable[[Article], None], pause: Callable[[float], None]
) -> int:
    if not address:
        return 0
    today, done, missed = timezone.localdate(), 0, 0
    told, miss = f"{what}_on", f"{what}_missed_on"
    due = Q(looked_up=None) | Q(**{f"looked_up__{told}": None}) | Q(**{f"looked_up__{told}__lte": today - age})
    due &= Q(**{f"looked_up__{miss}": None}) | Q(**{f"looked_up__{miss}__lte": today - AGAIN_AFTER})
    waiting = Article.objects.published().filter(which & due).only("doi", "pmid")
    for article in waiting.order_by(F(f"looked_up__{told}").asc(nulls_first=True), "-published_online")[:A_NIGHT]:
        try:
            take(article)
        except (NoAnswer, NotSentError) as error:
            log.warning("Nothing was learned about %s: %s", article.doi, error)
            missed += 1
        else:
            done, missed = done + 1, 0
        # What could not be told waits for some nights, or one article would keep all others from being asked about.
        noted = {miss: today} if missed else {told: today, miss: None}
        LookedUp.objects.update_or_create(article=article, defaults=noted)
        if missed >= MOST_MISSES:
            break
        pause(PAUSE_SECONDS)
    return done


def _asked(url: str, query: dict[str, Any], *, may_be_missing: bool = False) -> Any:
    """The JSON at an address; an empty object for a 404 where that is an answer."""
    journal = Journal.objects.only("contact_email").first()
    said = query | ({"mailto": journal.contact_email} if journal and journal.contact_email else {})
    agent = {"User-Agent": "First Page"}
    try:
        answer = requests.get(url, params=said, timeout=TIMEOUT_SECONDS, headers=agent, allow_redirects=False)
    except requests.RequestException as error:  # its words hold the address, and the address may hold a key
        raise NoAnswer(f"{url} could not be reached ({type(error).__name__}).") from None
    if may_be_missing and answer.status_code == 404:
        return {}
    if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
        raise NoAnswer(f"{url} answered {answer.status_code} with {len(answer.content)} bytes.")
    try:
        return answer.json()
    except ValueError as error:
        raise NoAnswer(f"{url} did not answer JSON.") from error


# --- who cites it -----------------------------------------------------------------------------------------------------


def _take_citations(article: Article) -> None:
    """By all that are asked; one that fails leaves everything as it was. Crossref's words stand where both know a work:
    the citing work's publisher wrote them."""
    found = {row.doi: row for row in _by_openalex(article)} if settings.OPENALEX_URL else {}
    if settings.CROSSREF_CITED_BY_URL:
        found |= {row.doi: row for row in _by_crossref(article)}
    with transaction.atomic():
        elsewhere = Citation.objects.filter(article=article, here=None)
        elsewhere.exclude(doi__in=found).delete()
        known = set(Citation.objects.filter(article=article).values_list("doi", flat=True))
        here = dict(Article.objects.filter(doi_key__in=found).values_list("doi_key", "pk"))
        for row in found.values():
            row.here_id = here.get(row.doi)
        Citation.objects.bulk_create([row for row in found.values() if row.doi not in known], ignore_conflicts=True)


def _by_crossref(article: Article) -> Iterator[Citation]:
    for one in cited_by.forward_links(article.doi or ""):
        if one.doi != (article.doi or "").lower():
            yield Citation(
                article=article, doi=_clean(one.doi)[:255], title=_plain(one.title)[:1000],
                authors=_clean(one.authors)[:300], source=_plain(one.source)[:300], year=one.year,
            )  # fmt: skip


def _by_openalex(article: Article) -> Iterator[Citation]:
    base = settings.OPENALEX_URL.rstrip("/")
    query = {"select": "id", **_openalex_key()}
    work = _asked(f"{base}/works/doi:{quote(article.doi or '', safe='/')}", query, may_be_missing=True)
    if not isinstance(work, dict):
        raise NoAnswer("OpenAlex did not answer with a work.")
    return _citing(article, base, str(work.get("id", ""))) if work else iter(())


def _openalex_key() -> dict[str, str]:
    """Since February 2026 OpenAlex answers hardly a hundred lists a day without one (developers.openalex.org)."""
    return {"api_key": settings.OPENALEX_API_KEY} if settings.OPENALEX_API_KEY else {}


def _citing(article: Article, base: str, work: str) -> Iterator[Citation]:
    key, cursor = work.rpartition("/")[2], "*"
    if not key.startswith("W") or not key[1:].isdigit():
        raise NoAnswer(f"OpenAlex named no work for {article.doi}.")
    for _ in range(PAGES):
        query = {"filter": f"cites:{key}", "select": WORK_FIELDS, "per-page": PER_PAGE, "cursor": cursor}
        query |= _openalex_key()
        answer = _asked(f"{base}/works", query)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise NoAnswer("OpenAlex answered without results.")
        yield from (row for result in results if isinstance(result, dict) and (row := _work(article, result)))
        cursor = str((answer.get("meta") or {}).get("next_cursor") or "")
        if not cursor or not results:
            return


def _work(article: Article, said: dict[str, Any]) -> Citation | None:
    doi = str(said.get("doi") or "").lower().removeprefix("https://doi.org/")[:255]
    if not doi.startswith("10.") or doi == (article.doi or "").lower():
        return None
    names = [((one or {}).get("author") or {}).get("display_name") or "" for one in said.get("authorships") or []]
    source = ((said.get("primary_location") or {}).get("source") or {}).get("display_name") or ""
    year = said.get("publication_year")
    return Citation(
        article=article, doi=_clean(doi), title=_plain(said.get("display_name"))[:1000],
        authors=_clean(", ".join(filter(None, names[:3])) + (" and others" if len(names) > 3 else ""))[:300],
        source=_plain(source)[:300], year=year if isinstance(year, int) and 1000 < year < 3000 else None,
    )  # fmt: skip


def _plain(text: Any) -> str:
    """A title as text: PubMed's come as encoded HTML, OpenAlex's and Crossref's with some markup in them."""
    return _clean(_MARKUP.sub("", unescape(str(text or ""))))


def _clean(text: Any) -> str:
    return "".join(letter for letter in str(text or "") if letter.isprintable())


# --- PubMed -----------------------------------------------------------------------------------------------------------


def _take_similar(article: Article) -> None:
    base = settings.EUTILS_URL.rstrip("/")
    query = {"dbfrom": "pubmed", "db": "pubmed", "linkname": "pubmed_pubmed", "cmd": "neighbor_score"}
    linked = _asked(f"{base}/elink.fcgi", {**query, "id": article.pmid, "retmode": "json", "tool": "firstpage"})
    pmids = [pmid for pmid in _linked(linked) if pmid != article.pmid][:MOST_ALIKE]
    rows = []
    if pmids:
        asked = {"db": "pubmed", "id": ",".join(pmids), "retmode": "json", "tool": "firstpage"}
        rows = list(_summaries(article, pmids, _asked(f"{base}/esummary.fcgi", asked)))
    with transaction.atomic():
        Similar.objects.filter(article=article, kind=Similar.Kind.PUBMED).delete()
        Similar.objects.bulk_create(rows)


def _linked(said: Any) -> list[str]:
    """PMIDs, most alike first. PubMed tells of its own failures with a 200 and an empty list beside them."""
    if isinstance(said, dict) and any("ERROR" in one for one in (said, *_dicts(said.get("linksets")))):
        raise NoAnswer("PubMed answered with an error.")
    try:
        sets = [found for one in said["linksets"] for found in one.get("linksetdbs", [])]
        links = [link for found in sets if found["linkname"] == "pubmed_pubmed" for link in found["links"]]
        scored = [(-int(link.get("score", 0)), str(link["id"])) for link in links]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoAnswer("PubMed answered without links.") from error
    return [pmid for _, pmid in sorted(scored) if pmid.isdigit() and len(pmid) <= 12]


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _summaries(article: Article, pmids: list[str], said: Any) -> Iterator[Similar]:
    result = said.get("result") if isinstance(said, dict) else None
    if not isinstance(result, dict):
        raise NoAnswer("PubMed answered without summaries.")
    for position, pmid in enumerate(pmids):
        one = result.get(pmid)
        if isinstance(one, dict) and one.get("title"):
            names = [str(author.get("name", "")) for author in one.get("authors") or [] if isinstance(author, dict)]
            year = str(one.get("pubdate") or "")[:4]
            who = " ".join(names[:1]) + (" and others" if len(names) > 1 else "")
            line = ", ".join(filter(None, (who, _plain(one.get("source")), year)))
            yield Similar(
                article=article, kind=Similar.Kind.PUBMED, position=position, pmid=pmid,
                title=_plain(one["title"])[:1000],
                line=_clean(line)[:300],
            )  # fmt: skip
