"""The audit log: everything staff do stands in it, nobody changes it, and what law asks for is done to its words."""

import csv
import io
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import privacy
from accounts.models import Erasure, Member, RosterImport, User
from desk.models import AuditEntry, Note
from journal.models import Article
from journal.topic_models import Topic
from subscriptions import merging
from subscriptions.models import RightChange
from tests.admin.acting import WHY, do
from tests.admin.said import messages_of, text_of
from tests.conftest import signed_in
from tests.make import make_right, make_user

pytestmark = pytest.mark.django_db
LOG = "/admin/desk/auditentry/"


@pytest.fixture
def ada(db: None) -> Client:
    return signed_in(make_user("ada@example.org", groups=["Administrator"], is_staff=True, name="Ada"))


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement)
    except ProgrammingError:
        return True
    return False


def test_no_code_page_or_statement_changes_or_deletes_an_entry(root: Client, sam: Client, dan: User) -> None:
    entry = do(sam, dan, "hold", why="review")
    for statement in (
        "UPDATE desk_auditentry SET reason = 'another'",
        "UPDATE desk_auditentry SET at = now()",
        "UPDATE desk_auditentry SET erased_at = now(), about = '', reason = '', effect = '', undo = '{}'",
        "DELETE FROM desk_auditentry",
        "TRUNCATE desk_auditentry CASCADE",
    ):
        assert refused(statement), statement
    for page in ("change", "delete"):
        assert root.post(f"{LOG}{entry.pk}/{page}/", {"reason": "x", "post": "yes"}).status_code == 403
    assert root.get(f"{LOG}add/").status_code == 403
    assert "delete_selected" not in root.get(LOG).content.decode()
    assert AuditEntry.objects.get().reason == WHY


def test_every_change_in_the_admin_stands_in_the_log_with_whom_it_was_about(
    sam: Client, edith: Client, dan: User, article: Article
) -> None:
    right = make_right(dan, article)
    page = f"/admin/subscriptions/entitlement/{right.pk}/end/"
    sam.post(page, {"action": "revoke", "reason": "The wrong person"})
    entry = AuditEntry.objects.get()
    assert (entry.by.email, entry.person, entry.row()) == ("sam@example.org", dan, right)
    assert entry.effect == "Revoked: The wrong person"
    topics = [Topic.objects.create(name=name, slug=name) for name in ("one", "two")]
    data = {"action": "delete_selected", "_selected_action": [topic.pk for topic in topics], "post": "yes"}
    assert edith.post("/admin/journal/topic/", data).status_code == 302
    deleted = AuditEntry.objects.filter(action="delete topic")
    assert {(entry.about, entry.by.email) for entry in deleted} == {(n, "edith@example.org") for n in ("one", "two")}


def test_whoever_is_touched_by_a_deed_on_many_finds_it_in_their_own_history(
    bea: Client, root: Client, sam: Client, dan: User, alice: User
) -> None:
    """A roster, and several rows deleted at once."""
    until = timezone.localdate() + timedelta(days=9)
    for number, user in (("P1", dan), ("P2", alice), ("P3", None)):
        Member.objects.create(number=number, name=f"Member {number}", valid_until=until, user=user)
    lines = "number,name,until\nP1,Member P1,2030-01-01\n"
    roster = RosterImport.objects.create(name="may.csv", content=lines, is_complete=True)
    assert bea.post(f"/admin/accounts/rosterimport/{roster.pk}/check/").status_code == 302
    applied = AuditEntry.objects.filter(action="change member")
    assert set(applied.values_list("person__email", "effect")) == {
        ("dan@example.org", "By the roster may.csv."), ("alice@example.org", "By the roster may.csv."),
    }  # fmt: skip
    assert AuditEntry.objects.get(action="change roster").effect.startswith("Applied: 0 new, 1 changed")
    factors = [Authenticator.objects.create(user=user, type="totp", data={}) for user in (dan, alice)]
    data = {"action": "delete_selected", "_selected_action": [one.pk for one in factors], "post": "yes"}
    assert root.post("/admin/mfa/authenticator/", data).status_code == 302
    deleted = AuditEntry.objects.filter(action="delete authenticator")
    assert set(deleted.values_list("person__email", flat=True)) == {"dan@example.org", "alice@example.org"}
    said = text_of(sam.get(f"/admin/desk/people/{dan.pk}/", {"source": "staff"}))
    assert "bea@example.org: Change member: By the roster may.csv." in said
    assert "root@example.org: Delete authenticator" in said


