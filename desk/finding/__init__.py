"""The one search: what support types is offered to a table of finders, each a small function for one kind of thing.

A finder takes what was typed and yields hits; one that does not recognize its kind of thing yields nothing. An app or a
site adds its own by `@finder(…)`; nothing else has to know of it. Every finder is a look-up in an index.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

MOST = 20  # of one kind
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: as it was, and without what pasting brings along."""

    text: str

    @property
    def compact(self) -> str:
        """Letters and digits alone, in capitals: `7kq4 9acm` and `7KQ4-9ACM` are the same number."""
        return re.sub(r"[\W_]+", "", self.text).upper()

    @property
    def grouped(self) -> str:
        """In groups of four, as orders and certificates are numbered."""
        return "-".join(self.compact[at : at + 4] for at in range(0, len(self.compact), 4))


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `exact` when what was typed names it and nothing else of its kind."""

    what: str
    kind: str
    why: str
    url: str
    exact: bool = True
    about: str = ""
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Finder:
    kind: str
    permission: str
    find: Callable[[Typed], Iterable[Hit]]
    example: str


@dataclass(frozen=True, slots=True)
class Result:
    """`understood` says as what the text was taken; `more` which kinds had more hits than are shown."""

    typed: str
    hits: list[Hit] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def only(self) -> Hit | None:
        """The one hit that needs no choice: the only one, or the only exact one."""
        exact = [hit for hit in self.hits if hit.exact]
        addresses = {hit.url for hit in exact}
        if len(addresses) == 1:
            return exact[0]
        return self.hits[0] if len(self.hits) == 1 and not self.more else None


FINDERS: list[Finder] = []


def finder(kind: str, permission: str, example: str = "") -> Callable[[Any], Any]:
    """`@finder("Order", "subscriptions.view_order", "7KQ4-9ACM")`: adds a function to the table."""

    def add(find: Callable[[Typed], Iterable[Hit]]) -> Callable[[Typed], Iterable[Hit]]:
        FINDERS.append(Finder(kind, permission, find, example))
        return find

    return add


def read(text: str) -> tuple[str, str]:
    """What was typed without what cannot be searched for, and a sentence when nothing is left to search by."""
    words = " ".join(text.replace("\x00", " ").split()).strip("<>\"'“”‘’ ")
    if not words:
        return "", "Type an email address, a name, a number or an id."
    if len(words) > LONGEST:
        return words[:80], f"That is {len(words):,} characters long. Type one address, name, number or id of the case."
    if not re.search(r"\w", words):
        return words, "There is no letter or digit in it. Wildcards are not needed: the beginning of a name is enough."
    return words, ""


def table() -> list[Finder]:
    """Every finder, those of the desk's own modules first."""
    from desk.finding import cases, money, people, places  # noqa: F401, PLC0415  (they fill the table)

    return FINDERS


def find(text: str, may: Callable[[str], bool]) -> Result:
    """Everything that `text` may mean to somebody with the permissions `may` knows."""
    words, problem = read(text)
    if problem:
        return Result(words, problem=problem)
    hits: dict[str, Hit] = {}
    more = []
    for one in table():
        found = list(one.find(Typed(words))) if may(one.permission) else []
        if len(found) > MOST:
            more.append(one.kind)
        for hit in found[:MOST]:
            hits.setdefault(hit.url, hit)
    found = sorted(hits.values(), key=lambda hit: not hit.exact)
    return Result(words, found, understood(Typed(words)), more)


def understood(typed: Typed) -> list[str]:
    """As what the text was taken, for when nothing was found."""
    from desk.finding.shapes import SHAPES  # noqa: PLC0415

    return [words for words, fits in SHAPES if fits(typed)]
