"""What a result quotes: title and the place in the abstract that was found, with the words marked.

Only texts that everybody may read are given in here; the text behind the wall is never quoted, also not to those who
may read it, because a page of results is about many articles.
"""

from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from journal.search.folding import COMMON, fold, stem, written_words
from journal.search.query import Query

LENGTH = 260
MOST_READ = 6000  # characters of an abstract that are looked through
BEFORE = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """The query's words, ready to be compared."""

    stems: frozenset[str]
    starts: tuple[str, ...]

    def has(self, word: str) -> bool:
        folded = fold(word)
        return folded.startswith(self.starts) and (folded in self.stems or stem(folded) in self.stems)


def wanted(query: Query) -> Wanted:
    telling = [word for word in query.words if word not in COMMON] or list(query.words)
    stems = frozenset(word for said in telling for word in (said, stem(said)))
    return Wanted(stems, tuple({word[:2] for word in stems}))


def quoted(text: str, sought: Wanted) -> SafeString | None:
    """The part of the text with most of the words, marked; None when none of them stands in it."""
    text = text[:MOST_READ]
    hits = [(match.start(), match.end()) for match in written_words(text) if sought.has(match.group())]
    if not hits:
        return None
    start, end = _window(text, hits)
    parts, at = [], start
    for begin, stop in hits:
        if begin < start or stop > end:
            continue
        parts += [escape(text[at:begin]), f"<mark>{escape(text[begin:stop])}</mark>"]
        at = stop
    parts.append(escape(text[at:end]))
    return mark_safe(  # noqa: S308  (every piece is escaped above)
        f"{'… ' if start else ''}{''.join(parts).strip()}{' …' if end < len(text) else ''}"
    )


def beginning(text: str) -> str:
    """The start of an abstract, up to a word's end."""
    if len(text) <= LENGTH:
        return text
    return f"{text[:LENGTH].rpartition(' ')[0]} …"


def _window(text: str, hits: list[tuple[int, int]]) -> tuple[int, int]:
    """Where LENGTH characters hold most different words, from a word's beginning to a word's end."""

    def worth(begin: int) -> int:
        inside = [fold(text[a:b]) for a, b in hits if begin <= a and b <= begin + LENGTH]
        return len(set(inside)) * 10 + len(inside)

    best = max((begin for begin, _ in hits), key=worth)
    start = max(0, best - BEFORE)
    if start:
        start = text.find(" ", start, best) + 1 or best
    end = min(len(text), start + LENGTH)
    if end < len(text):
        end = max(text.rfind(" ", start, end), next(stop for begin, stop in hits if begin == best))
    return start, end
