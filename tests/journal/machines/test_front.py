"""The front matter that is handed out: JATS by its schema, and nothing of the package or the text in it."""

from pathlib import Path

import pytest
from lxml import etree

from journal.jats import read
from journal.jats.front import NAMESPACE, front_only
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.make import sample_folder
from tests.schemas.crossref import jats_publishing, needs_schema

JATS = "http://www.ncbi.nlm.nih.gov/JATS1"


@needs_schema
@pytest.mark.parametrize(
    "path", sorted(sample_folder().glob("articles/*/article.xml")), ids=lambda path: path.parent.name
)
def test_the_front_matter_of_the_sample_is_valid(path: Path) -> None:
    """Held to the Publishing set, which is stricter than the Archiving set it is given out as."""
    front = front_only(read(path.read_bytes()).article).replace(NAMESPACE, JATS)
    root = etree.fromstring(front.replace('dtd-version="1.3"', 'dtd-version="1.3d2"', 1))
    jats_publishing().assertValid(root)


def test_pictures_and_files_of_the_package_are_left_out_with_what_held_them() -> None:
    figure = '<fig><alternatives><graphic xlink:href="a.tif"/></alternatives></fig>'
    picture = f'<abstract abstract-type="graphical"><p>{figure}</p></abstract>'
    kept = '<self-uri xlink:href="x.pdf"/><abstract><p>Words</p></abstract>'
    front = front_only(read(make_xml("<p>Text</p>", meta=DOI + TITLE + DATE + kept + picture)).article)
    root = etree.fromstring(front)
    assert [el.tag for el in root.iter(f"{{{NAMESPACE}}}abstract")] == [f"{{{NAMESPACE}}}abstract"]
    for gone in ("a.tif", "x.pdf", "Text", "body", "alternatives"):
        assert gone not in front


def test_a_file_without_front_matter_has_none_to_hand_out() -> None:
    assert front_only(etree.fromstring("<article><body/></article>")) == ""
