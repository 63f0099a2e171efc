"""Covers drawn by code: one picture an issue, under one masthead. 900 by 1200 points."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import Any

from sample.build.figures.draw import CORAL, GOLD, INK, SAND, SEA, SKY, WHITE, Chance, Drawing, Point, around, bump
from sample.build.front import MONTHS
from sample.build.raster import raster

WIDTH, HEIGHT = 900, 1200


def write(folder: Path, journal: dict[str, Any]) -> None:
    """A WebP for the site and the SVG it was made from, for each issue."""
    folder.mkdir(parents=True, exist_ok=True)
    for issue, draw in zip(journal["issues"], PICTURES, strict=True):
        svg = draw(journal["journal"], issue)
        file = folder / Path(issue["cover"]).name
        file.with_suffix(".svg").write_text(svg, encoding="utf-8")
        out = io.BytesIO()
        raster(svg, WIDTH).save(out, "WEBP", quality=84, method=6)
        file.write_bytes(out.getvalue())


def masthead(sheet: Drawing, journal: dict[str, Any], issue: dict[str, Any], color: str, quiet: str) -> None:
    sheet.text(60, 108, "The Pellisund", 46, color, italic=True)
    sheet.text(57, 182, "Journal of Neurology", 82, color, weight=700)
    sheet.line(60, 210, 840, 210, color, 3)
    month = MONTHS[issue["date"].month - 1]
    sheet.text(60, 243, f"Volume {issue['volume']}, Number {issue['number']}", 25, color)
    sheet.text(840, 243, f"{month} {issue['year']}", 25, color, "end")
    sheet.text(60, 1140, issue["cover_title"], 40, color, italic=True, weight=600)
    sheet.text(60, 1168, "Sample issue: everything in it is invented", 20, quiet)
    sheet.text(840, 1140, journal["publisher"], 21, color, "end")
    sheet.text(840, 1168, f"ISSN {journal['issn_print']} (placeholder)", 20, quiet, "end")


def soundings(journal: dict[str, Any], issue: dict[str, Any]) -> str:
    """Depth lines of a bay around an island, crossed by the beam of a lighthouse."""
    sheet = Drawing(WIDTH, HEIGHT, SAND)
    for level in range(26, 0, -1):
        ring = [shore(angle, level) for angle in range(0, 361, 3)]
        shade = f"#{mix((0x0E, 0x6E, 0x78), (0xF3, 0xEC, 0xE0), level / 27)}"
        sheet.polyline([*ring, ring[0]], SEA, 0.9 if level % 5 else 2, fill=shade)
    island = [shore(angle, 0) for angle in range(0, 361, 3)]
    light = shore(318, 0)
    sheet.polyline([light, (905, 300), (905, 470), light], "none", 0, fill=CORAL, opacity=0.82)
    sheet.polyline([*island, island[0]], INK, 2.5, fill=SAND)
    sheet.circle(*light, 13, CORAL, WHITE, 3)
    depths(sheet)
    sheet.rect(0, 0, WIDTH, 262, SAND)
    sheet.rect(0, 1086, WIDTH, 114, SAND)
    masthead(sheet, journal, issue, INK, SEA)
    return sheet.svg()


def shore(degrees: float, level: float) -> Point:
    """A point of the coast (`level` 0) or of the depth line that many steps out."""
    angle = degrees * pi / 180
    ragged = 1 / (1 + 0.11 * level)
    radius = 128 + 24 * level + 0.55 * level**2
    radius *= (
        1
        + ragged * (0.2 * sin(2 * angle + 0.6) + 0.13 * sin(3 * angle + 1.9) + 0.07 * sin(7 * angle))
        + 0.05 * sin(5 * angle + level / 6)
    )
    return 400 + radius * 1.12 * cos(angle), 720 + radius * 0.92 * sin(angle)


def depths(sheet: Drawing) -> None:
    """Figures of depth in fathoms, as on a chart."""
    chance = Chance(4)
    placed: list[Point] = []
    for _ in range(70):
        x, y = 40 + 820 * chance.uniform(), 300 + 760 * chance.uniform()
        away = hypot((x - 400) / 1.12, (y - 720) / 0.92)
        if away > 210 and all(hypot(x - other, y - another) > 48 for other, another in placed):
            placed.append((x, y))
            sheet.text(x, y, str(int((away - 120) / 14)), 17, INK if away > 420 else WHITE, "middle", italic=True)


def mix(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> str:
    return "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(one, other, strict=True))


def night_recording(journal: dict[str, Any], issue: dict[str, Any]) -> str:
    """An overnight recording whose waves stack up to mountains, one of them in gold."""
    ground = "#0b2c38"
    sheet = Drawing(WIDTH, HEIGHT, ground)
    sheet.circle(655, 395, 62, "#f3ece0")
    sheet.circle(682, 380, 58, ground)
    chance = Chance(23)
    for row in range(38):
        y = 480 + row * 15.4
        color, width = (GOLD, 2.8) if row == 21 else ("#dfe9ec", 1.5)
        points = [(x, y - ridge(x, row, chance)) for x in range(60, 841, 4)]
        sheet.polyline([(60, y + 18), *points, (840, y + 18)], "none", 0, fill=ground)
        sheet.polyline(points, color, width)
    masthead(sheet, journal, issue, WHITE, SKY)
    return sheet.svg()


def ridge(x: float, row: int, chance: Chance) -> float:
    middle = bump(x, 400 + 70 * sin(row / 5), 210)
    hills = (
        46 * bump(x, 330 + 40 * sin(row / 3), 60)
        + 70 * bump(x, 470 + 50 * cos(row / 4), 48)
        + 34 * bump(x, 590 - 6 * row, 70)
    )
    return middle * (hills + 6 * sin(x / 7 + row) + 5 * chance.normal()) + 1.2 * chance.normal()


def arbor(journal: dict[str, Any], issue: dict[str, Any]) -> str:
    """A nerve cell that grows like a tree in winter."""
    sheet = Drawing(WIDTH, HEIGHT, SAND)
    chance = Chance(1906)
    for heading, length, width in ((-96, 118, 20), (-55, 96, 13), (-132, 98, 13), (-20, 70, 9), (-164, 70, 9)):
        branch(sheet, (452, 770), heading, length, width, chance)
    trunk = [(452 + 9 * sin(step / 5), 770 + step * 6.2) for step in range(52)]
    for index, (start, end) in enumerate(itertools.pairwise(trunk)):
        sheet.line(*start, *end, INK, 15 - index * 0.13)
    for heading in (62, 100, 128):
        branch(sheet, trunk[-1], heading, 34, 6, chance)
    sheet.circle(452, 770, 44, CORAL, INK, 3)
    sheet.circle(452, 770, 17, SAND, INK, 2)
    sheet.rect(0, 1086, WIDTH, 114, SAND)
    masthead(sheet, journal, issue, INK, SEA)
    return sheet.svg()


def branch(sheet: Drawing, start: Point, heading: float, length: float, width: float, chance: Chance) -> None:
    """A dendrite, bending a little, that forks until it is thin."""
    if width < 0.9 or start[1] < 300:
        return
    bend = 16 * chance.normal()
    middle = around(*start, length / 2, heading + bend / 2)
    end = around(*middle, length / 2, heading + bend)
    sheet.polyline([start, middle, end], INK, width)
    if width < 3 and chance.uniform() < 0.3:
        sheet.circle(*end, 3.4, SEA if chance.uniform() < 0.7 else CORAL)
    spread = 19 + 12 * chance.uniform()
    for way in (-1, 1):
        branch(
            sheet, end, heading + bend + way * spread, length * (0.74 + 0.14 * chance.uniform()), width * 0.68, chance
        )


PICTURES: list[Callable[[dict[str, Any], dict[str, Any]], str]] = [soundings, night_recording, arbor]
