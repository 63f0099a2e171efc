"""Draw static/img: the favicon and touch icon, and the picture shared links show. Needs Pillow only.

python bin/draw_icons.py
"""

from pathlib import Path

from PIL import Image, ImageDraw

TARGET = Path(__file__).parent.parent / "static" / "img"
ACCENT, PAPER = "#0b5563", "#fcfbf8"
SCALE = 8  # drawn large and reduced, for smooth edges


def sheet(size: int, *, background: str | None = None, margin: float = 0.0) -> Image.Image:
    """A page with a folded corner and three lines of text, `size` pixels square; the grid is 32 units wide."""
    big = size * SCALE
    image = Image.new("RGBA", (big, big), background or (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    unit = big * (1 - 2 * margin) / 32

    def at(x: float, y: float) -> tuple[float, float]:
        return big * margin + x * unit, big * margin + y * unit

    ink, lines = (ACCENT, "#ffffff") if background is None else ("#ffffff", background)
    draw.polygon([at(4, 2), at(20, 2), at(27, 9), at(27, 30), at(4, 30)], fill=ink)
    draw.polygon([at(20, 2), at(27, 9), at(20, 9)], fill="#9cc6cd")
    for y, end in ((12.5, 23), (17.5, 23), (22.5, 17)):
        draw.rectangle([at(8, y), at(end, y + 2.2)], fill=lines)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def shared_picture() -> Image.Image:
    """1200 x 630: what a link shows where the article brings no picture of its own."""
    image = Image.new("RGB", (1200, 630), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, 0, 1200, 18], fill=ACCENT)
    mark = sheet(260)
    image.paste(mark, (110, 190), mark)
    for y, end in ((220, 1090), (275, 1040), (345, 980), (385, 1010), (425, 860)):
        height = 34 if y < 300 else 14
        draw.rounded_rectangle([440, y, end, y + height], radius=4, fill="#1a2025" if y < 300 else "#c9c6be")
    return image


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    sheet(48).save(TARGET / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])
    sheet(180, background=ACCENT, margin=0.18).convert("RGB").save(TARGET / "apple-touch-icon.png", optimize=True)
    shared_picture().save(TARGET / "share.png", optimize=True)


if __name__ == "__main__":
    main()
