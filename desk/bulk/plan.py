"""What a table would do: the same for every kind of row. Nothing is written before it was looked at."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from desk.what_if.effect import Effect

MOST_BYTES = 1_000_000
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table: what it is about, and what becomes of it, in words."""

    line: int
    about: str
    said: str
    row: Any


@dataclass
class Plan:
    """With errors it does nothing."""

    changes: list[Change] = field(default_factory=list)
    same: int = 0
    errors: list[str] = field(default_factory=list)
    ignored: Sequence[str] = ()
    effect: Effect | None = None

    @property
    def is_possible(self) -> bool:
        return bool(self.changes) and not self.errors

    @property
    def shown(self) -> list[Change]:
        return self.changes[:SHOWN]

    @property
    def digest(self) -> str:
        """Names exactly these changes, so that what was looked at is what is done."""
        told = [(change.line, change.about, change.said) for change in self.changes]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table: who may take it, who may bring it back, and how."""

    title: str
    columns: Sequence[str]
    may_export: Sequence[str]
    rows: Callable[[], Any]
    list_page: str
    role: str = ""
    may_import: Sequence[str] = ()
    check: Callable[[str], Plan] | None = None
    apply: Callable[[Plan, int], int] | None = None
    about: Sequence[str] = ()


def ignored_in(columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Columns of the file that nobody reads: said, so that nobody waits for them to do something."""
    return [name for name in columns if name and name not in known]
