"""The front of an article in JATS: journal, title, people, dates, pages, permissions, abstracts, counts."""

from __future__ import annotations

from datetime import date
from typing import Any

from sample.build.blocks import make_blocks, split_headings
from sample.build.inline import fill
from sample.build.manuscript import Manuscript, Part, read
from sample.build.placement import Placement
from sample.build.xml import ALI, LANG, XML, Element, add, link, make

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
SAMPLE_NOTE = (
    "Sample article: invented for demonstration; not medical advice. Its authors, patients, institutions, places and "
    "results do not exist."
)


def front(article: Manuscript, journal: dict[str, Any], place: Placement, places: dict[str, Placement]) -> Element:
    notes = make("notes", make("title", "About this sample"), make("p", SAMPLE_NOTE), notes_type="sample")
    return make("front", journal_meta(journal["journal"]), article_meta(article, place, places), notes)


def journal_meta(journal: dict[str, Any]) -> Element:
    return make(
        "journal-meta",
        make("journal-id", journal["code"], journal_id_type="publisher-id"),
        make(
            "journal-title-group",
            make("journal-title", journal["title"]),
            make("abbrev-journal-title", journal["abbreviation"], abbrev_type="publisher"),
        ),
        make("issn", journal["issn_print"], publication_format="print"),
        make("issn", journal["issn_electronic"], publication_format="electronic"),
        make(
            "publisher",
            make("publisher-name", journal["publisher"]),
            make("publisher-loc", journal["publisher_location"]),
        ),
    )


def article_meta(article: Manuscript, place: Placement, places: dict[str, Placement]) -> Element:
    """Children in the order the tag library prescribes."""
    meta = article.meta
    made = make(
        "article-meta",
        make("article-id", f"pjn-2026-{meta['number']}", pub_id_type="publisher-id"),
        make("article-id", article.doi, pub_id_type="doi"),
        categories(meta),
        titles(meta),
    )
    add(made, *people(meta), author_notes(meta), *pub_dates(meta, place), *position(meta, place))
    add(made, history(meta), permissions(meta), self_uri(), *related(meta, places))
    add(made, *(abstract(part) for part in article.parts if part.name in ("abstract", "key-points", "trans-abstract")))
    return add(made, keywords(meta), funding(meta))


def categories(meta: dict[str, Any]) -> Element:
    heading = make("subj-group", make("subject", meta["section"]), subj_group_type="heading")
    topics = make("subj-group", *(make("subject", topic) for topic in meta["topics"]), subj_group_type="topic")
    return make("article-categories", heading, topics)


def titles(meta: dict[str, Any]) -> Element:
    group = make("title-group", fill(make("article-title"), meta["title"]))
    add(group, fill(make("subtitle"), meta["subtitle"]) if "subtitle" in meta else None)
    for language, title in meta.get("translated_titles", {}).items():
        trans = make("trans-title-group", fill(make("trans-title"), title))
        trans.set(LANG, language)
        add(group, trans)
    return add(group, fill(make("alt-title", alt_title_type="running-head"), meta["running"]))


def people(meta: dict[str, Any]) -> list[Element]:
    if not meta.get("authors"):
        return []
    group = make("contrib-group", *(author(person) for person in meta["authors"]), content_type="authors")
    if "group" in meta:
        add(group, group_author(meta["group"]))
    affiliations = [affiliation(number, text) for number, text in enumerate(meta["affiliations"], start=1)]
    return [group, *affiliations]


def author(person: dict[str, Any]) -> Element:
    made = make(
        "contrib",
        contrib_type="author",
        corresp="yes" if "email" in person else None,
        equal_contrib="yes" if person.get("equal") else None,
    )
    if "orcid" in person:
        add(made, make("contrib-id", f"https://orcid.org/{person['orcid']}", contrib_id_type="orcid"))
    name = make(
        "name",
        make("surname", person["surname"]),
        make("given-names", person["given"]),
        name_style=person.get("style", "western"),
    )
    add(made, name, make("degrees", person["degrees"]) if "degrees" in person else None)
    add(made, *(make("xref", make("sup", number), ref_type="aff", rid=f"aff{number}") for number in person["aff"]))
    return add(made, make("xref", "*", ref_type="corresp", rid="cor1") if "email" in person else None)


def group_author(group: dict[str, Any]) -> Element:
    collab = make("collab", group["name"], collab_type="committee")
    members = make("contrib-group", content_type="members")
    for name in group["members"]:
        given, surname = name.rsplit(" ", 1)
        full = make("name", make("surname", surname), make("given-names", given))
        add(members, make("contrib", full, contrib_type="group-member"))
    return make("contrib", add(collab, members), contrib_type="author")


def affiliation(number: int, text: str) -> Element:
    """`Department | Institution | City`, the department may be missing."""
    *department, institution, city = (part.strip() for part in text.split("|"))
    made = make("aff", make("label", make("sup", number)), id=f"aff{number}")
    for name in department:
        add(made, make("institution", name, content_type="dept"), ", ")
    return add(made, make("institution", institution), ", ", make("city", city))


