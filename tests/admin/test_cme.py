"""The education desk: an activity on one page, publish check, preview, versions, outcomes, credits, reports."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cme import publishing
from cme.models import Activity, Attempt, Commitment, Credit, Provider, Question, Report
from journal.models import FullText
from tests.admin.said import text_of
from tests.cme.make import RATIONALE, make_activity, make_attempt, make_credit, make_learner
from tests.cme.test_reports import LENA
from tests.conftest import signed_in
from tests.make import make_article, make_offer

pytestmark = pytest.mark.django_db
BODY = (
    '<section id="s1"><p>x</p></section><figure class="fig" id="f1"><figcaption id="f1-caption">'
    '<span class="label">Figure 1</span></figcaption></figure>'
)


def page_fields(**more: str) -> dict[str, Any]:
    """What the activity's page sends."""
    today = timezone.localdate()
    return {
        "provider": str(Provider.objects.get_or_create(name="Society of Herons")[0].pk), "format": "journal",
        "quarters": "4", "minimum": "80", "attempts_allowed": "3", "wait_hours": "0", "audience": "entitled",
        "released_on": str(today), "expires_on": str(today + timedelta(days=365)),
        "requirements-TOTAL_FORMS": "1", "requirements-INITIAL_FORMS": "0", "requirements-0-state": "FL",
        "requirements-0-board": "Florida Board", "requirements-0-topic": "Birds", "requirements-0-quarters": "2",
        "questions-TOTAL_FORMS": "1", "questions-INITIAL_FORMS": "0", "questions-0-position": "0",
        "questions-0-text": "Which bird?", "questions-0-choice_a": "Heron", "questions-0-choice_b": "Crane",
        "questions-0-preferred": "A", "questions-0-rationale": RATIONALE, "questions-0-passage": "s1", **more,
    }  # fmt: skip


def test_an_activity_is_written_on_one_page_checked_previewed_published_edited_and_closed(ella: Client) -> None:
    article = make_article(title="On herons", body=BODY)
    path = "/admin/cme/activity/"
    bad = page_fields(article=str(article.pk), **{"questions-0-preferred": "C", "questions-0-choice_b": ""})
    said = text_of(ella.post(f"{path}add/", bad))
    assert "There is no choice C." in said
    assert "two choices at least" in said
    assert not Activity.objects.exists()
    ella.post(f"{path}add/", page_fields(article=str(article.pk), **{"questions-0-passage": "s9"}))
    activity = Activity.objects.get()
    change, question = f"{path}{activity.pk}/change/", Question.objects.get()
    assert [(c.letter, c.is_preferred) for c in question.choices.all()] == [("A", True), ("B", False)]
    said = text_of(ella.get(change))
    for missing in ("Write the learning objectives.", "Write the disclosures.", "no passage “s9”"):
        assert missing in said
    assert "Not published." in text_of(ella.post(f"{path}{activity.pk}/publish/", follow=True))
    assert Activity.objects.get().status == "draft"

    known = {
        "questions-INITIAL_FORMS": "1", "questions-0-id": str(question.pk), "questions-0-activity": str(activity.pk),
        "requirements-INITIAL_FORMS": "1", "requirements-0-id": str(activity.requirements.get().pk),
        "requirements-0-activity": str(activity.pk),
    }  # fmt: skip
    whole = page_fields(article=str(article.pk), objectives="Tell", disclosures="None", target_audience="All", **known)
    ella.post(change, whole)
    assert "it can be published" in text_of(ella.get(change))
    chooser = ella.get(change).content.decode().partition('name="questions-0-passage"')[2].partition("</select>")[0]
    assert re.findall(r'value="([^"]*)"', chooser) == ["", "s1", "f1"]
    assert "Figure 1</option>" in chooser
    preview = ella.get(f"{path}{activity.pk}/preview/").content.decode()
    for text in ("Preview as a learner", "Which bird?", "Preferred answer", RATIONALE, "Begin the test"):
        assert text in preview
    assert f"/cme/{activity.pk}/start/" not in preview
    assert not Attempt.objects.exists()
    assert "Published: the article" in text_of(ella.post(f"{path}{activity.pk}/publish/", follow=True))
    article.refresh_from_db()
    assert article.open_activity

    make_attempt(activity, make_learner(activity))
    ella.post(change, whole | {"questions-0-text": "Which big bird?", "quarters": "2"})
    versions = text_of(ella.get(f"{path}{activity.pk}/versions/"))
    assert "Which big bird? version 2" in versions
    assert "Which bird? version 1" in versions
    article.refresh_from_db()
    assert article.activity["quarters"] == 2
    FullText.objects.update(body="<p>Imported anew</p>")
    assert "this is not right any more" in text_of(ella.get(change))
    newest = Question.objects.get(replaced_at=None)
    gone = whole | {"questions-0-id": str(newest.pk), "questions-0-DELETE": "on"}
    ella.post(change, gone)
    assert not activity.questions.filter(replaced_at=None, version=1).exists()
    assert "This field is required" in text_of(ella.post(f"{path}{activity.pk}/close/", {"reason": ""}))
    ella.post(f"{path}{activity.pk}/close/", {"reason": "A mistake"})
    article.refresh_from_db()
    assert (Activity.objects.get().status, article.activity) == ("closed", None)


