"""The case report's figure: a cord in cross section and the recovery."""

from __future__ import annotations

from sample.build.figures.draw import COLUMN, CORAL, GOLD, INK, SAND, SEA, SKY, SLATE, Axes, Drawing


def cord() -> str:
    sheet = Drawing(COLUMN, 132)
    sheet.text(2, 10, "A", 9, weight=700)
    section(sheet, 56, 60)
    sheet.text(112, 10, "B", 9, weight=700)
    recovery(sheet)
    return sheet.svg()


def section(sheet: Drawing, x: float, y: float) -> None:
    """White matter, the dorsal and lateral columns, gray matter like a butterfly."""
    sheet.path(
        f"M{x} {y - 38}C{x + 30} {y - 40} {x + 48} {y - 22} {x + 48} {y}"
        f"C{x + 48} {y + 26} {x + 28} {y + 38} {x} {y + 36}"
        f"C{x - 28} {y + 38} {x - 48} {y + 26} {x - 48} {y}C{x - 48} {y - 22} {x - 30} {y - 40} {x} {y - 38}Z",
        INK,
        1,
        SAND,
    )
    sheet.path(
        f"M{x} {y - 37}C{x + 9} {y - 38} {x + 15} {y - 35} {x + 18} {y - 33}L{x + 6} {y - 6}L{x} {y - 2}"
        f"L{x - 6} {y - 6}L{x - 18} {y - 33}C{x - 15} {y - 35} {x - 9} {y - 38} {x} {y - 37}Z",
        SEA,
        0.6,
        SEA,
    )
    for way in (-1, 1):
        sheet.path(
            f"M{x + way * 26} {y - 20}C{x + way * 42} {y - 18} {x + way * 46} {y - 4} {x + way * 38} {y + 8}"
            f"C{x + way * 28} {y + 6} {x + way * 22} {y - 6} {x + way * 26} {y - 20}Z",
            SKY,
            0.6,
            SKY,
        )
        sheet.path(
            f"M{x} {y - 1}C{x + way * 8} {y - 2} {x + way * 14} {y - 14} {x + way * 23} {y - 32}"
            f"L{x + way * 26} {y - 30}"
            f"C{x + way * 20} {y - 12} {x + way * 17} {y - 2} {x + way * 20} {y + 4}"
            f"C{x + way * 28} {y + 14} {x + way * 26} {y + 26} {x + way * 16} {y + 24}"
            f"C{x + way * 8} {y + 22} {x + way * 10} {y + 8} {x} {y + 5}Z",
            SLATE,
            0.5,
            "#b9c4c9",
        )
    sheet.circle(x, y + 2, 1.4, INK)
    sheet.line(x, y + 36, x, y + 22, INK, 0.9)
    sheet.line(x, y - 20, x, y - 46, INK, 0.5)
    sheet.text(x, y - 48, "Dorsal columns", 7.2, anchor="middle", weight=600)
    sheet.line(x + 36, y, x + 36, y + 44, INK, 0.5)
    sheet.text(x + 46, y + 52, "Lateral column", 7.2, anchor="end", weight=600)


def recovery(sheet: Drawing) -> None:
    axes = Axes(sheet, 146, 12, 88, 86, (0, 6), (0, 100))
    axes.frame([0, 1, 3, 6], [0, 50, 100], "Months", "Share of the worst, %")
    signs = (
        ("Vibration", GOLD, "", [(0, 100), (1, 92), (3, 74), (6, 58)], 6, 72, "end"),
        ("Walking", SEA, "5 2", [(0, 100), (1, 70), (3, 31), (6, 8)], 6, 24, "end"),
        ("Lhermitte", CORAL, "1.5 2", [(0, 100), (0.7, 4), (1, 0), (6, 0)], 1.2, 4, "start"),
    )
    for name, color, dash, points, x, y, anchor in signs:
        axes.curve(points, color, 1.6, dash)
        sheet.text(axes.x(x), axes.y(y), name, 7.2, color, anchor, 700)
