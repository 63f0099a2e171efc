"""A library's own page: who sees it, and that it does not exist for anybody else."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from journal.models import Article
from subscriptions import mail
from subscriptions.institutions import seats
from subscriptions.institutions.range_lists import read_list
from subscriptions.models import (
    Institution,
    IPRange,
    LibraryManager,
    Membership,
    OutgoingMail,
    RangeProposal,
    SeatInvitation,
)
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_institution, make_journal, make_right, make_user


@pytest.fixture
def heron(db: None) -> Institution:
    make_journal()
    return make_institution("192.0.2.0/24", name="Heron University")


@pytest.fixture
def libby(heron: Institution) -> User:
    """The librarian of Heron University."""
    user = make_user("libby@heron.example", name="Libby")
    LibraryManager.objects.create(institution=heron, user=user)
    return user


def test_a_librarian_finds_her_own_institution_and_no_other(heron: Institution, libby: User) -> None:
    other = make_institution("198.51.100.0/24", name="Egret College")
    her = signed_in(libby)
    assert her.get("/library/", follow=True).redirect_chain == [(f"/library/{heron.pk}/", 302)]
    assert "Heron University" in her.get(f"/library/{heron.pk}/").content.decode()
    assert her.get(f"/library/{other.pk}/").status_code == 404
    assert signed_in(make_user()).get(f"/library/{heron.pk}/").status_code == 404
    assert Client().get(f"/library/{heron.pk}/")["Location"].startswith("/accounts/login/")
    business = make_user(groups=["Business"], is_staff=True)
    assert signed_in(business).get(f"/library/{other.pk}/").status_code == 200


# --- networks --------------------------------------------------------------------------------------------------------

LIST = (
    "# Heron University, 2026\r\n"
    "203.0.113.0/24 # main campus\r"
    "198.51.100.10-198.51.100.12\n"
    "203.0.113.7\n"
    "198.51.99.10-40; 198.51.98.*\n"
    "2001:4860::/32\n"
    "::ffff:203.0.112.9\n"
    "10.1.0.0/16\n"
    "192.0.2.128/25 // dormitory\n"
)


def test_a_list_is_read_in_every_notation_with_its_line_numbers() -> None:
    entries = {(entry.line, entry.text): entry for entry in read_list("\ufeff" + LIST)}
    networks = [str(network) for entry in entries.values() for network in entry.networks]
    assert networks == [
        "203.0.113.0/24", "198.51.100.10/31", "198.51.100.12/32", "203.0.113.7/32", "198.51.99.10/31",
        "198.51.99.12/30", "198.51.99.16/28", "198.51.99.32/29", "198.51.99.40/32", "198.51.98.0/24",
        "2001:4860::/32", "203.0.112.9/32", "10.1.0.0/16", "192.0.2.128/25",
    ]  # fmt: skip
    assert entries[2, "203.0.113.0/24"].note == "main campus"
    assert entries[9, "192.0.2.128/25"].note == "dormitory"
    assert "Inside 203.0.113.0/24 of line 2." in entries[4, "203.0.113.7"].remarks
    assert any("Private" in remark for remark in entries[8, "10.1.0.0/16"].remarks)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0.0.0.0/0", "Wider than a /8"),
        ("9.0.0.0-10.255.255.255", "Wider than a /8"),
        ("2000::/12", "Wider than a /16"),
        ("127.0.0.1", "loopback"),
        ("239.1.1.1", "multicast"),
        ("192.0.2.300", "Not an address"),
        ("192.0.2.10-300", "go to 255"),
        ("192.000.002.001", "leading zeros"),
        ("198.51.100.40-198.51.100.10", "before the first"),
        ("198.51.100.1-2001:db8::1", "not of the same kind"),
        ("192.*.2.1", "Only the end may vary"),
        ("2001:db8:*", "without a star"),
        ("the whole campus", "Not an address"),
        ("192.0.2.0/33", "Not an address"),
    ],
)
def test_what_is_wrong_with_a_range_is_said(typed: str, said: str) -> None:
    [entry] = read_list(typed)
    assert said in entry.problem
    assert entry.networks == ()


def test_wide_and_repeated_ranges_are_remarked_on() -> None:
    said = [entry.remarks for entry in read_list("8.0.0.0/9\n8.8.0.0-8.8.0.255\n8.8.0.0/24\n8.8.1.77/24\n2600::/24")]
    assert "Wider than a /16" in said[0][0]
    assert said[1:4] == [
        ["Inside 8.0.0.0/9 of line 1."],
        ["Stands in line 2 already."],
        ["Taken as the network 8.8.1.0/24.", "Inside 8.0.0.0/9 of line 1."],
    ]
    assert "Wider than a /32" in said[4][0]


def test_a_librarian_proposes_a_list_and_staff_take_it(heron: Institution, libby: User) -> None:
    """Looked at, sent, decided, counted; a list with a mistake is never taken, not even in part."""
    make_institution("203.0.113.128/25", name="Egret College")
    her, bea = signed_in(libby), signed_in(make_user(groups=["Business"], is_staff=True))
    page = f"/library/{heron.pk}/networks/"
    wrong = her.post(page, {"listed": LIST + "192.0.2.300\n", "mode": "replace", "send": ""}).content.decode()
    assert "1 line to correct" in wrong
    assert 'name="send"' not in wrong
    seen = her.post(page, {"listed": LIST, "mode": "replace", "look": ""}).content.decode()
    assert "14 networks appear, 1 disappears, 0 stay" in seen
    assert "Meets Egret College&#x27;s 203.0.113.128/25." in seen
    digest = re.search(r'name="digest" value="(\w+)"', seen)[1]  # type: ignore[index]
    assert her.post(page, {"listed": LIST, "mode": "replace", "digest": digest, "send": ""}).status_code == 302
    assert her.post(page, {"listed": "8.8.8.8", "mode": "add", "send": ""}).status_code == 200  # one waits already
    proposal = RangeProposal.objects.get()
    assert list(heron.ranges.values_list("network", flat=True)) == ["192.0.2.0/24"]
    decide = f"/admin/subscriptions/rangeproposal/{proposal.pk}/decide/"
    assert "Meets Egret College" in bea.get(decide).content.decode()
    IPRange.objects.create(institution=heron, network="203.0.112.0/24")
    assert "Look again" in bea.post(decide, {"action": "accept", "digest": digest}).content.decode()
    digest = re.search(r'name="digest" value="(\w+)"', bea.get(decide).content.decode())[1]  # type: ignore[index]
    assert bea.post(decide, {"action": "accept", "digest": digest}).status_code == 302
    stored = set(heron.ranges.values_list("network", flat=True))
    assert len(stored) == 14
    assert "192.0.2.0/24" not in stored
    assert heron.ranges.get(network="203.0.113.0/24").note == "main campus"
    assert OutgoingMail.objects.filter(key=f"ranges-decided:{proposal.pk}", to=libby.email).exists()


def test_staff_import_a_file_and_undo_a_change(heron: Institution) -> None:
    bea = signed_in(make_user(groups=["Business"], is_staff=True))
    page = f"/admin/subscriptions/institution/{heron.pk}/networks/"
    file = io.BytesIO("8.8.4.0/24 # café\r\n8.8.8.*".encode("utf-16"))
    file.name = "ranges.txt"
    seen = bea.post(page, {"file": file, "mode": "add", "look": ""}).content.decode()
    digest = re.search(r'name="digest" value="(\w+)"', seen)[1]  # type: ignore[index]
    lines = "8.8.4.0/24 # café\r\n8.8.8.*"
    assert bea.post(page, {"listed": lines, "mode": "add", "digest": "x", "apply": ""}).status_code == 200
    assert heron.ranges.count() == 1
    assert bea.post(page, {"listed": lines, "mode": "add", "digest": digest, "apply": ""}).status_code == 302
    assert sorted(heron.ranges.values_list("network", "note"))[1] == ("8.8.4.0/24", "café")
    assert "8.8.4.0/24 # café" in bea.get(page).content.decode()
    picture = io.BytesIO(b"\x89PNG\xff")
    picture.name = "x.png"
    assert "not a text file" in bea.post(page, {"file": picture, "mode": "add"}).content.decode()
    assert "Type the networks" in bea.post(page, {"listed": " ", "mode": "add"}).content.decode()
    assert signed_in(make_user(groups=["Support"], is_staff=True)).get(page).status_code == 403


@pytest.mark.parametrize(
    ("proxies", "headers", "reads"),
    [
        (0, {"REMOTE_ADDR": "192.0.2.7"}, True),
        (0, {"REMOTE_ADDR": "8.8.8.8", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, False),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7, 8.8.8.8"}, False),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "8.8.8.8, ::ffff:192.0.2.7"}, True),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7, 8.8.8.8, 10.0.0.2"}, False),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, False),
        (1, {"REMOTE_ADDR": "192.0.2.7"}, False),
        (0, {"REMOTE_ADDR": "::ffff:c000:207"}, True),
    ],
)
def test_only_the_proxies_we_trust_name_the_reader_s_network(
    heron: Institution, article: Article, settings: Any, proxies: int, headers: dict[str, str], reads: bool
) -> None:
    make_right(heron, article.journal)
    settings.TRUSTED_PROXY_COUNT = proxies
    page = Client(**headers).get(article.get_absolute_url()).content.decode()
    assert (SECRET_SENTENCE in page) is reads
    assert ("Access provided by <strong>Heron University</strong>" in page) is reads


# --- seats -----------------------------------------------------------------------------------------------------------


def invited(email: str, heron: Institution, client: Client) -> str:
    """Invite, send the mail, and return the path of the link in it."""
    answer = client.post(f"/library/{heron.pk}/readers/", {"email": email})
    assert answer.status_code == 302, answer.content.decode()
    mail.send_unsent()
    return re.search(r"(/seat/\S+)", outbox()[-1].body)[1]  # type: ignore[index]


def outbox() -> list[Any]:
    from django.core.mail import outbox as sent

    return sent


def test_a_reader_is_invited_accepts_reads_and_gives_the_seat_back(
    heron: Institution, libby: User, article: Article
) -> None:
    heron.seats = 1
    heron.save()
    make_right(heron, article.journal)
    her, dan = signed_in(libby), make_user("dan@example.org")
    link = invited("dan@heron.example", heron, her)
    assert "All seats are taken" in her.post(f"/library/{heron.pk}/readers/", {"email": "eve@x.org"}).content.decode()
    assert "Sign in" in Client().get(link).content.decode()  # a mail scanner, too: nothing happens
    assert Client().post(link).status_code == 200
    assert not Membership.objects.exists()
    his = signed_in(dan)
    assert "dan@example.org" in his.get(link).content.decode()
    assert his.post(link).status_code == 302
    page = his.get(article.get_absolute_url()).content.decode()
    assert SECRET_SENTENCE in page
    assert "Access provided by <strong>Heron University</strong>" in page
    assert "already" in his.get(link).content.decode()
    assert "This invitation has ended" in signed_in(make_user()).post(link).content.decode()
    assert Client().get(link[:-3] + "abc/").status_code == 404
    member = Membership.objects.get()
    stranger = make_institution("8.8.8.0/24", name="Egret College")
    LibraryManager.objects.create(institution=stranger, user=(other := make_user()))
    end = f"/readers/{member.pk}/end/"
    for path in (f"/library/{heron.pk}{end}", f"/library/{stranger.pk}{end}"):
        assert signed_in(other).post(path).status_code == 404
    assert her.post(f"/library/{heron.pk}{end}").status_code == 302
    assert SECRET_SENTENCE not in his.get(article.get_absolute_url()).content.decode()
    link = invited("eve@x.org", heron, her)
    invitation = heron.invitations.open().get()
    assert her.post(f"/library/{heron.pk}/invitations/{invitation.pk}/withdraw/").status_code == 302
    assert "This invitation has ended" in his.get(link).content.decode()
    assert "1 of 1 free" in her.get(f"/library/{heron.pk}/readers/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_who_want_the_last_seat_do_not_both_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two librarians invite and two readers accept, each pair at the same moment: neither writes before both looked."""
    monkeypatch.setattr(seats.letters, "invitation", after_both_looked(seats.letters.invitation))
    monkeypatch.setattr(seats, "_seat", after_both_looked(seats._seat))
    institution = make_institution(seats=1)
    make_journal()
    librarian = make_user()
    rows = together(lambda n: seats.invite(institution, f"r{n}@x.org", librarian))
    assert sorted(type(row).__name__ for row in rows) == ["NoSeatFree", "SeatInvitation"]
    second = SeatInvitation.objects.create(institution=institution, email="late@x.org")
    first = SeatInvitation.objects.exclude(pk=second.pk).get()
    readers = [make_user(), make_user()]
    rows = together(lambda n: seats.accept([first, second][n], readers[n]))
    assert sorted(type(row).__name__ for row in rows) == ["Membership", "NoSeatFree"]
    assert seats.taken(institution) == 1


