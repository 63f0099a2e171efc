"""Columns over time as SVG, drawn with classes and attributes only: the policy allows no inline style.

A row of columns for each line, all on one scale, one below the other: no color has to be told from another.
"""

from collections.abc import Iterator
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from desk.figures.series import Line, Plot
from desk.figures.spans import Span

WIDTH, LABEL, END = 720, 170, 6
ROW, HEAD, FOOT = 74, 18, 24
TICKS = 6


def columns(plot: Plot, span: Span, title: str) -> SafeString:
    """The picture of a plot. Its numbers stand in the table beside it, so it is a picture with a name."""
    largest = 1 if plot.is_empty else max(line.most for line in plot.lines if line.unit == plot.lines[0].unit)
    height = ROW * len(plot.lines) + FOOT
    rows = format_html_join("", "{}", ((_row(n, line, span, largest, plot),) for n, line in enumerate(plot.lines)))
    return format_html(
        '<svg class="plot columns" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}{}</svg>',
        title, WIDTH, height, WIDTH, height, rows, _axis(span, height),
    )  # fmt: skip


def _row(place: int, line: Line, span: Span, largest: int, plot: Plot) -> SafeString:
    """Its name, its sum and its columns. What is measured otherwise than the first line has a scale of its own."""
    top, base = place * ROW, place * ROW + ROW - 6
    own = largest if line.unit == plot.lines[0].unit else line.most or 1
    total = f"{line.words(line.total)} in all" if line.adds_up else f"{line.words(line.most)} at most"
    return format_html(
        '<text class="plot-label" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="plot-quiet" x="{}" y="{}" text-anchor="end">{}</text>'
        '<line class="plot-base" x1="{}" x2="{}" y1="{}" y2="{}"></line>{}',
        LABEL - 12, top + 40, line.name, LABEL - 12, top + 57, total,
        LABEL, WIDTH - END, base, base, format_html_join("", "{}", ((bar,) for bar in _bars(line, span, base, own))),
    )  # fmt: skip


def _bars(line: Line, span: Span, base: int, largest: int) -> Iterator[SafeString]:
    step, room = _step(span), ROW - HEAD - 6
    for place, (bucket, value) in enumerate(line.values.items()):
        told = f"{span.name(bucket)}: {line.words(value)}"
        left, width = LABEL + place * step, max(step * 0.8, 1)
        if value is None:
            yield _rect("plot-gap", left, base - 5, width, 4, told)
        elif value:
            length = max(room * value / largest, 1.5)
            yield _rect("plot-bar", left, base - length, width, length, told)


def _rect(kind: str, left: float, top: float, width: float, height: float, told: str) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        kind, f"{left:.1f}", f"{top:.1f}", f"{width:.1f}", f"{height:.1f}", told,
    )  # fmt: skip


def _axis(span: Span, height: int) -> SafeString:
    """A few names below the columns, evenly apart."""
    buckets, step = span.buckets, _step(span)
    every = max(1, -(-len(buckets) // TICKS))
    ticks = [(n, bucket) for n, bucket in enumerate(buckets) if n % every == 0]
    return format_html_join("", "{}", ((_tick(LABEL + n * step, height, span, bucket),) for n, bucket in ticks))


def _tick(left: float, height: int, span: Span, bucket: date) -> SafeString:
    return format_html('<text class="plot-tick" x="{}" y="{}">{}</text>', f"{left:.1f}", height - 6, span.short(bucket))


def _step(span: Span) -> float:
    return (WIDTH - END - LABEL) / len(span.buckets)
