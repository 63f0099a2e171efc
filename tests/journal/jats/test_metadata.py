"""The front matter as data."""

import pytest

from journal import pages
from journal.jats.document import PartialDate
from journal.models import Article, Journal
from tests.journal.jats.build import DATE, DOI, TITLE, codes, doc_of

AUTHOR = "<contrib contrib-type='author'{more}><name><surname>{surname}</surname><given-names>Ada</given-names></name>{inside}</contrib>"


def author(surname: str = "Byron", inside: str = "", more: str = "") -> str:
    return AUTHOR.format(surname=surname, inside=inside, more=more)


def meta_of(*parts: str) -> object:
    return doc_of(meta=DOI + TITLE + "".join(parts)).metadata


def test_title_and_subtitle_are_apart_and_keep_their_italics() -> None:
    titles = "<title-group><article-title>On <italic>E. coli</italic><xref ref-type='fn' rid='x'>*</xref></article-title><subtitle>More</subtitle></title-group>"
    meta = doc_of(meta=DOI + titles + DATE).metadata
    assert (meta.title_html, meta.title_text, meta.subtitle_text) == ("On <i>E. coli</i>", "On E. coli", "More")


def test_hidden_controls_are_taken_out_of_a_title() -> None:
    meta = doc_of(meta=DOI + "<title-group><article-title>a\u202eb\u200bc</article-title></title-group>").metadata
    assert meta.title_text == "abc"


def test_an_author_has_name_degrees_orcid_and_affiliation() -> None:
    inside = (
        '<contrib-id contrib-id-type="orcid">https://orcid.org/0000-0002-1825-0097</contrib-id><degrees>MD</degrees>'
        '<xref ref-type="aff" rid="a1"/><xref ref-type="corresp" rid="c1"/>'
    )
    notes = '<author-notes><corresp id="c1"><email>ada@example.org</email></corresp></author-notes>'
    aff = '<aff id="a1"><label>1</label><institution>Institute</institution><country>Utopia</country></aff>'
    doc = doc_of(meta=f"{DOI}{TITLE}<contrib-group>{author(inside=inside)}</contrib-group>{aff}{notes}{DATE}")
    person = doc.metadata.authors[0]
    assert (person.name, person.degrees, person.orcid) == ("Ada Byron", "MD", "0000-0002-1825-0097")
    assert (person.corresponding, person.email) == (True, "ada@example.org")
    assert person.affiliations == (doc.metadata.affiliations[0].id,)
    assert doc.metadata.affiliations[0].text == "Institute, Utopia"


def test_an_orcid_with_a_wrong_check_digit_is_left_out() -> None:
    inside = '<contrib-id contrib-id-type="orcid">0000-0002-1825-0098</contrib-id>'
    doc = doc_of(meta=f"{DOI}{TITLE}<contrib-group>{author(inside=inside)}</contrib-group>")
    assert doc.metadata.authors[0].orcid == ""
    assert "bad-orcid" in codes(doc)


def test_a_group_is_an_author_with_members() -> None:
    members = f"<contrib-group>{author('Member')}</contrib-group>"
    doc = doc_of(
        meta=f"{DOI}{TITLE}<contrib-group><contrib contrib-type='author'><collab>The Group{members}</collab></contrib></contrib-group>"
    )
    person = doc.metadata.authors[0]
    assert (person.group, person.name, person.surname) == ("The Group", "The Group", "")
    assert [member.name for member in person.members] == ["Ada Member"]


