"""Figures of the ferry trial (seizure clusters) and of the patch trial (atrial fibrillation)."""

from __future__ import annotations

from math import exp, log, sin

from sample.build.figures.draw import (
    COLUMN,
    CORAL,
    GOLD,
    INK,
    SEA,
    SKY,
    SLATE,
    WHITE,
    WIDE,
    Axes,
    Drawing,
    bump,
)


def events_by(patients: int, events: int, time: float, end: float) -> int:
    """Events by `time` when the hazard is constant and `events` of `patients` have had one at `end`."""
    rate = -log(1 - events / patients) / end
    return round(patients * (1 - exp(-rate * time)))


def ferry_curves() -> str:
    sheet = Drawing(COLUMN, 204)
    axes = Axes(sheet, 34, 10, 198, 122, (0, 12), (0, 60))
    axes.frame(range(0, 13, 3), range(0, 61, 20), "Months since randomization", "Taken to a hospital, %")
    groups = (("Plan", 118, 31, SEA, ""), ("Usual", 121, 54, CORAL, "4 2"))
    for name, patients, events, color, dash in groups:
        points = [
            (week / 52 * 12, 100 * events_by(patients, events, week / 52 * 12, 12) / patients) for week in range(53)
        ]
        axes.curve(points, color, 1.5, dash, step=True)
        sheet.text(
            axes.x(12),
            axes.y(100 * events / patients) - 5,
            f"{name} {100 * events / patients:.1f}%",
            7.8,
            color,
            "end",
            600,
        )
    sheet.text(4, 168, "Not yet taken, No.", 7.4, weight=600)
    for row, (name, patients, events, color, _) in enumerate(groups):
        sheet.text(4, 180 + 12 * row, name, 7.4, color, weight=600)
        for month in range(0, 13, 3):
            left = patients - events_by(patients, events, month, 12)
            sheet.text(axes.x(month), 180 + 12 * row, str(left), 7.2, anchor="middle")
    return sheet.svg()


def ferry_plan() -> str:
    sheet = Drawing(WIDE, 118)
    steps = (
        ("Green", SEA, ["A seizure as usual", "Note the time", "Stay with the person", "Nothing else is needed"]),
        ("Yellow", GOLD, ["A 2nd in 6 hours", "First rescue dose", "Call the island nurse", "Pack the bag"]),
        ("Orange", CORAL, ["A 3rd, or 5 minutes", "Second rescue dose", "Nurse comes", "Hospital listens in"]),
        ("Red", INK, ["10 minutes, or not awake", "Boat is called", "No third dose", "One goes along"]),
    )
    for index, (name, color, lines) in enumerate(steps):
        x = 6 + index * 124
        sheet.rect(x, 8, 112, 92, WHITE, color, 3, 1.2)
        sheet.rect(x, 8, 112, 20, color, color, 3, 1.2)
        sheet.text(x + 56, 21.5, name, 9.5, INK if color == GOLD else WHITE, "middle", 700)
        for row, line in enumerate(lines):
            sheet.text(x + 8, 44 + row * 14.5, line, 8.6, weight=700 if row == 0 else 400)
        if index:
            sheet.arrow(x - 11, 54, x - 1.5, 54, SLATE, 1.2, 5)
    sheet.text(
        250,
        113,
        "Each step keeps what the step before it began; the family may call the nurse at any step.",
        8,
        SLATE,
        "middle",
        italic=True,
    )
    return sheet.svg()


def beat(x: float, start: float) -> float:
    """One heartbeat without its P wave, in millivolts; `x` and `start` in seconds."""
    t = x - start
    return (
        -0.12 * bump(t, -0.025, 0.012)
        + 1.15 * bump(t, 0, 0.012)
        - 0.28 * bump(t, 0.028, 0.012)
        + 0.26 * bump(t, 0.26, 0.055)
    )


def sinus(x: float) -> float:
    starts = [0.32 + 0.84 * index for index in range(7)]
    return sum(beat(x, start) + 0.13 * bump(x, start - 0.16, 0.03) for start in starts)


def fibrillation(x: float) -> float:
    starts = (0.25, 0.86, 1.31, 2.18, 2.67, 3.45, 3.88, 4.71)
    return sum(beat(x, start) for start in starts) + 0.045 * sin(43 * x) + 0.03 * sin(61 * x + 1)


