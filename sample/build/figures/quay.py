"""Figures of the Quay trial, its editorial and the letter about it."""

from __future__ import annotations

from math import erf, exp, log, sqrt

from sample.build.figures.draw import COLUMN, CORAL, GOLD, INK, SAND, SEA, SKY, SLATE, WHITE, WIDE, Axes, Drawing, key

# Treatment times follow a log-normal law: (patients, mean of the logarithm, its deviation).
KIT, USUAL = (412, 4.0207, 0.266), (398, 4.1478, 0.304)
SUBGROUPS = [  # name, kit events, kit patients, usual events, usual patients
    ("All patients", 251, 412, 171, 398),
    ("Age < 75 y", 154, 240, 104, 229),
    ("Age ≥ 75 y", 97, 172, 67, 169),
    ("Women", 112, 187, 76, 181),
    ("Men", 139, 225, 95, 217),
    ("Crossing ≤ 20 km", 137, 198, 101, 190),
    ("Crossing > 20 km", 114, 214, 70, 208),
    ("Day call", 166, 261, 118, 252),
    ("Night call", 85, 151, 53, 146),
]
# Calm, slight, moderate, rough: (treated within 60 min, patients) with the kit and as usual; the sums are the trial's.
SEAS = [((107, 162), (74, 156)), ((89, 138), (59, 132)), ((43, 76), (27, 76)), ((12, 36), (11, 34))]


def treated(group: tuple[int, float, float], minute: float) -> int:
    """How many of the group had been treated by that minute."""
    patients, mean, deviation = group
    return round(patients * 0.5 * (1 + erf((log(max(minute, 1e-9)) - mean) / deviation / sqrt(2))))


def flow() -> str:
    sheet = Drawing(COLUMN, 273)
    lower = sheet.boxed(50, 4, 140, ["31 Ambulance stations assessed"], fill=SAND)
    sheet.line(120, lower, 120, 72, INK, 0.8)
    sheet.arrow(120, 43, 138, 43)
    sheet.boxed(140, 28, 97, ["7 Excluded", "4 Closed in winter", "3 Declined"], stroke=SLATE)
    lower = sheet.boxed(58, 72, 124, ["24 Stations randomized"], fill=SAND)
    sheet.line(120, lower, 120, 98, INK, 0.8)
    sheet.line(59, 98, 181, 98, INK, 0.8)
    sides = (
        (
            2,
            SEA,
            "12 Stations: kit",
            "1146 stroke calls",
            ["702 Not thrombolyzed"],
            "444 Thrombolyzed",
            ["32 Not analyzed", "21 Declined consent", "11 Record incomplete"],
            "412 Analyzed",
        ),
        (
            124,
            CORAL,
            "12 Stations: usual",
            "1089 stroke calls",
            ["664 Not thrombolyzed"],
            "425 Thrombolyzed",
            ["27 Not analyzed", "18 Declined consent", "9 Record incomplete"],
            "398 Analyzed",
        ),
    )
    for x, color, head, calls, untreated, given, lost, analyzed in sides:
        middle, width = x + 57, 114
        sheet.arrow(middle, 98, middle, 108)
        lower = sheet.boxed(x, 108, width, [head, calls], stroke=color)
        for words, fill in ((untreated, WHITE), ([given], WHITE), (lost, WHITE), ([analyzed], SAND)):
            sheet.arrow(middle, lower, middle, lower + 12)
            lower = sheet.boxed(
                x, lower + 12, width, words, stroke=color if fill == SAND or words == [given] else SLATE, fill=fill
            )
    return sheet.svg()


