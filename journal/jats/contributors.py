"""Who wrote the article: people and groups with their affiliations, marks and identifiers."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from journal.jats.document import Affiliation, Author
from journal.jats.links import orcid
from journal.jats.markup import attribute, escape, to_text
from journal.jats.render.ama import has_words_between, rendered
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, by_name, children_of, first_child, language, name, plain, text_of

MOST_OF_A_SIGN = 10
_AUTHOR = ("author", "", "collab", "collaboration", "group")
_PERSONS = ("name", "string-name")
_GROUPS = ("collab", "collab-alternatives", "collab-name", "collab-name-alternatives", "collab-wrap")
_NAMES = (*_PERSONS, "collab", "collab-name", "anonymous")


def affiliations(meta: Element, r: Rendering) -> tuple[Affiliation, ...]:
    """Every affiliation of the front matter once, in order."""
    found = []
    for aff in meta.iter("aff"):
        parent = aff.getparent()
        if parent is not None and name(parent) == "aff-alternatives" and first_child(parent, "aff") is not aff:
            continue
        found.append(_affiliation(aff, r))
    return tuple(found)


def _affiliation(aff: Element, r: Rendering) -> Affiliation:
    label = first_child(aff, "label")
    html, mark = _words(aff, r), text_of(label)
    if label is not None and not html:  # all its words are in the label
        html, mark = r.inline(label).strip(), ""
    ror = next((text_of(el) for el in aff.iter("institution-id") if el.get("institution-id-type") == "ror"), "")
    return Affiliation(r.index.id_of(aff, "aff"), mark, html, to_text(html), ror)


def _words(aff: Element, r: Rendering) -> str:
    """The affiliation without its label; parts that only stand side by side get commas."""
    spaced = has_words_between(aff)
    parts = [escape(aff.text)]
    for child in children_of(aff):
        words = "" if name(child) == "label" else rendered(r, child)
        parts += [words if spaced else words.strip(), escape(child.tail)]
    if spaced:
        return "".join(parts).strip(" ,;\n\t")
    return ", ".join(part for part in parts if part.strip())


def contributors(meta: Element, r: Rendering) -> tuple[tuple[Author, ...], tuple[Author, ...]]:
    """(authors, everybody else: editors, reviewers …)."""
    authors: list[Author] = []
    others: list[Author] = []
    for group in meta.iterchildren("contrib-group"):
        shared = _shared_affiliations(group, meta)
        for contrib in group.iterchildren("contrib"):
            person = _person(contrib, group, shared, r)
            if not (person.surname or person.given or person.group):
                r.warn("no-name", "A contributor has no name and is left out.", contrib)
            elif person.kind == "author":
                authors.append(person)
            else:
                others.append(person)
    return tuple(authors), tuple(others)


def _kind(contrib: Element, group: Element) -> str:
    kind = (contrib.get("contrib-type") or group.get("content-type") or "").strip().lower().rstrip("s")
    return "author" if kind in _AUTHOR or kind.startswith("author") else kind


def _person(contrib: Element, group: Element, shared: list[Element], r: Rendering) -> Author:
    given = by_name(contrib)
    own = _own_name(contrib, given)
    named = own if own is not None else _name_of(contrib)
    names = _name_parts(named)
    collab = None if given.keys().isdisjoint(_GROUPS) else next(el for el in contrib if el.tag in _GROUPS)
    group_html = _group_name(collab, r) if collab is not None else ""
    behalf = text_of(next(iter(given.get("on-behalf-of", ())), None))
    if group_html and own is not None:
        behalf, group_html = behalf or to_text(group_html), ""  # a person, and the group they wrote for
    if "anonymous" in given:
        group_html = "Anonymous"
    pointed = [el for xref in given.get("xref", ()) for el in r.index.resolved.get(xref, ())]
    ids = [orcid(text_of(el)) for el in given.get("contrib-id", ()) if el.get("contrib-id-type") == "orcid"]
    ids += [
        orcid(el.get("{http://www.w3.org/1999/xlink}href", ""))
        for el in given.get("uri", ())
        if "orcid.org" in text_of(el) + str(el.attrib)
    ]
    _warn_of_bad_orcid(contrib, ids, r)
    said_of = {el.get("fn-type") for el in pointed if el.get("fn-type")}
    return Author(
        **({} if group_html else names),
        degrees=", ".join([text_of(el) for el in given.get("degrees", ())]),
        also_html=_other_forms(given, named),
        group=to_text(group_html),
        group_html=group_html,
        members=_members(collab, r) if collab is not None else (),
        orcid=next((found for found in ids if found), ""),
        email=_address(given, pointed),
        corresponding=contrib.get("corresp") == "yes" or any(_is_of_correspondence(el) for el in pointed),
        equal=contrib.get("equal-contrib") == "yes" or "equal" in said_of,
        deceased=contrib.get("deceased") == "yes" or "deceased" in said_of,
        affiliations=tuple(_affiliation_ids(contrib, shared, pointed, r)),
        notes=tuple(r.index.id_of(el) for el in pointed if el.tag in ("fn", "corresp")),
        marks=tuple(_marks(given.get("xref", ()), r)),
        roles=tuple(text for el in given.get("role", ()) if (text := text_of(el))),
        on_behalf_of=behalf,
        eastern_order=_is_eastern(named if named is None or named.tag == "name" else next(contrib.iter("name"), None)),
        kind=_kind(contrib, group),
    )


def _is_of_correspondence(el: Element) -> bool:
    return el.tag == "corresp" or el.get("fn-type") == "corresp"


def _marks(xrefs: Iterable[Element], r: Rendering) -> Iterator[tuple[str, str]]:
    """The signs that lead from an author's name to notes: equal work, a present address, a death."""
    for xref in xrefs:
        notes = [el for el in r.index.resolved.get(xref, ()) if el.tag == "fn"]
        sign = text_of(xref) or text_of(notes[0].find("label")) or notes[0].get("symbol", "") if notes else ""
        if sign and len(sign) <= MOST_OF_A_SIGN:
            yield r.index.id_of(notes[0], "fn"), sign


