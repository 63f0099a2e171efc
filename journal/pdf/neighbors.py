"""Text on a page that belongs to another article: where one begins in the middle of the page where another ends.

Told by comparing the page's lines with the words of the article's own XML, which is certain where page numbers are
not. Runs in the worker.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium

from journal.jats.parse import read

Box = tuple[float, float, float, float]  # left, bottom, right, top in points

#: Lines of fewer words say nothing. A stretch of others' words is told from a masthead or a footer by its length.
SHORTEST_LINE, SHORTEST_STRETCH = 5, 40
#: Below this share of the page's words in the article, the two cannot be compared: another PDF, or letters unreadable.
COMPARABLE = 0.3
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Line:
    box: Box
    words: tuple[str, ...]
    is_own: bool | None  # None: there is no telling


def own_words(xml: bytes) -> frozenset[str]:
    """Every word of the article, and every three that follow each other. Raises `JatsError`."""
    words = _words(" ".join(str(text) for text in read(xml).article.itertext()))
    return frozenset([*words, *_triples(words)])


def lines(page: pdfium.PdfPage, own: frozenset[str]) -> list[Line]:
    """The page's lines in the order of its content."""
    text = page.get_textpage()
    found: list[tuple[Box, str]] = []
    for number in range(text.count_rects()):
        box = text.get_rect(number)
        said = text.get_text_bounded(*box)
        if found and _is_beside(found[-1][0], box):  # a change of font, or a PDF that places each word
            before, words = found.pop()
            box, said = _around([before, box]), f"{words} {said}"
        found.append((box, said))
    return [_line(box, said, own) for box, said in found]


def of_others(found: list[Line]) -> list[Box]:
    """The parts of the page that hold another article's text; none where the two cannot be compared."""
    own = sum(len(line.words) for line in found if line.is_own)
    if not own or own < COMPARABLE * sum(len(line.words) for line in found if line.is_own is not None):
        return []
    long = [block for block in _blocks(found) if _others_words(block) >= SHORTEST_STRETCH]
    kept = [line.box for line in found if line.is_own]
    return [_widened(_around(line.box for line in block), kept) for block in long]


def _is_beside(before: Box, box: Box) -> bool:
    height = min(before[3] - before[1], box[3] - box[1])
    shared = min(before[3], box[3]) - max(before[1], box[1])
    return shared > 0.5 * height and -height < box[0] - before[2] < 0.8 * height


def _line(box: Box, said: str, own: frozenset[str]) -> Line:
    words = _words(said)
    if len(words) < SHORTEST_LINE:
        return Line(box, words, None)
    triples = _triples(words)
    if sum(triple in own for triple in triples) >= 0.34 * len(triples):
        return Line(box, words, True)
    known = sum(word in own for word in words)  # in another order, as authors' names are, they tell nothing
    return Line(box, words, None if known >= 0.75 * len(words) else False)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(text))


def _triples(words: tuple[str, ...]) -> list[str]:
    return [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]


def _blocks(found: list[Line]) -> Iterator[list[Line]]:
    """Stretches of others' lines, each in one column; short lines within a stretch belong to it."""
    block: list[Line] = []
    for line in found:
        if block and (line.is_own or not _continues(_around(one.box for one in block), line.box)):
            yield block
            block = []
        if line.is_own is False or (block and line.is_own is None):
            block.append(line)
    if block:
        yield block


def _others_words(block: list[Line]) -> int:
    return sum(len(line.words) for line in block if line.is_own is False)


def _continues(above: Box, box: Box) -> bool:
    """Whether a line goes on below, in the same column."""
    shared = min(above[2], box[2]) - max(above[0], box[0])
    return shared > 0.3 * (box[2] - box[0]) and box[1] < above[1] + 3 * (box[3] - box[1])


def _around(boxes: Iterable[Box]) -> Box:
    left, bottom, right, top = zip(*boxes, strict=True)
    return (min(left), min(bottom), max(right), max(top))


def _widened(box: Box, own: list[Box]) -> Box:
    """A figure of the other article stands above or below its text: to the page's edge, if nothing of ours is there."""
    left, bottom, right, top = box
    column = [other for other in own if min(right, other[2]) > max(left, other[0])]
    above = [other for other in column if other[1] >= top]
    below = [other for other in column if other[3] <= bottom]
    floor = max((other[3] for other in below), default=-1e5)
    roof = min((other[1] for other in above), default=1e5)
    return (left - 3, max(floor, bottom - 3) if below else floor, right + 3, min(roof, top + 3) if above else roof)