def after_both_looked(write: Callable[..., Any]) -> Callable[..., Any]:
    """Waits for the other one, as long as they are let through; where one is locked out, for half a second."""
    both = Barrier(2)

    def wrapped(*args: Any) -> Any:
        with suppress(BrokenBarrierError):
            both.wait(0.5)
        return write(*args)

    return wrapped


def together(act: Callable[[int], Any]) -> list[Any]:
    """Do the same twice at once; each result, or the exception it raised."""
    barrier = Barrier(2)

    def one(number: int) -> Any:
        try:
            barrier.wait()
            return act(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


# --- the link resolver -----------------------------------------------------------------------------------------------


def test_a_library_s_link_stands_beside_each_article_for_its_readers_alone(
    heron: Institution, libby: User, article: Article
) -> None:
    her = signed_in(libby)
    page = f"/library/{heron.pk}/resolver/"
    assert "Enter a valid URL" in her.post(page, {"resolver_url": "javascript:alert(1)"}).content.decode()
    told = {"resolver_url": "https://find.heron.example/openurl?sid=x", "resolver_label": "Find it at Heron"}
    assert her.post(page, told).status_code == 302
    assert "rft_id=info%3Adoi%2F" in her.get(page).content.decode()
    campus, elsewhere = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="8.8.8.8")
    denied = campus.get(article.get_absolute_url()).content.decode()
    assert SECRET_SENTENCE not in denied
    assert "https://find.heron.example/openurl?sid=x&amp;url_ver=Z39.88-2004" in denied
    assert "rft.atitle=On+waiting+herons" in denied
    assert "Find it at Heron" not in elsewhere.get(article.get_absolute_url()).content.decode()
    make_right(heron, article.journal)
    granted = campus.get(article.get_absolute_url()).content.decode()
    assert SECRET_SENTENCE in granted
    assert "Find it at Heron" in granted
