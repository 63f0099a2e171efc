"""Drawing by hand: SVG text from lines, shapes and words, in points and in the journal's colors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from html import escape
from math import cos, exp, pi, sin

INK, SEA, CORAL, GOLD = "#12303f", "#0e6e78", "#c8531c", "#dfa32a"
SKY, SLATE, PLUM, SAND, WHITE = "#8bbccb", "#5d6c74", "#6a4c7d", "#f3ece0", "#ffffff"
COLUMN, WIDE = 240, 500  # widths in points: one column, both columns
Point = tuple[float, float]


def n(value: float) -> str:
    """A number as short as it can be."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


class Drawing:
    """A white sheet of `width` by `height` points; y grows downward."""

    def __init__(self, width: float, height: float, background: str = WHITE) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []
        self.rect(0, 0, width, height, background)

    def svg(self) -> str:
        size = f'viewBox="0 0 {n(self.width)} {n(self.height)}" width="{n(self.width)}" height="{n(self.height)}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(self.parts) + "\n</svg>\n"

    def text(  # noqa: PLR0913, PLR0917 (what a word looks like has many parts)
        self,
        x: float,
        y: float,
        words: str,
        size: float = 8,
        color: str = INK,
        anchor: str = "start",
        weight: int = 400,
        italic: bool = False,
        turn: float = 0,
    ) -> None:
        style = f' font-weight="{weight}"' * (weight != 400) + ' font-style="italic"' * italic
        turned = f' transform="rotate({n(turn)} {n(x)} {n(y)})"' * (turn != 0)
        self.parts.append(
            f'<text x="{n(x)}" y="{n(y)}" font-family="Libertinus Serif" font-size="{n(size)}" fill="{color}"'
            f' text-anchor="{anchor}"{style}{turned}>{escape(words)}</text>'
        )

    def lines(
        self, x: float, y: float, words: Sequence[str], size: float = 8, step: float = 1.25, **style: object
    ) -> None:
        for index, line in enumerate(words):
            self.text(x, y + index * size * step, line, size, **style)  # type: ignore[arg-type]

    def line(
        self, x1: float, y1: float, x2: float, y2: float, color: str = INK, width: float = 0.7, dash: str = ""
    ) -> None:
        self.path(f"M{n(x1)} {n(y1)}L{n(x2)} {n(y2)}", color, width, dash=dash)

    def path(
        self, d: str, color: str = "none", width: float = 1, fill: str = "none", dash: str = "", opacity: float = 1
    ) -> None:
        extra = f' stroke-dasharray="{dash}"' * bool(dash) + f' opacity="{n(opacity)}"' * (opacity != 1)
        self.parts.append(
            f'<path d="{d}" fill="{fill}" stroke="{color}" stroke-width="{n(width)}"'
            f' stroke-linejoin="round" stroke-linecap="round"{extra}/>'
        )

    def polyline(
        self,
        points: Iterable[Point],
        color: str = INK,
        width: float = 1,
        dash: str = "",
        fill: str = "none",
        opacity: float = 1,
    ) -> None:
        self.path("M" + "L".join(f"{n(x)} {n(y)}" for x, y in points), color, width, fill, dash, opacity)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        stroke: str = "none",
        radius: float = 0,
        line: float = 0.7,
    ) -> None:
        self.parts.append(
            f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" rx="{n(radius)}"'
            f' fill="{fill}" stroke="{stroke}" stroke-width="{n(line)}"/>'
        )

    def circle(
        self, x: float, y: float, radius: float, fill: str, stroke: str = "none", line: float = 0.7, opacity: float = 1
    ) -> None:
        self.parts.append(
            f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(radius)}" fill="{fill}"'
            f' stroke="{stroke}" stroke-width="{n(line)}" opacity="{n(opacity)}"/>'
        )

    def arrow(
        self, x1: float, y1: float, x2: float, y2: float, color: str = INK, width: float = 0.8, head: float = 3.5
    ) -> None:
        """A line with a filled head; level or upright lines only."""
        self.line(x1, y1, x2, y2, color, width)
        if x1 == x2:
            way = 1 if y2 > y1 else -1
            self.polyline(
                [(x2, y2), (x2 - head * 0.6, y2 - way * head), (x2 + head * 0.6, y2 - way * head), (x2, y2)],
                color,
                0.3,
                fill=color,
            )
        else:
            way = 1 if x2 > x1 else -1
            self.polyline(
                [(x2, y2), (x2 - way * head, y2 - head * 0.6), (x2 - way * head, y2 + head * 0.6), (x2, y2)],
                color,
                0.3,
                fill=color,
            )

    def boxed(  # noqa: PLR0913, PLR0917
        self,
        x: float,
        y: float,
        width: float,
        words: Sequence[str],
        size: float = 7.6,
        fill: str = WHITE,
        stroke: str = SEA,
        bold: bool = True,
        color: str = INK,
    ) -> float:
        """Words in a box, the first line bold; returns the box's lower edge."""
        height = len(words) * size * 1.28 + 7
        self.rect(x, y, width, height, fill, stroke, 2, 0.9)
        for index, line in enumerate(words):
            self.text(
                x + width / 2,
                y + 4 + size * (0.82 + index * 1.28),
                line,
                size,
                anchor="middle",
                color=color,
                weight=600 if bold and index == 0 else 400,
            )
        return y + height


