"""What the parser mends, what it unwraps, and what it says when it refuses."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from journal.jats import JatsError, parse, read
from tests.journal.jats.build import make_xml

ROOT = Path(__file__).resolve().parents[3]


def test_an_article_in_a_wrapper_is_unwrapped() -> None:
    inner = make_xml("<p>x</p>").decode()
    article = parse(f'<pmc-articleset><Reply Id="1"/>{inner}</pmc-articleset>'.encode())
    assert article.tag == "article"
    assert article.getparent() is None


def test_an_article_in_a_namespace_of_jats_is_read_like_any_other() -> None:
    xml = make_xml("<p>x</p>").replace(b"<article ", b'<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" ')
    assert parse(xml).findtext("body/p") == "x"


def test_two_articles_in_one_file_are_refused() -> None:
    inner = make_xml("<p>x</p>").decode()
    with pytest.raises(JatsError, match="2 articles"):
        read(f"<pmc-articleset>{inner}{inner}</pmc-articleset>".encode())


@pytest.mark.parametrize("root", ["TEI", "book", "doi_batch", "standard", "whatever"])
def test_other_kinds_of_xml_are_refused_by_name(root: str) -> None:
    with pytest.raises(JatsError) as refusal:
        read(f"<{root}><p>x</p></{root}>".encode())
    assert root in refusal.value.message
    assert refusal.value.remedy


def test_a_compressed_file_named_as_xml_is_recognized() -> None:
    with pytest.raises(JatsError, match="compressed"):
        read(gzip.compress(make_xml("<p>x</p>")))


def test_a_pdf_named_as_xml_is_recognized() -> None:
    with pytest.raises(JatsError, match="PDF"):
        read(b"%PDF-1.7\n...")


def test_an_undeclared_prefix_is_declared_and_said() -> None:
    parsed = read(b'<article><body><p><ext-link xlink:href="https://example.org/">x</ext-link></p></body></article>')
    assert [warning.code for warning in parsed.warnings] == ["repaired"]
    assert parsed.article.find("body/p/ext-link").get("{http://www.w3.org/1999/xlink}href") == "https://example.org/"  # type: ignore[union-attr]


def test_a_blank_line_before_the_declaration_is_removed() -> None:
    assert read(b'\xef\xbb\xbf\n<?xml version="1.0"?>' + make_xml("<p>x</p>")).article.tag == "article"


def test_the_line_of_a_mistake_is_told() -> None:
    with pytest.raises(JatsError) as refusal:
        read(b"<article>\n<body>\n<p>x</q>\n</body></article>")
    assert refusal.value.line == 3


def test_windows_1252_is_read_when_it_is_declared() -> None:
    xml = b'<?xml version="1.0" encoding="windows-1252"?>' + make_xml("<p>M\u00fcller \u2013 x</p>".replace("–", "-"))
    assert "M" in (parse(xml).findtext("body/p") or "")


def test_the_worker_that_opens_files_loads_nothing_of_django() -> None:
    code = (
        "import sys, journal.worker, journal.jats.survey, journal.pictures, journal.preview, journal.packages;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('django', 'config', 'subscriptions')])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
