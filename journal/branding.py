"""What a journal brings of its own to the design: two colors, a logo, a typeface. Data, held within limits of contrast.

The limits are WCAG 2.2, 1.4.3 (4.5:1 for text): the accent is the color of links, so it is held against the grounds of
`static/css/tokens.css` that it has least of.
"""

import colorsys
import hashlib
from collections.abc import Iterable

from journal.models import Journal

LIGHT_GROUNDS = ("#fcfbf8", "#ffffff", "#f4f2ec")  # --paper, --surface, --sunken by day
DARK_GROUNDS = ("#14181b", "#1b2024", "#101316")  # and by night
ENOUGH = 4.5
STACKS = {
    Journal.Typeface.SOURCE: "",  # what tokens.css says
    Journal.Typeface.BOOK: 'Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "Noto Serif", serif',
    Journal.Typeface.SANS: "var(--sans)",
}


def stylesheet(journal: Journal) -> str:
    """The journal's choices as custom properties; an unknown typeface is the site's own."""
    said = [f"--brand-accent:{journal.accent}", f"--brand-accent-dark:{journal.accent_dark}"]
    stack = STACKS.get(Journal.Typeface(journal.typeface), "")
    return f":root{{{';'.join([*said, *([f'--serif:{stack}'] if stack else [])])}}}\n"


def version(journal: Journal) -> str:
    """Changes with every choice, so that a new look is fetched at once and an old one kept for a year."""
    chosen = stylesheet(journal) + (journal.logo.name or "") + (journal.logo_dark.name or "")
    return hashlib.sha256(chosen.encode()).hexdigest()[:10]


def contrast(one: str, other: str) -> float:
    """Of two colors like `#1f4e79`, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(color: str, grounds: Iterable[str]) -> float:
    return min(contrast(color, ground) for ground in grounds)


def nearest_readable(color: str, grounds: Iterable[str]) -> str:
    """The same hue, as much darker (on light grounds) or lighter as it takes to be read on all of them."""
    grounds = list(grounds)
    step = -1 if _luminance(grounds[0]) > 0.5 else 1
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _parts(color)))
    for hundredths in range(101):
        moved = min(1.0, max(0.0, lightness + step * hundredths / 100))
        found = "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, moved, saturation))
        if least_contrast(found, grounds) >= ENOUGH:
            return found
    return "#000000" if step < 0 else "#ffffff"


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