def curves() -> str:
    sheet = Drawing(COLUMN, 214)
    axes = Axes(sheet, 34, 10, 198, 132, (0, 120), (0, 100))
    axes.frame(range(0, 121, 20), range(0, 101, 25), "Minutes since the ambulance arrived", "Patients treated, %")
    sheet.line(axes.x(60), axes.top, axes.x(60), axes.top + axes.height, SLATE, 0.7, "2 2")
    sheet.text(axes.x(60) + 3, axes.top + 126, "60 min", 7, SLATE)
    for group, color, dash in ((USUAL, CORAL, "4 2"), (KIT, SEA, "")):
        points = [(minute, 100 * treated(group, minute) / group[0]) for minute in range(121)]
        axes.curve(points, color, 1.5, dash, step=True)
    for group, color, dx, dy in ((KIT, SEA, -4, -3), (USUAL, CORAL, 5, 8)):
        percent = 100 * treated(group, 60) / group[0]
        sheet.circle(axes.x(60), axes.y(percent), 2.4, color, WHITE)
        sheet.text(
            axes.x(60) + dx, axes.y(percent) + dy, f"{percent:.1f}%", 7.6, color, "end" if dx < 0 else "start", 600
        )
    key(sheet, 44, 20, [("Kit stations", SEA, ""), ("Usual stations", CORAL, "4 2")])
    sheet.text(4, 178, "Not yet treated, No.", 7.4, weight=600)
    for name, group, color, y in (("Kit", KIT, SEA, 190), ("Usual", USUAL, CORAL, 202)):
        sheet.text(4, y, name, 7.4, color, weight=600)
        for minute in range(0, 121, 20):
            sheet.text(axes.x(minute), y, str(group[0] - treated(group, minute)), 7.2, anchor="middle")
    return sheet.svg()


def ratio(events: int, patients: int, other: int, others: int) -> tuple[float, float, float]:
    """Risk ratio with its 95% confidence limits (Wald, on the logarithm)."""
    value = (events / patients) / (other / others)
    spread = 1.96 * sqrt(1 / events - 1 / patients + 1 / other - 1 / others)
    return value, value * exp(-spread), value * exp(spread)


def forest() -> str:
    sheet = Drawing(WIDE, 176)
    left, right, top, step = 262, 380, 34, 13.6

    def at(value: float) -> float:
        return left + (log(value) - log(0.8)) / (log(2.2) - log(0.8)) * (right - left)

    for x, words, anchor in (
        (6, "Subgroup", "start"),
        (150, "Kit", "middle"),
        (212, "Usual", "middle"),
        (494, "Risk ratio (95% CI)", "end"),
    ):
        sheet.text(x, 14, words, 8.4, anchor=anchor, weight=700)
    sheet.text(181, 24, "treated within 60 min / all", 7, SLATE, "middle", italic=True)
    sheet.line(4, 28, WIDE - 4, 28, INK, 0.8)
    sheet.line(at(1), 28, at(1), 152, INK, 0.7)
    sheet.line(at(1.418), 28, at(1.418), 152, SLATE, 0.6, "2 2")
    for index, (name, events, patients, other, others) in enumerate(SUBGROUPS):
        y = top + index * step + (5 if index else 2)
        value, low, high = ratio(events, patients, other, others)
        sheet.text(6 if index == 0 else 14, y + 2.6, name, 8.2, weight=700 if index == 0 else 400)
        sheet.text(150, y + 2.6, f"{events}/{patients}", 8.2, anchor="middle")
        sheet.text(212, y + 2.6, f"{other}/{others}", 8.2, anchor="middle")
        sheet.line(at(low), y, at(high), y, SEA, 1.2)
        size = 3.6 if index == 0 else 1.4 + patients / 130
        if index == 0:
            sheet.polyline(
                [(at(low), y), (at(value), y - 4), (at(high), y), (at(value), y + 4), (at(low), y)], SEA, 0.5, fill=SEA
            )
        else:
            sheet.rect(at(value) - size, y - size, 2 * size, 2 * size, SEA)
        sheet.text(494, y + 2.6, f"{value:.2f} ({low:.2f}–{high:.2f})", 8.2, anchor="end")
    sheet.line(left, 154, right, 154, INK, 0.8)
    for tick in (0.8, 1, 1.4, 2):
        sheet.line(at(tick), 154, at(tick), 157, INK, 0.7)
        sheet.text(at(tick), 165, f"{tick:g}", 7.6, anchor="middle")
    sheet.text(at(1) - 4, 174, "favors usual", 7.2, SLATE, "end", italic=True)
    sheet.text(at(1) + 4, 174, "favors kit", 7.2, SLATE, italic=True)
    return sheet.svg()


