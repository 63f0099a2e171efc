"""Citations that come as parts without punctuation, put together in the style of the American Medical Association.

Two things differ from the manual: all authors given are shown, and given names stay as given. What the source says is
not cut here; a citation of the article itself (`journal.citation`) follows the manual.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from journal.jats.links import doi_url, find_doi, pmcid_url, pmid_url, typed_url
from journal.jats.markup import escape
from journal.jats.render.inline import anchor_tag
from journal.jats.render.rendering import Rendering, inline, inline_of, plainly
from journal.jats.tree import Element, children_of, href, squeeze, text_of

PEOPLE = (
    "name",
    "string-name",
    "collab",
    "collab-name",
    "collab-wrap",
    "etal",
    "anonymous",
    "name-alternatives",
    "collab-alternatives",
    "on-behalf-of",
)
IDENTIFIERS = {
    "doi": ("doi:", doi_url),
    "pmid": ("PMID: ", pmid_url),
    "pmcid": ("PMCID: ", pmcid_url),
    "pmc": ("PMCID: ", pmcid_url),
}


def has_own_words(el: Element) -> bool:
    """Whether the source itself wrote text or punctuation between the parts of a citation."""
    return len(el) < 2 or has_words_between(el)


@inline("name", "string-name")
def person(r: Rendering, el: Element) -> str:
    """A name as given; a space between its parts where the source has none."""
    if len(el) == 0:
        return r.inline(el)
    words = plain_parts(el)
    if words is not None:
        r.names[el] = words
        return escape(words)
    if has_words_between(el):
        return r.inline(el)
    return " ".join([part for child in el if (part := r.inline(child).strip())])


def plain_parts(el: Element) -> str | None:
    """The parts of a name with a space between, if they are only words and nothing stands between them."""
    text = el.text
    if text and not text.isspace():
        return None
    parts = []
    for child in children_of(el):
        tail = child.tail
        if (tail and not tail.isspace()) or len(child):
            return None
        text = child.text
        if text and (text.isalnum() or (text := squeeze(text))):
            parts.append(text)
    return " ".join(parts)


def has_words_between(el: Element) -> bool:
    """Whether anything but white space stands beside an element's children."""
    text = el.text
    if text and not text.isspace():
        return True
    for child in children_of(el):
        tail = child.tail
        if tail and not tail.isspace():
            return True
    return False


@inline("etal")
def et_al(r: Rendering, el: Element) -> str:
    """`et al`, apart from the name before it even where the source forgot the space."""
    previous, parent = el.getprevious(), el.getparent()
    touches = previous is not None and not previous.tail and parent is not None and has_words_between(parent)
    return (", " if touches else "") + (r.inline(el) or "et al")


@inline("date-in-citation")
def accessed(r: Rendering, el: Element) -> str:
    """The day a page was looked at, called so where the source only tags it."""
    words, parent = r.inline(el).strip(), el.getparent()
    kind = f"{el.get('content-type', '')} {el.get('iso-8601-date', '')}".lower()
    untold = "access" in kind and "access" not in words.lower()
    return f"Accessed {words}" if untold and parent is not None and not has_own_words(parent) else words


@inline("person-group")
def person_group(r: Rendering, el: Element) -> str:
    if has_words_between(el):
        return r.inline(el)
    return ", ".join([part for child in children_of(el) if (part := rendered(r, child))])


@inline("pub-id")
def publication_id(r: Rendering, el: Element) -> str:
    """An identifier with its link; its kind is said where the words before it do not."""
    kind = (el.get("pub-id-type") or "").lower()
    said, text = r.unlinked(el).strip(), text_of(el)
    prefix, url_of = IDENTIFIERS.get(kind, ("", None))
    value = find_doi(text) if kind == "doi" else text
    url = url_of(value) if url_of and value else typed_url(kind, href(el) or value)
    previous = el.getprevious()
    before = _words_before(el, previous).rstrip().lower()
    if prefix and (before.endswith(_TELL_THE_KIND) or said.lower().startswith(prefix.strip().lower())):
        prefix = ""
    gap = "" if not before or before[-1] in " (/[:" or (previous is not None and prefix == "") else " "
    return gap + prefix + anchor_tag(r, url, said)


_TELL_THE_KIND = (":", "doi", "pmid", "pmcid", "/", "pmc")


def _words_before(el: Element, previous: Element | None) -> str:
    if previous is not None:
        return (previous.tail or "") or text_of(previous)
    parent = el.getparent()
    return (parent.text or "") if parent is not None else ""


def is_author(el: Element) -> bool:
    """Whether somebody named in a citation is one of its authors, not an editor or translator."""
    group = el.getparent()
    return group is not None and group.get("person-group-type", "author") == "author"


def plain_name(r: Rendering, el: Element) -> str:
    """The parts of a name with a space between, whatever the source writes there."""
    known = r.names.get(el)
    if known:
        return known
    if el.tag == "collab":
        return text_of(el)
    return " ".join([text for part in children_of(el) if (text := text_of(part))]) or text_of(el)


def rendered(r: Rendering, el: Element) -> str:
    handler = inline_of[el.tag]
    if (handler is plainly or handler is None) and len(el) == 0:
        return escape(el.text).strip()
    return (handler(r, el) if handler else r.inline(el)).strip()