def _own_name(contrib: Element, given: dict[str, list[Element]]) -> Element | None:
    """The first name of a person that is a contributor's own, or one of its alternatives."""
    holders = given.get("name-alternatives")
    if holders is None:
        return next((el for el in contrib if el.tag in _PERSONS), None)
    return next((el for el in contrib.iter(*_PERSONS) if el.getparent() is contrib or el.getparent() in holders), None)


def _name_of(contrib: Element) -> Element | None:
    """The first name in a contributor, nearly always a child."""
    for child in contrib:
        if child.tag in _NAMES:
            return child
        if len(child):
            break
    return next(contrib.iter(*_NAMES), None)


def _other_forms(given: dict[str, list[Element]], named: Element | None) -> str:
    """The same name in other scripts, as the source gives it beside the first one."""
    if named is None or named.tag not in _PERSONS:
        return ""
    forms = [el for tag in _PERSONS for el in given.get(tag, ())]
    held = [el for holder in given.get("name-alternatives", ()) for el in holder.iterchildren(*_PERSONS)]
    if len(forms) + len(held) < 2:
        return ""
    first = _written(named)
    forms += [el for el in held if _is_foreign(_written(el)) and not _is_foreign(first)]
    found = {escape(words): language(el) for el in forms if el is not named and (words := _written(el)) != first}
    return ", ".join(f"<span{attribute('lang', tongue)}>{words}</span>" for words, tongue in found.items() if words)


