"""An article's PDF from its JATS, by Typst with the fonts it brings along."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pypdfium2
import typst

from sample.build.front import MONTHS
from sample.build.placement import Placement
from sample.build.typeset_text import escape, inside, markup
from sample.build.xml import HREF, Element, plain

LAYOUT = Path(__file__).parent / "layout.typ"
FONTS = typst.Fonts(include_system_fonts=False)


def pdf(root: Element, journal: dict[str, Any], place: Placement, drawings: dict[str, str]) -> bytes:
    """PDF/UA bytes; `drawings` are SVG texts by file stem. The same input gives the same bytes."""
    with TemporaryDirectory() as folder:
        for stem, svg in drawings.items():
            (Path(folder) / f"{stem}.svg").write_text(svg, encoding="utf-8")
        (Path(folder) / "layout.typ").write_text(LAYOUT.read_text(encoding="utf-8"), encoding="utf-8")
        (Path(folder) / "main.typ").write_text(document(root, journal, place), encoding="utf-8")
        compiler = typst.Compiler(font_paths=FONTS, root=folder)
        return compiler.compile(
            str(Path(folder) / "main.typ"), format="pdf", timestamp=published(root), pdf_standards=["ua-1"]
        )  # type: ignore[return-value]


def count_pages(made: bytes) -> int:
    with pypdfium2.PdfDocument(made) as opened:
        return len(opened)


def published(root: Element) -> datetime:
    when = date.fromisoformat(root.find("front/article-meta/pub-date").get("iso-8601-date"))
    return datetime(when.year, when.month, when.day, 12, tzinfo=UTC)


def document(root: Element, journal: dict[str, Any], place: Placement) -> str:
    settings = ",\n  ".join(f"{name}: {value}" for name, value in head(root, journal, place).items())
    body, back = root.find("body"), root.find("back")
    opening = f'#import "layout.typ": *\n#show: article.with(\n  {settings},\n)'
    return "\n".join((opening, inside(body), inside(back), references(back), replies(root)))


def head(root: Element, journal: dict[str, Any], place: Placement) -> dict[str, str]:
    """Arguments of layout.typ's `article`, as Typst code."""
    meta = root.find("front/article-meta")
    subtitle = meta.find("title-group/subtitle")
    return {
        "journal": content(journal["journal"]["title"]),
        "issue": content(issue_line(place)),
        "citation": content(citation(meta, journal, place)),
        "doi": content(meta.findtext("article-id[@pub-id-type='doi']")),
        "kind": content(meta.findtext("article-categories/subj-group/subject")),
        "title": f"[{inside(meta.find('title-group/article-title'))}]",
        "plain-title": json.dumps(plain(meta.find("title-group/article-title")), ensure_ascii=False),
        "subtitle": f"[{inside(subtitle)}]" if subtitle is not None else "none",
        "running": f"[{inside(meta.find('title-group/alt-title'))}]",
        "authors": authors(meta),
        "affiliations": array(
            f"#sup[{plain(aff.find('label'))}]; {escape(without_label(aff))}" for aff in meta.findall("aff")
        ),
        "abstracts": array_of_abstracts(meta),
        "notices": array(notices(meta)),
        "notes": array(notes(meta)),
        "keywords": f"[{'; '.join(inside(kwd) for kwd in meta.findall('kwd-group/kwd'))}]",
        "access": content(access(meta)),
        "first-page": str(place.first or 1),
        "essay": "true" if root.get("article-type") in ("editorial", "letter", "discussion") else "false",
        "retracted": "true" if meta.find("history/date[@date-type='retracted']") is not None else "false",
    }


def content(text: str | None) -> str:
    return f"[{escape(text)}]"


def array(values: Any) -> str:
    made = [f"[{value}]" for value in values]
    return "(" + ", ".join(made) + ("," if made else "") + ")"


def without_label(aff: Element) -> str:
    return " ".join("".join(aff.itertext()).split()).removeprefix(plain(aff.find("label"))).strip()


def issue_line(place: Placement) -> str:
    if not place.issued:
        return "Published online first"
    return f"Volume {place.volume}, Number {place.issue}, {MONTHS[place.issued.month - 1]} {place.issued.year}"


def citation(meta: Element, journal: dict[str, Any], place: Placement) -> str:
    name = journal["journal"]["abbreviation"]
    if place.volume is None:
        return f"{name}. Published online {long_date(meta.find('pub-date'))}"
    pages = str(place.first) if place.first == place.last else f"{place.first}-{place.last}"
    return f"{name}. 2026;{place.volume}({place.issue}):{meta.findtext('elocation-id') or pages}"


def long_date(element: Element, attribute: str = "iso-8601-date") -> str:
    when = date.fromisoformat(element.get(attribute))
    return f"{MONTHS[when.month - 1]} {when.day}, {when.year}"


def authors(meta: Element) -> str:
    """Names with degrees and marks; the group author last."""
    made = []
    for contrib in meta.findall("contrib-group/contrib"):
        if (collab := contrib.find("collab")) is not None:
            made.append(f"for the {escape((collab.text or '').removeprefix('The ').strip())}")
            continue
        name, degrees = contrib.find("name"), contrib.findtext("degrees")
        order = ("surname", "given-names") if name.get("name-style") == "eastern" else ("given-names", "surname")
        words = " ".join(name.findtext(part) for part in order) + (f", {degrees}" if degrees else "")
        marks = ",".join(plain(xref) for xref in contrib.findall("xref"))
        made.append(
            f"#box[{escape(words)}#sup[{escape(marks)}];];" if not degrees else f"{escape(words)}#sup[{escape(marks)}];"
        )
    return array(made)


