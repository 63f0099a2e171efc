"""The scorer's own reading of a JATS file: every text a reader should see, and the part of the article it belongs to.

It shares nothing with journal/jats: its own parser settings, its own idea of what is visible.
"""

import re
from dataclasses import dataclass
from html import unescape

from lxml import etree

from tests.journal.jats.letters import normal


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Where an element's text belongs. Within a part of STICKY everything stays with it.
PART_OF = {
    "title-group": "title",
    "contrib-group": "contributors",
    "aff": "affiliations",
    "author-notes": "notes",
    "abstract": "abstract",
    "trans-abstract": "abstract",
    "kwd-group": "keywords",
    "funding-group": "funding",
    "permissions": "license",
    "body": "body",
    "floats-group": "body",
    "back": "back",
    "ref-list": "references",
    "fn": "notes",
    "table-wrap-foot": "notes",
    "table": "tables",
    "caption": "captions",
    "sub-article": "sub-articles",
    "response": "sub-articles",
}
STICKY = {"title", "contributors", "affiliations", "abstract", "notes", "references", "sub-articles", "tables"}
PARTS = tuple(dict.fromkeys(PART_OF.values()))
#: Data, not words: identifiers, dates, counts, descriptions for those who do not see, other encodings of a formula.
UNSEEN = _set(
    "alt-text long-desc object-id processing-meta custom-meta-group custom-meta counts sec-meta institution-id "
    "annotation annotation-xml index-term index-term-range-end license_ref free_to_read journal-meta article-id "
    "article-version article-version-alternatives article-categories pub-date pub-date-not-available pub-history "
    "history volume volume-id volume-series issue issue-id issue-title issue-title-group issue-sponsor issue-part isbn "
    "fpage lpage page-range elocation-id self-uri related-article related-object conference contrib-id journal-id "
    "contrib-version award-group alt-title tex-math"
)
#: Of these only the first child that can be shown is.
ONE_OF = {"name-alternatives", "collab-alternatives", "aff-alternatives", "maction"}
BEST = ("math", "table", "tex-math", "textual-form", "code", "preformat", "media", "graphic", "inline-graphic")
#: In running text and references the data elements above are words.
FRONT_ONLY = _set(
    "article-id pub-date history volume volume-id volume-series issue issue-id issue-title issue-part isbn fpage lpage "
    "page-range elocation-id self-uri related-article related-object conference"
)


#: Data that publishers' own systems leave among the metadata: no element of JATS.
OF_NOBODY = _set("xplore-article-id xplore-issue xplore-pub-id open-access files year-id production-comments")


@dataclass(frozen=True, slots=True)
class Piece:
    """One text node without white space, compatibility forms unified."""

    part: str
    text: str


def local(el: etree._Element) -> str:
    return str(el.tag).rpartition("}")[2]


