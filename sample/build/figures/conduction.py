"""Figures of the study of nerve conduction and temperature."""

from __future__ import annotations

from sample.build.figures.draw import COLUMN, CORAL, INK, SEA, SLATE, WHITE, Axes, Chance, Drawing, Point, box_plot

SLOPE, AT_32, NOISE = 1.9, 54.6, 2.6  # m/s per degree, m/s at 32 degrees, m/s


def volunteers() -> list[Point]:
    """120 hands: (temperature in degrees Celsius, velocity in m/s)."""
    chance = Chance(32)
    temperatures = [24.2 + 10.8 * chance.uniform() for _ in range(120)]
    return [(degrees, AT_32 + SLOPE * (degrees - 32) + NOISE * chance.normal()) for degrees in temperatures]


def line_of(points: list[Point]) -> tuple[float, float, float]:
    """Least squares: slope, value at 32 degrees, share of variance explained."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    xx = sum((x - mean_x) ** 2 for x, _ in points)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in points)
    yy = sum((y - mean_y) ** 2 for _, y in points)
    return xy / xx, mean_y + xy / xx * (32 - mean_x), xy**2 / xx / yy


def scatter() -> str:
    sheet = Drawing(COLUMN, 182)
    axes = Axes(sheet, 34, 8, 198, 144, (24, 36), (30, 70))
    axes.frame(range(24, 37, 2), range(30, 71, 10), "Temperature of the palm, °C", "Sensory velocity, m/s")
    points = volunteers()
    slope, level, explained = line_of(points)
    sheet.polyline([(axes.x(24), axes.y(48)), (axes.x(36), axes.y(48))], SLATE, 0.8, "3 2")
    sheet.text(axes.x(35.9), axes.y(48) + 8, "usual limit, 48 m/s", 7, SLATE, "end")
    for degrees, velocity in points:
        sheet.circle(axes.x(degrees), axes.y(velocity), 2.1, CORAL if velocity < 48 else SEA, WHITE, 0.4)
    axes.curve([(24, level + slope * (24 - 32)), (36, level + slope * 4)], INK, 1.2)
    sheet.text(axes.x(24.3), axes.y(66.5), f"{slope:.2f} m/s per °C;  r² = {explained:.2f}", 8, weight=600)
    return sheet.svg()


def corrected() -> str:
    sheet = Drawing(COLUMN, 182)
    axes = Axes(sheet, 34, 8, 198, 130, (0, 6), (20, 70))
    axes.frame([1.5, 4.5], range(30, 71, 10), "", "Sensory velocity, m/s", ["As measured", "Corrected to 32 °C"])
    sheet.polyline([(axes.x(0), axes.y(48)), (axes.x(6), axes.y(48))], SLATE, 0.8, "3 2")
    boxes = (
        (0.6, (38, 44.0, 46.9, 50.1, 57), SEA),
        (1.5, (46, 51.6, 54.3, 57.2, 63), SEA),
        (2.4, (28, 34.8, 39.7, 44.3, 51), CORAL),
        (3.6, (45, 50.4, 53.6, 56.8, 63), SEA),
        (4.5, (46, 51.8, 54.5, 57.3, 63), SEA),
        (5.4, (31, 37.2, 41.5, 45.2, 52), CORAL),
    )
    for index, (at, values, color) in enumerate(boxes):
        box_plot(axes, at, values, color, 10)
        word = ("cold", "warm", "all")[index % 3]
        sheet.text(axes.x(at), axes.y(22), word, 6.8, color, "middle", italic=True)
    for x, color, words in ((36, SEA, "No carpal tunnel syndrome"), (150, CORAL, "Carpal tunnel")):
        sheet.rect(x, 168, 8, 8, color + "33", color, 1, 1)
        sheet.text(x + 12, 175, words, 7.8)
    return sheet.svg()


def volunteers_csv() -> str:
    lines = [f"{degrees:.1f},{velocity:.1f}" for degrees, velocity in volunteers()]
    return "\n".join(["palm_degrees_celsius,sensory_velocity_m_per_s", *lines]) + "\n"
