"""Where an article stands: its issue, its pages and its dates, from journal.toml and the PDFs' lengths."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Placement:
    """`volume`, `issue` and `issued` are None before an issue; `first` and `last` are None without page numbers."""

    volume: int | None = None
    issue: int | None = None
    issued: date | None = None
    first: int | None = None
    last: int | None = None


def read_journal() -> dict[str, Any]:
    return tomllib.loads((SAMPLE / "journal.toml").read_text(encoding="utf-8"))


def slugs(journal: dict[str, Any]) -> list[str]:
    """Every article in reading order, those of no issue last."""
    placed = [
        slug for issue in journal["issues"] for section in issue.get("sections", []) for slug in section["articles"]
    ]
    return placed + journal["online_first"]["articles"]


def paginate(journal: dict[str, Any], lengths: dict[str, int], unpaged: set[str]) -> dict[str, Placement]:
    """A place for each article; `lengths` are PDF pages, `unpaged` articles have a number instead of pages."""
    places = {slug: Placement() for slug in journal["online_first"]["articles"]}
    page = 1
    for issue in journal["issues"]:
        for slug in (slug for section in issue.get("sections", []) for slug in section["articles"]):
            last = page + lengths[slug] - 1
            pages = (None, None) if slug in unpaged else (page, last)
            places[slug] = Placement(issue["volume"], issue["number"], issue["date"], *pages)
            page = page if slug in unpaged else last + 1
    return places