def _written(el: Element) -> str:
    """A name in one form: an eastern one begins with the surname, and Chinese and Japanese leave no space."""
    parts = _name_parts(el) if el.tag == "name" else {}
    if not parts.get("given") or not parts["surname"]:
        return plain(" ".join(text for part in el if (text := text_of(part))) or text_of(el))
    gap = "" if unicodedata.name(parts["surname"][0], "").startswith(_WITHOUT_SPACE) else " "
    order = ("surname", "given") if gap == "" or _is_eastern(el) else ("prefix", "given", "surname", "suffix")
    return gap.join(parts[key] for key in order if parts[key])


_WITHOUT_SPACE = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")


def _is_foreign(words: str) -> bool:
    """Whether it is written in another script than Latin."""
    return any(letter.isalpha() and not unicodedata.name(letter, "LATIN").startswith("LATIN") for letter in words)


def _is_eastern(el: Element | None) -> bool:
    return el is not None and el.get("name-style") == "eastern"


def _name_parts(el: Element | None) -> dict[str, str]:
    if el is None or el.tag not in _PERSONS:
        return {}
    parts = {"surname": "", "given": "", "prefix": "", "suffix": ""}
    for child in children_of(el):
        key = "given" if child.tag == "given-names" else child.tag
        if parts.get(key) == "":
            parts[key] = plain(text_of(child))
    if not parts["surname"] and not parts["given"]:
        parts["surname"] = plain(text_of(el))
    return parts


def _group_name(collab: Element, r: Rendering) -> str:
    """The group's own words, without its members and addresses."""
    holder = collab if name(collab) in ("collab", "collab-name") else next(iter(collab), collab)
    parts = [escape(holder.text)]
    for child in holder:
        if name(child) not in ("contrib-group", "contrib", "aff", "xref", "fn", "address", "email"):
            parts.append(r.inline(child))
        parts.append(escape(child.tail))
    return " ".join("".join(parts).split()).strip(" ,;")


def _members(collab: Element, r: Rendering) -> tuple[Author, ...]:
    found = []
    for group in collab.iter("contrib-group"):
        team = " ".join(text for el in group.iterchildren("role", "title") if (text := text_of(el)))
        found += [replace(_person(contrib, group, [], r), team=team) for contrib in group.iterchildren("contrib")]
    return tuple(member for member in found if member.name)


def group_of(meta: Element) -> str:
    """The group on whose behalf all authors wrote, "" when none is named for all."""
    return " ".join(text for el in meta.iterfind("contrib-group/on-behalf-of") if (text := text_of(el)))


def _address(given: dict[str, list[Element]], pointed: list[Element]) -> str:
    own = [
        *given.get("email", ())[:1],
        *(el for holder in given.get("address", ()) for el in holder.iterchildren("email")),
    ]
    shared = (list(el.iterchildren("email")) for el in pointed if el.tag == "corresp")
    return next((text for el in own if (text := text_of(el))), "") or next(
        (text_of(emails[0]) for emails in shared if len(emails) == 1), ""
    )


def _affiliation_ids(contrib: Element, shared: list[Element], pointed: list[Element], r: Rendering) -> Iterator[str]:
    """Affiliations pointed at or held; else the shared ones."""
    found = [el for el in (*pointed, *children_of(contrib)) if el.tag in ("aff", "aff-alternatives")]
    for el in found or shared:
        inner = first_child(el, "aff") if el.tag == "aff-alternatives" else el
        yield r.index.id_of(inner if inner is not None else el, "aff")


def _shared_affiliations(group: Element, meta: Element) -> list[Element]:
    """The affiliations of a group whose members name none; else the article's only one."""
    found = list(group.iterchildren("aff", "aff-alternatives"))
    if len(found) > 1:
        found = [el for el in found if first_child(el, "label") is None]
    alone = list(meta.iterchildren("aff"))
    return found or (alone if len(alone) == 1 else [])


def _warn_of_bad_orcid(contrib: Element, ids: list[str], r: Rendering) -> None:
    if ids and not any(ids):
        r.warn("bad-orcid", "An ORCID iD has a wrong check digit and is left out.", contrib)
