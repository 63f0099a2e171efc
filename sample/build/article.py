"""A whole article in JATS 1.3 (Journal Publishing), from its manuscript and its place."""

from __future__ import annotations

import tomllib
from typing import Any

from lxml import etree

from sample.build.blocks import sections
from sample.build.front import front
from sample.build.inline import fill
from sample.build.manuscript import Manuscript, Part
from sample.build.placement import Placement
from sample.build.references import reference_list
from sample.build.xml import LANG, NSMAP, Element, add, link, make, plain

DOCTYPE = (
    '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD with MathML3 v1.3 20210610//EN" '
    '"JATS-journalpublishing1-3-mathml3.dtd">'
)


def build(article: Manuscript, journal: dict[str, Any], places: dict[str, Placement], pages: int) -> Element:
    """The <article>; `pages` is the length of its PDF."""
    root = etree.Element("article", nsmap=NSMAP)
    root.set("article-type", article.meta["type"])
    root.set("dtd-version", "1.3")
    root.set(LANG, "en")
    add(root, front(article, journal, places[article.slug], places))
    add(root, body(article), back(article, places), *(reply(part, article) for part in article.named("reply")))
    indent(root)
    add(root.find("front/article-meta"), counts(root, pages))
    return root


def body(article: Manuscript) -> Element:
    made = make("body")
    for part in article.named("body"):
        sections(made, part.lines)
    for part in article.named("supplements"):
        add(made, supplements(part))
    return made


def supplements(part: Part) -> Element:
    """Lines `file | title | description`."""
    sec = make("sec", make("title", "Supplementary Material"), id="supplements", sec_type="supplementary-material")
    for number, line in enumerate((line for line in part.lines if line.strip()), start=1):
        file, title, words = line.split(" | ")
        caption = make("caption", make("title", title), make("p", words))
        material = make(
            "supplementary-material",
            make("label", f"Supplement {number}"),
            caption,
            id=f"S{number}",
            mimetype="text",
            mime_subtype=file.rpartition(".")[2],
        )
        add(sec, link(material, file))
    return sec


def back(article: Manuscript, places: dict[str, Placement]) -> Element:
    made = make("back")
    for part in article.parts:
        if part.name in BACK:
            add(made, BACK[part.name](part, len(made.findall("app-group/app")) + 1))
    notes = article.named("footnotes")
    add(made, footnotes(notes[0]) if notes else None)
    for part in article.named("references"):
        add(made, reference_list(part.lines, places))
    return made


def acknowledgments(part: Part, number: int) -> Element:
    return sections(make("ack", make("title", "Acknowledgments")), part.lines)


def data_availability(part: Part, number: int) -> Element:
    return sections(
        make("sec", make("title", "Data Availability"), sec_type="data-availability", id="data"), part.lines
    )


def appendix(part: Part, number: int) -> Element:
    title = fill(make("title"), part.argument)
    app = make("app", make("label", f"Appendix {number}"), title, id=f"A{number}")
    return make("app-group", sections(app, part.lines, prefix=f"a{number}-"))


def glossary(part: Part, number: int) -> Element:
    """Lines `term: meaning`."""
    items = make("def-list")
    for term, _, meaning in (line.partition(": ") for line in part.lines if line.strip()):
        add(items, make("def-item", make("term", term), make("def", fill(make("p"), meaning))))
    return make("glossary", make("title", "Abbreviations"), items)


def reply(part: Part, article: Manuscript) -> Element:
    """The answer printed below a letter: TOML head, ``+++``, text."""
    head, text = "\n".join(part.lines).split("+++\n")
    meta = tomllib.loads(head)
    names = [
        make(
            "contrib",
            make("name", make("surname", surname), make("given-names", given)),
            make("degrees", degrees),
            contrib_type="author",
        )
        for given, surname, degrees in meta["authors"]
    ]
    stub = make(
        "front-stub",
        make("article-id", f"{article.doi}.r1", pub_id_type="publisher-id"),
        make("title-group", make("article-title", meta["title"])),
        make("contrib-group", *names),
    )
    made = make(
        "sub-article", stub, sections(make("body"), text.splitlines(), prefix="r"), article_type="reply", id="reply"
    )
    made.set(LANG, "en")
    return made


def footnotes(part: Part) -> Element:
    """Lines `a: text`, marked [fn:a] where they belong."""
    group = make("fn-group", make("title", "Notes"))
    for mark, _, text in (line.partition(": ") for line in part.lines if line.strip()):
        add(group, make("fn", make("label", make("sup", mark)), fill(make("p"), text), id=f"fn-{mark}"))
    return group


BACK = {"acknowledgments": acknowledgments, "data": data_availability, "appendix": appendix, "glossary": glossary}


def counts(root: Element, pages: int) -> Element:
    body_text = root.find("body")
    numbers = {
        "fig-count": len(root.findall(".//fig")),
        "table-count": len(root.findall(".//table-wrap")),
        "equation-count": len(root.findall(".//disp-formula")),
        "ref-count": len(root.findall(".//ref")),
        "page-count": pages,
        "word-count": len(plain(body_text).split()) if body_text is not None else 0,
    }
    return make("counts", *(make(tag, count=number) for tag, number in numbers.items()))


def serialize(root: Element) -> bytes:
    """UTF-8 with declaration and doctype; indented outside running text only, so that no space is added to it."""
    indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", doctype=DOCTYPE) + b"\n"


def indent(element: Element, level: int = 0) -> None:
    if not len(element) or (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return
    if element.tag in ("p", "sup", "label", "xref", "title", "td", "th", "article-title", "kwd", "aff"):
        return
    inner = "\n" + "  " * (level + 1)
    element.text = inner
    for child in element:
        indent(child, level + 1)
        child.tail = inner
    element[-1].tail = inner[:-2]