NOTICES = {
    "correction-forward": ("corrected", "This article was corrected on"),
    "retraction-forward": ("retracted", "This article was retracted on"),
}


def notices(meta: Element) -> list[str]:
    """What a reader has to know before the first line, with the way to the notice."""
    made = []
    for link in meta.findall("related-article"):
        if link.get("related-article-type") in NOTICES:
            kind, words = NOTICES[link.get("related-article-type")]
            when = long_date(meta.find(f"history/date[@date-type='{kind}']"))
            made.append(
                f'{words} {when}; see #link("https://doi.org/{link.get(HREF)}")[doi:{escape(link.get(HREF))}];.'
            )
    return made


def array_of_abstracts(meta: Element) -> str:
    """(title, language, parts) for each abstract; a part is a heading or none, and its text."""
    made = []
    for abstract in meta.findall("abstract") + meta.findall("trans-abstract"):
        language = abstract.get("{http://www.w3.org/XML/1998/namespace}lang", "en")
        title = {"es": "Resumen", "fr": "Résumé"}.get(language, "Abstract")
        parts = ", ".join(abstract_part(part) for part in abstract if part.tag != "title")
        title = "Key Points" if abstract.get("abstract-type") == "key-points" else title
        made.append(f'(title: "{title}", lang: "{language}", parts: ({parts},))')
    return "(" + ", ".join(made) + ("," if made else "") + ")"


def abstract_part(part: Element) -> str:
    if part.tag != "sec":
        return f"(none, [{inside(part) if part.tag == 'p' else markup(part)}])"
    return f"([{inside(part.find('title'))}], [{' '.join(inside(paragraph) for paragraph in part.findall('p'))}])"


def notes(meta: Element) -> list[str]:
    dates = [f"{WORDS[date_.get('date-type')]} {long_date(date_)}" for date_ in meta.findall("history/date")]
    dates.append(f"Published online {long_date(meta.find('pub-date'))}")
    made = [escape(". ".join(dates) + ".")]
    made += [inside_without_label(corresp) for corresp in meta.findall("author-notes/corresp")]
    made += ["".join(inside(p) for p in fn.findall("p")) for fn in meta.findall("author-notes/fn")]
    statement = meta.find("funding-group/funding-statement")
    return made + ([f"Funding: {inside(statement)}"] if statement is not None else [])


WORDS = {
    "received": "Received",
    "rev-recd": "Revised",
    "accepted": "Accepted",
    "corrected": "Corrected",
    "retracted": "Retracted",
}


def inside_without_label(element: Element) -> str:
    label = element.find("label")
    return (
        inside(element)
        if label is None
        else escape(label.tail) + "".join(markup(child) + escape(child.tail) for child in element if child is not label)
    )


def access(meta: Element) -> str:
    words = [meta.findtext("permissions/copyright-statement")]
    if meta.find("permissions/license") is not None:
        words.append("Open access under CC BY 4.0.")
    elif (free := meta.find("permissions/{http://www.niso.org/schemas/ali/1.0/}free_to_read")) is not None:
        since = free.get("start_date")
        words.append("Free to read" + (f" from {long_date(free, 'start_date')}." if since else "."))
    return " ".join(word for word in words if word)


def references(back: Element) -> str:
    listed = back.find("ref-list")
    if listed is None:
        return ""
    return f"\n#reference-list({array(reference(ref[1]) for ref in listed.findall('ref'))})\n"


def signature(contrib: Element) -> str:
    name = contrib.find("name")
    return f"{name.findtext('given-names')} {name.findtext('surname')}, {contrib.findtext('degrees')}"


def replies(root: Element) -> str:
    """Sub-articles: their title as a heading, their text, their authors below."""
    made = ""
    for sub in root.findall("sub-article"):
        names = "; ".join(signature(contrib) for contrib in sub.iter("contrib"))
        made += f"\n#heading(level: 1)[{plain(sub.find('front-stub/title-group'))}]\n"
        made += f"{inside(sub.find('body'))}\n#signature[{escape(names)}]\n"
    return made


def reference(citation_: Element) -> str:
    if citation_.tag == "mixed-citation":
        return mixed(citation_)
    people = [
        f"{name.findtext('surname')} {name.findtext('given-names')}" for name in citation_.findall("person-group/name")
    ]
    people += ["et al"] * len(citation_.findall("person-group/etal"))
    people += [collab.text or "" for collab in citation_.findall("person-group/collab")]
    names = f"{escape(', '.join(people))}. " if people else ""
    title = inside(citation_.find("article-title"))
    source, doi = escape(citation_.findtext("source")), escape(citation_.findtext("pub-id"))
    return f"{names}{title}. #emph[{source}];. {escape(numbers(citation_))} doi:{doi}"


def numbers(citation_: Element) -> str:
    if (comment := citation_.findtext("comment")) is not None:
        return f"{comment}, 2026."
    first, last = citation_.findtext("fpage"), citation_.findtext("lpage")
    pages = citation_.findtext("elocation-id") or (first if first == last else f"{first}-{last}")
    return f"{citation_.findtext('year')};{citation_.findtext('volume')}({citation_.findtext('issue')}):{pages}."


def mixed(citation_: Element) -> str:
    made = escape(citation_.text)
    for child in citation_:
        words = f"#emph[{inside(child)}];" if child.tag == "source" else markup(child)
        made += words + escape(child.tail)
    return made
