"""A learner's copy holds their credit, and being forgotten leaves what accreditors have us keep, and no more."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.utils import timezone

from accounts import privacy
from accounts.models import Erasure, User
from cme.models import Attempt, Opening, Report
from tests.cme.make import BODY, make_activity, make_attempt, make_credit, make_learner
from tests.make import make_article


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def test_the_copy_holds_credit_and_certificate_and_erasing_keeps_the_credit_alone(db: None) -> None:
    activity = make_activity()
    lena = make_learner(activity)
    credit = make_credit(activity, lena)
    other = make_activity(make_article(title="On cranes", body=BODY))
    make_attempt(other, lena)
    report = Report.objects.create(
        credit=credit, consented_at=timezone.now(), state="queued", first_name="Lena", license_number="FL 12345"
    )
    archive = zipfile.ZipFile(io.BytesIO(privacy.make_copy(lena)))
    told = json.loads(archive.read("everything.json"))
    assert told["cme_credits"][0]["number"] == credit.number
    assert told["cme_reports"][0]["license_number"] == "FL 12345"
    assert len(told["cme_attempts"]) == 2
    assert archive.read(f"certificates/{credit.number}.pdf").startswith(b"%PDF")
    with pytest.raises(privacy.CannotErase, match="on its way to the accreditor"):
        privacy.ask_to_erase(lena)
    Report.objects.update(state="accepted")
    wish = privacy.ask_to_erase(lena)
    assert "six years" in " ".join(privacy.kept_by_law(lena))
    privacy.erase(wish)
    assert "six years" in " ".join(Erasure.objects.get().kept)
    credit.refresh_from_db()
    report.refresh_from_db()
    assert credit.name == "Lena Learner, MD"
    assert (report.first_name, report.license_number) == ("", "")
    assert (Opening.objects.count(), Attempt.objects.count()) == (0, 1)
    assert User.objects.get(pk=lena.pk).name == ""
