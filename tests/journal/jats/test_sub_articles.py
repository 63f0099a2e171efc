"""Letters, reviews and translations inside an article: heads of their own, in their own language."""

import json

from journal import pages
from journal.jats import ArticleDoc
from journal.models import Article, Journal
from journal.typesetting.tree import Reading
from tests.journal.jats.build import DATE, DOI, TITLE, doc_of

PERSON = (
    '<contrib contrib-type="{kind}"><contrib-id contrib-id-type="orcid">https://orcid.org/0000-0002-1825-0097</contrib-id>'
    "<name><surname>Prata</surname><given-names>Ana</given-names></name>{role}<xref ref-type='aff' rid='{aff}'/></contrib>"
)
ONE = '<aff id="s1"><label>1</label>University of Évora</aff>'
TWO = '<aff id="s2"><label>2</label>University of Faro</aff>'


def translated(language: str, title: str, more: str = "", letter: str = "", back: str = "") -> ArticleDoc:
    stub = f"<title-group><article-title>{title}</article-title></title-group>{more}"
    part = f'<sub-article article-type="translation" id="t1" xml:lang="{language}"><front-stub>{stub}</front-stub>'
    return doc_of("<p>Text.</p>", back, more=f"{part}<body><p>Texto.</p></body></sub-article>{letter}")


def _abstracts(doc: ArticleDoc) -> str:
    article = Article(journal=Journal(title="J", abbreviation="J"), language="en", doi="10.5555/x")
    return pages.public_parts(article, doc)["abstract"]


def part_of(kind: str, stub: str) -> str:
    part = f'<sub-article article-type="{kind}"><front-stub>{stub}</front-stub><body><p>Said.</p></body></sub-article>'
    return doc_of("<p>Text.</p>", more=part).sections[-1].html


def test_authors_of_a_part_have_their_orcid_and_affiliations_like_those_of_the_article() -> None:
    people = "".join(PERSON.format(kind="author", role="", aff=aff) for aff in ("s1", "s2"))
    html = part_of("reply", f"<contrib-group>{people}</contrib-group>{ONE}{TWO}")
    assert html.count('href="https://orcid.org/0000-0002-1825-0097"') == 2
    assert '<a href="#a-s1">1</a>' in html
    assert '<li id="a-s2"><span class="label">2</span> University of Faro</li>' in html


def test_a_reviewer_is_named_with_the_role_and_the_review_with_its_license() -> None:
    person = PERSON.format(kind="reviewer", role="<role>Referee</role>", aff="s1")
    rights = "<permissions><license><license-p>Free to copy.</license-p></license></permissions>"
    html = part_of("referee-report", f"<contrib-group>{person}</contrib-group>{ONE}{rights}")
    assert "Referee: <ul" in html
    assert "Ana Prata" in html
    assert '<div class="credit"><p>Free to copy.</p></div>' in html


def test_a_translation_carries_its_language_and_a_switch_leads_to_it() -> None:
    letter = '<sub-article article-type="reply" id="r1"><body><p>Replied.</p></body></sub-article>'
    doc = translated("pt", "Garças", letter=letter, back="<ack><p>Thanked.</p></ack>")
    section = doc.sections[-2]
    assert (section.kind, section.language) == ("translation", "pt")
    assert '<section class="sub-article" id="a-t1" lang="pt">' in section.html
    assert '<p class="sub-article-kind" lang="en">Translation: Português</p>' in section.html
    text = pages.text_parts(doc)
    own, translation = text["body"].split('<details class="language" name="text">')
    assert own.count('<details class="language" name="text" open>') == 1
    assert '<summary lang="en">English</summary>' in own
    assert own.index("Text.") < own.index("Thanked.")  # what belongs to the article stays with its own words
    assert '<summary lang="pt">Português</summary>' in translation
    assert "Texto." in translation
    assert "Replied." in text["notes"]
    assert "Replied." not in text["body"]


