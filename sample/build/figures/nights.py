"""Figures of the migraine cohort and of the retracted ward study."""

from __future__ import annotations

from math import sqrt

from sample.build.figures.draw import COLUMN, CORAL, INK, SEA, SKY, SLATE, WHITE, Axes, Drawing, box_plot

# Awakenings: (nights, nights followed by an attack).
CLASSES = {"0–1": (1180, 201), "2–3": (1510, 305), "4–5": (882, 237), "≥ 6": (514, 175)}


def awakenings() -> str:
    sheet = Drawing(COLUMN, 172)
    axes = Axes(sheet, 34, 10, 198, 128, (0, 6), (0, 12))
    axes.frame([1.5, 4.5], range(0, 13, 3), "", "Awakenings a night", ["Calm nights", "Stormy nights"])
    boxes = (
        (0.9, (0.5, 1.7, 2.7, 3.9, 7.0), SEA),
        (2.1, (0.9, 2.4, 3.7, 5.3, 8.9), CORAL),
        (3.9, (0.8, 2.4, 3.6, 5.1, 8.6), SEA),
        (5.1, (1.4, 3.3, 4.8, 6.7, 10.9), CORAL),
    )
    for at, values, color in boxes:
        box_plot(axes, at, values, color, 12)
        sheet.text(axes.x(at) + 15, axes.y(values[2]) + 2.6, f"{values[2]:.1f}", 7.2, color, weight=600)
    for x, color, words in ((44, SEA, "No attack next day"), (132, CORAL, "Attack next day")):
        sheet.rect(x, 160, 8, 8, color + "33", color, 1, 1)
        sheet.text(x + 12, 167, words, 7.8)
    return sheet.svg()


def steps() -> str:
    sheet = Drawing(COLUMN, 170)
    axes = Axes(sheet, 34, 10, 198, 128, (0.4, 4.6), (0, 45))
    axes.frame([1, 2, 3, 4], range(0, 46, 15), "Awakenings in the night", "Attack next day, %", list(CLASSES))
    for place, (nights, attacks) in enumerate(CLASSES.values(), start=1):
        share = attacks / nights
        spread = 1.96 * sqrt(share * (1 - share) / nights)
        x, color = axes.x(place), SKY if place < 3 else SEA
        sheet.rect(x - 15, axes.y(100 * share), 30, axes.y(0) - axes.y(100 * share), color, radius=1)
        top, low = axes.y(100 * (share + spread)), axes.y(100 * (share - spread))
        sheet.line(x, top, x, low, INK, 0.9)
        for end in (top, low):
            sheet.line(x - 3, end, x + 3, end, INK, 0.9)
        sheet.text(x, top - 4, f"{100 * share:.1f}", 7.8, INK, "middle", 600)
        sheet.text(x, axes.y(0) - 4, f"n = {nights}", 7, WHITE if place > 2 else INK, "middle")
    return sheet.svg()


def lamps() -> str:
    """Delirium by month before and after the lights were lowered (of the retracted study)."""
    sheet = Drawing(COLUMN, 160)
    axes = Axes(sheet, 34, 10, 198, 116, (0.3, 12.7), (0, 24))
    axes.frame(
        [1, 3, 6, 9, 12], range(0, 25, 6), "Month of the study", "Patients with delirium, %", ["1", "3", "6", "9", "12"]
    )
    sheet.rect(axes.x(6.5), 10, axes.x(12.7) - axes.x(6.5), 116, "#0e6e7814")
    sheet.text(axes.x(6.5) + 4, 18, "Lights lowered", 7.4, SEA, weight=600)
    before, after = (18.2, 19.4, 17.6, 18.8, 19.0, 18.1), (11.2, 10.4, 9.8, 10.1, 9.6, 9.9)
    points = list(enumerate(before + after, start=1))
    for run, color in ((points[:6], SLATE), (points[6:], SEA)):
        axes.curve(run, color, 1.4)
        for month, value in run:
            sheet.circle(axes.x(month), axes.y(value), 2.6, color, WHITE)
    return sheet.svg()
