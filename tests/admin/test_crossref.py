"""Editors download the deposit of articles and of issues."""

from django.test import Client
from lxml import etree

from journal.models import Article
from tests.make import SECRET_SENTENCE, make_article, make_issue


def act(client: Client, path: str, pk: int) -> bytes | None:
    """The file that the action gives, or None when it only said a sentence."""
    answer = client.post(path, {"action": "crossref_selected", "_selected_action": [pk]})
    if answer.status_code == 302:
        return None
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return answer.content


def test_an_editor_downloads_the_deposit_of_an_article_and_of_an_issue(edith: Client) -> None:
    issue = make_issue()
    article = make_article(issue=issue, doi="10.5555/deposited")
    for path, pk in (("/admin/journal/article/", article.pk), ("/admin/journal/issue/", issue.pk)):
        xml = act(edith, path, pk) or b""
        assert "10.5555/deposited" in {el.text for el in etree.fromstring(xml).iter("{*}doi")}
        assert SECRET_SENTENCE.encode() not in xml


def test_a_draft_is_not_deposited_and_the_editor_is_told(edith: Client) -> None:
    draft = make_article(status=Article.Status.DRAFT)
    assert act(edith, "/admin/journal/article/", draft.pk) is None
    assert "None of these is on the site" in edith.get("/admin/journal/article/").text


def test_support_cannot_deposit(sam: Client) -> None:
    article = make_article()
    answer = sam.post("/admin/journal/article/", {"action": "crossref_selected", "_selected_action": [article.pk]})
    assert b"doi_batch" not in answer.content
