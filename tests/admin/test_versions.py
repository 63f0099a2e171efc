"""An article's versions in the admin: what the new one changes, and each as the file it came from."""

import io
import zipfile

import pytest
from django.test import Client

from journal.importing import import_source
from journal.models import Article
from tests.admin.said import text_of
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.test_importing import BODY, FIGURE, make_png
from tests.journal.test_packages import make_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(db: None) -> str:
    """The versions page of an article imported twice: a word and a picture differ."""
    for number, color in ((1, "red"), (2, "blue")):
        notes = f"<author-notes><fn><p>Paid by {number} makers.</p></fn></author-notes>"
        xml = make_xml(f"{BODY}<p>The dose was {number}0 mg.</p>{FIGURE}", meta=DOI + TITLE + DATE + notes)
        import_source(make_zip({"x.xml": xml, "curves.png": make_png(color=color)}), f"{number}.zip")
    return f"/admin/journal/article/{Article.objects.get().pk}/versions/"


def test_the_last_two_versions_are_compared_word_by_word_and_picture_beside_picture(edith: Client, page: str) -> None:
    answer = edith.get(page)
    html = answer.content.decode()
    assert "What version 2 changes in version 1" in text_of(answer)
    assert "The dose was <del>10</del><ins>20</ins> mg." in html
    assert "Paid by <del>1</del><ins>2</ins> makers." in html
    assert f'{page}1/curves.png"' in html
    assert f'{page}2/curves.png"' in html
    pictures = [edith.get(f"{page}{version}/curves.png") for version in (1, 2)]
    assert [picture["Content-Type"] for picture in pictures] == ["image/webp"] * 2
    assert pictures[0].content != pictures[1].content
    assert edith.get(f"{page}1/x.xml").status_code == 404
    assert f'href="{page}"' in edith.get(page.replace("versions/", "change/")).content.decode()


def test_any_two_versions_may_be_chosen_and_a_version_beside_itself_has_no_changes(edith: Client, page: str) -> None:
    assert "<del>20</del><ins>10</ins>" in edith.get(f"{page}?older=2&newer=1").content.decode()
    assert "Nothing that a reader would see" in text_of(edith.get(f"{page}?older=1&newer=1"))
    assert edith.get(f"{page}?older=abc&newer=99").status_code == 200


def test_each_version_is_downloaded_as_it_came(edith: Client, page: str) -> None:
    answer = edith.get(f"{page}1/article.xml")
    assert b"The dose was 10 mg." in answer.content
    assert answer["Content-Disposition"] == 'attachment; filename="10-5555-sample-1.v1.xml"'
    package = edith.get(f"{page}1/article.zip")
    with zipfile.ZipFile(io.BytesIO(package.getvalue())) as archive:
        assert archive.namelist() == ["x.xml", "curves.png"]
        assert archive.read("curves.png") == make_png(color="red")


def test_versions_need_the_role_editor(sam: Client, page: str) -> None:
    for address in (page, f"{page}1/article.xml", f"{page}1/article.zip", f"{page}1/curves.png"):
        assert sam.get(address).status_code == 403
