"""Taking a test: who may, what is saved, what happens in two tabs, at the end of it all, and with forged answers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cme import publishing, questions
from cme.models import Activity, Answer, Attempt, Opening
from cme.questions import Draft
from cme.standing import Step, standing
from journal.models import Article
from journal.search import upkeep
from journal.signals import text_given
from subscriptions.access import look_up
from tests.cme.make import (
    BODY,
    RATIONALE,
    choice,
    fields,
    make_activity,
    make_attempt,
    make_learner,
    make_requirement,
    sheet,
)
from tests.conftest import signed_in
from tests.make import make_article, make_institution, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
CAMPUS = "192.0.2.7"


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    cache.clear()


def step_of(activity: Activity, user: object, ip: str | None = None) -> Step:
    access = look_up(user.pk if user else None, ip, [activity.article_id])[activity.article_id]
    return standing(activity, user, access).step


def test_the_article_tells_of_its_activity_and_others_tell_nothing() -> None:
    plain, activity = make_article(), make_activity()
    page = Client().get(activity.article.get_absolute_url()).content.decode()
    assert "1.0 <i>AMA PRA Category 1 Credit™</i>" in page
    assert f"/cme/{activity.pk}/" in page
    assert 'id="cme"' not in Client().get(plain.get_absolute_url()).content.decode()
    home = Client().get("/").content.decode()
    assert home.count('<span class="flag">CME</span>') == 1
    publishing.close(activity, "Over")
    assert "AMA PRA" not in Client().get(activity.article.get_absolute_url()).content.decode()
    assert '<span class="flag">CME</span>' not in Client().get("/").content.decode()


def test_an_activity_adds_one_statement_for_who_may_take_part_and_none_for_others() -> None:
    activity = make_activity()
    path = activity.article.get_absolute_url()
    reader, renter = make_user(), make_user()
    make_right(reader, activity.article)
    now = timezone.now()
    make_right(renter, activity.article, "rental", opened_at=now, ends_at=now + timedelta(hours=40))

    def asked(client: Client) -> list[str]:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return [query["sql"] for query in captured]

    for client in (Client(), signed_in(renter)):
        assert not [sql for sql in asked(client) if "cme_" in sql]
        assert len(asked(client)) <= 8
    assert len([sql for sql in asked(signed_in(reader)) if "cme_" in sql]) == 1
    assert len(asked(signed_in(reader))) <= 8
    assert list(Opening.objects.values_list("user", flat=True)) == [reader.pk]


def test_a_page_whose_opening_cannot_be_written_is_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    activity = make_activity()
    reader = make_user()
    make_right(reader, activity.article)

    def broken(**_: object) -> None:
        raise RuntimeError("no disk")

    text_given.connect(broken, sender=Article)
    try:
        page = signed_in(reader).get(activity.article.get_absolute_url()).content.decode()
    finally:
        text_given.disconnect(broken, sender=Article)
    assert "The heron waits behind the wall" in page
    assert Opening.objects.filter(user=reader).exists()


def test_who_may_take_part_is_what_the_activity_says() -> None:
    activity = make_activity()
    stranger, owner, renter, on_campus = (make_user() for _ in range(4))
    subscriber = make_learner(activity, kind="subscription")
    now = timezone.now()
    make_right(owner, activity.article)
    make_right(renter, activity.article, "rental", opened_at=now, ends_at=now + timedelta(hours=40))
    make_right(make_institution(), activity.article.journal)
    everybody = [(None, None), (stranger, None), (owner, None), (renter, None), (on_campus, CAMPUS), (subscriber, None)]

    def steps() -> list[Step]:
        return [step_of(activity, user, ip) for user, ip in everybody]

    ready = Step.OPEN_FIRST
    signs_in, no_right = Step.SIGN_IN, Step.NO_RIGHT
    renters, networks = Step.RENTERS_READ, Step.NETWORKS_READ
    assert steps() == [signs_in, no_right, ready, renters, networks, Step.START]
    activity.takes_renters = activity.takes_networks = True
    assert steps() == [signs_in, no_right, ready, ready, ready, Step.START]
    activity.takes_renters = activity.takes_networks = False
    activity.audience = "everyone"
    assert steps() == [signs_in, no_right, ready, ready, ready, Step.START]
    activity.audience = "subscribers"
    assert steps() == [signs_in, no_right, Step.SUBSCRIBERS, renters, Step.SUBSCRIBERS, Step.START]
    activity.audience = "fee"
    assert steps() == [signs_in, no_right, Step.FEE, renters, Step.FEE, Step.FEE]
    make_right(owner, activity.article, "cme")
    make_right(stranger, activity.article, "cme")
    assert steps() == [signs_in, no_right, ready, renters, Step.FEE, Step.FEE]


def test_the_activity_pages_say_the_prescribed_sentences_and_each_step() -> None:
    activity = make_activity(quarters=6, joint_with="Crane Club")
    owner = make_user()
    make_right(owner, activity.article)
    client, path = signed_in(owner), activity.get_absolute_url()
    page = Client().get(path).content.decode()
    assert "The Society of Herons designates this journal-based CME activity for a maximum of 1.5 <i>AMA PRA" in page
    assert "1.5 <i>AMA PRA Category 1 Credits™</i>" in page
    assert "commensurate with the extent of their participation" in page
    assert "joint providership of Society of Herons and Crane Club" in page
    assert "There is no commercial support" in page
    assert "4 of 5 questions right (80%)" in page
    assert "Sign in to take part" in page
    assert "Read the article first" in client.get(path).content.decode()
    assert client.post(f"{path}start/")["Location"] == path
    client.get(activity.article.get_absolute_url())
    assert "Begin the test" in client.get(path).content.decode()
    assert client.post(f"{path}start/")["Location"] == Attempt.objects.get().get_absolute_url()
    assert Client().get("/cme/999999/").status_code == 404
    draft = make_activity(publish=False)
    assert Client().get(draft.get_absolute_url()).status_code == 404


def test_a_learner_answers_fails_with_numbers_only_and_passes_with_everything() -> None:
    activity = make_activity()
    learner = make_learner(activity)
    client = signed_in(learner)
    path = client.post(f"{activity.get_absolute_url()}start/")["Location"]
    attempt = Attempt.objects.get()
    page = client.get(path).content.decode()
    assert "You need 4 right answers of 5" in page
    assert RATIONALE not in page

    # Incomplete and without the tick: nothing is lost, the gaps are links.
    answer = client.post(path, fields(attempt, "BA--A") | {"action": "hand-in"})
    page = answer.content.decode()
    gaps = attempt.questions[2:4]
    assert all(f'href="#question-{gap}"' in page for gap in gaps)
    assert "2 questions have no answer" in page
    assert 'href="#attested"' in page
    assert page.count(" checked") == 3
    assert attempt.answers.count() == 3

    # Complete, and wrong twice: the score and the numbers, nothing of what would have been right.
    shown = "BA--A"
    answer = client.post(path, fields(attempt, "BABBA", shown) | {"action": "hand-in", "attested": "on"}, follow=True)
    page = answer.content.decode()
    assert "3 of 5 answers were right; 4 are needed" in page
    assert "Questions 2, 5" in page
    assert "Preferred answer" not in page
    assert RATIONALE not in page
    assert "Take the test again" in page
    failed = Attempt.objects.get()
    assert (failed.state, failed.attestation != "", failed.missed) == ("failed", True, [2, 5])

    path = client.post(f"{activity.get_absolute_url()}start/")["Location"]
    attempt = Attempt.objects.get(number=2)
    answer = client.post(path, fields(attempt, "BBABB") | {"action": "hand-in", "attested": "on"}, follow=True)
    page = answer.content.decode()
    assert "You have passed" in page
    assert page.count("Your answer, preferred") == 4
    assert page.count(">Preferred answer<") == page.count(">Your answer<") == 1
    assert RATIONALE in page
    assert f'{activity.article.get_absolute_url()}#s1"' in page
    assert "Claim your credit" in page


def test_answers_are_saved_with_and_without_javascript_and_wait_on_every_device() -> None:
    activity = make_activity()
    learner = make_learner(activity)
    client = signed_in(learner)
    attempt = make_attempt(activity, learner)
    path = attempt.get_absolute_url()
    told = client.post(f"{path}answers/", fields(attempt, "A----")).json()
    assert told["saved_at"].startswith(f"{timezone.now():%Y-%m-%d}")
    assert told["words"][-1] == "M"
    page = client.post(path, fields(attempt, "AB---", "A----") | {"action": "save"}, follow=True).content.decode()
    assert "Saved at" in page
    client.logout()
    signed_out = client.post(f"{path}answers/", fields(attempt, "C----"))
    assert (signed_out.status_code, "next=" in signed_out.json()["go_to"]) == (401, True)
    phone = signed_in(learner).get(path).content.decode()
    assert phone.count(" checked") == 2
    assert "2 answers saved" in phone


def test_of_two_tabs_the_later_change_of_a_question_stands_and_an_old_tab_writes_over_nothing() -> None:
    activity = make_activity()
    learner = make_learner(activity)
    client, attempt = signed_in(learner), make_attempt(activity, learner)
    path = attempt.get_absolute_url()
    client.post(f"{path}answers/", fields(attempt, "AAAAA"))
    # The second tab, opened now, changes question 1; the first still shows A and changes question 2.
    client.post(f"{path}answers/", fields(attempt, "BAAAA", "AAAAA"))
    client.post(f"{path}answers/", fields(attempt, "ABAAA", "AAAAA"))
    assert attempt.given() == sheet(attempt, "BBAAA").ticked
    # Handing in from the first: it shows something else than what is saved, so it must be looked at first.
    answer = client.post(path, fields(attempt, "ABAAA", "ABAAA") | {"action": "hand-in", "attested": "on"})
    assert "changed in another tab" in answer.content.decode()
    assert f'href="#question-{attempt.questions[0]}"' in answer.content.decode()
    assert Attempt.objects.get().state == "open"
    answer = client.post(path, fields(attempt, "BBAAA", "BBAAA") | {"action": "hand-in", "attested": "on"})
    assert answer["Location"].endswith("/result/")


def test_handing_in_twice_scores_once_and_late_saves_change_nothing() -> None:
    activity = make_activity()
    learner = make_learner(activity)
    client, attempt = signed_in(learner), make_attempt(activity, learner)
    path, said = attempt.get_absolute_url(), fields(attempt, "BBBBA") | {"action": "hand-in", "attested": "on"}
    first, second = client.post(path, said), client.post(path, said)
    assert first["Location"] == second["Location"] == f"{path}result/"
    late = client.post(f"{path}answers/", fields(attempt, "AAAAA"))
    assert (late.status_code, late.json()["go_to"]) == (409, f"{path}result/")
    row = Attempt.objects.get()
    assert (row.right, row.state, row.given()) == (4, "passed", sheet(attempt, "BBBBA").ticked)
    client.post(f"{activity.get_absolute_url()}start/")
    client.post(f"{activity.get_absolute_url()}start/")
    assert Attempt.objects.count() == 1


def test_forged_answers_are_refused_and_the_saved_ones_stand() -> None:
    activity, other = make_activity(), make_activity()
    learner, stranger = make_learner(activity), make_learner(other)
    client, attempt = signed_in(learner), make_attempt(activity, learner)
    foreign = make_attempt(other, stranger)
    path = attempt.get_absolute_url()
    client.post(f"{path}answers/", fields(attempt, "BBBBA"))
    first, second = attempt.asked()[:2]
    forgeries = [
        fields(foreign, "A----"),
        {f"q-{first.pk}": choice(second, "A")},
        {f"q-{first.pk}": 10**17},
        {f"q-{first.pk}": "1 OR 1=1"},
        {f"q-{10**17}": choice(first, "A")},
    ]
    for forged in forgeries:
        assert client.post(f"{path}answers/", forged).status_code == 400
        answer = client.post(path, forged | {"action": "hand-in", "attested": "on"}, follow=True)
        assert "do not belong to this test" in answer.content.decode()
    assert Attempt.objects.get(pk=attempt.pk).state == "open"
    assert attempt.given() == sheet(attempt, "BBBBA").ticked
    for address in ("", "answers/", "result/", "claim/"):
        for sender in (signed_in(stranger), Client()):
            answer = sender.post(f"{path}{address}", fields(attempt, "AAAAA") | {"action": "hand-in"})
            assert answer.status_code in (302, 401, 404, 405)
    assert attempt.given() == sheet(attempt, "BBBBA").ticked
    assert not Answer.objects.filter(attempt=foreign).exists()


ENDS = {
    "expiry": (lambda a: Activity.objects.filter(pk=a.pk).update(expires_on=yesterday()), "ended before"),
    "a retraction": (lambda a: Article.objects.filter(pk=a.article_id).update(retracted_on=yesterday()), "retracted"),
    "being closed": (lambda a: publishing.close(a, "A mistake"), "has been closed"),
}  # fmt: skip


def yesterday() -> object:
    return timezone.localdate() - timedelta(days=1)


@pytest.mark.parametrize("happening", ENDS)
def test_a_test_cannot_be_handed_in_after_the_end_but_answers_are_kept_and_a_pass_can_be_claimed(
    happening: str,
) -> None:
    activity = make_activity()
    late, passed, fresh = make_learner(activity), make_learner(activity), make_learner(activity)
    attempt, pass_ = make_attempt(activity, late), make_attempt(activity, passed, "BBBBB")
    end, words = ENDS[happening]
    end(activity)
    activity.refresh_from_db()
    client, path = signed_in(late), attempt.get_absolute_url()
    said = fields(attempt, "BBBBB") | {"action": "hand-in", "attested": "on"}
    page = client.post(path, said, follow=True).content.decode()
    assert words in page
    assert "This activity is closed" in page
    assert Attempt.objects.get(pk=attempt.pk).state == "open"
    assert len(attempt.given()) == 5
    assert 'value="hand-in"' not in client.get(path).content.decode()
    assert client.post(f"{path}answers/", fields(attempt, "ABBBB")).status_code == 200
    for user in (late, fresh):
        assert step_of(activity, user) == Step.ENDED
        assert signed_in(user).post(f"{activity.get_absolute_url()}start/")["Location"] == activity.get_absolute_url()
    assert step_of(activity, passed) == Step.CLAIM
    assert signed_in(passed).get(f"/cme/attempts/{pass_.pk}/claim/").status_code == 200
    long_ago = timezone.now() - timedelta(days=32)
    Activity.objects.filter(pk=activity.pk).update(
        expires_on=long_ago.date(), released_on=long_ago.date(), closed_at=long_ago
    )
    Article.objects.filter(pk=activity.article_id, retracted_on__isnull=False).update(retracted_on=long_ago.date())
    activity = Activity.objects.select_related("article").get(pk=activity.pk)
    assert step_of(activity, passed) == Step.CLAIM_ENDED
    assert signed_in(passed).get(f"/cme/attempts/{pass_.pk}/claim/").status_code == 302


def test_a_subscription_that_lapses_in_mid_test_lets_finish_and_claim_but_not_begin_again_nor_read() -> None:
    activity = make_activity()
    learner, other = (make_learner(activity, kind="subscription") for _ in range(2))
    client, attempt = signed_in(learner), make_attempt(activity, learner)
    failed = make_attempt(activity, other, "AAAAA")
    for user in (learner, other):
        user.entitlements.update(ends_at=timezone.now() - timedelta(minutes=1))
    said = fields(attempt, "BBBBA") | {"action": "hand-in", "attested": "on"}
    page = client.post(attempt.get_absolute_url(), said, follow=True).content.decode()
    assert "You have passed" in page
    assert "Claim your credit" in page
    assert RATIONALE not in page
    assert "Question of herons" not in page
    assert "shown to those who can open it" in page
    assert client.get(f"/cme/attempts/{attempt.pk}/claim/").status_code == 200
    assert step_of(activity, other) == Step.NO_RIGHT
    assert "How to read the article" in signed_in(other).get(f"/cme/attempts/{failed.pk}/result/").content.decode()
    make_right(learner, activity.article)
    assert RATIONALE in client.get(f"/cme/attempts/{attempt.pk}/result/").content.decode()


def test_an_edited_question_is_a_new_version_and_who_is_answering_keeps_the_old_one() -> None:
    activity = make_activity()
    learner, later = make_learner(activity), make_learner(activity)
    attempt = make_attempt(activity, learner)
    first = attempt.asked()[0]
    newer = questions.revise(first, Draft("Asked otherwise?", ["Uno", "Due"], "A", RATIONALE, "s1", 0))
    assert (newer.pk != first.pk, newer.version, newer.key) == (True, 2, first.key)
    client = signed_in(learner)
    page = client.get(attempt.get_absolute_url()).content.decode()
    assert "Question of herons 1?" in page
    assert "Asked otherwise?" not in page
    said = fields(attempt, "BBBBA") | {"action": "hand-in", "attested": "on"}
    assert "You have passed" in client.post(attempt.get_absolute_url(), said, follow=True).content.decode()
    assert make_attempt(activity, later).questions[0] == newer.pk
    # Nobody has met it: it is simply written over. A new place or passage makes no version either.
    unmet = questions.add(activity, Draft("Unmet?", ["A", "B"], "A", RATIONALE))
    assert questions.revise(unmet, Draft("Still unmet?", ["A", "B"], "B", RATIONALE)).pk == unmet.pk
    kept = Draft("Asked otherwise?", ["Uno", "Due"], "A", "Another rationale", "", 9)
    assert questions.revise(newer, kept).pk == newer.pk
    questions.remove(newer)
    questions.remove(unmet)
    assert not activity.questions.filter(pk=unmet.pk).exists()
    assert activity.questions.get(pk=newer.pk).replaced_at


def test_attempts_run_out_and_wait() -> None:
    activity = make_activity(attempts_allowed=2, wait_hours=24)
    learner = make_learner(activity)
    first = make_attempt(activity, learner, "AAAAA")
    client, path = signed_in(learner), activity.get_absolute_url()
    assert step_of(activity, learner) == Step.WAIT
    assert "Time to look again" in client.get(path).content.decode()
    assert client.post(f"{path}start/")["Location"] == path
    Attempt.objects.filter(pk=first.pk).update(submitted_at=timezone.now() - timedelta(hours=25))
    assert "Attempts left: 1" in client.get(path).content.decode()
    make_attempt(activity, learner, "AAAAA")
    assert step_of(activity, learner) == Step.NO_MORE
    assert "No attempt is left" in client.get(path).content.decode()
    Activity.objects.filter(pk=activity.pk).update(attempts_allowed=0, wait_hours=0)
    activity.refresh_from_db()
    assert step_of(activity, learner) == Step.RETAKE


def test_activities_are_found_by_state_topic_credit_and_expiry() -> None:
    make_journal()
    empty = Client().get("/cme/").content.decode()
    assert "no open activity at the moment" in empty
    soon = make_activity(titled("Soon"), quarters=2, expires_on=timezone.localdate() + timedelta(days=20))
    later, over = make_activity(titled("Later")), make_activity(titled("Over"))
    publishing.close(over, "x")
    wanted = ((soon, "FL", "Birds"), (later, "CA", "Birds"), (later, "", "Stroke"), (soon, "CA", "X"))
    for activity, state, topic in wanted:
        make_requirement(activity, state, topic)

    def found(query: str) -> set[str]:
        page = Client().get(f"/cme/?{query}").content.decode()
        return {title for title in ("Soon", "Later", "Over") if f">{title}</a>" in page}

    assert found("") == {"Soon", "Later"}
    assert found("state=FL") == {"Soon"}
    assert found("state=CA&topic=Birds") == {"Later"}
    assert found("state=national") == {"Later"}
    assert found("topic=Birds") == {"Soon", "Later"}
    assert found("credit=2") == {"Soon"}
    assert found("expires=30") == {"Soon"}
    assert found("state=FL&topic=Stroke") == set()
    assert "No open activity is of this kind" in Client().get("/cme/?state=FL&topic=Stroke").content.decode()
    assert found("state=<script>&credit=99&expires=x") == {"Soon", "Later"}


def titled(title: str) -> Article:
    return make_article(title=title, body=BODY)


def test_a_search_for_articles_with_credit_learns_within_the_day_what_opened_and_ended(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SEARCH_FOLDER = tmp_path
    localdate = timezone.localdate
    make_journal()
    today = timezone.localdate()
    later = {"released_on": today + timedelta(days=1), "expires_on": today + timedelta(days=2)}
    coming = make_activity(make_article(title="Coming herons", body=BODY), **later)
    make_article(title="Plain herons")

    def found(day: int) -> list[str]:
        monkeypatch.setattr(timezone, "localdate", lambda *moment: localdate(*moment) + timedelta(days=day))
        upkeep.catch_up()
        rows = Client().get("/search/?q=herons&cme=1&format=json").json()["results"]
        return [row["title"] for row in rows]

    now = make_activity(make_article(title="Open herons", body=BODY))
    assert found(0) == ["Open herons"]  # published a moment ago, and the article was not saved
    assert sorted(found(1)) == ["Coming herons", "Open herons"]
    publishing.close(now, "Over")
    assert found(1) == ["Coming herons"]
    assert found(3) == []
    assert coming.article.open_activity is None