class Axes:
    """A plotting area inside a drawing, with linear scales."""

    def __init__(
        self, sheet: Drawing, left: float, top: float, width: float, height: float, xs: Point, ys: Point
    ) -> None:
        self.sheet, self.left, self.top, self.width, self.height = sheet, left, top, width, height
        self.xs, self.ys = xs, ys

    def x(self, value: float) -> float:
        return self.left + (value - self.xs[0]) / (self.xs[1] - self.xs[0]) * self.width

    def y(self, value: float) -> float:
        return self.top + self.height - (value - self.ys[0]) / (self.ys[1] - self.ys[0]) * self.height

    def frame(
        self,
        xticks: Sequence[float],
        yticks: Sequence[float],
        xlabel: str,
        ylabel: str,
        xwords: Sequence[str] | None = None,
        ywords: Sequence[str] | None = None,
        grid: bool = True,
    ) -> None:
        bottom = self.top + self.height
        for value, word in zip(yticks, ywords or [n(tick) for tick in yticks], strict=True):
            if grid:
                self.sheet.line(self.left, self.y(value), self.left + self.width, self.y(value), "#dde5e8", 0.5)
            self.sheet.text(self.left - 4, self.y(value) + 2.4, word, 7.5, anchor="end")
        self.sheet.line(self.left, bottom, self.left + self.width, bottom, INK, 0.8)
        for value, word in zip(xticks, xwords or [n(tick) for tick in xticks], strict=True):
            self.sheet.line(self.x(value), bottom, self.x(value), bottom + 3, INK, 0.7)
            self.sheet.text(self.x(value), bottom + 11, word, 7.5, anchor="middle")
        self.sheet.text(self.left + self.width / 2, bottom + 22, xlabel, 8, anchor="middle", weight=600)
        self.sheet.text(self.left - 24, self.top + self.height / 2, ylabel, 8, anchor="middle", weight=600, turn=-90)

    def curve(
        self, points: Iterable[Point], color: str, width: float = 1.4, dash: str = "", step: bool = False
    ) -> None:
        mapped = [(self.x(x), self.y(y)) for x, y in points]
        if step:
            mapped = [mapped[0]] + [
                corner for (_, y0), (x, y) in itertools.pairwise(mapped) for corner in ((x, y0), (x, y))
            ]
        self.sheet.polyline(mapped, color, width, dash)


class Chance:
    """Repeatable pseudo-random numbers (a linear congruential generator), the same on every machine."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def uniform(self) -> float:
        self.state = (1103515245 * self.state + 12345) % 2**31
        return (self.state >> 8) / 2**23

    def normal(self) -> float:
        return sum(self.uniform() for _ in range(12)) - 6


def bump(x: float, center: float, width: float) -> float:
    """A bell of height 1."""
    return exp(-(((x - center) / width) ** 2))


def around(x: float, y: float, radius: float, degrees: float) -> Point:
    return x + radius * cos(degrees * pi / 180), y + radius * sin(degrees * pi / 180)


def box_plot(
    axes: Axes, at: float, values: tuple[float, float, float, float, float], color: str, half: float = 9
) -> None:
    """`values`: lower whisker, first quartile, median, third quartile, upper whisker."""
    low, first, median, third, high = (axes.y(value) for value in values)
    x, sheet = axes.x(at), axes.sheet
    sheet.line(x, low, x, first, color, 1)
    sheet.line(x, third, x, high, color, 1)
    for end in (low, high):
        sheet.line(x - half / 2, end, x + half / 2, end, color, 1)
    sheet.rect(x - half, third, 2 * half, first - third, color + "33", color, 1, 1)
    sheet.line(x - half, median, x + half, median, color, 1.8)


def key(sheet: Drawing, x: float, y: float, entries: Sequence[tuple[str, str, str]], step: float = 11) -> None:
    """Legend lines: (words, color, dash)."""
    for index, (words, color, dash) in enumerate(entries):
        sheet.line(x, y + index * step, x + 14, y + index * step, color, 1.8, dash)
        sheet.text(x + 18, y + index * step + 2.6, words, 7.6)
