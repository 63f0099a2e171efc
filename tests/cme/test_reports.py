"""Reporting to the accreditor: only what the learner wished, in the accreditor's form, and every answer dealt with."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from cme import claiming, matcher, reports, tasks
from cme.claiming import Learner
from cme.models import Credit, Report
from subscriptions.mail import send_unsent
from tests.cme.make import make_activity, make_credit, make_learner
from tests.conftest import signed_in
from tests.make import make_user

pytestmark = pytest.mark.django_db
LENA = Learner("Léna", "Kjær-Øst", "04-27", "FL", "ME 12345", "")
REGISTER = "# invented\nKjaer Ost\tLena\t04-27\tFL\tme12345\t1234567893\nOther\tOtto\t01-02\tCA\tA99999\t\n"


@pytest.fixture
def register(tmp_path: Path, settings: Any) -> Path:
    file = tmp_path / "register.tsv"
    file.write_text(REGISTER)
    settings.CME_REGISTER = str(file)
    return file


def report(learner: Learner | None = LENA, **said: Any) -> Report:
    return make_credit(learner=learner, **said).report


def test_a_report_waits_without_a_register_and_is_matched_with_one(settings: Any, register: Path) -> None:
    settings.CME_REGISTER = ""
    found = report()
    tasks.look_after(0)
    found.refresh_from_db()
    assert found.state == "queued"
    settings.CME_REGISTER = str(register.parent / "missing.tsv")
    with pytest.raises(matcher.Unavailable, match="cannot be read"):
        reports.hand_in_queued()
    settings.CME_REGISTER = str(register)
    tasks.look_after(0)
    tasks.look_after(0)
    found.refresh_from_db()
    assert (found.state, found.tries, found.handed_in_at is not None) == ("accepted", 1, True)


WRONG = {
    "another license": (Learner("Lena", "Kjaer-Ost", "04-27", "FL", "ME 1", ""), "No physician"),
    "another state": (Learner("Lena", "Kjaer-Ost", "04-27", "CA", "ME 12345", ""), "No physician"),
    "another name": (Learner("Lena", "Learner", "04-27", "FL", "ME 12345", ""), "last name"),
    "another birthday": (Learner("Lena", "Kjaer-Ost", "04-28", "FL", "ME 12345", ""), "Month and day"),
    "somebody else's license": (Learner("Lena", "Kjaer-Ost", "04-27", "CA", "A99999", ""), "last name"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_rejected_report_says_what_to_look_at_and_the_learner_mends_it(what: str, register: Path) -> None:
    learner, words = WRONG[what]
    found = report(learner)
    reports.hand_in_queued()
    client = signed_in(found.credit.user)
    page = client.get("/cme/credits/").content.decode()
    assert "Report rejected:" in page
    assert words in page
    for secret in ("Kjaer", "04-27", "ME 12345"):
        assert secret not in page.replace(learner.last_name, "")
    path = f"/cme/credits/{found.credit.number}/report/"
    assert words in client.get(path).content.decode()
    assert signed_in(make_user()).get(path).status_code == 404
    told = {"first_name": "Lena", "last_name": "Kjaer-Ost", "birthday": "4-27", "npi": "1234567893"}
    assert "first_name" in client.post(path, {**told, "first_name": ""}).content.decode()
    assert client.post(path, told)["Location"] == "/cme/credits/"
    reports.hand_in_queued()
    assert "Reported and accepted" in client.get("/cme/credits/").content.decode()
    assert client.get(path).status_code == 404
    reports.take_answer(found, matcher.Answer(False, "Late"), only_from=(Report.State.QUEUED,))
    send_unsent()
    (letter,) = mail.outbox  # one for the rejection, none for what was accepted
    assert words in letter.body
    assert f"http://testserver{path}" in letter.body
    for secret in ("04-27", "04-28", "ME 12345", "A99999"):
        assert secret not in letter.body + str(letter.alternatives)


def test_the_files_for_pars_hold_who_consented_and_nobody_else() -> None:
    activity = make_activity(pars_id="200900")
    told = make_credit(activity, learner=LENA)
    odd = Learner("=cmd", "Tab\there\nline", "12-01", "CA", "A 1", "1234567893")
    make_credit(activity, make_learner(activity), learner=odd, quarters=4)
    make_credit(activity, make_learner(activity), profession="other")  # opted out
    revoked = make_credit(activity, make_learner(activity), learner=LENA)
    claiming.revoke(revoked, make_user(), "x")
    rows = list(csv.DictReader(io.StringIO(reports.as_table(reports.reportable().order_by("pk"))), delimiter="\t"))
    assert len(rows) == 2
    assert rows[0] == {
        "Provider ID": "0001", "Activity ID": "200900", "Activity title": "On waiting herons",
        "Activity format": "Journal-based CME activity", "Start date": f"{activity.released_on:%m/%d/%Y}",
        "End date": f"{activity.expires_on:%m/%d/%Y}", "Certificate": told.number, "First name": "Léna",
        "Last name": "Kjær-Øst", "Month of birth": "04", "Day of birth": "27", "License state": "FL",
        "License ID": "ME 12345", "NPI": "", "Completion date": f"{told.completed_on:%m/%d/%Y}", "Credits": "0.75",
    }  # fmt: skip
    assert (rows[1]["First name"], rows[1]["Last name"]) == ("'=cmd", "Tab here line")
    (written,) = json.loads(reports.as_json(reports.reportable().order_by("pk")))["activities"]
    assert (written["physicians"], written["other_learners"], written["commercial_support"]) == (2, 1, False)
    assert [one["license_id"] for one in written["learners"]] == ["ME 12345", "A 1"]
    assert written["learners"][1]["credits"] == "1.00"


def test_a_learner_takes_the_wish_back_and_what_was_told_is_gone() -> None:
    found = report()
    path = f"/cme/credits/{found.credit.number}/report/withdraw/"
    assert signed_in(make_user()).post(path).status_code == 404
    signed_in(found.credit.user).post(path)
    found.refresh_from_db()
    assert (found.state, found.last_name, found.license_number, found.birthday) == ("withdrawn", "", "", "")
    assert not reports.reportable().exists()
    assert Credit.objects.filter(pk=found.credit_id, revoked_at=None).exists()


def test_a_correction_is_reported_again_and_an_old_report_is_forgotten(register: Path) -> None:
    found = report()
    reports.hand_in_queued()
    claiming.correct(found.credit, make_user(), "Claimed too much", quarters=1)
    found.refresh_from_db()
    assert found.state == "queued"
    reports.hand_in_queued()
    assert reports.forget() == 0
    Report.objects.update(answered_at=timezone.now() - timedelta(days=366))
    assert reports.forget() == 1
    found.refresh_from_db()
    assert (found.state, found.npi, found.first_name, found.license_state) == ("accepted", "", "", "")
    claiming.correct(found.credit, make_user(), "A letter", name="Lena L.")
    found.refresh_from_db()
    assert found.state == "accepted"  # nothing is left that could be reported again
    assert Credit.objects.get().quarters == 1


def test_restoring_a_credit_does_not_bring_back_a_report_the_learner_took_back() -> None:
    taken_back, wished = report(), report()
    reports.withdraw(taken_back)
    for found in (taken_back, wished):
        claiming.revoke(found.credit, make_user(), "An error")
        claiming.restore(found.credit, make_user(), "Cleared up")
        found.refresh_from_db()
    assert (taken_back.state, wished.state) == ("withdrawn", "queued")
