"""JATS and pictures in, a tagged PDF out. Runs in the worker: Typst reads what strangers wrote and drew."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pypdfium2
import typst
from PIL import Image as Pictures

from journal.jats import Image
from journal.jats.document import Abstract, ArticleDoc
from journal.jats.survey import render_source
from journal.pdf import PdfError
from journal.typesetting.tree import Reading, mark_early, resolved

LAYOUT = Path(__file__).with_name("article.typ")
LOOK_ALIKE = {
    "・": "·", "･": "·", "，": ", ", "：": ": ", "；": "; ", "（": " (", "）": ") ", "％": "%",
    "～": "~", "＜": "<", "＞": ">", "＝": "=", "＋": "+", "－": "−", "　": " ", "。": ". ", "、": ", ",
    "／": "/", "\u202f": "\u00a0", "\u2011": "-",
}  # fmt: skip
FEW_COLORS = 4096
LONGEST_HEAD = 80
WIDEST = 1600  # pixels: 230 dots an inch over the whole width of the page


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands on the pages and is not in the JATS alone. ``facts`` are (name, words) beside the abstract."""

    journal: str
    accent: str
    issue_line: str
    citation: str
    made: str
    foot: str
    made_on: date
    facts: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class Made:
    data: bytes
    pages: int
    warnings: list[str] = field(default_factory=list)


def typeset(xml: bytes, pictures: Mapping[str, str], facts: Facts) -> Made:
    """The PDF of an article. ``pictures`` are paths by graphic. The same input gives the same bytes.

    Raises `JatsError`, and `PdfError` with a sentence when no font has a letter of it or it cannot be set.
    """
    with TemporaryDirectory(prefix="typeset-") as name:
        folder = Path(name)
        files = {graphic: _picture(path, folder, number) for number, (graphic, path) in enumerate(pictures.items())}
        images = {
            graphic: Image(f"/pictures/{found[0]}", found[1], found[2]) for graphic, found in files.items() if found
        }
        doc = render_source(xml, images, {})
        sizes = {f"/pictures/{found[0]}": found for found in files.values() if found}
        (folder / "article.typ").write_bytes(LAYOUT.read_bytes())
        data = _set(json.dumps(content(doc, sizes, facts), ensure_ascii=False), folder, facts.made_on)
    with pypdfium2.PdfDocument(data) as opened:
        return Made(data, len(opened))


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=True)


def _set(words: str, folder: Path, day: date) -> bytes:
    """Typst's PDF of the words. A letter no font here has is written with one that looks alike, or refused."""
    compiler = typst.Compiler(font_paths=_fonts(), root=str(folder))
    timestamp = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for _ in LOOK_ALIKE:
        (folder / "article.json").write_text(words, encoding="utf-8")
        try:
            made = compiler.compile(
                str(folder / "article.typ"), format="pdf", timestamp=timestamp, pdf_standards=["ua-1"]
            )
            return cast(bytes, made)
        except typst.TypstError as error:
            letters = _missing(str(error))
            if not letters or not set(letters) <= set(LOOK_ALIKE):
                raise PdfError(_in_words(str(error), letters)) from error
            words = words.translate({ord(letter): LOOK_ALIKE[letter] for letter in letters})
    raise PdfError("It has too many letters that no font on the server has.")


def _missing(error: str) -> str:
    """The letters Typst could not display, from its message."""
    found = re.search(r"the text [`\"]+(.+?)[`\"]+ could not be displayed", error)
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), found[1]) if found else ""


def _in_words(error: str, missing: str) -> str:
    if missing:
        letters = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing[:3])
        return f"No font on the server has {letters}. Install one, for example from the Noto family."
    return f"It could not be set: {error[:300]}"


def _picture(path: str, folder: Path, number: int) -> tuple[str, int, int] | None:
    """(file, width, height) of a picture drawn anew, no wider than is printed; None for what cannot be decoded."""
    try:
        with Pictures.open(path) as opened:
            opened.load()
            picture = opened.convert("RGBA" if opened.mode in ("RGBA", "LA", "PA") else "RGB")
    except (OSError, ValueError, Pictures.DecompressionBombError):
        return None
    picture.thumbnail((WIDEST, WIDEST * 2))
    name, data = _smaller(picture)
    (folder / f"{number}.{name}").write_bytes(data)
    return f"{number}.{name}", picture.width, picture.height


