"""Cut Source Serif 4 down to what an article needs and write static/fonts/*.woff2.

    python bin/subset_fonts.py FOLDER      FOLDER holds SourceSerif4Variable-Roman.ttf and -Italic.ttf
                                           (the VAR folder of the npm package source-serif 4.5.1, SIL Open Font License)

"Source" is a reserved font name, and a subset is a modified version: ours is called First Page Serif.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

NAME = "First Page Serif"
TARGET = Path(__file__).parent.parent / "static" / "fonts"
FEATURES = ["kern", "liga", "lnum", "tnum"]
OPTICAL_SIZE = 18

# Most pages need no more than BASIC; a browser fetches the second file when one of its letters stands on the page
# (`unicode-range` in static/css/fonts.css, which `main` prints).
BASIC = "\x20-\x7e\xa0-\xff\u2009-\u200a‐-―‘-‚“-„†-•′-″…\u202f€−≤≥"
LATIN = "Ā-ćĊ-đĒ-ēĖ-ěĞ-ģĦ-ħĪ-īĮ-ıĶ-ķĹ-ľŁ-ňŌ-ōŐ-ŕŘ-śŞ-ťŪ-ūŮ-ųŸ-žȘ-ț"
GREEK = "Α-ΡΣ-Ωα-ω"
SIGNS = "‰‹-›™←-↓∂∆∑√∞≈≠∼⋅≅"


def code_points(ranges: str) -> set[int]:
    """The code points of a string like "a-zÀ-ÿ"; the first hyphen of "--" stands for itself."""
    points: set[int] = set()
    position = 0
    while position < len(ranges):
        first = ord(ranges[position])
        is_range = ranges[position + 1 : position + 2] == "-" and position + 2 < len(ranges)
        last = ord(ranges[position + 2]) if is_range else first
        points.update(range(first, last + 1))
        position += 3 if is_range else 1
    return points


def css_range(characters: str) -> str:
    """The characters as CSS writes them."""
    points = sorted(code_points(characters))
    runs = [[points[0], points[0]]]
    for point in points[1:]:
        if point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return ", ".join(f"U+{first:x}" + (f"-{last:x}" if last > first else "") for first, last in runs)


def fix_kerning(font: TTFont) -> None:
    """Keep the kerning of the regular weight for all weights: the differences are a tenth of the file and not seen."""
    for lookup in font["GPOS"].table.LookupList.Lookup:
        for subtable in lookup.SubTable:
            table = getattr(subtable, "ExtSubTable", subtable)
            for pair in [p for s in getattr(table, "PairSet", []) for p in s.PairValueRecord]:
                drop_devices(pair.Value1, pair.Value2)
            for pair in [p for s in getattr(table, "Class1Record", []) for p in s.Class2Record]:
                drop_devices(pair.Value1, pair.Value2)
            for number in (1, 2):
                name = f"ValueFormat{number}"
                if hasattr(table, name):
                    setattr(table, name, getattr(table, name) & 0x0F)


def drop_devices(*values: object) -> None:
    for value in values:
        for name in ("XPlaDevice", "YPlaDevice", "XAdvDevice", "YAdvDevice"):
            if hasattr(value, name):
                delattr(value, name)


def rename(font: TTFont, style: str) -> None:
    names = {1: NAME, 2: style, 3: f"{NAME} {style}", 4: f"{NAME} {style}", 6: f"{NAME.replace(' ', '')}-{style}"}
    for number in (16, 17, 21, 22, 25):
        font["name"].removeNames(nameID=number)
    for number, text in names.items():
        font["name"].removeNames(nameID=number)
        font["name"].setName(text, number, 3, 1, 0x409)


def cut(source: Path, target: Path, limits: dict[str, object], style: str, characters: str) -> None:
    font = TTFont(source)
    options = subset.Options()
    options.layout_features = FEATURES
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=code_points(characters))
    subsetter.subset(font)
    font = instancer.instantiateVariableFont(font, limits)
    fix_kerning(font)
    rename(font, style)
    font.flavor = "woff2"
    font.save(target)
    sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes, {len(font.getGlyphOrder())} glyphs\n")
    sys.stdout.write(f"  unicode-range: {css_range(characters)};\n")


def main(folder: Path) -> None:
    roman, slanted = folder / "SourceSerif4Variable-Roman.ttf", folder / "SourceSerif4Variable-Italic.ttf"
    regular: dict[str, object] = {"wght": (400, 700), "opsz": OPTICAL_SIZE}
    italic: dict[str, object] = {"wght": 400, "opsz": OPTICAL_SIZE}
    cut(roman, TARGET / "firstpage-serif.woff2", regular, "Regular", BASIC)
    cut(roman, TARGET / "firstpage-serif-more.woff2", regular, "Regular", LATIN + GREEK + SIGNS)
    cut(slanted, TARGET / "firstpage-serif-italic.woff2", italic, "Italic", BASIC)
    cut(slanted, TARGET / "firstpage-serif-italic-more.woff2", italic, "Italic", LATIN + SIGNS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
