"""Reads a manuscript: TOML between lines of ``+++``, then parts that begin with ``@name``.

A manuscript is what an author would type. It knows nothing of volumes, pages or XML.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "manuscripts"
SENTINEL = re.compile(r"<<(.+?)>>", re.DOTALL)


@dataclass
class Part:
    """A part of a manuscript: its name, what follows the name on the line, and its lines."""

    name: str
    argument: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass
class Manuscript:
    """One article as written: `meta` is its TOML head, `parts` are in the order written."""

    slug: str
    meta: dict[str, Any]
    parts: list[Part]
    sentinels: list[str]

    def named(self, name: str) -> list[Part]:
        return [part for part in self.parts if part.name == name]

    @property
    def doi(self) -> str:
        return f"10.5555/pellisund.2026.{self.meta['number']}"


def read(slug: str) -> Manuscript:
    """The manuscript of that slug; KeyError or tomllib's error when its head is wrong."""
    _, head, text = (FOLDER / f"{slug}.md").read_text(encoding="utf-8").split("+++\n", 2)
    sentinels = [" ".join(found.split()) for found in SENTINEL.findall(text)]
    return Manuscript(slug, tomllib.loads(head), split_parts(SENTINEL.sub(r"\1", text)), sentinels)


def split_parts(text: str) -> list[Part]:
    parts: list[Part] = []
    for line in text.splitlines():
        if started := re.fullmatch(r"@([a-z-]+) ?(.*)", line):
            parts.append(Part(started[1], started[2]))
        elif parts:
            parts[-1].lines.append(line)
    return parts