def test_the_signs_of_notes_stand_at_the_names_they_are_about() -> None:
    """Equal work, a present address, a death: without the sign nobody knows of whom the note speaks."""
    people = (
        author(
            "Byron",
            '<xref ref-type="aff" rid="a1"/><xref ref-type="fn" rid="n1">†</xref><xref ref-type="fn" rid="n3"/>',
        )
        + author("Shelley", '<xref ref-type="author-notes" rid="n2"/>')
        + author("Keats", more=" deceased='yes' equal-contrib='yes'")
        + author("Hunt", '<xref ref-type="fn" rid="n4"/>', more=" equal-contrib='yes'")
    )
    notes = (
        '<author-notes><fn id="n1"><label>†</label><p>Now in Pisa.</p></fn>'
        '<fn id="n2" fn-type="corresp" symbol="*"><p>Write to her.</p></fn>'
        '<fn id="n3" fn-type="con"><p>Counted.</p></fn></author-notes>'
    )
    back = '<fn-group><fn id="n4"><label>3</label><p>Said behind the wall.</p></fn></fn-group>'
    aff = '<aff id="a1"><label>1</label>Bern</aff><aff id="a2"><label>2</label>Basel</aff>'
    doc = doc_of("<p>x</p>", back, meta=f"{DOI}{TITLE}<contrib-group>{people}</contrib-group>{aff}{notes}{DATE}")
    byron, shelley, keats, hunt = doc.byline_html.split("<li")[1:]
    assert '<sup class="aff-mark"><a href="#a-a1">1</a>,<a href="#a-n1" role="doc-noteref">†</a></sup>' in byron
    assert '<a href="#a-n2" role="doc-noteref">*</a></sup> <span class="corresponding">(corresponding' in shelley
    assert "(deceased)" in keats and "<sup" not in keats
    assert '<sup class="aff-mark">3</sup>' in hunt  # what it leads to is not for everybody
    assert 'id="a-n1"' in doc.information_html and 'id="a-n2"' in doc.information_html


def test_who_contributed_equally_is_said_where_no_note_says_it() -> None:
    people = author("Byron", more=" equal-contrib='yes'") + author("Shelley", more=" equal-contrib='yes'")
    doc = doc_of(meta=f"{DOI}{TITLE}<contrib-group>{people}{author('Hunt')}</contrib-group>{DATE}")
    assert "<dt>Contributed equally</dt><dd>Ada Byron; Ada Shelley</dd>" in doc.information_html


def test_abbreviations_are_explained_and_are_no_keywords() -> None:
    groups = (
        "<kwd-group><kwd>herons</kwd></kwd-group>"
        "<kwd-group kwd-group-type='abbreviations'><kwd>CI, confidence interval</kwd></kwd-group>"
        "<kwd-group kwd-group-type='MeSH'><kwd>Birds</kwd></kwd-group>"
    )
    doc = doc_of(meta=DOI + TITLE + groups + DATE)
    for row in ("Keywords</dt><dd>herons", "Abbreviations</dt><dd>CI,", "Medical subject headings</dt><dd>Birds"):
        assert row in doc.information_html
    article = Article(journal=Journal(title="J", abbreviation="J"))
    pages.fill(article, doc)
    assert article.keywords == ["herons", "Birds"]


def test_editors_are_not_authors() -> None:
    group = f"<contrib-group>{author()}</contrib-group><contrib-group><contrib contrib-type='editor'><name><surname>Ed</surname></name></contrib></contrib-group>"
    meta = doc_of(meta=DOI + TITLE + group).metadata
    assert [a.surname for a in meta.authors] == ["Byron"]
    assert [(c.surname, c.kind) for c in meta.contributors] == [("Ed", "editor")]


@pytest.mark.parametrize(
    "xml, online, issue",
    [
        ('<pub-date pub-type="epub"><day>3</day><month>11</month><year>2025</year></pub-date>', "2025-11-03", None),
        ('<pub-date date-type="pub" publication-format="electronic" iso-8601-date="2025-11-03"/>', "2025-11-03", None),
        ('<pub-date pub-type="collection"><year>2025</year></pub-date>', None, "2025"),
        ('<pub-date date-type="collection"><month>Nov</month><year>2025</year></pub-date>', None, "2025-11"),
        ('<pub-date pub-type="ppub"><month>11</month><year>2025</year></pub-date>', None, "2025-11"),
        ('<pub-date pub-type="pmc-release"><year>2025</year></pub-date>', None, None),
    ],
)
def test_both_vocabularies_of_dates_are_read_and_the_release_at_pmc_is_none(
    xml: str, online: str | None, issue: str | None
) -> None:
    dates = doc_of(meta=DOI + TITLE + xml).metadata.dates
    assert (dates.published_online and dates.published_online.iso, dates.issue and dates.issue.iso) == (online, issue)


def test_an_impossible_day_is_left_out_with_a_warning() -> None:
    doc = doc_of(
        meta=DOI + TITLE + '<pub-date pub-type="epub"><day>31</day><month>2</month><year>2025</year></pub-date>'
    )
    assert doc.metadata.dates.published_online == PartialDate(2025, 2)
    assert "bad-date" in codes(doc)


