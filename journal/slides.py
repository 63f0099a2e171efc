"""Figures as slides (PPTX): the picture, its name, and below it where it comes from and whose it is."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.util import Emu, Inches, Pt

from journal import shelf
from journal.citation import Record, ama
from journal.figures import Shown
from journal.models import Article, ArticleFile

WIDE, HIGH = Inches(13.333), Inches(7.5)
MARGIN = Inches(0.5)
PICTURE_TOP, PICTURE_HIGH = Inches(1.25), Inches(5.05)
TITLE_ONLY = 5  # of the layouts of python-pptx's own template
INK, SOFT = (RGBColor(*channels) for channels in ((0x1A, 0x20, 0x25), (0x55, 0x5B, 0x61)))  # type: ignore[no-untyped-call]
LONGEST = 220  # characters of a name or credit on the slide; the notes below it have everything
LARGEST_PNG = 1_500_000  # bytes; above it a picture is a photograph, and JPEG does it better
MOST_SLIDES = 60


#: Raised when a deck would look different, so that decks made before are not handed out.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a figure, with the words for those who do not see it."""

    figure: Shown
    file: ArticleFile
    words: str
    of_several: str  # ` (2 of 3)`, or empty


def pictures(article: Article, figures: Iterable[Shown]) -> list[Picture]:
    """The figures' pictures, the largest we made of each at import."""
    wanted = [(figure, n) for figure in figures for n in range(len(figure.pictures))][:MOST_SLIDES]
    names = [figure.pictures[n][0] for figure, n in wanted]
    stored = {f.name: f for f in article.files.filter(kind=ArticleFile.Kind.FIGURE, name__in=names)}
    return [
        _picture(figure, n, stored[name]) for (figure, n), name in zip(wanted, names, strict=True) if name in stored
    ]


def _picture(figure: Shown, n: int, file: ArticleFile) -> Picture:
    several = f" ({n + 1} of {len(figure.pictures)})" if len(figure.pictures) > 1 else ""
    return Picture(figure, file, figure.pictures[n][1], several)


def _encoded(file: ArticleFile) -> bytes:
    """As PNG or JPEG, because PowerPoint's older versions know no WebP."""
    with file.file.open("rb") as opened, Image.open(opened) as picture:
        out = io.BytesIO()
        picture.save(out, "PNG")
        if out.tell() > LARGEST_PNG:
            out = io.BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=90)
        return out.getvalue()


def kept_deck(article: Article, found: list[Picture]) -> Path:
    """The deck on the shelf. Making one takes about a fifth of a second a picture, and everybody gets the same."""
    record = Record.of(article)
    told = [str(VERSION), record.title, ama(article), *(name.inverted for name in record.authors)]
    for one in found:
        told += [one.figure.name, one.of_several, one.figure.caption, credit(one.figure, article), one.words]
        told.append(one.file.sha256)
    return shelf.kept(told, ".pptx", lambda path: path.write_bytes(deck(article, found)))


def deck(article: Article, found: Iterable[Picture]) -> bytes:
    """A presentation of these pictures, a slide each. `article` with its journal and issue."""
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = WIDE, HIGH
    properties, record = presentation.core_properties, Record.of(article)
    properties.title, properties.subject = record.title[:255], record.doi_url
    properties.author = "; ".join(name.inverted for name in record.authors)[:255]
    for picture in found:
        _add(presentation, picture, article)
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def _add(presentation: Any, picture: Picture, article: Article) -> None:
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
    title = slide.shapes.title
    title.left, title.top, title.width, title.height = MARGIN, Inches(0.3), WIDE - 2 * MARGIN, Inches(0.85)
    words = _cut(f"{picture.figure.name}{picture.of_several}")
    _write(title.text_frame.paragraphs[0], words, Pt(24 if len(words) <= LONGEST // 2 else 18))
    _place(slide, picture)
    _source(slide, picture.figure, article)
    told = (picture.figure.name, picture.figure.caption, credit(picture.figure, article))
    slide.notes_slide.notes_text_frame.text = "\n".join(filter(None, told))


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rsplit(' ', 1)[0]} …"


def _place(slide: Any, picture: Picture) -> None:
    """As large as fits, in the middle."""
    shape = slide.shapes.add_picture(io.BytesIO(_encoded(picture.file)), 0, 0)
    scale = min((WIDE - 2 * MARGIN) / shape.width, PICTURE_HIGH / shape.height)
    shape.width, shape.height = Emu(int(shape.width * scale)), Emu(int(shape.height * scale))
    shape.left, shape.top = (WIDE - shape.width) // 2, PICTURE_TOP + (PICTURE_HIGH - shape.height) // 2
    shape._element.nvPicPr.cNvPr.set("descr", picture.words)  # python-pptx has no name for it (its issue 511)


def _source(slide: Any, figure: Shown, article: Article) -> None:
    box = slide.shapes.add_textbox(MARGIN, Inches(6.45), WIDE - 2 * MARGIN, Inches(0.85)).text_frame
    box.word_wrap = True
    record = Record.of(article)
    before, _, _ = ama(article).rpartition(" doi:")
    _write(box.paragraphs[0], f"{before} ", Pt(11))
    link = box.paragraphs[0].add_run()
    link.text, link.font.size = record.doi_url, Pt(11)
    link.hyperlink.address = record.doi_url
    _write(box.add_paragraph(), _cut(credit(figure, article)), Pt(10))


def credit(figure: Shown, article: Article) -> str:
    """Whose the figure is: its own credit line, else the article's license, else whom to ask."""
    if figure.credit:
        return figure.credit
    if article.license_url:
        return f"License of the article: {article.license_url}"
    return f"From {article.journal.title}. For use beyond teaching, ask {article.journal.publisher}."


def _write(paragraph: Any, words: str, size: Any) -> None:
    run = paragraph.add_run()
    run.text, run.font.size, run.font.color.rgb = words, size, SOFT if size < Pt(14) else INK
    run.font.bold = size > Pt(14)
    paragraph.alignment = 1  # to the left: the template centers its titles
