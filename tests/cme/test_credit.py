"""Claiming, certificates, the public check, transcripts, and what staff put right."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone
from pypdfium2 import PdfDocument

from accounts.models import User
from cme import claiming, follow_up
from cme.certificate import qr_code
from cme.models import Activity, Attempt, Commitment, Credit, Report
from subscriptions.mail import send_unsent
from subscriptions.models import Entitlement, Offer, OutgoingMail
from tests.cme.make import make_activity, make_attempt, make_credit, make_learner, make_requirement
from tests.conftest import signed_in
from tests.make import make_offer, make_right, make_user
from tests.subscriptions.selling import buy

pytestmark = pytest.mark.django_db
SAID = {
    "objectives_met": "4", "was_balanced": "yes", "name": "Lena Learner, MD", "profession": "physician",
    "quarters": "3",
}  # fmt: skip
LEARNER = {
    "report": "on", "first_name": "Lena", "last_name": "Learner", "birthday": "04-27", "license_state": "FL",
    "license_number": "me 12345", "npi": "1234567893",
}  # fmt: skip


def words(pdf: bytes) -> str:
    document = PdfDocument(pdf)
    text = "\n".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    return " ".join(text.split())


def passed(activity: Activity) -> tuple[Client, User, str]:
    learner = make_learner(activity)
    attempt = make_attempt(activity, learner, "BBBBA")
    return signed_in(learner), learner, f"/cme/attempts/{attempt.pk}/claim/"


def test_a_learner_claims_in_quarter_steps_once_and_gets_a_certificate_anybody_can_check() -> None:
    activity = make_activity()
    make_requirement(activity)
    client, learner, path = passed(activity)
    page = client.get(path).content.decode()
    assert 'value="Lena Learner"' in page
    assert re.findall(r'<option value="(\d)"', page.partition("id_quarters")[2])[:4] == ["4", "3", "2", "1"]
    assert client.post(path, SAID)["Location"] == "/cme/credits/"
    client.post(path, SAID | {"quarters": "4"})
    credit = Credit.objects.get()
    assert (credit.quarters, credit.user, credit.completed_on) == (3, learner, timezone.localdate())
    assert not Report.objects.exists()  # nothing was ticked, so nothing was asked and nothing is reported
    assert re.fullmatch(r"(?:[3-9A-Y]{4}-){3}[3-9A-Y]{4}", credit.number)

    answer = client.get(credit.get_absolute_url())
    said = words(answer.content)
    assert b"/StructTreeRoot" in answer.content
    assert "no-store" in answer["Cache-Control"]
    for text in (
        "Certificate of credit", "Lena Learner, MD", "awarded 0.75 AMA PRA Category 1 Credit™", credit.number,
        "maximum of 1.0 AMA PRA Category 1 Credit™", "Society of Herons", f"testserver/cme/verify/{credit.number}/",
        "Board of Medicine, Florida: 1.0 hours of Birds",
    ):  # fmt: skip
        assert text in said, text
    for stranger in (Client(), signed_in(make_user())):
        assert stranger.get(credit.get_absolute_url()).status_code in (302, 404)

    public = Client().get(credit.verify_path)
    page = public.content.decode()
    for text in ("Valid.", "Lena Learner, MD", "0.75 <i>AMA PRA Category 1 Credit™</i>", "On waiting herons"):
        assert text in page, text
    assert learner.email not in page
    assert 'content="noindex"' in page
    assert "no-store" in public["Cache-Control"]
    typed = Client().get("/cme/verify/", {"number": f" {credit.number.lower().replace('-', ' ')} "})
    assert typed["Location"] == credit.verify_path


def test_certificates_for_other_professions_speak_of_participation() -> None:
    credit = make_credit(profession="other", name="Nora Nurse, RN")
    said = words(signed_in(credit.user).get(credit.get_absolute_url()).content)
    assert "Certificate of participation" in said
    assert "for 0.75 hours. The activity was designated for 1.0 AMA PRA Category 1 Credit™" in said
    assert "awarded" not in said
    assert "Participation, 0.75 hours" in Client().get(credit.verify_path).content.decode()


@pytest.mark.parametrize("quarters", ["5", "0", "-1", "0.5", "x", "", "400"])
def test_a_claim_above_the_most_or_below_a_quarter_is_refused_and_what_was_typed_stays(quarters: str) -> None:
    client, _, path = passed(make_activity())
    page = client.post(path, SAID | {"quarters": quarters, "comment": "Kept words"}).content.decode()
    assert "in quarter steps" in page
    assert "Kept words" in page
    assert page.count("Credit you claim</a>") == 1
    assert not Credit.objects.exists()


def test_what_is_reported_is_asked_for_only_with_the_tick_and_lies_encrypted() -> None:
    activity = make_activity()
    client, _, path = passed(activity)
    wrong = LEARNER | {"birthday": "1970-04-27", "npi": "1234567890", "license_state": "", "last_name": ""}
    page = client.post(path, SAID | wrong).content.decode()
    for text in ("Month and day of birth</a>", "last digit does not fit", "Choose the state", "finds you"):
        assert text in page, text
    assert not Credit.objects.exists()
    client.post(path, SAID | LEARNER)
    report = Report.objects.get()
    assert (report.license_number, report.npi, report.birthday) == ("ME 12345", "1234567893", "04-27")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cme_report")
        raw = str(cursor.fetchall())
    for secret in ("12345", "04-27", "1234567893", "Learner"):
        assert secret not in raw
    client2, _, path2 = passed(activity)
    client2.post(path2, SAID | LEARNER | {"report": ""})
    assert Report.objects.count() == 1


def test_guessing_numbers_finds_nothing_and_ends_soon() -> None:
    credit = make_credit()
    guesser = Client(REMOTE_ADDR="198.51.100.9")
    seen = []
    for guess in range(61):
        number = credit.number[:-4] + "".join("34679ACDEF"[int(digit)] for digit in f"{guess:04}")
        seen.append(guesser.get(f"/cme/verify/{number}/").status_code)
    assert set(seen[:60]) <= {404, 200}
    assert seen[60] == 429
    assert guesser.get(credit.verify_path).status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.10").get(credit.verify_path).status_code == 200
    odd = Client().get("/cme/verify/%3Cscript%3E1/")
    assert (odd.status_code, b"<script>1" in odd.content) == (404, False)


def test_the_transcript_is_by_year_as_page_pdf_and_csv_and_only_the_learners_own() -> None:
    credit = make_credit()
    other = make_credit(make_activity(), credit.user, quarters=4)
    Credit.objects.filter(pk=other.pk).update(
        completed_on="2025-12-31", statements=other.statements | {"title": "=cmd|' /C calc'!A0", "provider": "A\tB"}
    )
    year = credit.completed_on.year
    client = signed_in(credit.user)
    page = client.get("/cme/credits/").content.decode()
    assert page.index(f">{year}<") < page.index(">2025<")
    assert credit.number in page
    said = words(client.get("/cme/credits/2025.pdf").content)
    for text in ("CME transcript 2025", other.number, "1.0", "Total"):
        assert text in said
    assert credit.number not in said
    rows = list(csv.reader(io.StringIO(client.get("/cme/credits/2025.csv").content.decode("utf-8-sig"))))
    assert rows[0][0] == "Completed"
    assert rows[1][1].startswith("'=cmd")
    assert rows[1][-2:] == ["1.00", "valid"]
    for address in ("2024.pdf", "2024.csv", "0.csv", "99999.pdf"):
        assert client.get(f"/cme/credits/{address}").status_code == 404
    stranger = signed_in(make_user())
    assert "No credit yet" in stranger.get("/cme/credits/").content.decode()
    assert stranger.get(f"/cme/credits/{year}.csv").status_code == 404


def test_staff_correct_and_revoke_with_a_reason_and_nothing_is_ever_deleted() -> None:
    credit, staff = make_credit(), make_user()
    claiming.correct(credit, staff, "Married", name="Lena Lerner, MD", quarters=2)
    page = Client().get(credit.verify_path).content.decode()
    assert "Lena Lerner, MD" in page
    assert "It was corrected on" in page
    assert "Married" not in page  # the reason is nobody's business
    row = credit.corrections.get()
    assert (row.before, row.after["quarters"]) == ({"name": "Lena Learner, MD", "quarters": "3"}, "2")
    with pytest.raises(ValueError, match="Nothing"):
        claiming.correct(credit, staff, "Again", quarters=2)
    claiming.revoke(credit, staff, "Somebody else took the test")
    assert "Revoked." in (page := Client().get(credit.verify_path).content.decode())
    assert "Somebody else" not in page
    credit.refresh_from_db()
    client = signed_in(credit.user)
    assert "Revoked. This certificate is no longer valid" in words(client.get(credit.get_absolute_url()).content)
    assert "Total <strong>0.0</strong>" in client.get("/cme/credits/").content.decode()
    with pytest.raises(ValueError, match="already"):
        claiming.revoke(credit, staff, "Again")
    claiming.restore(credit, staff, "Cleared up")
    assert "Valid." in Client().get(credit.verify_path).content.decode()
    with pytest.raises(ProtectedError):
        credit.delete()
    with pytest.raises(ProtectedError):
        credit.user.delete()


def test_an_attempt_that_was_not_passed_cannot_be_claimed_for_by_any_way() -> None:
    activity = make_activity()
    learner = make_learner(activity)
    failed = make_attempt(activity, learner, "AAAAA")
    assert signed_in(learner).post(f"/cme/attempts/{failed.pk}/claim/", SAID).status_code == 404
    with pytest.raises(claiming.NotClaimable):
        claiming.claim(failed, claiming.Claim("L", "physician", 1, 4, "yes"))
    _, _, path = passed(activity)
    assert signed_in(learner).post(path, SAID).status_code == 404
    for quarters in (0, 5):
        with pytest.raises(claiming.NotClaimable, match="quarter steps"):
            claiming.claim(Attempt.objects.get(state="passed"), claiming.Claim("L", "physician", quarters, 4, "yes"))
    assert not Credit.objects.exists()


def test_a_commitment_is_asked_about_once_after_90_days() -> None:
    credit = make_credit(commitment="Look up <twice>")
    make_credit()
    assert follow_up.ask_due() == 0
    due = Commitment.objects.get()
    assert (due.ask_at - due.made_at).days == 90
    Commitment.objects.update(ask_at=timezone.now())
    assert follow_up.ask_due() == 1
    Commitment.objects.update(asked_at=None)  # as if the job had died before it wrote that down
    follow_up.ask_due()
    assert OutgoingMail.objects.filter(key=f"commitment:{due.pk}").count() == 1
    send_unsent()
    send_unsent()
    letters = [letter for letter in mail.outbox if "change" in letter.subject]
    assert len(letters) == 1
    path = f"/cme/credits/{credit.number}/commitment/"
    assert f"http://testserver{path}" in letters[0].body
    assert "Look up <twice>" in letters[0].body
    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert signed_in(make_user()).get(path).status_code == 404
    client = signed_in(credit.user)
    assert "Look up &lt;twice&gt;" in client.get(path).content.decode()
    assert "This field is required" in client.post(path, {"outcome": ""}).content.decode()
    assert client.post(path, {"outcome": "partly", "note": "Hard"})["Location"] == "/cme/credits/"
    assert Commitment.objects.get().outcome == "partly"


def test_who_passed_and_has_not_claimed_is_reminded_once_while_there_is_time() -> None:
    activity, closed = make_activity(), make_activity()
    make_credit(activity)
    waiting, fresh, late = make_learner(activity), make_learner(activity), make_learner(closed)
    for user, of, days in ((waiting, activity, 8), (fresh, activity, 6), (late, closed, 60)):
        attempt = make_attempt(of, user, "BBBBB")
        Attempt.objects.filter(pk=attempt.pk).update(submitted_at=timezone.now() - timedelta(days=days))
    make_attempt(activity, make_learner(activity), "AAAAA")
    Activity.objects.filter(pk=closed.pk).update(status="closed", closed_at=timezone.now() - timedelta(days=40))
    assert follow_up.remind_of_unclaimed() == 1
    assert follow_up.remind_of_unclaimed() == 0
    Attempt.objects.update(reminded_at=None)  # as if the job had died before it wrote that down
    follow_up.remind_of_unclaimed()
    send_unsent()
    (letter,) = mail.outbox
    attempt = Attempt.objects.get(user=waiting)
    assert letter.to == [waiting.email]
    assert f"http://testserver/cme/attempts/{attempt.pk}/claim/" in letter.body
    assert f"Claim it by {claiming.may_claim_until(activity):%B}" in letter.body
    assert signed_in(waiting).get(f"/cme/attempts/{attempt.pk}/claim/").status_code == 200


def test_an_activity_with_its_own_price_is_paid_for_and_opens_no_text(local_stripe) -> None:
    activity = make_activity()
    article = activity.article
    offer = make_offer("cme", article=article, amount=2500)
    make_offer("purchase")
    Activity.objects.filter(pk=activity.pk).update(audience="fee")
    stranger, owner = make_user(), make_learner(activity)
    client, path = signed_in(owner), activity.get_absolute_url()
    page = client.get(path).content.decode()
    assert "Take part for $25.00" in page
    assert f"/offers/{offer.pk}/order/?article={article.pk}&amp;next=%2Fcme%2F{activity.pk}%2F" in page
    assert f"/offers/{offer.pk}/order/" not in signed_in(stranger).get(article.get_absolute_url()).content.decode()
    client.get(buy(client, local_stripe, offer, article))
    right = Entitlement.objects.get(kind="cme")
    assert (right.user, right.article) == (owner, article)
    assert "Begin the test" in client.get(path).content.decode()
    assert client.get(f"/offers/{offer.pk}/order/?article={article.pk}&next={path}")["Location"] == path
    make_right(stranger, article, "cme")
    assert "The article comes first" in signed_in(stranger).get(path).content.decode()
    assert "waits behind the wall" not in signed_in(stranger).get(article.get_absolute_url()).content.decode()
    assert "/accounts/login/" in Client().get(f"/offers/{offer.pk}/order/?article={article.pk}")["Location"]
    assert "CME activity, paid" in client.get("/my-access/").content.decode()
    assert Offer.objects.on_sale_for(article)[0].kind == "purchase"


def test_a_qr_code_is_a_drawing_without_style() -> None:
    drawn = qr_code("https://journal.example.org/cme/verify/7KQ4-9ACM-HXWT-34FJ/")
    assert drawn.startswith("<?xml")
    assert "style=" not in drawn
    assert "<script" not in drawn
