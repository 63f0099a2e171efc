"""What changed between two versions of an article, in words a person can read: block by block, then word by word.

Runs in the worker: two long texts that have nothing in common take their time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any

from lxml import html

from journal.jats.document import ArticleDoc, Author, Metadata
from journal.jats.survey import whole

#: What the renderer says instead of a picture: files are compared by their content.
NOT_SUPPLIED = "[Picture not supplied]"
#: Two blocks with less than this in common are one removed and one added.
ALIKE = 0.4
#: Unchanged blocks around a change that are shown with it.
AROUND = 1
_BLOCKS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "figcaption", "caption", "dt", "dd", "pre", "blockquote",
     "div", "section", "figure", "table", "ul", "ol", "dl", "aside"}
)  # fmt: skip
_CELLS = ("td", "th")
_CAPTIONS = ("figcaption", "caption")
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LABELS = {
    "title_text": "Title", "subtitle_text": "Subtitle", "fpage": "First page", "lpage": "Last page", "doi": "DOI",
    "issns": "ISSN", "pmid": "PMID", "pmcid": "PMCID", "trial_registrations": "Trials",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """Words that are ``same``, ``gone`` or ``new``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A block that is ``same``, ``changed``, ``removed`` or ``added``; or so many unchanged ones ``skipped``."""

    kind: str
    runs: tuple[Run, ...] = ()
    label: str = ""
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the article; ``changes`` is empty when nothing in it changed."""

    name: str
    changes: tuple[Change, ...]

    @property
    def count(self) -> int:
        return sum(change.kind in ("changed", "removed", "added") for change in self.changes)


def compare(older: bytes, newer: bytes) -> tuple[Part, ...]:
    """The parts of an article in reading order, with what the newer JATS changes. Raises `JatsError`."""
    old, new = whole(older)[1], whole(newer)[1]
    described = tuple(_fields(_metadata(old.metadata), _metadata(new.metadata)))
    others = tuple(Part(name, compared(_lines(old, name), _lines(new, name))) for name in PARTS)
    return (Part("Metadata", described), *others)


PARTS = ("Abstract", "Text", "Figures and tables", "References", "Notes", "Article information")
#: Rows of the article information that no field of the metadata holds.
_ROWS = (
    "Author contributions",
    "About the authors",
    "Data availability",
    "Supplementary files",
    "Supplement",
    "Conference",
)


def _lines(doc: ArticleDoc, part: str) -> list[str]:
    match part:
        case "Abstract":
            return [line for abstract in doc.abstracts for line in blocks(abstract.html)]
        case "Text":
            return [line for section in doc.sections for line in blocks(section.html, skip=_CAPTIONS)]
        case "Figures and tables":
            pictures = [_caption(figure.caption_text, figure.graphics) for figure in doc.figures]
            return pictures + [table.caption_text for table in doc.tables]
        case "References":
            return [f"{reference.label} {reference.text}".strip() for reference in doc.references]
        case "Notes":
            return [f"{note.label} {note.text}".strip() for note in doc.notes]
        case _:
            return _information(doc)


def _information(doc: ArticleDoc) -> list[str]:
    """What is said about the authors and the article beside the metadata: correspondence, interests, data."""
    listed, rows, said = doc.information_html.partition("</dl>")
    told = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd></div>", listed, re.DOTALL) if rows else []
    lines = [f"{term}: {line}" for term, words in told if term in _ROWS for line in blocks(words)]
    return lines + blocks(said if rows else listed)


def _caption(text: str, graphics: Sequence[str]) -> str:
    return f"{text} [{', '.join(graphics)}]" if graphics else text


def blocks(markup: str, skip: tuple[str, ...] = ()) -> list[str]:
    """The text of each paragraph, heading, list item or table row, in order, without elements to skip."""
    if not markup.strip():
        return []
    lines = [""]
    _read(html.fragment_fromstring(markup, create_parent="div"), lines, skip)
    found = (" ".join(line.split()).strip("| ") for line in lines)
    return [line for line in found if line not in ("", NOT_SUPPLIED)]


