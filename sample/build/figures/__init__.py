"""Every figure by article and file name, and the data files that go with the articles."""

from __future__ import annotations

from collections.abc import Callable

from sample.build.figures import cord, quay

Draw = Callable[[], str]
DRAWINGS: dict[str, dict[str, Draw]] = {
    "quay-editorial": {"intervals": quay.intervals},
    "quay-trial": {"flow": quay.flow, "curves": quay.curves, "forest": quay.forest},
    "quay-letter": {"crossings": quay.crossings},
    "tapeworm-cord": {"cord": cord.cord},
}
SUPPLEMENTS: dict[str, dict[str, Draw]] = {"quay-trial": {"treatment-times.csv": quay.times_csv}}


def draw(slug: str) -> dict[str, str]:
    """SVG texts of the article's figures by file stem."""
    return {stem: made() for stem, made in DRAWINGS.get(slug, {}).items()}


def supplements(slug: str) -> dict[str, str]:
    """Texts of the article's data files by file name."""
    return {name: made() for name, made in SUPPLEMENTS.get(slug, {}).items()}