@dataclass(slots=True)
class Parts:
    """The html of a citation's parts that have not been used yet: by name, and groups of people by their kind."""

    left: dict[str, list[str]]
    groups: list[tuple[str, str]]

    @classmethod
    def of(cls, r: Rendering, citation: Element) -> "Parts":
        left: dict[str, list[str]] = {}
        groups: list[tuple[str, str]] = []
        for el in children_of(citation):
            tag = el.tag
            words = rendered(r, el)
            if not words:
                continue
            if tag == "person-group":
                groups.append((el.get("person-group-type", ""), words))
            elif tag in left:
                left[tag].append(words)
            else:
                left[tag] = [words]
        return cls(left, groups)

    def take(self, *names: str, between: str = " ") -> str:
        """The html of all parts so named, which are then used."""
        left = self.left
        found: list[str] = []
        for each in names:
            if each in left:
                found += left.pop(each)
        return between.join(found) if found else ""

    def take_people(self, *kinds: str) -> str:
        """People of groups of these kinds ("" is a group without a kind, and names outside any group)."""
        found = []
        if self.groups:
            found = [words for kind, words in self.groups if kind in kinds]
            self.groups = [group for group in self.groups if group[0] not in kinds]
        if "" in kinds and not self.left.keys().isdisjoint(PEOPLE):
            found.append(self.take(*PEOPLE, between=", "))
        return ", ".join(found)


def formatted(r: Rendering, citation: Element) -> str:
    """One citation in AMA order. No part of the source is lost: what has no place in the order comes at the end."""
    parts = Parts.of(r, citation)
    whole = parts.take("article-title", "data-title") or ""
    chapter = parts.take("chapter-title", "part-title")
    sentences = [parts.take("label"), parts.take_people("author", ""), whole, parts.take("trans-title")]
    holder = [words for words in (_editors(parts), _source(parts)) if words]
    if chapter and holder:
        sentences += [chapter, f"In: {holder[0]}", *holder[1:]]
    else:
        sentences += [chapter, *holder]
    sentences.append(parts.take("series"))
    sentences += [_edition(parts), parts.take("conf-name", "conf-loc", "conf-date", between=", ")]
    sentences.append(_imprint(parts))
    sentences += _others(parts)
    return _sentence(sentences)


def _editors(parts: Parts) -> str:
    editors = parts.take_people("editor", "ed", "eds", "guest-editor")
    return f"{editors}, ed" + ("s" if "," in editors else "") if editors else ""


def _source(parts: Parts) -> str:
    source = parts.take("source", "trans-source")
    return f"<i>{source}</i>" if source else ""


def _edition(parts: Parts) -> str:
    edition = parts.take("edition")
    return f"{edition}{_ordinal(int(edition))} ed" if edition.isdecimal() and len(edition) < 4 else edition


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _imprint(parts: Parts) -> str:
    """`Place: Publisher; 2015;72(9):977-979`, as far as there is."""
    publisher = _both(parts.take("publisher-loc"), ": ", parts.take("publisher-name"))
    when = parts.take("year", "month", "season", "day", "date")
    volume, issue = parts.take("volume"), parts.take("issue", "issue-part")
    supplement = parts.take("supplement")
    pages = _pages(parts)
    line = when
    if volume or issue:
        line += (";" if line else "") + volume + (f"({issue})" if issue else "")
    line += f" {supplement}" if supplement else ""
    line += (":" if line else "") + pages if pages else ""
    return _both(publisher, "; ", line)


def _both(first: str, between: str, second: str) -> str:
    """Two words with something between; one alone where the other is empty."""
    return f"{first}{between}{second}" if first and second else first or second


def _pages(parts: Parts) -> str:
    span = parts.take("page-range")
    first, last, number = parts.take("fpage"), parts.take("lpage"), parts.take("elocation-id")
    pages = first if first == last else _both(first, "-", last)
    if span:
        said = re.findall(r"\w+", span)  # `4691–6` says both 4691 and 4696
        beside = [page for page in (first, last) if page and not page.endswith(tuple(said))]
        pages = ", ".join([*dict.fromkeys(beside), span])
    return _both(pages, ", ", number)


def _others(parts: Parts) -> Iterator[str]:
    """Everything without a place in the order, identifiers last."""
    ids = ("pub-id", "ext-link", "uri", "object-id")
    yield from (words for each, found in parts.left.items() if each not in ids for words in found)
    yield from (words for _kind, words in parts.groups)
    yield from (words for each, found in parts.left.items() if each in ids for words in found)


def _sentence(sentences: list[str]) -> str:
    """Joined by full stops, without doubling one that is there."""
    out = ""
    for sentence in sentences:
        words = sentence.strip() if sentence else ""
        if not words:
            continue
        if out:
            out += " " if _ends(out) else ". "
        out += words
    return out if not out or _ends(out) or out.endswith("</a>") else out + "."


def _ends(html: str) -> bool:
    """Whether the words, without the tags behind them, end with a full stop, question or exclamation mark."""
    while html.endswith(">") and (tag := html.rfind("</")) >= 0:
        html = html[:tag]
    return html[-1:] in ".?!"
