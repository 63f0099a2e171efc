"""An independent judge of the renderer: which words of the source reach the page, and whether the page is sound and safe.

It reads the source with its own parser settings and the result as a browser would (lxml.html); it shares no code with
journal/jats but the names of the parts.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from lxml import etree, html

from journal.jats import ArticleDoc


def _words(text: str) -> set[str]:
    return set(text.split())


#: Not words a reader sees: data, other forms of what is shown, descriptions for those who do not see.
INVISIBLE = _words(
    "alt-text long-desc object-id processing-meta custom-meta-group custom-meta counts sec-meta institution-id annotation annotation-xml"
    " copyright-year copyright-holder index-term license_ref free_to_read"
)
BEST = ("math", "table", "tex-math", "textual-form", "media", "graphic", "inline-graphic")
UNSAFE_TAGS = _words(
    "script style iframe object embed form input button link meta base svg template noscript frame applet"
)
SCHEMES = ("http://", "https://", "mailto:", "#", "/")


def local(el: etree._Element) -> str:
    return str(el.tag).rpartition("}")[2]


def normal(text: str) -> str:
    """Text without any white space, compatibility forms unified, so that only the letters count."""
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\u200b-\u200f\u2060\ufeff\u00ad\u2061-\u2064]+", "", text)


def visible_texts(root: etree._Element) -> list[str]:
    """The normalized text nodes a reader should see beneath an element."""
    found: list[str] = []
    _collect(root, found)
    return [text for text in (normal(part) for part in found) if text]


def _collect(el: etree._Element, found: list[str]) -> None:
    if not isinstance(el.tag, str):
        return
    children = list(el)
    if local(el) == "alternatives" and children:
        children = [next((c for kind in BEST for c in children if local(c) == kind), children[0])]
    elif local(el) in ("aff-alternatives", "name-alternatives", "collab-alternatives", "citation-alternatives"):
        children = children[:1]
    elif local(el) == "ref" and el.find("mixed-citation") is not None:
        children = [child for child in children if local(child) != "element-citation"]  # the same again, in parts
    elif local(el) == "semantics":
        children = children[:1]
    else:
        found.append(el.text or "")
    if local(el) == "tex-math":
        found.pop()
    for child in children:
        if isinstance(child.tag, str) and local(child) not in INVISIBLE:
            _collect(child, found)
        if local(el) not in ("alternatives", "semantics"):
            found.append(child.tail or "")


def lost(source: etree._Element, page: str) -> tuple[int, int, list[str]]:
    """(letters of the source, letters of text nodes that are not on the page often enough, those text nodes)."""
    letters = gone = 0
    missing: list[str] = []
    for text, count in Counter(visible_texts(source)).items():
        letters += len(text) * count
        there = page.count(text)
        if there < count:
            gone += len(text) * (count - there)
            missing.append(text)
    return letters, gone, missing


def page_text(doc: ArticleDoc) -> str:
    """Everything the page of a subscriber shows, normalized."""
    parts = [
        doc.metadata.title_html,
        doc.metadata.subtitle_html,
        doc.byline_html,
        doc.affiliations_html,
        doc.information_html,
    ]
    parts += [abstract.title_html + abstract.html for abstract in doc.abstracts]
    parts += [doc.body_html, doc.references_title, doc.references_html]
    return normal(html.fromstring(f"<div>{' '.join(parts)}</div>").text_content())


@dataclass
class Soundness:
    """Faults of a page, in words."""

    faults: list[str] = field(default_factory=list)

    def check(self, good: bool, fault: str) -> None:
        if not good:
            self.faults.append(fault)


def full_page(doc: ArticleDoc) -> html.HtmlElement:
    """The fragments in the order of the page, as one document."""
    abstracts = "".join(f"<section><h2>{a.title_html or 'Abstract'}</h2>{a.html}</section>" for a in doc.abstracts)
    references = (
        f"<section><h2>{escape(doc.references_title)}</h2>{doc.references_html}</section>"
        if doc.references_html
        else ""
    )
    head = f"<h1>{doc.metadata.title_html}</h1>{doc.byline_html}{doc.affiliations_html}{doc.information_html}"
    return html.fromstring(f"<html><body>{head}{abstracts}{doc.body_html}{references}</body></html>")


def public_page(doc: ArticleDoc) -> html.HtmlElement:
    """What a visitor without a right gets."""
    extract = doc.extract.html if doc.extract else ""
    abstracts = "".join(f"<section><h2>Abstract</h2>{a.html}</section>" for a in doc.abstracts)
    head = f"<h1>{doc.metadata.title_html}</h1>{doc.byline_html}{doc.affiliations_html}{doc.information_html}"
    return html.fromstring(
        f"<html><body>{head}{abstracts}<div>{extract}</div><h2>R</h2>{doc.public_references_html}</body></html>"
    )


def faults(page: html.HtmlElement) -> list[str]:
    """Everything wrong with a page: unsafe constructs, duplicate ids, dangling links, heading jumps, pictures without words."""
    found = Soundness()
    for el in page.iter():
        if isinstance(el.tag, str):
            _check_element(el, found)
    ids = list(page.xpath("//@id"))
    found.check(len(ids) == len(set(ids)), f"duplicate ids: {[i for i, n in Counter(ids).items() if n > 1][:5]}")
    found.check(all(i.startswith("a-") for i in ids), "an id without the prefix")
    for attribute in ("aria-labelledby", "data-refs"):
        for value in page.xpath(f"//@{attribute}"):
            found.check(all(i in ids for i in value.split()), f"{attribute} leads nowhere: {value}")
    for target in page.xpath("//a/@href[starts-with(., '#')]"):
        found.check(target[1:] in ids, f"dangling link {target}")
    _check_headings(page, found)
    return found.faults


def _check_element(el: html.HtmlElement, found: Soundness) -> None:
    found.check(el.tag not in UNSAFE_TAGS, f"<{el.tag}>")
    for key, value in el.attrib.items():
        found.check(not key.startswith("on"), f"{key} on <{el.tag}>")
        found.check(
            key not in ("style", "srcdoc", "action", "formaction", "xlink:href", "background"), f"{key} on <{el.tag}>"
        )
        if key in ("href", "src"):
            found.check(value.startswith(SCHEMES), f"{key}={value[:60]}")
            found.check(key == "href" or not value.startswith("http"), f"remote {key}={value[:60]}")
    if el.tag == "img":
        found.check(bool(el.get("alt")), "img without alt")
    if el.tag == "a":
        found.check(not any(a.tag == "a" for a in el.iterancestors()), "a link in a link")
        found.check(
            not el.get("href", "").startswith("http") or "noopener" in el.get("rel", ""), "outward link without rel"
        )


def _check_headings(page: html.HtmlElement, found: Soundness) -> None:
    levels = [int(el.tag[1]) for el in page.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    found.check(levels.count(1) == 1, "not exactly one h1")
    for before, after in pairwise(levels):
        found.check(after <= before + 1, f"heading jump h{before} to h{after}")
