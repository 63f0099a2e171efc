"""The extract: the first words of an article without an abstract, free for everyone.

About 200 words from the first paragraphs, ending at a sentence, and never more than two fifths of the whole text: a
letter must not be given away by its preview.
"""

import copy
import re
from collections.abc import Container, Iterator

from journal.jats.document import Extract
from journal.jats.markup import to_text
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, first_child, name, raw_text

WORDS = 200
SHARE = 0.4
_END = re.compile(r"[.!?][\"'”’)\]]*(?:[\[(]?\d[\d,–\-\s]*[\])]?)?(?=\s+[\"'“‘(\[]?[A-ZÀ-Þ0-9]|\s*$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|Dr|Drs|Mr|Mrs|Ms|Prof|St|Fig|Figs|Eq|Ref|Refs|No|Nos|Vol|al|approx|ca|spp?|subsp|var|Inc|Ltd|Co|U\.S)"
    r"|\b[A-Z])\.$"
)


def extract(article: Element, r: Rendering, blocks: Container[str]) -> Extract | None:
    """The extract of an article's body, None when it has no running text long enough to give some of."""
    body = first_child(article, "body")
    if body is None:
        return None
    enough = int(WORDS / SHARE) + 1
    words_left = min(WORDS, int(SHARE * len(raw_text(body).split(None, enough)[:enough])))
    html: list[str] = []
    for paragraph in _paragraphs(body):
        shortened = _shortened(paragraph, r, blocks)
        text = raw_text(shortened)
        end = _sentence_end(text, words_left)
        if not end:
            break
        _keep(shortened, end)
        html.append(f"<p>{r.inline(shortened).strip()}</p>")
        words_left -= len(text[:end].split())
        if end < len(text.rstrip()) or words_left < 20:
            break
    joined = "".join(html)
    return Extract(joined, to_text(joined)) if joined else None


def _paragraphs(body: Element) -> Iterator[Element]:
    """Paragraphs of the running text: not of boxes, captions, lists, tables, quotations."""
    for p in body.iter("p"):
        if all(name(el) in ("sec", "body", "article") for el in p.iterancestors()) and raw_text(p).strip():
            yield p


def _shortened(paragraph: Element, r: Rendering, blocks: Container[str]) -> Element:
    """A copy up to the first block in it, whose citations lead where those of the original do."""
    shortened = copy.deepcopy(paragraph)
    shortened.tail = None
    for original, twin in zip(paragraph.iter("xref"), shortened.iter("xref"), strict=True):
        r.index.resolved[twin] = r.index.resolved.get(original, [])
    for child in list(shortened.iter("{*}*"))[1:]:
        if name(child) in blocks and name(child) != "alternatives":
            _keep(shortened, len(raw_text(shortened)) + 1, stop=child)
            break
    return shortened


def _sentence_end(text: str, words: int) -> int:
    """Where the last sentence ends that passes the word limit by no more than a fifth; 0 if there is none."""
    best = 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text[: match.start() + 1][-12:]):
            continue
        if len(text[: match.end()].split()) > words * 1.2:
            break
        best = match.end()
    return best


def _keep(el: Element, room: int, stop: Element | None = None) -> int:
    """Keep the first ``room`` characters of an element, up to ``stop``; answers the room left, -1 when full."""
    el.text, room = _within(el.text, room)
    for child in list(el):
        if room < 0 or child is stop:
            for follower in [child, *child.itersiblings()]:
                el.remove(follower)
            return -1
        room = _keep(child, room, stop)
        child.tail, room = _within(child.tail, room)
    return room


def _within(text: str | None, room: int) -> tuple[str | None, int]:
    if room < 0:
        return None, -1
    kept = (text or "")[:room]
    room -= len(kept)
    return kept or None, room or -1