def test_an_account_can_be_deleted_and_the_log_says_so(root: Client, alice: User) -> None:
    gone = make_user("gone@example.org")
    assert root.post(f"/admin/accounts/user/{gone.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=gone.pk).exists()
    entry = AuditEntry.objects.get()
    assert (entry.about, entry.person, entry.thing) == ("gone@example.org", None, f"accounts.user:{gone.pk}")


def test_the_log_is_searched_and_exported_and_the_export_is_in_it(
    ada: Client, sam: Client, dan: User, alice: User
) -> None:
    entry = do(sam, dan, "hold", why="review")
    do(sam, alice, "hold", why="staff")
    AuditEntry.objects.create(action="download", about="=cmd()", by=User.objects.get(email="sam@example.org"))
    for words in ("dan@", "sam@example.org", "knew the order number", entry.request_id):
        assert "dan@example.org" in text_of(ada.get(LOG, {"q": words}))
    assert "alice@" not in text_of(ada.get(LOG, {"q": "dan@example.org"}))
    answer = ada.get(f"{LOG}audit-log.csv", {"q": "sam@example.org"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[0][:4] == ["when", "who", "what", "on whom"]
    assert {row[3] for row in rows[1:]} == {"", "alice@example.org", "dan@example.org"}
    assert "'=cmd()" in {row[4] for row in rows}
    newest = AuditEntry.objects.latest("pk")
    assert (newest.action, newest.by.email, newest.about) == ("download", "ada@example.org", "audit-log.csv")
    assert sam.get(f"{LOG}audit-log.csv").status_code == 403
    assert "audit-log.csv" not in text_of(sam.get(LOG))  # support sees what was done to readers
    assert "dan@example.org" in text_of(sam.get(LOG))


def test_a_list_of_many_entries_asks_as_much_as_one_of_few(
    ada: Client, dan: User, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    for number in range(30):
        AuditEntry.objects.create(action="hold", by=dan, person=make_user(), about=str(number))
    with django_assert_max_num_queries(14):
        ada.get(LOG)


def test_a_note_is_never_edited_and_struck_once_with_a_reason(sam: Client, edith: Client, dan: User) -> None:
    page = f"/admin/desk/people/{dan.pk}/"
    sam.post(f"{page}notes/", {"text": "Prefers to be called\nafter five."})
    note = Note.objects.get()
    assert "Prefers to be called" in text_of(sam.get(page))
    assert "Write something" in messages_of(sam.post(f"{page}notes/", {"text": " "}, follow=True))
    assert edith.post(f"{page}notes/", {"text": "x"}).status_code == 403
    assert refused("UPDATE desk_note SET text = 'Never calls.'")
    strike = f"/admin/desk/notes/{note.pk}/strike/"
    assert "Write why it is struck" in text_of(sam.post(strike, {"reason": ""}))
    sam.post(strike, {"reason": "That was Dana"})
    said = text_of(sam.get(page))
    assert "struck by sam@example.org: That was Dana" in said and "Prefers to be called" in said
    assert "struck already" in messages_of(sam.post(strike, {"reason": "Again"}, follow=True))
    assert refused("UPDATE desk_note SET strike_reason = 'Another'")
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["note", "strike_note"]


def test_merging_takes_notes_along_and_leaves_the_log_where_it_happened(sam: Client, alice: User) -> None:
    old = make_user("old@example.org")
    sam.post(f"/admin/desk/people/{old.pk}/notes/", {"text": "Called"})
    merging.merge(alice, old)
    assert Note.objects.get().person == alice
    assert AuditEntry.objects.get().person == old


def test_who_was_erased_is_a_number_in_the_log_and_in_no_note(sam: Client, dan: User) -> None:
    sam.post(f"/admin/desk/people/{dan.pk}/notes/", {"text": "Dan is a pilot"})
    do(sam, dan, "change_email", email="pilot@example.org", sessions="keep")
    told = privacy.make_copy(dan)
    assert len(told) > 200
    assert "pilot" in str([row for part in privacy._parts for row in part.tables(dan).get("notes_of_staff", [])])
    dan.refresh_from_db()
    privacy.erase(Erasure.objects.create(user=dan, due_at=timezone.now() - timedelta(days=1)))
    entries = AuditEntry.objects.filter(person=dan)
    assert [(entry.action, entry.about, entry.effect, entry.undo) for entry in entries] == [
        ("change_email", "", "", {}),
        ("note", "", "", {}),
    ]
    assert not Note.objects.exists()
    assert "pilot" not in text_of(sam.get(LOG)) and "Change the email address" in text_of(sam.get(LOG))
    assert any("our staff did something" in words for words in Erasure.objects.get().kept)


def test_what_is_said_of_a_person_is_in_their_copy_and_goes_with_them_from_every_log(
    sam: Client, ada: Client, dan: User, article: Article
) -> None:
    """Also what stayed with an account that was merged into theirs, and Django's own log of their rows."""
    old = make_user("pilot.old@example.org")
    right = make_right(old, article, reason="Asked by the pilot’s club")
    do(sam, old, "revoke", right=right.pk)
    merging.merge(dan, old)
    sam.post(f"/admin/subscriptions/entitlement/{right.pk}/end/", {"action": "give_back", "reason": "The pilot called"})
    do(sam, dan, "revoke", right=right.pk)
    ada.get(f"{LOG}audit-log.csv", {"q": "dan@example.org"})
    copy = {name: rows for part in privacy._parts for name, rows in part.tables(dan).items()}
    assert [row["action"] for row in copy["done_by_staff"]].count("revoke") == 2
    assert {row["doi"] for row in copy["changes_of_rights"]} == {article.doi}
    assert len(copy["changes_of_rights"]) == 4  # revoked, came along, given back, revoked
    assert any("our staff did something" in words for words in privacy.kept_by_law(dan))
    privacy.erase(Erasure.objects.create(user=dan, due_at=timezone.now() - timedelta(days=1)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for words in ("pilot", "dan@example.org", WHY):
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{words}%"])  # noqa: S608
                assert cursor.fetchone() == (0,), (table, words)
    assert not RightChange.objects.exists()
    assert AuditEntry.objects.filter(person__in=(dan, old), action="revoke", erased_at__isnull=False).count() == 2
    assert refused("UPDATE desk_auditentry SET reason = 'another'")


def test_an_administrator_gives_roles_and_becomes_no_superuser(ada: Client, root: Client) -> None:
    boss = User.objects.get(email="root@example.org")
    me = User.objects.get(email="ada@example.org")
    page = f"/admin/accounts/user/{me.pk}/change/"
    support = Group.objects.get(name="Support").pk
    ada.post(page, {"name": "Ada", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [support]})
    me.refresh_from_db()
    assert (me.is_superuser, list(me.groups.values_list("name", flat=True))) == (False, ["Support"])
    me.groups.set(Group.objects.filter(name="Administrator"))
    theirs = f"/admin/accounts/user/{boss.pk}"
    assert ada.post(f"{theirs}/change/", {"name": "Mine", "is_active": "on"}).status_code == 403
    assert ada.get(f"{theirs}/password/").status_code == 403
    assert ada.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
    assert not Permission.objects.filter(user=me).exists()
    assert "Librarian" in text_of(root.get("/admin/auth/group/"))
    assert "Helps readers" in text_of(ada.get("/admin/auth/group/"))
    role = Group.objects.get(name="Editor")
    assert root.post(f"/admin/auth/group/{role.pk}/change/", {"name": "Readers"}).status_code == 403
