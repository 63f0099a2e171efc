"""What somebody typed into the search field, understood. Pure: no database, no engine; any text is a query.

"white matter"  the words together            author:garcia  in one field only
-hemorrhage     not with this word            stroke OR tia  one or the other
"""

import re
from dataclasses import dataclass

from journal.search.folding import COMMON, words

LONGEST = 500  # characters that are read
MOST_WORDS = 32
#: What may stand before the colon → the field. Full text, captions and references are in the full-text index only.
FIELDS = {
    "title": "title", "author": "author", "authors": "author", "keyword": "keyword", "keywords": "keyword",
    "abstract": "abstract", "text": "text", "caption": "caption", "figure": "caption", "reference": "reference",
}  # fmt: skip
ONLY_IN_FULL_TEXT = frozenset({"text", "caption", "reference"})
_TOKEN = re.compile(
    r"""(?P<minus>-(?=["\w]))?(?:(?P<field>[A-Za-z]+):(?=["\w]))?(?:"(?P<phrase>[^"]*)"?|(?P<plain>[^\s"]+))"""
)


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that belong together: a phrase when there are several. `field` is "" for anywhere."""

    words: tuple[str, ...]
    field: str = ""
    together: bool = False

    @property
    def is_phrase(self) -> bool:
        return len(self.words) > 1


@dataclass(frozen=True, slots=True)
class Query:
    """Every group must be met, by any one clause of it; none of `without` may be."""

    groups: tuple[tuple[Clause, ...], ...] = ()
    without: tuple[Clause, ...] = ()
    was_cut: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.groups

    @property
    def wants_full_text(self) -> bool:
        return any(c.field in ONLY_IN_FULL_TEXT for group in self.groups for c in group)

    @property
    def relaxed(self) -> "Query | None":
        """Any of the words instead of all of them; None where somebody said more exactly what is meant."""
        clauses = [clause for group in self.groups for clause in group]
        is_plain = all(len(group) == 1 for group in self.groups) and not any(c.together or c.field for c in clauses)
        return Query((tuple(clauses),), self.without) if is_plain and len(clauses) > 1 else None

    @property
    def words(self) -> tuple[str, ...]:
        """All words that are looked for, once each, in their order."""
        return tuple(dict.fromkeys(word for group in self.groups for clause in group for word in clause.words))


def readable(text: str) -> str:
    """Without control characters (PostgreSQL takes no NUL) and with single spaces."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: LONGEST * 4]).split())


def parse(text: str) -> Query:
    """Never fails: what makes no sense as a sign is left out, what is too much is cut, and `was_cut` says so."""
    typed = readable(text)
    groups: list[tuple[Clause, ...]] = []
    without: list[Clause] = []
    either = False
    left = MOST_WORDS
    was_cut = len(typed) > LONGEST or len(text) > LONGEST * 4
    for token in _TOKEN.finditer(typed[:LONGEST]):
        said = token["plain"]
        if said in ("OR", "|"):
            either = bool(groups)
            continue
        if said in ("AND", "&", "NOT"):
            continue
        clause, excluded = _clause(token), bool(token["minus"]) or _follows_not(typed, token.start())
        if clause is None:
            continue
        left -= len(clause.words)
        if left < 0:
            was_cut = True
            break
        if excluded:
            without.append(clause)
        elif either:
            groups[-1] += (clause,)
        else:
            groups.append((clause,))
        either = False
    return Query(_without_common(groups), tuple(without), was_cut)


def _clause(token: "re.Match[str]") -> Clause | None:
    """One word, a phrase, or what punctuation joins (`double-blind`, `COVID-19`); None for signs alone."""
    field = (token["field"] or "").lower()
    text = token["phrase"] if token["phrase"] is not None else token["plain"] or ""
    known = FIELDS.get(field, "")
    if field and not known:  # `p:0.05`, `https://…`: not a field of ours, so words like others
        text = f"{field} {text}"
    found = tuple(words(text)[:MOST_WORDS])
    return Clause(found, known, together=token["phrase"] is not None) if found else None


def _follows_not(text: str, start: int) -> bool:
    return text[:start].rstrip().endswith(" NOT") or text[:start].strip() == "NOT"


def _without_common(groups: list[tuple[Clause, ...]]) -> tuple[tuple[Clause, ...], ...]:
    """`the effect of sleep` asks for effect and sleep. A query of such words alone is left as it is."""
    telling = [group for group in groups if not all(_is_common(clause) for clause in group)]
    return tuple(telling or groups)


def _is_common(clause: Clause) -> bool:
    return not clause.field and not clause.together and all(word in COMMON for word in clause.words)
