"""One article's score: what of the source reached the page, each text once, and whether the page is sound and safe."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from journal.jats import read
from journal.jats.render import render
from tests.journal.jats import page, source
from tests.journal.jats.matching import Match, match
from tests.journal.jats.soundness import Soundness, examine


@dataclass(frozen=True, slots=True)
class Score:
    """The result for one file. ``visitor`` is the page without the right to read."""

    match: Match
    reader: Soundness
    visitor: Soundness
    tables: int
    tables_with_headers: int

    def complaints(self) -> list[str]:
        """Everything short of perfect, in words; empty for a perfect page."""
        said = [f"lost from {piece.part}: {piece.text[:80]}" for piece in self.match.missing]
        said += [f"twice: {text[:80]}" for text in self.match.repeated]
        for name, page_of in (("reader", self.reader), ("visitor", self.visitor)):
            said += [f"{name}, {kind}: {what}" for kind, all_of_it in page_of.faults.items() for what in all_of_it]
        if self.reader.tables < self.tables:
            said.append(f"tables: {self.reader.tables} of {self.tables}")
        if self.reader.tables_with_headers < self.tables_with_headers:
            said.append(f"tables with headers: {self.reader.tables_with_headers} of {self.tables_with_headers}")
        return said


def score(data: bytes) -> Score:
    """Render a file with every picture supplied and judge the result. Raises what rendering raises."""
    doc = render(read(data).article, page.EveryImage())
    article = source.article_of(data)
    reader = examine(page.of_a_reader(doc))
    tables = source.tables(article)
    found = match(source.pieces(article), reader.letters, source.all_letters(article))
    authors = source.people(article)  # the line of what an author contributed names the author once more
    found.repeated = [text for text in found.repeated if not any(text in author for author in authors)]
    return Score(
        match=found,
        reader=reader,
        visitor=examine(page.of_a_visitor(doc)),
        tables=len(tables),
        tables_with_headers=sum(source.has_header_cells(table) for table in tables),
    )


def lost(parts: Iterable[etree._Element], letters: str) -> Match:
    """What of some elements is on a page, for sources that are damaged on purpose."""
    found: list[source.Piece] = []
    for el in parts:
        source._walk(el, "body", found, front=False)
    return match(found, letters)
