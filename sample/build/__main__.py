"""`python -m sample.build [slug...]`: rebuild the sample journal; with slugs, draw and print only those.

The same sources give the same bytes. Needs the development packages (typst).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tqdm import tqdm

from sample.build import article, covers, figures, typeset
from sample.build.manuscript import Manuscript, read
from sample.build.placement import SAMPLE, Placement, paginate, read_journal, slugs
from sample.build.raster import png


def main(wanted: list[str]) -> None:
    journal = read_journal()
    manuscripts = {slug: read(slug) for slug in slugs(journal)}
    drawings = {slug: figures.draw(slug) for slug in manuscripts}
    places = settle(journal, manuscripts, drawings)
    for slug in tqdm(wanted or manuscripts, desc="articles"):
        write(manuscripts[slug], journal, places, drawings[slug])
    found = {each.doi: each.sentinels for each in manuscripts.values() if each.sentinels}
    (SAMPLE / "sentinels.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not wanted:
        covers.write(SAMPLE / "covers", journal)


def settle(
    journal: dict[str, Any], manuscripts: dict[str, Manuscript], drawings: dict[str, dict[str, str]]
) -> dict[str, Placement]:
    """Places for all: lengths decide pages, and pages (in citations) could change lengths, so until they agree."""
    unpaged = {slug for slug, each in manuscripts.items() if "elocation" in each.meta}
    lengths = dict.fromkeys(manuscripts, 4)
    for _ in range(4):
        places = paginate(journal, lengths, unpaged)
        measured = {
            slug: len_pdf(each, journal, places, drawings[slug])
            for slug, each in tqdm(manuscripts.items(), desc="lengths")
        }
        if measured == lengths:
            return places
        lengths = measured
    raise RuntimeError("the page numbers do not settle")


def len_pdf(each: Manuscript, journal: dict[str, Any], places: dict[str, Placement], drawings: dict[str, str]) -> int:
    root = article.build(each, journal, places, 0)
    return typeset.count_pages(typeset.pdf(root, journal, places[each.slug], drawings))


def write(each: Manuscript, journal: dict[str, Any], places: dict[str, Placement], drawings: dict[str, str]) -> None:
    folder = SAMPLE / "articles" / each.slug
    folder.mkdir(parents=True, exist_ok=True)
    place = places[each.slug]
    made = typeset.pdf(article.build(each, journal, places, 0), journal, place, drawings)
    root = article.build(each, journal, places, typeset.count_pages(made))
    (folder / "article.pdf").write_bytes(made)
    (folder / "article.xml").write_bytes(article.serialize(root))
    for stem, svg in drawings.items():
        (folder / f"{stem}.png").write_bytes(png(svg))
    for name, text in figures.supplements(each.slug).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
