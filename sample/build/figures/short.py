"""Figures of the short articles: the protocol, the perspective, the single page and the brief report."""

from __future__ import annotations

from math import sin

from sample.build.figures.draw import (
    COLUMN,
    CORAL,
    GOLD,
    INK,
    SAND,
    SEA,
    SLATE,
    WHITE,
    WIDE,
    Axes,
    Chance,
    Drawing,
    bump,
)

Pair = tuple[float, float]


def wedge() -> str:
    """The protocol's schedule: 8 groups of stations cross from usual care to the kit, one a quarter."""
    sheet = Drawing(WIDE, 186)
    left, top, cell, height = 92, 24, 40, 16
    for quarter in range(10):
        sheet.text(left + (quarter + 0.5) * cell, 12, f"Q{quarter + 1}", 8.4, anchor="middle", weight=600)
    for group in range(8):
        y = top + group * (height + 2)
        sheet.text(left - 8, y + 11.5, f"Group {group + 1} (4 stations)", 8, anchor="end")
        for quarter in range(10):
            kit = quarter > group
            training = quarter == group + 1
            fill = GOLD if training else SEA if kit else "#e4eaec"
            sheet.rect(left + quarter * cell, y, cell - 2, height, fill, radius=1.5)
            if training:
                sheet.text(left + (quarter + 0.5) * cell - 1, y + 11.3, "train", 7.4, INK, "middle", 600)
    for x, color, words in (
        (140, "#e4eaec", "Usual care"),
        (228, GOLD, "Quarter of training, not analyzed"),
        (372, SEA, "Kit"),
    ):
        sheet.rect(x, 174, 9, 9, color, SLATE, 1, 0.4)
        sheet.text(x + 13, 181.5, words, 8)
    return sheet.svg()


def hammer() -> str:
    """The perspective's picture: a hammer and the circle that its blow completes."""
    sheet = Drawing(COLUMN, 140, SAND)
    sheet.path("M30 112L128 40", INK, 3.4)
    sheet.path(
        "M112 22C122 14 134 22 146 38C156 52 160 64 150 70C140 76 128 62 120 50C112 40 104 30 112 22Z", CORAL, 1, CORAL
    )
    sheet.path("M121 38L137 50", WHITE, 2.2)
    sheet.path("M168 118C206 110 226 84 214 58C206 40 186 34 172 44", SEA, 1.4, dash="4 3")
    sheet.polyline([(172, 44), (179.5, 43.4), (176, 38), (172, 44)], SEA, 0.6, fill=SEA)
    sheet.text(222, 100, "out", 8, SEA, italic=True)
    sheet.text(192, 34, "back", 8, SEA, italic=True)
    sheet.path(
        "M142 92C150 84 164 84 172 92C178 100 176 112 168 118C158 124 144 120 140 110C138 104 138 98 142 92Z",
        INK,
        1.2,
        WHITE,
    )
    sheet.text(157, 107.5, "knee", 8, anchor="middle")
    sheet.text(24, 128, "handle: whale baleen, 31 cm", 7.6, SLATE, italic=True)
    return sheet.svg()


def eeg() -> str:
    """Eight channels, ten seconds: complexes about once a second, then (below) the same patient after a week."""
    sheet = Drawing(COLUMN, 196)
    chance = Chance(8)
    channels = ("F3–C3", "C3–P3", "P3–O1", "F4–C4", "C4–P4", "P4–O2")
    for row, name in enumerate(channels):
        trace(sheet, name, 17 + row * 16.5, row, chance, periodic=True)
    sheet.text(4, 8, "Day 2", 7.6, CORAL, weight=700)
    sheet.line(2, 118, 238, 118, "#dde5e8", 0.8)
    sheet.text(4, 128, "Day 9", 7.6, SEA, weight=700)
    for row, name in enumerate(channels[1:6:2]):
        trace(sheet, name, 136 + row * 17, row, chance, periodic=False)
    sheet.line(198, 190, 218.3, 190, INK, 1.1)
    sheet.text(195, 192, "1 s", 7, anchor="end")
    sheet.line(226, 180, 226, 190, INK, 1.1)
    sheet.text(223.5, 186, "50 µV", 6, anchor="end")
    return sheet.svg()


def trace(sheet: Drawing, name: str, y: float, row: int, chance: Chance, periodic: bool) -> None:
    sheet.text(4, y + 2.4, name, 6.6, SLATE)
    points = []
    for index in range(601):
        time = index / 60
        value = 0.6 * chance.normal()
        if periodic:
            phase = (time + 0.03 * row) % 1.02
            value += 9 * bump(phase, 0.34, 0.035) - 5.5 * bump(phase, 0.43, 0.05) + 2.4 * bump(phase, 0.6, 0.09)
        else:
            value += 2.1 * sin(2 * 3.14159 * 9.2 * time + row) * (0.7 + 0.3 * sin(1.3 * time + row))
        points.append((34 + 203 * index / 600, y - value * 0.78))
    sheet.polyline(points, CORAL if periodic else SEA, 0.7)


def grips() -> dict[str, list[Pair]]:
    """Grip in kilograms at 32 and at 24 degrees, 24 patients and 24 volunteers."""
    chance = Chance(66)
    patients, volunteers = [], []
    for _ in range(24):
        warm = 24 + 4.2 * chance.normal()
        patients.append((warm, warm * (0.68 + 0.07 * chance.normal())))
        warm = 37 + 5 * chance.normal()
        volunteers.append((warm, warm * (0.89 + 0.035 * chance.normal())))
    return {"patients": patients, "volunteers": volunteers}


def pairs() -> str:
    sheet = Drawing(COLUMN, 180)
    axes = Axes(sheet, 34, 10, 198, 132, (0, 6), (0, 60))
    axes.frame([1, 2.2, 3.8, 5], range(0, 61, 15), "", "Grip, kg", ["32 °C", "24 °C", "32 °C", "24 °C"])
    for start, end, name, color in ((1, 2.2, "patients", CORAL), (3.8, 5, "volunteers", SEA)):
        values = grips()[name]
        for warm, cold in values:
            sheet.polyline([(axes.x(start), axes.y(warm)), (axes.x(end), axes.y(cold))], color, 0.6, opacity=0.45)
            for x, value in ((start, warm), (end, cold)):
                sheet.circle(axes.x(x), axes.y(value), 1.9, color, WHITE, 0.4)
        means = [sum(pair[side] for pair in values) / len(values) for side in (0, 1)]
        sheet.polyline([(axes.x(start), axes.y(means[0])), (axes.x(end), axes.y(means[1]))], INK, 2)
        sheet.text((axes.x(start) + axes.x(end)) / 2, 172, name.capitalize(), 8.2, color, "middle", 700)
    return sheet.svg()