def test_abstracts_of_one_language_stand_together_and_the_others_behind_a_switch() -> None:
    front = (
        f"{DOI}{TITLE}{DATE}<abstract><p>Herons.</p></abstract><abstract abstract-type='key-points'><p>They wait.</p></abstract>"
        "<trans-abstract xml:lang='ar'><p>مالك</p></trans-abstract><trans-abstract xml:lang='pt'><p>Garças.</p></trans-abstract>"
    )
    doc = doc_of("<p>Text.</p>", meta=front)
    shown = _abstracts(doc)
    english, arabic, portuguese = shown.split("</details>")[:3]
    assert 'name="abstract" open>' in english
    assert "Herons." in english
    assert "They wait." in english
    assert '<summary lang="ar" dir="rtl">العربية</summary>' in arabic
    assert 'id="abstract-3" lang="ar" dir="rtl"' in arabic
    assert '<summary lang="pt">Português</summary>' in portuguese
    assert " open>" not in arabic + portuguese


def test_where_there_is_one_language_nothing_is_switched() -> None:
    doc = doc_of("<p>Text.</p>", meta=f"{DOI}{TITLE}{DATE}<abstract xml:lang='en-GB'><p>Herons.</p></abstract>")
    assert "<details" not in _abstracts(doc) + pages.text_parts(doc)["body"]


def test_a_translation_from_right_to_left_says_so() -> None:
    assert 'lang="ar" dir="rtl"' in translated("ar", "مالك الحزين").sections[-1].html


def test_an_abstract_and_a_title_in_another_language_carry_it() -> None:
    title = TITLE.replace(
        "</title-group>",
        '<trans-title-group xml:lang="fa"><trans-title>حواصیل</trans-title></trans-title-group></title-group>',
    )
    other = '<trans-abstract xml:lang="fa"><p>خلاصه</p></trans-abstract>'
    doc = doc_of("<p>x</p>", meta=DOI + title + DATE + "<abstract><p>Short.</p></abstract>" + other)
    assert [(t.language, t.is_rtl) for t in doc.metadata.translated_titles] == [("fa", True)]
    assert [(a.kind, a.language, a.is_rtl, a.heading) for a in doc.abstracts] == [
        ("", "", False, "Abstract"),
        ("translated", "fa", True, "Abstract"),
    ]


def test_members_of_a_group_are_told_by_their_teams() -> None:
    people = "<contrib><name><surname>{0}</surname><given-names>A</given-names></name></contrib>"
    teams = "".join(
        f"<contrib-group><role>{team}</role>{people.format(name)}</contrib-group>"
        for team, name in (("Writing", "Heron"), ("Counting", "Stork"))
    )
    group = (
        f'<contrib-group><contrib contrib-type="author"><collab>The Birders{teams}</collab></contrib></contrib-group>'
    )
    doc = doc_of("<p>x</p>", meta=DOI + TITLE + group + DATE)
    assert "<summary>2 members</summary><p>Writing: A Heron</p><p>Counting: A Stork</p>" in doc.byline_html


def test_a_part_the_article_has_not_is_empty_so_that_nothing_leads_there() -> None:
    article = Article(journal=Journal(title="J", abbreviation="J", publisher="P"), doi="10.5555/none")
    doc = doc_of("<p>Of one short line.</p>")
    pages.fill(article, doc)
    public = pages.public_parts(article, doc)
    assert (public["abstract"], public["references"]) == ("", "")


def test_the_peer_review_waits_behind_its_headings_and_a_letter_does_not() -> None:
    def part(kind: str, words: str) -> str:
        stub = f"<front-stub><title-group><article-title>{words}</article-title></title-group></front-stub>"
        return f'<sub-article article-type="{kind}" id="{kind}">{stub}<body><p>{words} said.</p></body></sub-article>'

    review = doc_of("<p>x</p>", more=part("decision-letter", "Decision") + part("reply", "Response"))
    decision, response = (section.html for section in review.sections[-2:])
    assert decision.index("<h2>Decision</h2>") < decision.index("<details") < decision.index("Decision said.")
    assert "<summary>Show the decision letter</summary><section" in decision
    assert "<summary>Show the reply</summary>" in response
    assert [heading.title_text for heading in review.contents][-2:] == ["Decision", "Response"]
    read = json.dumps(Reading({}).blocks(decision))
    assert "Decision said." in read and "Show the" not in read, "the PDF has no handle to open it by"
    letter = doc_of("<p>x</p>", more=part("article-commentary", "Letter") + part("reply", "Answer"))
    assert "<details" not in letter.body_html
