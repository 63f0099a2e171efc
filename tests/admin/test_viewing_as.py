"""Staff who look as a reader: they see what the reader sees, do nothing, gain nothing, and leave no trace as them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import SignInIncident, User
from cme.models import Opening
from desk import viewing_as
from desk.models import AuditEntry
from desk.tasks import end_viewing
from journal.models import Article
from subscriptions.counter.recording import buffer
from subscriptions.models import Entitlement, LibraryManager, Order
from tests.admin.acting import WHY, address, confirm, do, look
from tests.admin.said import text_of
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_offer, make_right, make_user

pytestmark = pytest.mark.django_db
HOME = "/my-access/"
ACTIVITY = {
    "id": 1,
    "renters": True,
    "title": "x",
    "quarters": 4,
    "minimum": 80,
    "from": "2020-01-01",
    "until": "2999-01-01",
}
BANNER = "You see the site as dan@example.org until"


@pytest.fixture
def looking(sam: Client, dan: User) -> Client:
    """Sam, looking at the site as Dan."""
    do(sam, dan, "view_as")
    return sam


def ended(entry: AuditEntry) -> str:
    return AuditEntry.objects.get(undoes=entry).effect


def at_start() -> AuditEntry:
    return AuditEntry.objects.get(action="view_as")


def later(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr("desk.viewing_as.timezone.now", lambda: now)


def test_staff_see_what_the_reader_sees_with_a_banner_and_no_trace_as_the_reader(
    looking: Client, dan: User, article: Article
) -> None:
    Article.objects.update(activity=ACTIVITY)
    other = make_article()
    right = make_right(dan, article)
    waits = make_right(dan, other, "rental")
    make_right(make_institution("127.0.0.0/8"), make_article(doi="10.5555/net"))
    Order.objects.create(
        guest_email=dan.email, offer=make_offer(active=False), kind="purchase", article=other, journal=other.journal,
        amount=1, currency="usd", description="x", state="paid",
    )  # fmt: skip
    make_offer()
    buffer.waiting.clear()
    page = looking.get(article.get_absolute_url())
    html = page.content.decode()
    assert SECRET_SENTENCE in html and BANNER in text_of(page)
    assert html.index("viewing-banner") > html.index("<body")
    assert page["Cache-Control"] == "private, no-store"
    assert int(page.get("Content-Length", len(page.content))) == len(page.content)
    assert "On waiting herons" in text_of(looking.get(HOME))
    assert SECRET_SENTENCE not in looking.get(other.get_absolute_url()).content.decode()
    assert SECRET_SENTENCE not in looking.get("/doi/10.5555/net/").content.decode()  # the staff's own network
    assert BANNER in text_of(looking.get("/no/such/page/"))
    assert (Opening.objects.count(), len(buffer.waiting), SignInIncident.objects.count()) == (0, 0, 0)
    waits.refresh_from_db()
    dan.refresh_from_db()
    assert (waits.opened_at, dan.last_login) == (None, None)
    assert BANNER not in text_of(signed_in(dan).get(HOME))
    assert Opening.objects.count() == 0
    signed_in(dan).get(article.get_absolute_url())
    assert (Opening.objects.count(), len(buffer.waiting)) == (1, 1)  # the same page, by the reader
    assert right.pk


def test_nothing_can_be_done_as_the_reader(looking: Client, dan: User, article: Article) -> None:
    rental = make_right(dan, article, "rental")
    for path in (f"/rentals/{rental.pk}/start/", "/account/profile/", "/accounts/logout/", "/admin/accounts/user/add/"):
        for method in (looking.post, looking.options):
            answer = method(path)
            assert (answer.status_code, "Nothing was done" in text_of(answer)) == (403, True), path
        assert {method(path).status_code for method in (looking.put, looking.patch, looking.delete)} == {405}
    rental.refresh_from_db()
    assert rental.opened_at is None


PRIVATE = (
    "/accounts/email/", "/accounts/2fa/", "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/download/",
    "/accounts/password/change/", "/accounts/orcid/login/callback/", "/accounts/sessions/", "/account/profile/",
    "/account/privacy/", "/account/privacy/copy/1/everything.zip", "/account/merge/", "/gifts/", "/library/",
    "/my-access/card/changed/", "/saved/", "/cme/credits/2026.pdf", "/doi/10.5555/test.1/article.pdf",
)  # fmt: skip


def test_what_only_the_reader_may_open_is_not_shown(looking: Client) -> None:
    for path in PRIVATE:
        answer = looking.get(path)
        assert (answer.status_code, "This page is not shown to you" in text_of(answer)) == (403, True), path


def test_the_admin_stays_the_staffs_own(looking: Client, dan: User) -> None:
    page = looking.get("/admin/")
    assert page.context["user"].email == "sam@example.org"
    assert BANNER in text_of(page)
    assert looking.get("/admin/auth/group/").status_code == 403  # no more than support


def test_it_ends_by_the_button_and_stands_in_the_log(looking: Client, dan: User) -> None:
    entry = at_start()
    assert (entry.reason, entry.person) == (WHY, dan)
    answer = looking.post("/admin/desk/viewing/end/", follow=True)
    assert "as yourself again" in text_of(answer)
    assert looking.get("/my-access/").context["user"].email == "sam@example.org"
    end = AuditEntry.objects.get(undoes=entry)
    assert (end.by.email, end.effect, end.person) == ("sam@example.org", viewing_as.BY_STAFF, dan)


def test_it_ends_by_itself_after_fifteen_minutes(looking: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'desk.end_viewing'")
        ((scheduled,),) = cursor.fetchall()
    assert scheduled == at_start().at + timedelta(minutes=15)
    later(14, monkeypatch)
    assert BANNER in text_of(looking.get(HOME))
    later(15, monkeypatch)
    answer = looking.get(HOME)
    assert (answer.status_code, "as yourself again" in text_of(answer)) == (403, True)
    assert ended(at_start()) == viewing_as.BY_ITSELF
    assert looking.get(HOME).context["user"].email == "sam@example.org"
    end_viewing(at_start().pk)
    assert AuditEntry.objects.filter(undoes=at_start()).count() == 1


def test_the_clock_ends_it_also_where_the_browser_was_closed(looking: Client) -> None:
    end_viewing(at_start().pk)
    assert ended(at_start()) == viewing_as.BY_ITSELF
    assert looking.get(HOME).status_code == 403


def test_it_ends_at_once_when_either_is_not_who_they_were(looking: Client, dan: User) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True)
    assert looking.get(HOME).status_code == 403
    assert looking.get(HOME).context["user"].email == "sam@example.org"


def test_whoever_loses_the_role_or_lacks_the_factor_looks_no_more(looking: Client, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    assert looking.get(HOME).status_code == 403


def test_a_forged_cookie_and_another_agents_entry_open_nothing(sam: Client, dan: User, alice: User) -> None:
    other = signed_in(make_user("bob@example.org", groups=["Support"], is_staff=True))
    do(other, dan, "view_as")
    sam.cookies[viewing_as.COOKIE] = "1"
    assert sam.get(HOME).context["user"].email == "sam@example.org"
    session = sam.session
    session[viewing_as.STATE] = at_start().pk
    session.save()
    sam.cookies[viewing_as.COOKIE] = "1"
    assert sam.get(HOME).status_code == 403
    reader = signed_in(alice)
    reader.cookies[viewing_as.COOKIE] = "1"
    assert reader.get(HOME).context["user"] == alice


def test_nobody_looks_as_staff_as_a_librarian_or_as_somebody_with_a_role(sam: Client, edith: Client, dan: User) -> None:
    librarian, former = make_user("lib@example.org"), make_user("former@example.org", groups=["Editor"])
    LibraryManager.objects.create(user=librarian, institution=make_institution())
    for person in (librarian, former):
        assert "looks after a library" in text_of(look(sam, person, "view_as"))
    boss = make_user("boss@example.org", is_staff=True)
    held = make_user("held@example.org", is_active=False)
    for person in (boss, held):
        assert "Only as a reader whose account is active" in text_of(look(sam, person, "view_as"))
    assert edith.get(address(dan, "view_as")).status_code == 403
    assert not AuditEntry.objects.exists()


def test_beginning_another_look_ends_the_first(sam: Client, dan: User, alice: User) -> None:
    first = do(sam, dan, "view_as")
    sam.cookies.pop(viewing_as.COOKIE)  # another tab's page cannot be posted while looking
    shown = look(sam, alice, "view_as")
    confirm(sam, alice, "view_as", shown)
    assert ended(first) == viewing_as.BEGUN_ANEW
    assert "alice@example.org" in text_of(sam.get(HOME))
    assert Entitlement.objects.filter(user=alice).exists()


def test_pages_of_everybody_else_ask_nothing_more(dan: User, article: Article) -> None:
    answer = signed_in(dan).get(article.get_absolute_url())
    assert b"viewing" not in answer.content
