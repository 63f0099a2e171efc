"""Citing: four styles as their manuals say, the styles of a journal's choice, files that other programs read back."""

import html
import json
import logging
from datetime import date
from typing import Any

import bibtexparser
import nbib as nbib_parser
import pytest
import rispy
from django.test import Client
from django.utils.html import strip_tags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.citation import FORMATS, bibtex, chosen, csl, in_styles, nbib, ris
from journal.citation.record import Record
from journal.citation.styles import STYLES
from journal.models import Article, Issue, Journal, MetadataRecord
from tests.conftest import signed_in
from tests.make import make_article, make_issue, make_journal, make_user

OKAFOR = {"surname": "Okafor", "given": "Ngozi J.", "suffix": "Jr", "orcid": "https://orcid.org/0000-0001-2345-6789"}
BERG = {"surname": "van der Berg", "given": "Jean-Luc"}
GROUP = {"surname": "", "given": "", "group": "The QUAY Group"}
LI = {"surname": "李", "given": "明"}


def cited(*, issued: bool = True, **fields: Any) -> Article:
    """An article that is in no database, as the formats get it."""
    journal = Journal(
        title="Journal of Tests", abbreviation="J Tests", publisher="Test Press", issn_online="9999-9994",
        issn_print="1234-5679",
    )  # fmt: skip
    issue = Issue(journal=journal, volume="72", number="9", year=2015, published_on=date(2015, 3, 1))
    given = {
        "doi": "10.5555/quay", "title": "Thrombolysis at the quay", "first_page": "977", "last_page": "979",
        "authors": [OKAFOR, BERG], "published_online": date(2015, 2, 3), "abstract": "Ships wait.",
        "keywords": ["ships"],
        "language": "en", "type_label": "Editorial", "article_type": "editorial", "issue": issue if issued else None,
    }  # fmt: skip
    given |= fields
    given.setdefault("title_html", html.escape(str(given["title"]), quote=False))
    return Article(journal=journal, **given)


def said(article: Article) -> dict[str, str]:
    record = Record.of(article)
    return {name: html.unescape(strip_tags(write(record))) for name, write in STYLES.values()}


def test_an_article_of_an_issue_is_cited_as_the_four_manuals_say() -> None:
    assert said(cited()) == {
        "AMA": "Okafor NJ Jr, van der Berg JL. Thrombolysis at the quay. J Tests. 2015;72(9):977-979. doi:10.5555/quay",
        "APA": "Okafor, N. J., Jr., & van der Berg, J.-L. (2015). Thrombolysis at the quay. Journal of Tests, 72(9), "
        "977–979. https://doi.org/10.5555/quay",
        "Vancouver": "Okafor NJ Jr, van der Berg JL. Thrombolysis at the quay. J Tests. 2015;72(9):977-9. "
        "doi:10.5555/quay",
        "NLM": "Okafor NJ Jr, van der Berg JL. Thrombolysis at the quay. J Tests. 2015 Mar;72(9):977-9. "
        "doi: 10.5555/quay",
    }


def test_an_article_ahead_of_its_issue_is_cited_by_its_day() -> None:
    lines = said(cited(issued=False, first_page="", last_page="", elocation_id="e45"))
    assert lines["AMA"].endswith("J Tests. Published online February 3, 2015. doi:10.5555/quay")
    assert lines["APA"].endswith("Journal of Tests. Advance online publication. https://doi.org/10.5555/quay")
    assert lines["Vancouver"].endswith("J Tests. Published online 2015 Feb 3. doi:10.5555/quay")
    assert lines["NLM"].endswith("J Tests. 2015 Feb 3. doi: 10.5555/quay. Online ahead of print.")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"last_page": "977"}, "2015;72(9):977."),
        ({"last_page": ""}, "2015;72(9):977."),
        ({"first_page": "", "last_page": "", "elocation_id": "e45"}, "2015;72(9):e45."),
        ({"first_page": "", "last_page": ""}, "2015;72(9)."),
    ],
)
def test_a_single_page_an_article_number_and_no_page_at_all(fields: dict[str, str], line: str) -> None:
    assert f"J Tests. {line} doi:" in said(cited(**fields))["AMA"]


def test_a_missing_volume_or_number_leaves_no_empty_brackets() -> None:
    article = cited()
    assert article.issue
    article.issue.number = ""
    assert "2015;72:977-979." in said(article)["AMA"]
    article.issue.volume = ""
    assert "J Tests. 2015:977-979." in said(article)["AMA"]
    assert "Journal of Tests, 977–979." in said(article)["APA"]


