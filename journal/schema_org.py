"""JSON-LD in the words of schema.org, with Google's markup for what is behind a wall.

"Structured data for subscription and paywalled content" (developers.google.com): `hasPart` with a class selector, not
nested. Whether an article is free changes with the day, so that is put in when the page is asked for.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from journal.models import Article, Relation
from journal.notices import notices_about
from journal.records import Facts

#: Of more authors only the names are told: institution and ORCID of 1,307 would be half a megabyte before the page.
MOST_AUTHORS_IN_FULL = 200
#: The class around what is behind the wall, on templates/journal/article.html.
WALL = ".paywall"
_END = "}</script>"


def graph(article: Article, facts: Facts, image: str = "") -> dict[str, Any]:
    """The article as a schema.org ScholarlyArticle, without its access. Empty values are left out."""
    day, changed = article.published_online, article.corrected_on or article.retracted_on
    known: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": ["ScholarlyArticle", "MedicalScholarlyArticle"],
        "@id": f"https://doi.org/{article.doi}",
        "headline": _title(article)[:110],
        "name": _title(article),
        "alternateName": [title["text"] for title in facts.get("translated_titles", ()) if title.get("text")],
        "url": f"{settings.SITE_URL}{article.get_absolute_url()}",
        "sameAs": f"https://doi.org/{article.doi}",
        "identifier": _identifiers(article, facts),
        "inLanguage": article.language,
        "abstract": article.abstract,
        "keywords": article.keywords,
        "author": _authors(article, facts),
        "publisher": {"@type": "Organization", "name": article.journal.publisher},
        "isPartOf": _part_of(article),
        "pagination": article.pages,
        "pageStart": article.first_page,
        "pageEnd": article.last_page,
        "datePublished": day.isoformat() if day else "",
        "dateModified": changed.isoformat() if changed else "",
        "license": article.license_url,
        "copyrightNotice": facts.get("copyright", ""),
        "funding": [_grant(funding) for funding in facts.get("funding", ())],
        "citation": [{"@id": f"https://doi.org/{r['doi']}"} for r in facts.get("references", ()) if r.get("doi")],
        "image": image,
        "correction": _corrections(article) if changed else [],
        "creativeWorkStatus": "Retracted" if article.retracted_on else "",
    }
    return {name: value for name, value in known.items() if value not in ("", [], None)}


def _corrections(article: Article) -> list[str]:
    """The notices that correct or retract it."""
    kinds = (Relation.Kind.CORRECTION, Relation.Kind.RETRACTION)
    about = notices_about(article).filter(kind__in=kinds).order_by("pk")
    return [f"https://doi.org/{doi}" for doi in about.values_list("article__doi", flat=True)]


def access(*, is_free: bool) -> dict[str, Any]:
    if is_free:
        return {"isAccessibleForFree": True}
    wall = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": WALL}
    return {"isAccessibleForFree": False, "hasPart": wall}


def script(article: Article, facts: Facts, image: str = "") -> SafeString:
    """A data block: it is not executed, so the strict policy lets it stand. `<` is escaped, so it cannot end early."""
    return mark_safe(f'<script type="application/ld+json">{_json(graph(article, facts, image))}</script>')  # noqa: S308


def with_access(head: str, *, is_free: bool) -> str:
    """The prepared head with the article's access in its JSON-LD, which is the only script in it."""
    before, end, after = head.rpartition(_END)
    return f"{before},{_words_of_access(is_free)}{end}{after}" if end else head


@cache
def _words_of_access(is_free: bool) -> str:
    return _json(access(is_free=is_free))[1:-1]


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")


def _title(article: Article) -> str:
    return f"{article.title}: {article.subtitle}" if article.subtitle else article.title


def _identifiers(article: Article, facts: Facts) -> list[dict[str, Any]]:
    known = {"doi": article.doi, "pmid": facts.get("pmid"), "pmcid": facts.get("pmcid")}
    return [{"@type": "PropertyValue", "propertyID": kind, "value": value} for kind, value in known.items() if value]


def _authors(article: Article, facts: Facts) -> list[dict[str, Any]]:
    authors = facts.get("authors") or article.authors
    places = {place["id"]: place for place in facts.get("affiliations", ())}
    in_full = len(authors) <= MOST_AUTHORS_IN_FULL
    return [_author(author, places if in_full else {}) for author in authors]


def _author(author: Mapping[str, Any], places: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    if author.get("group"):
        return {"@type": "Organization", "name": author["group"]}
    given, surname = author.get("given", ""), author.get("surname", "")
    person = {"@type": "Person", "name": f"{given} {surname}".strip(), "familyName": surname, "givenName": given}
    if author.get("orcid"):
        person["sameAs"] = f"https://orcid.org/{author['orcid']}"
    found = [_place(places[a]) for a in author.get("affiliations", ()) if a in places]
    return {name: value for name, value in (person | {"affiliation": found}).items() if value}


def _place(place: Mapping[str, str]) -> dict[str, str]:
    named = {"@type": "Organization", "name": place.get("text", "")}
    return named | ({"sameAs": place["ror"]} if place.get("ror", "").startswith("https://") else {})


def _grant(funding: Mapping[str, Any]) -> dict[str, Any]:
    funder: dict[str, Any] = {"@type": "Organization", "name": funding.get("source", "")}
    if funding.get("funder_ids"):
        funder["sameAs"] = funding["funder_ids"]
    grant: dict[str, Any] = {"@type": "Grant", "funder": funder}
    return grant | ({"identifier": funding["award_ids"]} if funding.get("award_ids") else {})


def _part_of(article: Article) -> dict[str, Any]:
    journal = article.journal
    issns = [issn for issn in (journal.issn_print, journal.issn_online) if issn]
    periodical: dict[str, Any] = {"@type": "Periodical", "name": journal.title, "issn": issns}
    if article.issue is None:
        return periodical
    volume = {"@type": "PublicationVolume", "volumeNumber": article.issue.volume, "isPartOf": periodical}
    return {"@type": "PublicationIssue", "issueNumber": article.issue.number, "isPartOf": volume}