def article_of(data: bytes) -> etree._Element:
    """The article in a file, its entities replaced."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:  # prefixes nobody declared
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    for entity in list(root.iter(etree.Entity)):
        _replace(entity)
    found = [root] if local(root) == "article" else [el for el in root.iter() if local(el) == "article"]
    return found[0]


def _replace(entity: etree._Element) -> None:
    words = unescape(str(entity.text)) if unescape(str(entity.text)) != entity.text else ""
    previous, parent = entity.getprevious(), entity.getparent()
    assert parent is not None
    words += entity.tail or ""
    entity.tail = None
    if previous is None:
        parent.text = (parent.text or "") + words
    else:
        previous.tail = (previous.tail or "") + words
    parent.remove(entity)


def pieces(article: etree._Element) -> list[Piece]:
    """All visible text nodes in the order of the file."""
    found: list[Piece] = []
    for child in article:
        if local(child) in ("front", "front-stub"):
            for meta in [child] if local(child) == "front-stub" else child:
                _front(meta, found)
        elif local(child) != "processing-meta":
            _walk(child, PART_OF.get(local(child), "body"), found, front=False)
    return found


def _front(meta: etree._Element, found: list[Piece]) -> None:
    if local(meta) != "article-meta":
        _walk(meta, "notes", found, front=True) if local(meta) != "journal-meta" else None
        return
    for child in meta:
        _walk(child, PART_OF.get(local(child), "front"), found, front=True)


def _walk(el: etree._Element, part: str, found: list[Piece], front: bool) -> None:
    if _hidden(el, front):
        return
    if part not in STICKY or local(el) in ("sub-article", "response"):
        part = part if local(el) == "permissions" and not front else PART_OF.get(local(el), part)
    if part == "contributors" and local(el) == "aff":
        part = "affiliations"
    front = front or local(el) in ("front", "front-stub")
    children = _shown_children(el)
    loose = local(el) in ("alternatives", *ONE_OF, "semantics")
    _add(el.text, part, found, loose or _layout(el))
    for child in children:
        _walk(child, part, found, front and local(child) not in ("body", "back"))
        _add(child.tail, part, found, loose or _layout(el))


def _add(text: str | None, part: str, found: list[Piece], only_layout: bool) -> None:
    letters = normal(text or "")
    if part == "keywords":  # the colon behind their title is layout
        letters = letters.removesuffix(":")
    if part == "affiliations":  # and so is what parts one from the next
        letters = letters.strip(",;")
    if letters and not (only_layout and not any(letter.isalnum() for letter in letters)):
        found.append(Piece(part, letters))


def _layout(el: etree._Element) -> bool:
    """Commas and brackets between the data of a front matter's people are set by whoever shows them."""
    parent = el.getparent()
    if local(el) == "sup" and parent is not None and local(parent) == "label":
        el, parent = parent, parent.getparent()
    if local(el) == "label" and parent is not None and local(parent) == "bio":
        return True  # the mark that stood at the name
    return local(el) in ("contrib-group", "contrib", "name", "aff", "kwd-group", "compound-kwd", "title-group")


def _hidden(el: etree._Element, front: bool) -> bool:
    if not isinstance(el.tag, str):
        return True
    kind = local(el)
    if front and kind in OF_NOBODY:
        return True
    if kind in ("custom-meta-group", "custom-meta") and front:
        return kind == "custom-meta" and (not _says_where_data_are(el) or _also_in_the_notes(el))
    if kind in UNSEEN and (front or kind not in FRONT_ONLY):
        return True
    if kind == "role" and front and _role_said_before(el):
        return True
    return _of_a_person(el, kind) or _repeated(el, kind) or _mark_in_title(el, kind)


def _says_where_data_are(el: etree._Element) -> bool:
    return "".join(el.xpath("meta-name//text()")).strip().lower() == "data availability"


def _of_a_person(el: etree._Element, kind: str) -> bool:
    """Addresses of contributors wait behind the correspondence; the marks of affiliations are the page's own."""
    parent = el.getparent()
    if kind == "meta-name":
        return True
    inside = parent is not None and local(parent) in ("contrib", "contrib-group", "collab")
    return inside and kind in ("email", "address", "xref", "uri", "ext-link", "author-comment", "x")


def _also_in_the_notes(custom: etree._Element) -> bool:
    said = normal("".join(custom.xpath("meta-value//text()")))
    return any(said in normal("".join(notes.itertext())) for notes in custom.xpath("ancestor::front/notes"))


def _mark_in_title(el: etree._Element, kind: str) -> bool:
    """A title is shown in lists, too: without marks of notes and affiliations."""
    if kind == "xref":
        return el.get("ref-type") in ("fn", "author-notes", "aff", "corresp") and _in_title(el)
    return False


def _role_said_before(el: etree._Element) -> bool:
    """Several people of one role stand in one line behind it."""
    said = normal("".join(el.itertext()))
    group = next(el.iterancestors("article-meta", "front-stub"), el)
    alike = [role for role in group.iter("role") if normal("".join(role.itertext())) == said]
    parent = el.getparent()
    of_no_author = parent is not None and parent.get("contrib-type") not in (None, "author")
    return of_no_author and alike[0] is not el