FLAWS = {
    "no question": (lambda a: a.questions.all().delete(), "There is no question."),
    "no preferred answer": (lambda a: a.questions.first().choices.update(is_preferred=False), "no choice is the pref"),
    "a minimum out of reach": (
        lambda a: [q.choices.update(is_preferred=False) for q in a.questions.all()[:2]], "4 right answers are needed",
    ),
    "two choices alike": (lambda a: a.questions.first().choices.update(text="Same"), "two of its choices are the same"),
    "no rationale": (lambda a: a.questions.update(rationale=" "), "the rationale is missing"),
    "a passage that is not there": (lambda a: a.questions.update(passage="s77"), "no passage “s77”"),
    "a draft article": (lambda a: type(a.article).objects.update(status="draft"), "The article is not published."),
    "a retracted article": (lambda a: type(a.article).objects.update(retracted_on="2026-01-01"), "retracted"),
    "four years": (lambda a: Activity.objects.update(released_on="2022-01-01"), "3 years at most"),
    "no price": (lambda a: Activity.objects.update(audience="fee"), "there is no price"),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_nothing_is_published_with(flaw: str) -> None:
    activity = make_activity(publish=False)
    FLAWS[flaw][0](activity)
    activity = Activity.objects.select_related("article").get()
    assert FLAWS[flaw][1] in " ".join(publishing.publish(activity))
    assert Activity.objects.get().status == "draft"
    if flaw == "no price":
        make_offer("cme", article=activity.article)
        assert publishing.publish(activity) == []


def test_support_finds_a_credit_corrects_and_revokes_it(sam: Client, edith: Client) -> None:
    credit = make_credit()
    path = f"/admin/cme/credit/{credit.pk}/"
    assert credit.number in text_of(sam.get(f"/admin/cme/credit/?q={credit.user.email}"))
    told = {
        "name": "Lena Lerner", "profession": "physician", "quarters": "2", "completed_on": str(credit.completed_on),
    }  # fmt: skip
    assert "This field is required" in text_of(sam.post(f"{path}correct/", told))
    wrong = told | {"reason": "x", "completed_on": "2020-01-01", "quarters": "9"}
    assert "between release and expiration" in text_of(sam.post(f"{path}correct/", wrong))
    assert "Corrected: Married" in text_of(sam.post(f"{path}correct/", told | {"reason": "Married"}, follow=True))
    assert "Lena Learner, MD → Lena Lerner" in text_of(sam.get(f"{path}change/"))
    assert "Nothing would change" in text_of(sam.post(f"{path}correct/", told | {"reason": "Again"}))
    sam.post(f"{path}standing/", {"reason": "Fraud"})
    assert Credit.objects.get().revoke_reason == "Fraud"
    sam.post(f"{path}standing/", {"reason": "An error"})
    assert Credit.objects.get().revoked_at is None
    assert sam.get(f"{path}certificate.pdf").content.startswith(b"%PDF")
    for address in ("correct/", "standing/", "certificate.pdf"):
        assert edith.get(f"{path}{address}").status_code == 403


def test_outcomes_are_numbers_as_tables_and_plots_without_names(ella: Client) -> None:
    activity = make_activity()
    path = f"/admin/cme/activity/{activity.pk}/outcomes/"
    assert "Opened the full text" in text_of(ella.get(path))
    for letters in ("BBBBB", "BBBBA", "AAAAA"):
        make_attempt(activity, make_learner(activity), letters)
    make_attempt(activity, make_learner(activity))
    learner = make_learner(activity)
    make_attempt(activity, learner, "BBAAA")
    make_credit(activity, learner, commitment="Wait longer", comment="<b>Good</b>")
    Commitment.objects.update(outcome="done")
    answer = ella.get(path)
    said = text_of(answer)
    for row in ("Opened the full text 5", "Began the test 5", "Handed it in 4", "Passed 3", "Claimed credit 1"):
        assert row in said
    assert "Credit claimed in all: 0.75" in said
    assert "0 of 5 1 2 of 5 1 4 of 5 1 5 of 5 1" in said
    assert re.search(r"Question of herons 5\? 1 4 1 \(25%\)", said)
    assert "Yes, I have made this change 1" in said
    assert "&lt;b&gt;Good" in answer.content.decode()
    assert answer.content.decode().count("<svg") >= 5
    assert not re.search(r"<svg[^>]*style=|<rect[^>]*style=", answer.content.decode())
    for name in ("Lena", "example.org"):
        assert name not in said.replace("ella@example.org", "")


def test_reports_are_exported_matched_and_answered_by_the_education_desk_alone(ella: Client, sam: Client) -> None:
    found = make_credit(learner=LENA).report
    chosen = {"_selected_action": [str(found.pk)]}
    answer = ella.post("/admin/cme/report/", chosen | {"action": "download_table"})
    assert "ME 12345" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "ME 12345" in ella.post("/admin/cme/report/", chosen | {"action": "download_json"}).content.decode()
    assert "CME_REGISTER is not set" in text_of(
        ella.post("/admin/cme/report/", chosen | {"action": "hand_in"}, follow=True)
    )
    path = f"/admin/cme/report/{found.pk}/"
    for page in (f"{path}change/", "/admin/cme/report/"):
        assert "ME 12345" not in text_of(sam.get(page))
    assert sam.get(f"{path}answer/").status_code == 403
    assert "ME 12345" not in sam.post("/admin/cme/report/", chosen | {"action": "download_table"}).content.decode()
    assert "Write why" in text_of(ella.post(f"{path}answer/", {"state": "rejected"}))
    ella.post(f"{path}answer/", {"state": "rejected", "reason": "The name differs."})
    assert Report.objects.get().reason == "The name differs."
    learner: User = found.credit.user
    assert "The name differs." in signed_in(learner).get("/cme/credits/").content.decode()