def test_of_many_authors_each_style_names_as_many_as_its_manual_allows() -> None:
    many = [{"surname": f"Name{n}", "given": "Al Be"} for n in range(1307)]
    lines = said(cited(authors=many))
    assert lines["AMA"].startswith("Name0 AB, Name1 AB, Name2 AB, et al. ")
    assert lines["Vancouver"].startswith("Name0 AB, Name1 AB, Name2 AB, Name3 AB, Name4 AB, Name5 AB, et al. ")
    assert "Name18, A. B., … Name1306, A. B. (2015)." in lines["APA"]
    assert "Name1306 AB. Thrombolysis" in lines["NLM"]
    assert said(cited(authors=many[:6]))["AMA"].startswith(
        "Name0 AB, Name1 AB, Name2 AB, Name3 AB, Name4 AB, Name5 AB. "
    )


def test_groups_names_without_initials_run_together_initials_and_nobody_at_all() -> None:
    odd = [
        GROUP,
        LI,
        {"surname": "Smith", "given": "NJ", "suffix": "III"},
        {"surname": "Hugo", "given": ""},
        {"surname": ""},
    ]
    lines = said(cited(authors=odd))
    assert lines["AMA"].startswith("The QUAY Group, 李明, Smith NJ III, Hugo. ")
    assert lines["NLM"].startswith("The QUAY Group, 李明, Smith NJ 3rd, Hugo. ")
    assert lines["APA"].startswith("The QUAY Group, 李明, Smith, N. J., III, & Hugo. (2015). ")
    assert said(cited(authors=[]))["APA"].startswith("Thrombolysis at the quay. (2015). Journal")
    assert said(cited(authors=[]))["AMA"].startswith("Thrombolysis at the quay. J Tests")


def test_a_title_that_asks_and_one_with_a_subtitle() -> None:
    assert "at the quay? J Tests." in said(cited(title="Thrombolysis at the quay?"))["AMA"]
    assert "quay: a trial. J Tests" in said(cited(subtitle="a trial", subtitle_html="a trial"))["AMA"]
    assert "quay? A trial. J" in said(cited(title="At the quay?", subtitle="A trial", subtitle_html="A trial"))["AMA"]


def test_a_retracted_article_says_so_wherever_it_is_cited() -> None:
    article = cited(retracted_on=date(2016, 1, 1))
    assert all("RETRACTED: Thrombolysis" in line for line in said(article).values())
    assert all("RETRACTED: Thrombolysis" in str(write(article)) for write in (ris, bibtex, nbib, csl))


def test_italics_of_a_title_are_kept_and_nothing_else_of_its_markup() -> None:
    article = cited(
        title="On E. coli", title_html='On <i>E. coli</i><a href="#n1" onclick="x()">*</a><script>x()</script>'
    )
    styles = [write(Record.of(article)) for _, write in STYLES.values()] + [chosen.cite(Record.of(article), "ieee")]
    for text in styles:
        assert "<i>E. coli</i>*" in text
        assert "onclick" not in text
        assert "script" not in text


# --- the styles of the CSL project -----------------------------------------------------------------------------------


def test_styles_a_journal_can_choose_are_set_as_their_guides_say() -> None:
    record = Record.of(cited(authors=[OKAFOR, BERG, LI, {"surname": "Smith", "given": "NJ"}]))
    assert strip_tags(chosen.cite(record, "chicago-author-date")) == (
        "Okafor, Ngozi J., Jr, Jean-Luc van der Berg, 李明, and N. J. Smith. 2015. “Thrombolysis at the Quay.” "
        "Journal of Tests 72 (9): 977–79. https://doi.org/10.5555/quay."
    )
    assert strip_tags(chosen.cite(record, "ieee")) == (
        "N. J. Okafor Jr, J.-L. van der Berg, 李明, and N. J. Smith, “Thrombolysis at the quay,” J Tests, vol. 72, "
        "no. 9, pp. 977–979, Mar. 2015, doi: 10.5555/quay."
    )
    assert "J Tests. 2015 Mar;72(9):977–9." in strip_tags(chosen.cite(record, "nlm-citation-sequence"))


HOSTILE = '<script>alert(1)</script> & {\\b} "q" <b>x</b>\ue010 <&lt;>'
OF_ALL_KINDS = (
    "chicago-author-date", "modern-language-association", "harvard-cite-them-right", "ieee", "nature", "the-lancet",
    "bmj", "elsevier-vancouver", "din-1505-2", "chicago-notes-bibliography", "springer-basic-author-date", "cell",
)  # fmt: skip


