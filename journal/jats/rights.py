"""Permissions, license and free-to-read dates; funding; declarations."""

import re
from collections.abc import Iterator

from journal.jats.document import Funding, License, PartialDate
from journal.jats.links import doi_url, find_doi, safe_url
from journal.jats.markup import to_text
from journal.jats.render.rendering import Rendering
from journal.jats.tree import ALI, Element, first_child, href, text_of


def license_of(meta: Element, r: Rendering) -> License:
    """The article's license; ``free_to_read`` with its dates comes from NISO's Access and License Indicators."""
    permissions = first_child(meta, "permissions")
    if permissions is None:
        permissions = meta
    el = _license_element(permissions, meta)
    free = next(permissions.iter(ALI + "free_to_read"), None)
    start, end = (_iso(free.get(key, "")) if free is not None else None for key in ("start_date", "end_date"))
    if el is None:
        return License(free_to_read=free is not None, free_from=start, free_until=end)
    html = r.flow(el, skip=(ALI + "license_ref", ALI + "free_to_read"))
    return License(_license_url(el), html, to_text(html), el.get("license-type", ""), free is not None, start, end)


def _license_element(permissions: Element, meta: Element) -> Element | None:
    """The license in the article's own language if there are several."""
    found = list(permissions.iterchildren("license"))
    article = next(meta.iterancestors("article"), None)
    wanted = article.get("{http://www.w3.org/XML/1998/namespace}lang", "en") if article is not None else "en"
    own = [el for el in found if el.get("{http://www.w3.org/XML/1998/namespace}lang", wanted)[:2] == wanted[:2]]
    return next(iter(own or found), None)


def _license_url(el: Element) -> str:
    """Of the addresses a license gives, the Creative Commons one, else what it calls its own."""
    own = [safe_url(href(el)), *(safe_url(text_of(ref)) for ref in el.iter(ALI + "license_ref"))]
    linked = [safe_url(href(link) or text_of(link)) for link in el.iter("ext-link", "uri")]
    written = re.search(r"https?://creativecommons\.org/[\w./-]+", text_of(el))
    everything = [*own, *linked, written.group().rstrip(".") if written else ""]
    return next((url for url in everything if "creativecommons.org/" in url), next((url for url in own if url), ""))


def _iso(value: str) -> PartialDate | None:
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value.strip())
    return PartialDate(*map(int, match.groups())) if match else None


def copyright_of(meta: Element) -> str:
    permissions = first_child(meta, "permissions")
    holder = permissions if permissions is not None else meta
    said = text_of(first_child(holder, "copyright-statement")) or text_of(first_child(meta, "copyright-statement"))
    if said:
        return said
    parts = [text_of(holder.find(tag)) for tag in ("copyright-year", "copyright-holder")]
    return f"© {' '.join(part for part in parts if part)}" if any(parts) else ""


def funding_of(meta: Element) -> tuple[Funding, ...]:
    found = []
    for award in meta.iter("award-group"):
        sources = [
            text_of(el.find("institution-wrap/institution")) or text_of(el) for el in award.iter("funding-source")
        ]
        ids = tuple(text_of(el) for el in award.iter("award-id") if text_of(el))
        people = tuple(text_of(el) for el in award.iter("principal-award-recipient") if text_of(el))
        found.append(Funding("; ".join(s for s in sources if s), ids, people, tuple(_funder_ids(award))))
    found += [Funding(text_of(el)) for el in meta.iterchildren("contract-sponsor") if text_of(el)]
    return tuple(found)


def _funder_ids(award: Element) -> Iterator[str]:
    """Identifiers of funders that are addresses for good: Funder Registry DOIs and ROR."""
    for el in award.iterfind("funding-source//institution-id"):
        doi = find_doi(text_of(el))
        if doi.startswith("10.13039/"):
            yield doi_url(doi)
        elif known := re.search(r"ror\.org/(0[a-z0-9]{8})\b", text_of(el)):
            yield f"https://ror.org/{known[1]}"


def funding_statement(article: Element, r: Rendering) -> str:
    said = [r.inline(el).strip() for el in article.iterfind("front/article-meta/funding-group/funding-statement")]
    return "".join(f"<p>{words}</p>" for words in said if words) or declaration(
        article, r, ("financial-disclosure", "supported-by")
    )


def data_statement_in_front(article: Element, r: Rendering) -> str:
    """The statement some publishers keep as custom metadata; it stands nowhere else in the file."""
    for custom in article.iterfind("front/article-meta/custom-meta-group/custom-meta"):
        value = first_child(custom, "meta-value")
        if value is not None and text_of(first_child(custom, "meta-name")).lower() == "data availability":
            return f"<p>{r.inline(value).strip()}</p>"
    return ""


def declaration(article: Element, r: Rendering, kinds: tuple[str, ...]) -> str:
    """The first note or section of one of these kinds, in front or back, without label and title."""
    for el in _declared(article):
        kind = el.get("fn-type") or el.get("notes-type") or el.get("sec-type") or ""
        if kind.lower() in kinds:
            return r.flow(el, skip=("label", "title"))
    return ""


def _declared(article: Element) -> Iterator[Element]:
    for part in ("front", "back"):
        holder = first_child(article, part)
        if holder is not None:
            yield from holder.iter("fn", "notes", "sec")
