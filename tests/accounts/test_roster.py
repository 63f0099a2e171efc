"""The society's roster: checked line by line, applied whole or not at all, and opening the journal to its members."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import roster
from accounts.models import Member, RosterImport, User
from journal.models import Article
from subscriptions.models import Entitlement
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_user

NEXT_YEAR = timezone.localdate() + timedelta(days=365)
GOOD = (
    f"number;name;until;email\nM-0012;Müller-Łoś, Änne;{NEXT_YEAR};aenne@example.org\n"
    f"m 0013;Ναταλία Παππά;{NEXT_YEAR};\n"
)


@pytest.fixture
def bea(db: None) -> Client:
    return signed_in(make_user("bea@example.org", groups=["Business"], is_staff=True))


def upload(staff: Client, content: bytes | str, **more: str) -> Any:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = "roster.csv"
    return staff.post("/admin/accounts/rosterimport/add/", {"file": file, **more}, follow=True)


def import_it(staff: Client, content: str, **more: str) -> Any:
    page = upload(staff, content, **more)
    return staff.post(page.redirect_chain[-1][0], follow=True)


WRONG = {
    "latin-1": (
        "number,name,until\n1,Anna,2027-01-01\n2,Müller,2027-01-01\n".encode("latin-1"),
        "Line 3 is not UTF-8 (byte 0xFC)",
    ),
    "utf-16 cut off": ("number,name,until".encode("utf-16")[:-1], "begins like UTF-16"),
    "no columns": (b"1,Anna,2027-01-01\n", "Line 1 must name the columns; missing: number, name, until"),
    "a column twice": (b"number,name,name,until\n", "Line 1 names the column name twice"),
    "twice the same": (
        b"number,name,until\nM-1,A,2027-01-01\nm1,B,2027-01-01\n",
        "Line 3: number M1 stands in line 2 already",
    ),
    "no such day": (b"number,name,until\n1,Anna,2027-02-30\n", "Line 2: “2027-02-30” is no day"),
    "a day the other way": (b"number,name,until\n1,Anna,31.12.2027\n", "Line 2: “31.12.2027” is no day"),
    "no number": (b"number,name,until\n ,Anna,2027-01-01\n", "Line 2: the number is missing"),
    "no name": (b"number,name,until\n1,,2027-01-01\n", "Line 2: the name is missing"),
    "an address that is none": (
        b"number,name,until,email\n1,Anna,2027-01-01,anna@@x\n",
        "Line 2: “anna@@x” is no email",
    ),
    "header injection": (b'number,name,until,email\n1,Anna,2027-01-01,"a@b.c\nBcc: x@y.z"\n', "is no email address"),
    "a quotation mark open": (b'number,name,until\n1,"Anna,2027-01-01\n', "quotation mark"),
    "a comma too many": (b"number,name,until\n1,Doe, Jane,2027-01-01\n", "Line 2: 1 more value(s) than columns"),
    "a hidden letter": (
        "number,name,until\n1\u200b2,Anna,2027-01-01\n".encode(),
        "Line 2: it holds characters that cannot be seen",
    ),
    "a NUL": (b"number,name,until\n1,An\x00na,2027-01-01\n", "Line 2 holds a zero byte"),
    "empty": (b"number,name,until\n\n", "The file holds no members"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_line_is_named_and_nothing_is_imported(bea: Client, case: str) -> None:
    content, says = WRONG[case]
    page = upload(bea, content)
    assert says in page.content.decode().replace("&quot;", '"')
    for row in RosterImport.objects.all():
        bea.post(f"/admin/accounts/rosterimport/{row.pk}/check/")
    assert Member.objects.count() == 0


def test_the_dry_run_says_what_it_would_do_and_does_nothing_until_it_is_told_to(bea: Client) -> None:
    page = upload(bea, GOOD)
    assert "2 members: 2 new, 0 changed, 0 as before" in page.content.decode()
    assert Member.objects.count() == 0
    bea.post(page.redirect_chain[-1][0])
    assert set(Member.objects.values_list("number", flat=True)) == {"M0012", "M0013"}
    assert RosterImport.objects.get().content == ""
    changed = GOOD.replace("Παππά", "Παππάς").replace(";", "\t")
    assert "0 new, 1 changed, 1 as before" in upload(bea, ("\ufeff" + changed)).content.decode()
    assert "0 new, 1 changed, 1 as before" in upload(bea, changed.encode("utf-16")).content.decode()


def test_only_business_uploads(bea: Client) -> None:
    sam = signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True))
    assert upload(sam, GOOD).status_code == 403
    import_it(bea, GOOD)
    assert "M0012" in sam.get("/admin/accounts/member/?q=M0012").content.decode()


@pytest.mark.parametrize("name", ["Müller-Łoś", "muller-łoś", "änne müller", "MÜLLER"])
def test_a_member_activates_by_number_and_name_and_reads_until_the_last_day(
    bea: Client, dan: User, article: Article, name: str
) -> None:
    import_it(bea, GOOD)
    browser = signed_in(dan)
    page = browser.post("/membership/", {"number": "m 00-12", "name": name}, follow=True)
    assert "Your membership is active" in page.content.decode()
    assert "As a member, since" in page.content.decode()
    assert SECRET_SENTENCE in browser.get(article.get_absolute_url()).content.decode()
    right = Entitlement.objects.get()
    assert timezone.localdate(right.ends_at - timedelta(seconds=1)) == NEXT_YEAR
    browser.post("/membership/", {"number": "M0012", "name": name})
    assert Entitlement.objects.count() == 1


def test_the_right_follows_the_roster_and_ends_with_it(bea: Client, dan: User, article: Article) -> None:
    import_it(bea, GOOD)
    browser = signed_in(dan)
    browser.post("/membership/", {"number": "M0012", "name": "Müller"})
    later = NEXT_YEAR + timedelta(days=100)
    import_it(bea, f"number,name,until\nM0012,Müller,{later}\n")
    assert timezone.localdate(Entitlement.objects.get().ends_at - timedelta(seconds=1)) == later
    others = f"number,name,until\nM0013,Pappa,{NEXT_YEAR}\n"
    assert "1 ended (1 of them with an account)" in upload(bea, others, is_complete="on").content.decode()
    assert SECRET_SENTENCE in browser.get(article.get_absolute_url()).content.decode()
    import_it(bea, others, is_complete="on")
    assert SECRET_SENTENCE not in browser.get(article.get_absolute_url()).content.decode()


def test_a_number_alone_an_activated_one_and_one_that_ran_out_open_nothing(bea: Client, dan: User, alice: User) -> None:
    import_it(bea, GOOD + "M-9;Old, Olga;2020-01-01;\n")
    roster.activate(alice, "M0013", "Παππά")
    browser = signed_in(dan)
    said = [
        browser.post("/membership/", {"number": number, "name": name}).content.decode()
        for number, name in (("M0012", "Smith"), ("M7777", "Müller"), ("M0012", "m"), ("M0013", "Παππά"), ("M9", "Old"))
    ]
    assert ["We find no membership" in page for page in said] == [True, True, True, False, False]
    assert "active in another account" in said[3]
    assert "ran out on January 1, 2020" in said[4]
    assert not Entitlement.objects.filter(user=dan).exists()
    for _ in range(4):
        answer = browser.post(
            "/membership/", {"number": "M0012", "name": "Müller"} if _ == 3 else {"number": "1", "name": "x"}
        )
    assert answer.status_code == 429
    assert date(2020, 1, 1) == Member.objects.get(number="M9").valid_until


def test_names_of_every_script_are_matched_as_they_are_written() -> None:
    for known, typed in (
        ("王小明", "王小明"), ("Владимир Ильич", "ильич"), ("علي حسن", "حسن"), ("José Núñez", "nunez"),
        ("O'Brien, Seán", "O'Brien"), ("ﬁona", "fiona"), ("İlker Şahin", "şahin"),
    ):  # fmt: skip
        assert roster._is_named(Member(name=known), typed), known
    assert not roster._is_named(Member(name="Anna Berg"), "berg admin")