@pytest.mark.parametrize("style", OF_ALL_KINDS)
def test_hostile_words_come_out_of_every_style_as_words(style: str) -> None:
    author = {"surname": "O<b>x", "given": "<i>Al & C"}
    text = chosen.cite(Record.of(cited(title=HOSTILE, authors=[author])), style)
    assert "&lt;script&gt;" in text.lower()
    assert "<script" not in text.lower()
    assert "<b>x" not in text
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in text)
    assert "o&lt;b&gt;x" in text.lower()


def test_a_style_that_cannot_be_set_is_refused_in_the_admin_and_left_out_on_the_page(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    failing = "biological-journal-of-the-linnean-society"
    journal, editor = make_journal(), signed_in(make_user(is_staff=True, is_superuser=True))
    fields = {
        name: getattr(journal, name)
        for name in ("title", "abbreviation", "publisher", "accent", "accent_dark", "typeface")
    }
    address = f"/admin/journal/journal/{journal.pk}/change/"
    with caplog.at_level(logging.CRITICAL):
        refused = editor.post(address, {**fields, "citation_styles": [failing]})
    assert "Not usable here" in refused.content.decode()
    assert editor.post(address, {**fields, "citation_styles": ["ieee", "nature"]}).status_code == 302
    article = make_article(issue=make_issue(), first_page="1", last_page="9", authors=[OKAFOR])
    article.journal.refresh_from_db()
    assert [name for name, _ in in_styles(article)][4:] == ["IEEE Reference Guide version 11.29.2023", "Nature"]
    article.journal.citation_styles = [failing, "no-such-style", "../../etc/passwd", "nature"]
    with caplog.at_level(logging.CRITICAL):
        assert [name for name, _ in in_styles(article)][4:] == ["Nature"]


# --- files -----------------------------------------------------------------------------------------------------------


def test_ris_is_read_back_whole_by_another_program() -> None:
    [entry] = rispy.loads(ris(cited(authors=[OKAFOR, GROUP])))
    assert entry["type_of_reference"] == "JOUR"
    assert entry["title"] == "Thrombolysis at the quay"
    assert entry["authors"] == ["Okafor, Ngozi J., Jr", "The QUAY Group"]
    assert (entry["secondary_title"], entry["alternate_title2"]) == ("Journal of Tests", "J Tests")
    assert (entry["year"], entry["date"], entry["volume"], entry["number"]) == ("2015", "2015/03//", "72", "9")
    assert (entry["start_page"], entry["end_page"], entry["doi"]) == ("977", "979", "10.5555/quay")
    assert (entry["publisher"], entry["abstract"], entry["keywords"]) == ("Test Press", "Ships wait.", ["ships"])
    assert entry["urls"] == ["https://doi.org/10.5555/quay"]
    numbered = ris(cited(first_page="", last_page="", elocation_id="e45"))
    assert "SP  - e45\r\n" in numbered and "C7  - e45\r\n" in numbered, "Zotero reads the first, EndNote the second"


def test_bibtex_is_read_back_whole_by_another_program() -> None:
    fields = _bibtex(cited(authors=[OKAFOR, GROUP, BERG]))
    assert fields["author"] == "Okafor, Jr, Ngozi J. and {The QUAY Group} and van der Berg, Jean-Luc"
    assert (fields["journal"], fields["year"], fields["volume"], fields["number"]) == (
        "Journal of Tests",
        "2015",
        "72",
        "9",
    )
    assert (fields["pages"], fields["doi"], fields["month"]) == ("977--979", "10.5555/quay", "mar")


def _bibtex(article: Article) -> dict[str, str]:
    library = bibtexparser.parse_string(bibtex(article))
    assert library.failed_blocks == []
    [entry] = library.entries
    return {field.key: field.value for field in entry.fields}


def test_nbib_is_read_back_whole_by_another_program() -> None:
    [entry] = _nbib(cited(authors=[OKAFOR, GROUP], abstract="Ships wait. " * 40))
    assert entry["title"] == "Thrombolysis at the quay"
    assert entry["authors"][0]["author"] == "Okafor, Ngozi J., Jr"
    assert entry["corporate_author"] == "The QUAY Group"
    assert (entry["journal_abbreviated"], entry["journal"]) == ("J Tests", "Journal of Tests")
    assert (entry["journal_volume"], entry["journal_issue"], entry["pages"]) == ("72", "9", "977-9")
    assert (entry["publication_date"], entry["doi"], entry["language"]) == ("2015 Mar", "10.5555/quay", "eng")
    assert entry["abstract"] == ("Ships wait. " * 40).strip()
    assert entry["publication_types"] == ["Editorial"]


def _nbib(article: Article) -> list[dict[str, Any]]:
    """Its line for the PMID is empty (Zotero knows the format by that line); this program wants a number there."""
    text = nbib(article)
    assert text.startswith("PMID- \r\n")
    entries: list[dict[str, Any]] = nbib_parser.read(text.replace("PMID- ", "PMID- 1", 1))
    return entries


def test_the_numbers_of_pubmed_go_into_every_file_once_they_are_known(visitor: Client) -> None:
    article = make_article(issue=make_issue(), authors=[OKAFOR])
    MetadataRecord.objects.create(article=article, facts={"pmid": "12345", "pmcid": "PMC678"})
    files = {form: visitor.get(f"{article.get_absolute_url()}citation.{form}").content.decode() for form in FORMATS}
    [entry] = nbib_parser.read(files["nbib"])
    assert (entry["pubmed_id"], entry["pmcid"]) == (12345, 678)
    assert (rispy.loads(files["ris"])[0]["accession_number"], json.loads(files["json"])["PMID"]) == ("12345", "12345")
    assert "pmid = {12345}" in files["bib"]
    assert said(article)["NLM"].endswith(f"doi: {article.doi}. PMID: 12345; PMCID: PMC678")
    article.record.facts = {"pmid": "1\nER  - ", "pmcid": "<b>"}
    assert Record.of(article).pmid == Record.of(article).pmcid == ""


def test_csl_json_says_the_same_as_the_line_on_the_page() -> None:
    data = csl(cited(authors=[OKAFOR, GROUP]))
    assert data["author"] == [{"family": "Okafor", "given": "Ngozi J.", "suffix": "Jr"}, {"literal": "The QUAY Group"}]
    assert (data["issued"], data["available-date"]) == ({"date-parts": [[2015, 3]]}, {"date-parts": [[2015, 2, 3]]})
    assert (data["volume"], data["issue"], data["page"], data["DOI"]) == ("72", "9", "977-979", "10.5555/quay")


NASTY = st.text(
    st.sampled_from(list('\n\r\t\x0b\x0c\x1c\x1e\x85\u2028\u2029\x00\x1b{}\\"%&$#_~^<>@=,-') + list("aB é李ר.")),
    max_size=30,
) | st.sampled_from(
    ["\nER  - ", "\r\nTY  - BOOK", "}\n@article{x,", "and", "A and B", "\nPMID- 1", "Ann, and Bob", "et al"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NASTY, NASTY, NASTY, st.booleans())
def test_no_words_of_an_article_break_out_of_a_file(title: str, name: str, word: str, issued: bool) -> None:
    authors = [{"surname": name, "given": word}, {"group": name}]
    article = cited(
        issued=issued, title=f"T{title}", authors=authors, abstract=title, keywords=[word], first_page="", last_page=""
    )
    [entry] = rispy.loads(ris(article))
    assert entry["title"] == Record.of(article).title
    assert len(entry.get("authors", [])) == len(Record.of(article).authors)
    assert not {"unknown_tag"} & entry.keys()
    fields = _bibtex(article)
    assert fields["doi"] == "10.5555/quay"
    assert fields["title"].count("{") == fields["title"].count("}")
    assert len(_nbib(article)) == 1
    assert json.loads(json.dumps(csl(article)))["title"] == Record.of(article).title
    assert all(text for text in said(article).values())


def test_a_thousand_authors_are_all_in_every_file() -> None:
    article = cited(authors=[{"surname": f"Name{n}", "given": "Al Be"} for n in range(1307)])
    assert len(rispy.loads(ris(article))[0]["authors"]) == 1307
    assert len(_nbib(article)[0]["authors"]) == 1307
    assert _bibtex(article)["author"].count(" and ") == 1306
    assert len(csl(article)["author"]) == 1307


def test_a_visitor_finds_every_style_and_file_and_no_right_is_asked_for(visitor: Client) -> None:
    article = make_article(issue=make_issue(), authors=[OKAFOR], title="On <quays>", title_html="On &lt;quays&gt;")
    page = visitor.get(f"{article.get_absolute_url()}cite/").content.decode()
    assert all(f"<dt>{name}</dt>" in page for name in ("AMA", "APA", "Vancouver", "NLM"))
    assert "On &lt;quays&gt;. <i>J Tests</i>" in page
    for form in ("ris", "nbib", "bib", "json", "txt"):
        answer = visitor.get(f"{article.get_absolute_url()}citation.{form}")
        assert answer.status_code == 200
        assert f'{article.doi.replace("/", "_")}.{form}"' in answer["Content-Disposition"]
        assert "10.5555" in answer.content.decode()
    assert visitor.get(f"{article.get_absolute_url()}citation.doc").status_code == 404
    draft = make_article(status="draft")
    assert visitor.get(f"{draft.get_absolute_url()}cite/").status_code == 404