def _smaller(picture: Pictures.Image) -> tuple[str, bytes]:
    """Drawings of few colors as PNG, which keeps them sharp; everything else as JPEG."""
    flat = Pictures.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    stream = io.BytesIO()
    if flat.getcolors(FEW_COLORS) is not None:
        flat.quantize(256, method=Pictures.Quantize.FASTOCTREE).save(stream, "PNG")
        return "png", stream.getvalue()
    flat.save(stream, "JPEG", quality=88)
    return "jpg", stream.getvalue()


def content(doc: ArticleDoc, sizes: Mapping[str, tuple[str, int, int]], facts: Facts) -> dict[str, Any]:
    """What article.typ reads."""
    reading = Reading(sizes)
    meta = doc.metadata
    affiliations = re.findall(r'<li(?: id="([^"]*)")?>(.*?)</li>', doc.affiliations_html, re.DOTALL)
    reading.ids |= {anchor for anchor, _ in affiliations if anchor}
    references = reading.references(doc.public_references_html)
    made: dict[str, Any] = {
        "lang": _language(meta.language), "title": reading.line(meta.title_html),
        "plain_title": meta.title_text or "Untitled", "subtitle": reading.line(meta.subtitle_html),
        "kind": meta.subject,
        "authors": reading.people(doc.byline_html),
        "affiliations": [_affiliation(anchor, html, reading) for anchor, html in affiliations],
        "abstracts": [_abstract(abstract, reading, meta.language) for abstract in doc.abstracts],
        "body": reading.blocks(doc.body_html), "information": reading.blocks(doc.information_html, under=1),
        "references": references,
        "references_title": doc.references_title or "References",
        "numbered": all(_is_number(entry["label"], place) for place, entry in enumerate(references, 1)),
        "people": [author.name for author in meta.authors][:200],
        "keywords": [word for group in meta.keywords for word in group.words],
        "running": running(doc), "journal": facts.journal, "accent": facts.accent, "issue_line": facts.issue_line,
        "citation": facts.citation, "made": facts.made, "foot": facts.foot,
        "facts": [*facts.facts, *([("Copyright", meta.copyright)] if meta.copyright else [])],
        "notices": facts.notices,
    }  # fmt: skip
    tree: dict[str, Any] = resolved(made, reading.ids)
    mark_early(tree["body"], sum(len(abstract.text) for abstract in doc.abstracts) + len(doc.affiliations_html))
    return tree


def _affiliation(anchor: str, html: str, reading: Reading) -> dict[str, Any]:
    raised = re.sub(r'<span class="label">(.*?)</span>', r"<sup>\1</sup>", html)
    return {"c": reading.line(raised)} | ({"id": anchor} if anchor else {})


def _abstract(abstract: Abstract, reading: Reading, language: str) -> dict[str, Any]:
    title = abstract.title_text or ("Key points" if "key" in abstract.kind else "Abstract")
    return {
        "title": title,
        "lang": _language(abstract.language or language),
        "c": reading.blocks(abstract.html, under=1),
    }


def _is_number(label: str, place: int) -> bool:
    found = re.fullmatch(r"[\[(]?(\d+)[\])]?[.:]?", label)
    return found is not None and int(found[1]) == place


def _language(code: str) -> str:
    """Two or three letters, as Typst takes them."""
    return code[:3].strip("-_ ").lower() if re.match(r"[A-Za-z]{2,3}(?:[-_]|$)", code) else "en"


def running(doc: ArticleDoc) -> str:
    """“Nowak et al. Night ferries and stroke”, for the head of every page after the first."""
    names = [author.surname or author.group for author in doc.metadata.authors]
    who = f"{names[0]} et al. " if len(names) > 2 else f"{' and '.join(names)}. " if names else ""
    title = doc.metadata.title_text
    return who + (title if len(title) <= LONGEST_HEAD else title[:LONGEST_HEAD].rsplit(" ", 1)[0] + " …")
