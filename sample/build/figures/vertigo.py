"""Figures of the review of acute vertigo."""

from __future__ import annotations

from sample.build.figures.draw import COLUMN, CORAL, GOLD, INK, SAND, SEA, SLATE, WHITE, WIDE, Drawing


def pathway() -> str:
    sheet = Drawing(WIDE, 206)
    sheet.boxed(150, 4, 200, ["Acute vertigo", "Is it there while the head is still?"], 9, INK, INK, color=WHITE)
    columns = (
        (
            84,
            SEA,
            ["Yes, for hours,", "and with nystagmus"],
            ["Three eye signs", "impulse, nystagmus, skew"],
            ["All 3 fit the ear: neuritis", "Any 1 does not: stroke"],
        ),
        (
            250,
            GOLD,
            ["No; it comes when", "the head changes place"],
            ["Positional test", "both sides, then the roll"],
            ["Positive: maneuver at once", "Odd nystagmus: brain"],
        ),
        (
            416,
            CORAL,
            ["No; it came in attacks", "and has gone"],
            ["History, hearing, vessels", "diary for the next attack"],
            ["Migraine or Menière", "Minutes, age, neck: ischemia"],
        ),
    )
    sheet.line(250, 37, 250, 46, INK, 0.9)
    sheet.line(84, 46, 416, 46, INK, 0.9)
    for middle, color, answer, test, result in columns:
        sheet.arrow(middle, 46, middle, 55)
        lower = sheet.boxed(middle - 76, 55, 152, answer, 8.6, stroke=color)
        sheet.arrow(middle, lower, middle, lower + 12)
        lower = sheet.boxed(middle - 76, lower + 12, 152, test, 8.6, SAND, color)
        sheet.arrow(middle, lower, middle, lower + 12)
        sheet.boxed(middle - 76, lower + 12, 152, result, 8.6, stroke=color, bold=False)
    sheet.rect(8, 182, 484, 19, CORAL, radius=2)
    sheet.text(
        250,
        194.5,
        "Cannot sit without support, or any sign that no ear can give: brain, whatever stands above",
        8.8,
        WHITE,
        "middle",
        600,
    )
    return sheet.svg()


def eye(sheet: Drawing, x: float, y: float, gaze: float = 0, lift: float = 0) -> None:
    """An eye 36 points wide; `gaze` and `lift` move the iris, `lift` the whole eye too."""
    y -= lift
    sheet.path(
        f"M{x - 18} {y}C{x - 9} {y - 12} {x + 9} {y - 12} {x + 18} {y}C{x + 9} {y + 11} {x - 9} {y + 11} {x - 18} {y}Z",
        INK,
        1,
        WHITE,
    )
    sheet.circle(x + gaze, y, 6.4, SEA)
    sheet.circle(x + gaze, y, 2.9, INK)
    sheet.circle(x + gaze - 1.5, y - 2, 1.1, WHITE)


def eyes() -> str:
    sheet = Drawing(COLUMN, 216)
    for x, words, color in ((66, "Ear", SEA), (180, "Brain", CORAL)):
        sheet.text(x, 12, words, 9.5, color, "middle", 700)
    sheet.line(123, 4, 123, 214, "#dde5e8", 0.8)
    for row, name in enumerate(("Head impulse", "Nystagmus", "Skew")):
        top = 20 + row * 66
        sheet.line(2, top, 238, top, "#dde5e8", 0.8)
        sheet.text(4, top + 11, name, 8, SLATE, italic=True)
    impulse(sheet, 46)
    nystagmus(sheet, 112)
    skew(sheet, 180)
    return sheet.svg()


def impulse(sheet: Drawing, y: float) -> None:
    for x, gaze in ((66, 7.0), (180, 0.0)):
        eye(sheet, x - 24, y, gaze)
        eye(sheet, x + 24, y, gaze)
    sheet.arrow(84, y + 17, 48, y + 17, SEA, 1.2, 4.5)
    sheet.text(66, y + 28, "carried along, jump back", 7.4, anchor="middle")
    sheet.text(180, y + 28, "stay on the target", 7.4, anchor="middle")


def nystagmus(sheet: Drawing, y: float) -> None:
    for x in (66, 180):
        eye(sheet, x - 24, y)
        eye(sheet, x + 24, y)
    sheet.arrow(48, y + 17, 84, y + 17, SEA, 1.2, 4.5)
    sheet.text(66, y + 28, "one direction only", 7.4, anchor="middle")
    sheet.arrow(174, y + 17, 150, y + 17, CORAL, 1.2, 4.5)
    sheet.arrow(186, y + 17, 210, y + 17, CORAL, 1.2, 4.5)
    sheet.text(180, y + 28, "changes with the gaze", 7.4, anchor="middle")


def skew(sheet: Drawing, y: float) -> None:
    for x, lift in ((66, 0.0), (180, 7.0)):
        eye(sheet, x - 24, y)
        eye(sheet, x + 24, y, lift=lift)
    sheet.line(32, y + 14, 100, y + 14, SEA, 0.8, "2 2")
    sheet.line(146, y + 14, 214, y + 14, CORAL, 0.8, "2 2")
    sheet.text(66, y + 28, "level", 7.4, anchor="middle")
    sheet.text(180, y + 28, "one eye higher", 7.4, anchor="middle")
