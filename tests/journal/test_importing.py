"""Importing: what becomes of a file, that it can be done again, and that what fails leaves nothing behind."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from journal import filing, rows, worker
from journal.importing import import_source
from journal.models import Article, ArticleFile, ArticleSource, FullText, Journal, PublicPage, Relation
from journal.pages import prepare, told_about
from journal.publishing import publish
from journal.search import database
from journal.search.filters import Filters
from journal.search.query import parse
from tests.journal.corpus import ARTICLES, HOSTILE, PACKAGES, needs_corpus
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.pdfs import make_pdf
from tests.journal.test_packages import make_zip
from tests.make import make_issue, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
WHATEVER_AGE = timedelta(minutes=-1)
OPEN = "The first words of an article are for everybody to read and to judge. " * 15
SECRET = "The second page tells what nobody sees for free. " * 60
BODY = f"<sec><title>Start</title><p>{OPEN}</p><p>{SECRET}</p></sec>"
FIGURE = '<fig id="f1"><label>Figure 1</label><graphic xlink:href="curves.tif"/></fig>'


def make_png(width: int = 1000, height: int = 500, color: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), color).save(stream, "PNG")
    return stream.getvalue()


def stored_files() -> set[str]:
    root = Path(storages["articles"].path(""))
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} if root.exists() else set()


def test_a_new_article_comes_in_as_a_draft_with_all_its_parts() -> None:
    make_journal()
    record = import_source(make_xml(BODY), "paper.xml")
    article = Article.objects.get(doi="10.5555/sample.1")
    assert (record.status, record.errors, record.article_id) == ("imported", [], article.pk)
    assert (article.status, article.title, article.version) == ("draft", "A title", 1)
    assert "A title" in PublicPage.objects.get(article=article).header
    assert "nobody sees" in FullText.objects.get(article=article).body
    assert [heading["title_html"] for heading in FullText.objects.get(article=article).contents] == ["Start"]
    assert bytes(ArticleSource.objects.get(article=article).xml) == make_xml(BODY)


def test_the_public_parts_hold_nothing_from_behind_the_wall() -> None:
    import_source(make_xml(BODY), "paper.xml")
    page = PublicPage.objects.get()
    public = "".join([page.head, page.header, page.abstract, page.references, page.information, page.notices])
    assert "for everybody to read" in page.abstract
    assert "nobody sees" not in public


def test_the_same_file_again_changes_nothing() -> None:
    import_source(make_xml(BODY), "paper.xml")
    before = Article.objects.get().updated_at
    assert import_source(make_xml(BODY), "paper.xml").status == "unchanged"
    assert Article.objects.get().updated_at == before
    assert ArticleSource.objects.count() == 1


def test_the_same_doi_again_is_a_new_version_of_the_same_article() -> None:
    import_source(make_xml(BODY), "paper.xml")
    article = Article.objects.get()
    article.access_type, article.is_for_sale = Article.AccessType.FREE_TO_READ, False
    article.save()
    meta = DOI.replace("sample", "SAMPLE") + TITLE + DATE  # DOIs compare without regard to case
    record = import_source(make_xml(BODY.replace("Start", "Begin"), meta=meta), "new.xml")
    again = Article.objects.get()
    assert (record.status, again.pk, again.version) == ("updated", article.pk, 2)
    assert (again.access_type, again.is_for_sale) == (Article.AccessType.FREE_TO_READ, False)
    assert "Begin" in FullText.objects.get().body
    assert ArticleSource.objects.count() == 2


def test_a_file_without_a_doi_is_a_draft_with_its_errors_and_their_lines() -> None:
    record = import_source(make_xml(BODY, meta=TITLE + DATE), "paper.xml")
    article = Article.objects.get()
    assert (record.status, article.doi, article.status) == ("draft", None, "draft")
    assert record.errors == article.problems
    assert record.errors[0].startswith("line 1: The article has no DOI")
    assert import_source(make_xml(BODY, meta=TITLE + DATE), "paper.xml").status == "unchanged"
    assert import_source(make_xml("<p>Other</p>", meta=TITLE + DATE), "paper.xml").status == "draft"
    assert Article.objects.count() == 1


def test_a_draft_without_a_doi_keeps_its_pictures_and_its_pdf() -> None:
    files = {
        "x.xml": make_xml(BODY + FIGURE, meta=TITLE + DATE),
        "curves.png": make_png(),
        "x.pdf": make_pdf(["A title", "x"]),
    }
    import_source(make_zip(files), "x.zip")
    article = Article.objects.get()
    assert f'src="/doi/10.0000/draft-{article.pk}/figures/curves-800.webp"' in FullText.objects.get().body
    assert article.has_pdf


def test_a_date_that_staff_set_survives_rendering_again() -> None:
    import_source(make_xml(BODY), "paper.xml")
    Article.objects.update(published_online="2026-01-05")
    article = Article.objects.get()
    prepare(article)
    article.refresh_from_db()
    assert article.published_online is not None
    assert article.published_online.isoformat() == "2026-01-05"


def test_an_issue_given_later_shows_in_the_header_once_prepared_again() -> None:
    import_source(make_xml(BODY), "paper.xml")
    article = Article.objects.get()
    article.issue = make_issue(volume="12", number="3", year=2026)
    article.save()
    prepare(article)
    assert "2026;12(3)" in PublicPage.objects.get().header


def test_a_new_version_that_lacks_its_title_leaves_the_published_one_alone() -> None:
    import_source(make_xml(BODY), "paper.xml")
    publish(Article.objects.get())
    record = import_source(make_xml("<p>Short</p>", meta=DOI + DATE), "paper.xml")
    assert record.status == "rejected"
    assert "the published version stays" in record.errors[-1]
    assert Article.objects.get().title == "A title"
    assert "nobody sees" in FullText.objects.get().body


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "empty"),
        (b"<article>\n<front>", "line 2: "),
        (b"<html><body/></html>", "web page"),
        (b"PK\x03\x04broken", "damaged"),
        (b"%PDF-1.7 alone", "PDF"),
        (make_zip({"readme.txt": b"x"}), "no JATS article"),
        (make_zip({"x.xml": make_xml(BODY), "x.pdf": b"<html>not a pdf</html>"}), "x.pdf: The file is not a PDF"),
        (make_zip({"x.xml": make_xml(BODY), "x.pdf": b"%PDF-1.7\nnothing else"}), "damaged and cannot be opened"),
    ],
)
def test_bad_input_is_rejected_with_a_sentence_and_leaves_nothing(data: bytes, said: str) -> None:
    before = stored_files()
    record = import_source(data, "bad")
    assert record.status == "rejected"
    assert said in record.errors[0]
    assert not Article.objects.exists()
    assert not Journal.objects.exists()
    assert stored_files() == before


@needs_corpus
@pytest.mark.parametrize("path", sorted(HOSTILE.glob("*.[xz][mi][lp]")), ids=lambda path: path.name)
def test_each_hostile_file_is_rejected_or_harmless(path: Path) -> None:
    record = import_source(path, path.name)
    assert record.status in ("imported", "draft", "rejected")
    assert (record.status == "rejected") == (not Article.objects.exists())
    assert record.errors or record.status == "imported"


def test_supplements_the_article_names_are_kept_and_linked_and_others_are_not() -> None:
    body = BODY + '<supplementary-material xlink:href="Data.csv"><label>S1</label></supplementary-material>'
    import_source(make_zip({"x.xml": make_xml(body), "data.csv": b"1,2", "stray.exe": b"MZ"}), "x.zip")
    assert [(file.name, file.kind, file.content_type) for file in ArticleFile.objects.all()] == [
        ("data.csv", "supplement", "text/csv")
    ]
    assert 'href="/doi/10.5555/sample.1/files/data.csv"' in FullText.objects.get().body


def test_a_supplement_of_a_dangerous_kind_is_served_as_bytes() -> None:
    evil = ("evil.html", "evil.svg", "evil.xhtml", "evil.xml", "evil.js", "evil.swf")
    body = BODY + "".join(f'<supplementary-material xlink:href="{name}"/>' for name in evil)
    files = dict.fromkeys(evil, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    import_source(make_zip({"x.xml": make_xml(body), **files}), "x.zip")
    assert set(ArticleFile.objects.values_list("name", "content_type")) == {
        (name, "application/octet-stream") for name in evil
    }


def test_the_first_page_is_drawn_in_three_widths() -> None:
    import_source(make_zip({"x.xml": make_xml(BODY), "x.pdf": make_pdf(["A title", "Second"])}), "x.zip")
    article = Article.objects.get()
    previews = article.files.filter(kind="preview").order_by("width")
    assert [(file.name, file.width) for file in previews] == [
        ("first-page-480.webp", 480),
        ("first-page-960.webp", 960),
        ("first-page-1600.webp", 1600),
    ]
    assert (article.has_pdf, article.pdf_pages) == (True, 2)


def test_an_article_of_one_page_shows_only_the_top_of_it_and_says_so() -> None:
    record = import_source(make_zip({"x.xml": make_xml(BODY), "x.pdf": make_pdf(["A title"])}), "x.zip")
    file = ArticleFile.objects.get(name="first-page-480.webp")
    assert file.height is not None
    assert file.height < 480 * 1.42 / 2
    assert any("only its top" in warning for warning in record.warnings)


def test_a_pdf_of_another_article_is_noticed() -> None:
    record = import_source(
        make_zip({"x.xml": make_xml(BODY), "x.pdf": make_pdf(["Completely different words", "x"])}), "x.zip"
    )
    assert any("right PDF" in warning for warning in record.warnings)


def test_files_that_nobody_needs_any_more_are_swept_and_the_packages_of_all_versions_stay() -> None:
    filing.sweep(WHATEVER_AGE)
    of_others = stored_files()  # files that other tests have put there by hand
    import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(color="blue")}), "x.zip")
    old = set(ArticleFile.objects.filter(kind="figure").values_list("file", flat=True))
    import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(color="green")}), "x.zip")
    assert filing.sweep() == 0  # what is new may belong to an import under way
    assert filing.sweep(WHATEVER_AGE) >= len(old)
    assert not old & stored_files()
    kept = {member["file"] for source in ArticleSource.objects.all() for member in source.members}
    assert len(kept) == 2
    assert kept | set(ArticleFile.objects.values_list("file", flat=True)) == stored_files() - of_others


def test_a_disk_that_fails_leaves_no_rows_and_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    filing.sweep(WHATEVER_AGE)
    before = stored_files()
    really, calls = filing._write, []

    def fails_at_the_third(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        really(path, data)

    monkeypatch.setattr(filing, "_write", fails_at_the_third)
    with pytest.raises(OSError, match="No space"):
        import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(2000, 7)}), "x.zip")
    assert not Article.objects.exists()
    filing.sweep(WHATEVER_AGE)
    assert stored_files() == before


def test_an_import_that_fails_takes_no_file_from_another_that_names_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(1234, 7)})
    monkeypatch.setattr("journal.importing.pages.write", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_source(package, "x.zip")
    monkeypatch.undo()
    import_source(package, "x.zip")
    assert {file.file.name for file in ArticleFile.objects.all()} <= stored_files()


def test_a_file_that_hangs_its_reader_is_rejected_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(worker.TASKS, "article", ("tests.journal.naughty", "hang", 1, 512))
    record = import_source(make_xml(BODY), "slow.xml")
    assert record.status == "rejected"
    assert "slow.xml could not be read. It took more than 1 seconds." in record.errors[0]


def test_an_article_joins_the_issue_and_section_it_names() -> None:
    issue = make_issue(volume="12", number="3")
    section = issue.journal.sections.create(name="Editorial")
    heading = '<subj-group subj-group-type="heading"><subject>Editorial</subject></subj-group>'
    meta = f"<article-categories>{heading}</article-categories>"
    import_source(
        make_xml(BODY, meta=DOI + meta + TITLE + DATE + "<volume>12</volume><issue>3</issue><fpage>9</fpage>"), "x.xml"
    )
    article = Article.objects.get()
    assert (article.issue, article.section, article.type_label) == (issue, section, "Editorial")
    assert "12(3):9" in PublicPage.objects.get().header


@pytest.mark.parametrize(
    "permissions, access, free_from",
    [
        (
            '<license xlink:href="https://creativecommons.org/licenses/by/4.0/"><license-p>x</license-p></license>',
            "open",
            None,
        ),
        ("<ali:free_to_read/>", "free_to_read", None),
        ('<ali:free_to_read start_date="2026-09-10"/>', "controlled", "2026-09-10"),
        ("", "controlled", None),
    ],
)
def test_the_license_decides_who_may_read_a_new_article(permissions: str, access: str, free_from: str | None) -> None:
    import_source(make_xml(BODY, meta=DOI + TITLE + DATE + f"<permissions>{permissions}</permissions>"), "x.xml")
    article = Article.objects.get()
    assert (article.access_type, article.free_from and article.free_from.isoformat()) == (access, free_from)


def test_a_correction_and_the_article_it_corrects_name_each_other_once_both_are_published() -> None:
    import_source(make_xml(BODY), "old.xml")
    related = (
        '<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.5555/SAMPLE.1"/>'
    )
    import_source(
        make_xml(
            "<p>Sorry.</p>",
            meta=DOI.replace("sample.1", "sample.2") + TITLE.replace("A title", "Correction") + DATE + related,
        ),
        "new.xml",
    )
    old, new = Article.objects.get(doi="10.5555/sample.1"), Article.objects.get(doi="10.5555/sample.2")
    assert Relation.objects.get().target_doi == "10.5555/sample.1"
    assert "Correction" not in PublicPage.objects.get(article=old).notices
    publish(old)
    publish(new)
    assert "This article has been corrected" in PublicPage.objects.get(article=old).notices
    assert "A title" in PublicPage.objects.get(article=new).notices
    old.refresh_from_db()
    assert old.corrected_on == new.published_online


def found_by(words: str) -> list[Article]:
    return list(Article.objects.filter(pk__in=database.find(parse(words), Filters(), "relevance").ids))


def test_an_imported_and_published_article_is_found_and_read_about(client: Client) -> None:
    import_source(make_xml(BODY), "paper.xml")
    publish(Article.objects.get())
    page = client.get("/doi/10.5555/sample.1/").content.decode()
    assert "A title" in page
    assert "nobody sees" not in page
    assert found_by("title") == [Article.objects.get()]


@needs_corpus
@pytest.mark.parametrize("path", [*sorted(PACKAGES.glob("*.zip")), *ARTICLES[::6]], ids=lambda path: path.name)
def test_real_files_and_packages_come_in(path: Path) -> None:
    record = import_source(path, path.name)
    assert (record.status, record.errors) == ("imported", [])
    assert FullText.objects.filter(article_id=record.article_id).exists() == Article.objects.get().has_full_text


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_article_at_once_make_one_version() -> None:
    make_journal()

    def run(_number: int) -> str:
        try:
            return import_source(make_xml(BODY), "paper.xml").status
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(run, range(4)))
    assert statuses == ["imported", "unchanged", "unchanged", "unchanged"]
    assert ArticleSource.objects.count() == 1


def test_a_failing_renderer_does_not_keep_a_correction_from_being_published(monkeypatch: pytest.MonkeyPatch) -> None:
    import_source(make_xml(BODY), "paper.xml")
    before = FullText.objects.get().body
    monkeypatch.setitem(worker.TASKS, "render", ("tests.journal.naughty", "die", 1, 512))
    publish(Article.objects.get())
    assert Article.objects.get().status == "published"
    assert FullText.objects.get().body == before


def test_of_many_authors_lists_show_nine_and_search_finds_the_last() -> None:
    name = (
        "<contrib contrib-type='author'><name><surname>Person{}</surname><given-names>A</given-names></name></contrib>"
    )
    people = "".join(name.format(chr(97 + n)) for n in range(26))
    import_source(make_xml(BODY, meta=f"{DOI}{TITLE}<contrib-group>{people}</contrib-group>{DATE}"), "many.xml")
    article = Article.objects.get()
    assert article.byline.endswith("A Personi and 17 more")
    publish(article)
    assert found_by("personz") == [article]


def test_a_name_in_common_does_not_make_two_drafts_one_and_a_doi_given_later_finds_its_draft() -> None:
    first = import_source(make_xml(BODY, meta=TITLE + DATE), "article.xml")
    other = import_source(make_xml(BODY, meta=TITLE.replace("A title", "Another title") + DATE), "article.xml")
    assert first.article_id != other.article_id
    mended = import_source(make_xml(BODY), "article.xml")
    assert (mended.status, mended.article_id) == ("updated", first.article_id)
    assert Article.objects.get(pk=first.article_id).doi == "10.5555/sample.1"


def test_the_spelling_of_a_doi_in_addresses_is_that_of_its_first_import() -> None:
    import_source(make_xml(BODY), "paper.xml")
    import_source(make_xml(BODY + "<p>More.</p>", meta=DOI.replace("sample", "SAMPLE") + TITLE + DATE), "paper.xml")
    assert Article.objects.get().doi == "10.5555/sample.1"


def test_a_new_article_without_files_takes_nine_statements_and_its_pdfs_job_and_an_unchanged_one_one() -> None:
    make_journal()
    with CaptureQueriesContext(connection) as taken:
        import_source(make_xml(BODY), "paper.xml")
    assert len(taken) <= 9 + 1
    with CaptureQueriesContext(connection) as taken:
        import_source(make_xml(BODY), "paper.xml")
    assert len(taken) == 1


def test_a_new_version_keeps_the_address_and_what_readers_have_bought() -> None:
    import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png()}), "x.zip")
    article = Article.objects.get()
    publish(article)
    reader = make_user("reader@example.org")
    right = make_right(reader, article, "purchase")
    client = Client()
    client.force_login(reader)
    addresses = [article.get_absolute_url(), f"{article.get_absolute_url()}figures/curves-800.webp"]
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    newer = make_xml(BODY.replace("nobody sees", "only buyers see") + FIGURE)
    import_source(make_zip({"x.xml": newer, "curves.png": make_png(color="blue")}), "x.zip")
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    assert "only buyers see" in client.get(addresses[0]).content.decode()
    right.refresh_from_db()
    assert (right.article_id, right.ends_at) == (article.pk, None)


def test_what_to_do_is_said_once_for_each_kind_of_problem() -> None:
    figures = "".join(f'<fig><graphic xlink:href="lost{number}"/></fig>' for number in (1, 2))
    record = import_source(make_xml(BODY + figures, meta=TITLE + DATE), "x.xml")
    first, second = (warning for warning in record.warnings if "was not supplied" in warning)
    assert first.endswith("Add the picture to the package under the name that the XML uses.")
    assert second.endswith("lost2 was not supplied.")
    assert record.errors[0].endswith('Add <article-id pub-id-type="doi"> to article-meta.')


def test_a_row_written_out_is_the_row_that_saving_makes_and_whoever_listens_is_told() -> None:
    journal, told = make_journal(), []
    made = [
        Article(
            journal=journal, doi=f"10.5555/Row.{way}", title="A row", title_html="A <i>row</i>", pmid="1", version=1,
            authors=[{"surname": "Öz"}], published_online=date(2026, 3, 1),
        )
        for way in "ab"
    ]  # fmt: skip
    for article in made:
        article.search = database.entry(article)
    made[0].save()
    Relation.objects.create(article=made[0], kind="corrected-article", target_doi="10.5555/row.b")

    def listen(instance: Article, created: bool, **_: object) -> None:
        told.append((instance.pk, created))

    post_save.connect(listen, sender=Article)
    try:
        assert rows.insert(made[1], told_about(made[1])) is True
    finally:
        post_save.disconnect(listen, sender=Article)
    assert told == [(made[1].pk, True)]
    assert made[1].doi_key == "10.5555/row.b"
    own = {"id", "doi", "doi_key", "search", "created_at", "updated_at"}
    saved, written = Article.objects.order_by("pk").values()
    assert {name: saved[name] for name in saved if name not in own} == {
        name: written[name] for name in written if name not in own
    }
    assert written["created_at"] >= saved["created_at"]
    assert Article.objects.filter(search="row").count() == 2


def test_an_import_says_which_articles_it_has_to_do_with_before_it_stores() -> None:
    make_journal()
    concerned: list[frozenset[str]] = []
    correction = '<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="{}"/>'
    for number, meta in enumerate(
        (
            DOI + TITLE + DATE,
            DOI.replace("sample.1", "SAMPLE.2") + TITLE + DATE + correction.format("10.5555/Sample.1"),
            DOI.replace("sample.1", "sample.2") + TITLE + DATE + correction.format("10.5555/sample.1"),
            TITLE + DATE,
        )
    ):
        import_source(make_xml(f"{BODY}<p>{number}</p>", meta=meta), f"{number}.xml", wait=concerned.append)
    import_source(
        make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png()}), "x.zip", wait=concerned.append
    )
    both = frozenset({"10.5555/sample.1", "10.5555/sample.2"})
    # The third is a new version of an article that may be published; the others have no DOI, or files.
    assert concerned == [frozenset({"10.5555/sample.1"}), both, frozenset(), frozenset(), frozenset()]
