"""Every figure by article and file name, and the data files that go with the articles."""

from __future__ import annotations

from collections.abc import Callable

from sample.build.figures import conduction, cord, nights, quay, short, trials, vertigo

Draw = Callable[[], str]
DRAWINGS: dict[str, dict[str, Draw]] = {
    "quay-editorial": {"intervals": quay.intervals},
    "quay-trial": {"flow": quay.flow, "curves": quay.curves, "forest": quay.forest},
    "quay-letter": {"crossings": quay.crossings},
    "tapeworm-cord": {"cord": cord.cord},
    "winter-migraine": {"awakenings": nights.awakenings, "steps": nights.steps},
    "night-rounds": {"lamps": nights.lamps},
    "cold-hands": {"scatter": conduction.scatter, "corrected": conduction.corrected},
    "acute-vertigo": {"pathway": vertigo.pathway, "eyes": vertigo.eyes},
    "ferry-rescue": {"transfers": trials.ferry_curves, "plan": trials.ferry_plan},
    "lamplight-protocol": {"wedge": short.wedge},
    "borrowed-hammer": {"hammer": short.hammer},
    "one-page-eeg": {"eeg": short.eeg},
    "grip-strength": {"pairs": short.pairs},
    "patch-afib": {"traces": trials.traces, "detection": trials.patch_curves, "hours": trials.hours},
}
SUPPLEMENTS: dict[str, dict[str, Draw]] = {
    "quay-trial": {"treatment-times.csv": quay.times_csv},
    "cold-hands": {"volunteers.csv": conduction.volunteers_csv},
}


def draw(slug: str) -> dict[str, str]:
    """SVG texts of the article's figures by file stem."""
    return {stem: made() for stem, made in DRAWINGS.get(slug, {}).items()}


def supplements(slug: str) -> dict[str, str]:
    """Texts of the article's data files by file name."""
    return {name: made() for name, made in SUPPLEMENTS.get(slug, {}).items()}
