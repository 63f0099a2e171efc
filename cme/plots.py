"""Bars as SVG, drawn on the server with classes and attributes only: the policy allows no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

ROW, LABEL, WIDTH, SPARE = 28, 220, 640, 70


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, and what stands at its end."""

    name: str
    value: int
    words: str


def bars(shown: Sequence[Bar], title: str, most: int = 0) -> SafeString:
    """Horizontal bars on one scale. The same numbers stand in a table beside it, so it is a picture with a name."""
    largest = max([most, *(bar.value for bar in shown)], default=0) or 1
    room = WIDTH - LABEL - SPARE
    rows = (_bar(place, bar, room * bar.value // largest) for place, bar in enumerate(shown))
    drawn = format_html_join("", _BAR, rows)
    return format_html(
        '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}</svg>',
        title, WIDTH, ROW * len(shown), WIDTH, ROW * len(shown), drawn,
    )  # fmt: skip


_BAR = (
    '<text class="plot-label" x="{}" y="{}" text-anchor="end">{}</text>'
    '<rect class="plot-bar" x="{}" y="{}" width="{}" height="{}"></rect>'
    '<text class="plot-value" x="{}" y="{}">{}</text>'
)


def _bar(place: int, bar: Bar, length: int) -> tuple[object, ...]:
    top, baseline = place * ROW, place * ROW + 19
    return LABEL - 10, baseline, bar.name, LABEL, top + 5, length, ROW - 10, LABEL + length + 8, baseline, bar.words
