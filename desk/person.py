"""What a person's page shows: parts, each a query of its own and the words for its rows, all sent in one statement.

An app above or beside adds its part by `@part(…)`, for example the desk's notes; the page knows none of them by name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from desk.asking import Row

NEWEST = 20
Cell = str | tuple[str, str]  # words, or words with the address they lead to


@dataclass(frozen=True, slots=True)
class Part:
    """`rows` is sliced to NEWEST + 1: one more than is shown says that there is more. `group` places it on the page."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Callable[[User], "QuerySet[Any, Any]"]
    cells: Callable[[Row], Iterable[Cell]]
    permission: str = ""
    empty: str = ""
    all_of: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A part with its rows; `more` is the address of all of them when there are more than are shown."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[list[tuple[str, str]]]
    empty: str
    more: str


PARTS: list[Part] = []


def part(
    name: str, title: str, columns: str, *, permission: str = "", empty: str = "", all_of: str = ""
) -> Callable[[Callable[[User], "QuerySet[Any, Any]"]], Callable[[Callable[[Row], Iterable[Cell]]], None]]:
    """`@part("notes", "Notes", "When, Who, What")` on the query; the words of a row are given to what it returns.

    `columns` are parted by commas. `permission`: whoever lacks it does not see the part. Without `empty` a part that
    has no rows is not shown. `all_of` names the admin's list of all rows.
    """

    def add(rows: Callable[[User], "QuerySet[Any, Any]"]) -> Callable[[Callable[[Row], Iterable[Cell]]], None]:
        def tell(cells: Callable[[Row], Iterable[Cell]]) -> None:
            named = tuple(column.strip() for column in columns.split(","))
            PARTS.append(Part(name, title, named, rows, cells, permission, empty, all_of))

        return tell

    return add


def questions(person: User, may: Callable[[str], bool]) -> dict[str, "QuerySet[Any, Any]"]:
    """Each part's query, for those who may see it."""
    return {one.name: one.rows(person)[: NEWEST + 1] for one in PARTS if not one.permission or may(one.permission)}


def shown(person: User, answers: dict[str, list[Row]]) -> list[Shown]:
    """The parts that have rows, or words for having none."""
    told = []
    for one in PARTS:
        rows = answers.get(one.name)
        if rows or (rows is not None and one.empty):
            more = f"{reverse(one.all_of)}?user={person.pk}" if one.all_of and len(rows) > NEWEST else ""
            cells = [[_cell(cell) for cell in one.cells(row)] for row in rows[:NEWEST]]
            told.append(Shown(one.name, one.title, one.columns, cells, one.empty, more))
    return told


def _cell(cell: Cell) -> tuple[str, str]:
    return cell if isinstance(cell, tuple) else (cell, "")


def change_url(model: str, pk: Any) -> str:
    """`change_url("subscriptions_order", pk)`: a row's page in the admin."""
    return reverse(f"admin:{model}_change", args=[pk])
