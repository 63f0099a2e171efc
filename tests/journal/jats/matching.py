"""Which texts of the source stand on the page, each at a place of its own, and what stands there besides."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.journal.jats.source import Piece

LONG = 12
NEAR = 400
#: A text as long as this that the page says more often than the source is a repetition, not a word of our own.
REPEATED = 25
_TAKEN = b"\xff"  # never part of UTF-8


@dataclass
class Match:
    """Letters by part, letters lost by part, the lost texts, and texts that stand more often than in the source."""

    letters: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    missing: list[Piece] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def recall(self, part: str) -> float | None:
        """Share of a part's letters that reached the page, None when the source has no such part."""
        return 1 - self.lost.get(part, 0) / self.letters[part] if part in self.letters else None


def match(source: Sequence[Piece], page: str, raw: str = "") -> Match:
    """Give each text of the source a place on the page that no other text has; ``raw`` are all letters of the source.

    Places are given out greedily; a text that finds none is lost only if the page says it less often than the source.
    """
    left = bytearray(page.encode())
    texts = [piece.text.encode() for piece in source]
    ends: list[int | None] = [None] * len(source)
    _place_long(texts, left, ends)
    _place_short(texts, left, ends)
    _place_anywhere(texts, left, ends)
    found = Match()
    whole = "\0".join(piece.text for piece in source)
    for piece, end in zip(source, ends, strict=True):
        found.letters[piece.part] = found.letters.get(piece.part, 0) + len(piece.text)
        if end is None and page.count(piece.text) < whole.count(piece.text):
            found.lost[piece.part] = found.lost.get(piece.part, 0) + len(piece.text)
            found.missing.append(piece)
    found.repeated = [text for text in _still_there(source, left) if raw.count(text) < page.count(text)]
    return found


def _take(text: bytes, left: bytearray, start: int, stop: int | None = None) -> int | None:
    """The end of the first free place of a text, which is then taken."""
    at = left.find(text, start, len(left) if stop is None else stop)
    if at < 0:
        return None
    left[at : at + len(text)] = _TAKEN * len(text)
    return at + len(text)


def _place_long(texts: list[bytes], left: bytearray, ends: list[int | None]) -> None:
    here = 0
    for place in sorted((i for i, text in enumerate(texts) if len(text) >= 60), key=lambda i: -len(texts[i])):
        ends[place] = _take(texts[place], left, 0)
    for place, text in enumerate(texts):
        if ends[place] is None and len(text) >= LONG:
            ends[place] = _take(text, left, here) or _take(text, left, 0)
        here = ends[place] or here


def _place_short(texts: list[bytes], left: bytearray, ends: list[int | None]) -> None:
    here = 0
    for place, text in enumerate(texts):
        if ends[place] is None and len(text) < LONG:
            ends[place] = _take(text, left, here, here + len(text) + NEAR)
        here = ends[place] or here


def _place_anywhere(texts: list[bytes], left: bytearray, ends: list[int | None]) -> None:
    for place in sorted((i for i, end in enumerate(ends) if end is None), key=lambda i: -len(texts[i])):
        ends[place] = _take(texts[place], left, 0)


def _still_there(source: Sequence[Piece], left: bytearray) -> list[str]:
    """Texts that stand on the page beside the places given to them."""
    long = dict.fromkeys(piece.text for piece in source if len(piece.text) >= REPEATED)
    return [text for text in long if text.encode() in left]