def traces() -> str:
    sheet = Drawing(WIDE, 164)
    for row, (letter, words, trace, color) in enumerate(
        (
            ("A", "Sinus rhythm, 71 a minute", sinus, SEA),
            ("B", "Atrial fibrillation, night 9, 2:14 am", fibrillation, CORAL),
        )
    ):
        top = 6 + row * 76
        paper(sheet, 24, top + 12, 470, 56)
        sheet.text(6, top + 8, letter, 10, weight=700)
        sheet.text(24, top + 8, words, 8.6, weight=600)
        points = [(24 + 470 * i / 1200, top + 50 - 26 * trace(5 * i / 1200)) for i in range(1201)]
        sheet.polyline(points, color, 1.1)
    sheet.line(447, 158, 494, 158, INK, 1.4)
    sheet.text(443, 160.5, "0.5 s", 7.4, anchor="end")
    return sheet.svg()


def paper(sheet: Drawing, x: float, y: float, width: float, height: float) -> None:
    sheet.rect(x, y, width, height, "#fbf7f0")
    for index in range(int(width / 9.4) + 1):
        sheet.line(x + index * 9.4, y, x + index * 9.4, y + height, "#ecdfca", 0.7 if index % 5 == 0 else 0.3)
    for index in range(7):
        sheet.line(x, y + index * height / 6, x + width, y + index * height / 6, "#ecdfca", 0.4)


def found(patients: int, events: int, day: float, early: float) -> int:
    """Patients found by `day` of 90; the share `early` of all is found at a steady pace in the first 14 days."""
    share = early * min(day, 14) / 14 + (1 - early) * max(day - 14, 0) / 76
    return round(events * share)


def patch_curves() -> str:
    sheet = Drawing(COLUMN, 204)
    axes = Axes(sheet, 34, 10, 198, 122, (0, 90), (0, 10))
    axes.frame(range(0, 91, 15), (0, 2.5, 5, 7.5, 10), "Days since randomization", "Atrial fibrillation, %")
    sheet.rect(axes.x(0), 10, axes.x(14) - axes.x(0), 122, "#8bbccb44")
    sheet.text(axes.x(7), 18, "patch", 7.2, SLATE, "middle", italic=True)
    groups = (("Patch", 611, 47, 0.766, SEA, ""), ("Usual", 604, 19, 0.21, CORAL, "4 2"))
    for name, patients, events, early, color, dash in groups:
        axes.curve(
            [(day, 100 * found(patients, events, day, early) / patients) for day in range(91)],
            color,
            1.5,
            dash,
            step=True,
        )
        sheet.text(
            axes.x(90),
            axes.y(100 * events / patients) - 5,
            f"{name} {100 * events / patients:.1f}%",
            7.8,
            color,
            "end",
            600,
        )
    sheet.text(4, 168, "Without it, No.", 7.4, weight=600)
    for row, (name, patients, events, early, color, _) in enumerate(groups):
        sheet.text(4, 180 + 12 * row, name, 7.4, color, weight=600)
        for day in range(0, 91, 15):
            sheet.text(
                axes.x(day), 180 + 12 * row, str(patients - found(patients, events, day, early)), 7.2, anchor="middle"
            )
    return sheet.svg()


def hours() -> str:
    """When the first episode found by the patch began, by hour of the day (46 of 47 have an hour)."""
    sheet = Drawing(COLUMN, 148)
    axes = Axes(sheet, 34, 8, 198, 110, (0, 24), (0, 10))
    axes.frame(range(0, 25, 6), range(0, 11, 5), "Hour at which the first episode began", "Patients, No.")
    counts = (9, 8, 7, 3, 3, 2, 1, 2, 1, 3, 3, 4)
    for index, count in enumerate(counts):
        x = axes.x(2 * index) + 1
        sheet.rect(
            x, axes.y(count), axes.x(2) - axes.x(0) - 2, axes.y(0) - axes.y(count), SEA if index < 3 else SKY, radius=1
        )
        sheet.text(x + 7.2, axes.y(count) - 2.5, str(count), 7.2, anchor="middle")
    return sheet.svg()