def test_the_history_is_read_under_its_names() -> None:
    history = "<history><date date-type='received'><year>2024</year></date><date date-type='rev-recd'><year>2025</year></date></history>"
    dates = doc_of(meta=DOI + TITLE + history).metadata.dates
    assert (dates.received, dates.revised) == (PartialDate(2024), PartialDate(2025))


def test_the_license_and_the_day_an_article_becomes_free_are_read() -> None:
    permissions = (
        '<permissions><ali:free_to_read start_date="2026-11-03"/><license><ali:license_ref>https://creativecommons.org/licenses/by/4.0/'
        "</ali:license_ref><license-p>Open.</license-p></license></permissions>"
    )
    license_ = doc_of(meta=DOI + TITLE + permissions).metadata.license
    assert license_.url == "https://creativecommons.org/licenses/by/4.0/"
    assert (license_.free_to_read, license_.free_from) == (True, PartialDate(2026, 11, 3))
    assert license_.text == "Open."


@pytest.mark.parametrize(
    "written, found",
    [
        ("10.5555/a.b", "10.5555/a.b"),
        ("https://doi.org/10.5555/a.b", "10.5555/a.b"),
        ("doi:10.5555/a.b.", "10.5555/a.b"),
        ("none", ""),
    ],
)
def test_a_doi_is_found_however_it_is_written(written: str, found: str) -> None:
    doc = doc_of(meta=f'<article-id pub-id-type="doi">{written}</article-id>{TITLE}')
    assert doc.metadata.doi == found
    assert ("no-doi" in {error.code for error in doc.errors}) == (not found)


def test_a_related_article_gives_its_relation_and_doi() -> None:
    related = '<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.5555/old"/>'
    assert [(r.relation, r.doi) for r in doc_of(meta=DOI + TITLE + related).metadata.related_articles] == [
        ("corrected-article", "10.5555/old")
    ]


def test_errors_name_the_line_to_look_at() -> None:
    doc = doc_of(meta="\n<title-group/>")
    assert {error.code for error in doc.errors} == {"no-doi", "no-title", "no-date"}
    assert all(error.line for error in doc.errors)


def test_the_license_is_linked_by_its_short_name_unless_its_words_lead_there() -> None:
    def told(url: str, words: str) -> str:
        license_ = f'<permissions><license xlink:href="{url}"><license-p>{words}</license-p></license></permissions>'
        return doc_of(meta=DOI + TITLE + license_ + DATE).information_html

    by = "https://creativecommons.org/licenses/by-nc/4.0/"
    assert f'<p>Use it.</p><p><a href="{by}" rel="nofollow noopener">CC BY-NC 4.0</a></p>' in told(by, "Use it.")
    assert "CC BY-NC" not in told(by, f'See <ext-link xlink:href="{by[:-1]}">here</ext-link>.')
    zero = "http://creativecommons.org/publicdomain/zero/1.0/"
    assert f'<dd><a href="{zero}" rel="nofollow noopener">CC0 1.0</a></dd>' in told(zero, "")
    assert ">https://example.org/terms</a>" in told("https://example.org/terms", "")


def test_an_institution_leads_to_its_entry_in_the_registry() -> None:
    def shown(ror: str) -> str:
        inside = f'<institution-wrap><institution>Bern</institution><institution-id institution-id-type="ror">{ror}</institution-id></institution-wrap>'
        return doc_of(
            meta=f"{DOI}{TITLE}<contrib-group>{author()}</contrib-group><aff id='a1'>{inside}</aff>{DATE}"
        ).affiliations_html

    link = '<a class="ror" href="https://ror.org/02k7v4d05" rel="nofollow noopener">ROR</a>'
    assert link in shown("https://ror.org/02k7v4d05")
    assert "<a" not in shown("javascript:alert(1)") + shown("https://ror.org/02k7v4d05/../x")


def test_a_letter_that_only_the_publishers_font_has_is_noted() -> None:
    doc = doc_of("<p>The symbol &#xF0B7; and ﬁne 漢字 here.</p>")
    assert [str(warning) for warning in doc.warnings if warning.code == "private-letter"] == [
        "A letter of private use (U+F0B7) stands at “The symbol \uf0b7 and ﬁne 漢字 here.”."
    ]
    assert "private-letter" not in codes(doc_of("<p>ﬁne 漢字 ０ \uffe5 \ud7a3</p>"))