def intervals() -> str:
    """The editorial's picture: where the minutes go, in the usual order and with the kit."""
    sheet = Drawing(COLUMN, 128)
    rows = (
        ("Usual", 12, [("Assess", 14, SKY), ("Cross", 24, SLATE), ("Door to scan", 13, GOLD), ("Decide", 12, CORAL)]),
        ("Kit", 62, [("Assess + consent", 17, SKY), ("Cross", 24, SLATE), ("Scan", 10, GOLD), ("", 5, CORAL)]),
    )
    scale = 3.3
    for name, y, parts in rows:
        sheet.text(2, y + 18, name, 8.4, weight=700)
        x = 30.0
        for words, minutes, color in parts:
            width = minutes * scale
            sheet.rect(x, y + 4, width - 1, 22, color, radius=1.5)
            dark = color in (SLATE, CORAL)
            sheet.text(x + width / 2, y + 14, words, 6.6, WHITE if dark else INK, "middle", 600)
            sheet.text(x + width / 2, y + 22.5, str(minutes), 7, WHITE if dark else INK, "middle")
            x += width
        total = sum(minutes for _, minutes, _ in parts)
        sheet.text(x + 2, y + 1, f"{total} min", 8, anchor="end", weight=700, color=SEA if name == "Kit" else CORAL)
    sheet.line(30, 104, 30 + 63 * scale, 104, INK, 0.7)
    for minute in range(0, 61, 20):
        sheet.line(30 + minute * scale, 104, 30 + minute * scale, 107, INK, 0.7)
        sheet.text(30 + minute * scale, 116, str(minute), 7.4, anchor="middle")
    sheet.text(30 + 31 * scale, 125, "Minutes since the ambulance arrived", 7.6, anchor="middle", weight=600)
    return sheet.svg()


def crossings() -> str:
    """The letter's picture: share treated in time against the state of the sea."""
    sheet = Drawing(COLUMN, 148)
    axes = Axes(sheet, 34, 10, 198, 108, (0.4, 4.6), (0, 80))
    axes.frame(
        [1, 2, 3, 4],
        range(0, 81, 20),
        "State of the sea at the crossing",
        "Treated in 60 min, %",
        ["Calm", "Slight", "Moderate", "Rough"],
    )
    for place, (kit, usual) in enumerate(SEAS, start=1):
        for offset, (events, patients), color in ((-0.19, kit, SEA), (0.19, usual, CORAL)):
            percent = 100 * events / patients
            x, y = axes.x(place + offset), axes.y(percent)
            sheet.rect(x - 8, y, 16, axes.y(0) - y, color, radius=1)
            sheet.text(x, y - 2.5, f"{percent:.0f}", 7.2, color, "middle", 600)
    sheet.rect(152, 12, 7, 7, SEA)
    sheet.text(162, 18.4, "Kit", 7.6)
    sheet.rect(184, 12, 7, 7, CORAL)
    sheet.text(194, 18.4, "Usual", 7.6)
    return sheet.svg()


def times_csv() -> str:
    """The curve's data, the trial's first supplement."""
    lines = ["minutes_since_ambulance_arrival,kit_treated,kit_analyzed,usual_treated,usual_analyzed"]
    lines += [f"{minute},{treated(KIT, minute)},412,{treated(USUAL, minute)},398" for minute in range(0, 121, 5)]
    return "\n".join(lines) + "\n"