def _in_title(el: etree._Element) -> bool:
    return any(local(around) == "title-group" for around in el.iterancestors())


def _repeated(el: etree._Element, kind: str) -> bool:
    """The same words in another form: year and holder of a statement, the tagged twin of a printed citation."""
    parent = el.getparent()
    if parent is None:
        return False
    if kind in ("copyright-year", "copyright-holder"):
        holders = [parent, *parent.iterancestors("article-meta")]
        return any(holder.find("copyright-statement") is not None for holder in holders)
    if kind in ("fpage", "lpage") and not any((beside.tail or "").strip() for beside in parent):
        return _page_said(el, parent)
    if kind == "title" and local(parent) == "ref-list" and len(parent) == 1:  # a heading over nothing
        return True
    return kind == "element-citation" and parent.find("mixed-citation") is not None


def _page_said(page: etree._Element, citation: etree._Element) -> bool:
    """`879` to `879` is one page, and `4691–6` says both 4691 and 4696."""
    said = normal("".join(page.itertext()))
    if local(page) == "lpage" and said == normal("".join(citation.xpath("fpage//text()"))):
        return True
    ranges = re.findall(r"\w+", "".join(citation.xpath("page-range//text()")))
    return any(said.endswith(number) for number in ranges)


def _shown_children(el: etree._Element) -> list[etree._Element]:
    children = [child for child in el if isinstance(child.tag, str)]
    if not children:
        return []
    if local(el) == "alternatives":
        return [next((c for kind in BEST for c in children if local(c) == kind), children[0])]
    if local(el) == "citation-alternatives":
        return [next((c for c in children if local(c) == "mixed-citation"), children[0])]
    if local(el) in ("semantics", *ONE_OF):
        return children[:1]
    if local(el) == "permissions" and len(el.findall("license")) > 1:
        return [child for child in children if local(child) != "license"] + _own_license(el)
    return children


def _own_license(permissions: etree._Element) -> list[etree._Element]:
    """Of a license in several languages the article's own."""
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    article = next(permissions.iterancestors("article"), None)
    wanted = (article.get(lang) if article is not None else None) or "en"
    found = permissions.findall("license")
    own = [el for el in found if (el.get(lang) or wanted)[:2] == wanted[:2]]
    return (own or found)[:1]


def all_letters(article: etree._Element) -> str:
    """Everything the file says, seen or unseen; a link without words says its address."""
    addresses = article.xpath("//*[self::ext-link or self::uri][not(normalize-space())]/@*[local-name()='href']")
    return normal("".join(article.itertext()) + " ".join(str(address) for address in addresses))


def people(article: etree._Element) -> set[str]:
    """Names of contributors as they are written in a line, normalized."""
    found: set[str] = set()
    found |= {normal("".join(el.itertext())) for el in article.iter("collab")}
    for el in article.iter("name"):
        parts = {local(part): normal("".join(part.itertext())) for part in el if isinstance(part.tag, str)}
        found.add(parts.get("given-names", "") + parts.get("surname", ""))
    return found


def has_header_cells(table: etree._Element) -> bool:
    """Whether the source marks cells as headers and writes something in them."""
    heads = [el for el in table.iter() if isinstance(el.tag, str) and local(el) in ("thead", "th")]
    return any(normal("".join(head.itertext())) for head in heads)


def tables(article: etree._Element) -> list[etree._Element]:
    """Tables a reader should see, outermost ones only."""
    found = []
    for el in article.iter("{*}table"):
        hidden = any(el not in walked for walked in _paths(el))
        if not hidden and not any(local(around) in ("table", "abstract-hidden") for around in el.iterancestors()):
            found.append(el)
    return found


def _paths(el: etree._Element) -> list[list[etree._Element]]:
    return [
        [inner for child in _shown_children(around) for inner in child.iter()]
        for around in el.iterancestors()
        if local(around) == "alternatives"
    ]