def _read(top: Any, lines: list[str], skip: tuple[str, ...]) -> None:
    """Without recursion: an article may nest two hundred deep."""
    for event, el in _walk(top, skip):
        if el.tag in _BLOCKS:
            lines.append("")
        elif el.tag in _CELLS and event == "start":
            lines[-1] += " | "
        lines[-1] += ((el.text if el.tag not in skip else "") if event == "start" else el.tail) or ""


def _walk(top: Any, skip: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    stack = [("end", top), ("start", top)]
    while stack:
        event, el = stack.pop()
        yield event, el
        if event == "start" and el.tag not in skip:
            for child in reversed(el):
                stack += [("end", child), ("start", child)]


def _metadata(meta: Metadata) -> dict[str, str]:
    """Each field as one line; what has HTML and text is named once, by its text."""
    found = {}
    for field in fields(meta):
        if not field.name.startswith("title_html") and field.name != "subtitle_html":
            label = _LABELS.get(field.name) or field.name.removesuffix("_html").replace("_", " ").capitalize()
            value = getattr(meta, field.name)
            found[label] = " ".join(blocks(value)) if field.name.endswith("_html") else _line(value)
    return found


def _line(value: Any) -> str:
    """A value of the metadata in words: what is empty is left out."""
    if isinstance(value, Author):
        return " ".join(filter(None, [value.name, _line(value.degrees), value.orcid, value.email]))
    if is_dataclass(value):
        parts = {f.name: _line(getattr(value, f.name)) for f in fields(value) if f.name != "html"}
        return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in parts.items() if text)
    if isinstance(value, tuple):
        return "; ".join(filter(None, map(_line, value)))
    return "" if value is None or value is False else str(value)


def _fields(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for label, text in old.items():
        if text != new[label]:
            yield Change("changed", words(text, new[label]), label)


def compared(old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    """Changes in order, each with its neighbors; () when there is none."""
    found: list[Change] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [Change("same", (Run("same", line),)) for line in old[i1:i2]]
        else:
            found += _replaced(list(old[i1:i2]), list(new[j1:j2]))
    return tuple(_shortened(found)) if any(change.kind != "same" for change in found) else ()


def _replaced(gone: list[str], came: list[str]) -> Iterator[Change]:
    """Blocks that took the place of others: those alike are one that changed."""
    for line in gone:
        match = next((at for at, other in enumerate(came) if _alike(line, other)), None)
        if match is None:
            yield Change("removed", (Run("gone", line),))
            continue
        yield from (Change("added", (Run("new", other),)) for other in came[:match])
        yield Change("changed", words(line, came[match]))
        del came[: match + 1]
    yield from (Change("added", (Run("new", other),)) for other in came)


def _alike(line: str, other: str) -> bool:
    matcher = SequenceMatcher(None, line.split(), other.split(), autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def words(old: str, new: str) -> tuple[Run, ...]:
    """One text as the other was made from it: what stays, goes and comes."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    runs = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            runs.append(Run("same", "".join(before[i1:i2])))
        else:
            runs += [Run("gone", "".join(before[i1:i2]))] if i1 < i2 else []
            runs += [Run("new", "".join(after[j1:j2]))] if j1 < j2 else []
    return tuple(runs)


def _shortened(found: list[Change]) -> Iterator[Change]:
    """Of unchanged blocks only those beside a change, and how many were left out."""
    near = {at + step for at, c in enumerate(found) if c.kind != "same" for step in range(-AROUND, AROUND + 1)}
    skipped = 0
    for at, change in enumerate(found):
        if at not in near:
            skipped += 1
            continue
        if skipped:
            yield Change("skipped", skipped=skipped)
            skipped = 0
        yield change
    if skipped:
        yield Change("skipped", skipped=skipped)