def author_notes(meta: dict[str, Any]) -> Element:
    notes = make("author-notes")
    for person in (person for person in meta.get("authors", []) if "email" in person):
        name = f"{person['given']} {person['surname']}, {person.get('degrees', '')}".rstrip(", ")
        add(
            notes,
            make(
                "corresp",
                make("label", "*"),
                f"Correspondence: {name} (",
                make("email", person["email"]),
                ")",
                id="cor1",
            ),
        )
    add(notes, make("fn", make("p", SAMPLE_NOTE), fn_type="other", id="fn-sample", specific_use="sample"))
    for fn_type, key in (
        ("equal", "equal"),
        ("coi-statement", "conflicts"),
        ("con", "contributions"),
        ("other", "group_note"),
    ):
        if key in meta:
            add(notes, make("fn", fill(make("p"), meta[key]), fn_type=fn_type, id=f"fn-{key.replace('_', '-')}"))
    return notes


def dated(tag: str, when: date, *, full: bool = True, **attributes: object) -> Element:
    parts = [make("day", when.day)] if full else []
    parts += [make("month", when.month), make("year", when.year)]
    return make(tag, *parts, iso_8601_date=when.isoformat() if full else when.isoformat()[:7], **attributes)


def pub_dates(meta: dict[str, Any], place: Placement) -> list[Element]:
    dates = [dated("pub-date", meta["online"], date_type="pub", publication_format="electronic")]
    if place.issued:
        dates.append(dated("pub-date", place.issued, date_type="collection", publication_format="print"))
    return dates


def position(meta: dict[str, Any], place: Placement) -> list[Element]:
    parts = [("volume", place.volume), ("issue", place.issue), ("fpage", place.first), ("lpage", place.last)]
    parts.append(("elocation-id", meta.get("elocation")))
    return [make(tag, value) for tag, value in parts if value is not None]


def history(meta: dict[str, Any]) -> Element | None:
    dates = [
        dated("date", meta[kind], date_type=kind if kind != "revised" else "rev-recd")
        for kind in ("received", "revised", "accepted", "corrected", "retracted")
        if kind in meta
    ]
    return make("history", *dates) if dates else None


def permissions(meta: dict[str, Any]) -> Element:
    holder = "The Authors" if meta["access"] == "open" else "Pellisund Society of Neurology"
    made = make(
        "permissions",
        make("copyright-statement", f"© 2026 {holder}. Invented sample."),
        make("copyright-year", 2026),
        make("copyright-holder", holder),
    )
    if meta["access"] != "controlled":
        add(made, free_to_read(meta.get("free_from")))
    return add(made, open_license() if meta["access"] == "open" else None)


def free_to_read(since: date | None) -> Element:
    made = make(f"{{{ALI}}}free_to_read")
    if since:
        made.set("start_date", since.isoformat())
    return made


def open_license() -> Element:
    words = make("license-p", "This is an open access article under the terms of the ")
    add(words, link(make("ext-link", "Creative Commons Attribution 4.0 License", ext_link_type="uri"), CC_BY))
    add(words, ", which permits use, distribution and reproduction in any medium, provided the work is properly cited.")
    made = make("license", make(f"{{{ALI}}}license_ref", CC_BY), words, license_type="open-access")
    made.set(f"{{{XML}}}lang", "en")
    return link(made, CC_BY)


def self_uri() -> Element:
    return link(make("self-uri", content_type="pdf"), "article.pdf")


def related(meta: dict[str, Any], places: dict[str, Placement]) -> list[Element]:
    made = []
    for number, relation in enumerate(meta.get("related", []), start=1):
        place = places.get(relation["slug"], Placement())
        element = make(
            "related-article",
            related_article_type=relation["type"],
            ext_link_type="doi",
            id=f"ra{number}",
            vol=place.volume,
            issue=place.issue,
            page=place.first,
        )
        made.append(link(element, read(relation["slug"]).doi))
    return made


def abstract(part: Part) -> Element:
    """The abstract; `key-points` is an abstract of that type, `trans-abstract es` one in Spanish."""
    tag = "trans-abstract" if part.name == "trans-abstract" else "abstract"
    made = make(tag, abstract_type="key-points" if part.name == "key-points" else None)
    if tag == "trans-abstract":
        made.set(LANG, part.argument)
    add(made, make("title", "Key Points") if part.name == "key-points" else None)
    for level, title, lines in split_headings(part.lines):
        blocks = [make("p", block) if block.tag == "list" else block for block in make_blocks(lines)]
        add(made, *([make("sec", make("title", title), *blocks)] if level else blocks))
    return made


def keywords(meta: dict[str, Any]) -> Element | None:
    if "keywords" not in meta:
        return None
    group = make("kwd-group", *(fill(make("kwd"), word) for word in meta["keywords"]), kwd_group_type="author")
    group.set(LANG, "en")
    return group


def funding(meta: dict[str, Any]) -> Element | None:
    if "funding" not in meta:
        return None
    awards = [
        make("award-group", make("funding-source", award["source"]), make("award-id", award["id"]))
        for award in meta.get("awards", [])
    ]
    return make("funding-group", *awards, make("funding-statement", meta["funding"]))
