"""Who may do what: the matrix of roles, and that the groups hold exactly it."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from accounts.roles import ROLES, make_groups
from accounts.second_factor import SecondFactorAdapter
from desk.actions import ACTIONS
from tests.accounts.steps import set_up_totp
from tests.admin.said import text_of
from tests.conftest import signed_in
from tests.make import make_institution, make_user

pytestmark = pytest.mark.django_db
HEADS = ("Support", "Editor", "Business", "Education", "Administrator")
# Each page of the admin: may a role open its list (view), and add rows (add)? Each action of the desk: may it (yes)?
MATRIX = """
account/emailaddress             -        -        -        -        view
accounts/accountmerge            view     -        -        -        view
accounts/erasure                 view     -        -        -        view
accounts/member                  view     -        view     -        view
accounts/rosterimport            -        -        add      -        add
accounts/servicecenter           view     -        add      -        add
accounts/signinincident          view     -        -        -        view
accounts/user                    view     -        -        -        add
admin/logentry                   -        -        -        -        view
auth/group                       -        -        -        -        view
cme/activity                     view     -        -        add      add
cme/attempt                      view     -        -        view     view
cme/commitment                   -        -        -        view     view
cme/credit                       view     -        -        view     view
cme/provider                     view     -        -        add      add
cme/report                       view     -        -        view     view
desk/auditentry                  view     -        -        -        view
desk/note                        view     -        -        -        view
journal/alertmail                view     -        -        -        view
journal/article                  view     add      view     view     add
journal/collection               -        add      -        -        add
journal/elsewhere                -        add      -        -        add
journal/importbatch              -        view     -        -        view
journal/issue                    view     add      view     view     add
journal/journal                  view     view     view     view     view
journal/recipient                view     -        -        -        view
journal/section                  view     add      view     view     add
journal/topic                    -        add      -        -        add
mfa/authenticator                -        -        -        -        view
procrastinate/procrastinatejob   -        -        -        -        -
subscriptions/accesscode         view     -        view     -        view
subscriptions/accesscodebatch    view     -        add      -        add
subscriptions/consent            view     -        -        -        view
subscriptions/credit             view     -        -        -        view
subscriptions/creditnote         view     -        -        -        view
subscriptions/dispute            view     -        -        -        view
subscriptions/downloadquestion   view     -        -        -        view
subscriptions/entitlement        add      -        -        -        add
subscriptions/finding            view     -        -        -        view
subscriptions/fraudwarning       view     -        -        -        view
subscriptions/giftlink           view     -        -        -        view
subscriptions/institution        view     -        add      -        add
subscriptions/institutionsignin  view     -        add      -        add
subscriptions/offer              view     -        add      -        add
subscriptions/order              view     -        -        -        view
subscriptions/outgoingmail       view     -        -        -        view
subscriptions/payment            view     -        -        -        view
subscriptions/policy             view     -        view     -        view
subscriptions/pricechange        view     -        add      -        add
subscriptions/pricenotice        view     -        view     -        view
subscriptions/rangeproposal      view     -        view     -        view
subscriptions/receipt            view     -        -        -        view
subscriptions/reconciliation     view     -        -        -        view
subscriptions/refund             view     -        -        -        view
subscriptions/sitelicense        view     -        add      -        add
subscriptions/stripecustomer     view     -        -        -        view
subscriptions/stripeevent        view     -        -        -        view
subscriptions/subscription       view     -        -        -        view
subscriptions/synctarget         view     -        -        -        view
subscriptions/traineeproof       view     -        -        -        view
subscriptions/usagemonth         view     -        view     -        view
subscriptions/withdrawal         view     -        -        -        view
desk: reply                      yes      -        -        -        yes
desk: view_as                    yes      -        -        -        yes
desk: complimentary              yes      -        -        -        yes
desk: extend_rental              yes      -        -        -        yes
desk: revoke                     yes      -        -        -        yes
desk: give_back                  yes      -        -        -        yes
desk: reread                     yes      -        -        -        yes
desk: resend                     yes      -        -        -        yes
desk: refund                     yes      -        -        -        yes
desk: cancel_subscription        yes      -        -        -        yes
desk: end_sessions               yes      -        -        -        yes
desk: change_email               yes      -        -        -        yes
desk: merge                      yes      -        -        -        yes
desk: hold                       yes      -        -        -        yes
desk: release                    yes      -        -        -        yes
"""
ROWS = {line[:32].strip(): dict(zip(HEADS, line[32:].split(), strict=True)) for line in MATRIX.strip().splitlines()}
ONE_ROW = "accounts/servicecenter"  # the list leads to the one row, or to adding it


PAGES = {model._meta.label_lower.replace(".", "/"): page for model, page in admin.site._registry.items()}


def test_the_matrix_names_every_page_and_every_action() -> None:
    assert set(ROWS) == set(PAGES) | {f"desk: {name}" for name in ACTIONS}
    assert set(HEADS) == set(ROLES)


@pytest.mark.parametrize("role", HEADS)
def test_each_role_reaches_its_own_pages_and_actions_and_no_other(role: str, dan: User) -> None:
    client, wrong = signed_in(make_user(groups=[role], is_staff=True)), []
    for row, cells in ROWS.items():
        may = cells[role]
        if row.startswith("desk: "):
            reached = client.get(f"/admin/desk/people/{dan.pk}/do/{row.removeprefix('desk: ')}/").status_code
            wrong += [(row, may, reached)] if (reached == 200) != (may == "yes") else []
            continue
        answer = client.get(f"/admin/{row}/")
        listed = 403 if may == "-" else 302 if (row, may) == (ONE_ROW, "add") else 200
        adds = PAGES[row].has_add_permission(answer.wsgi_request)
        wrong += [] if (answer.status_code, adds) == (listed, may == "add") else [(row, may, answer.status_code, adds)]
    assert wrong == []


def test_a_librarian_looks_after_one_library_and_sees_nothing_of_the_staffs() -> None:
    librarian, own, other = make_user(), make_institution(), make_institution("198.51.100.0/24", name="Another")
    own.library_managers.create(user=librarian)
    client = signed_in(librarian)
    assert client.get(f"/library/{own.pk}/").status_code == 200
    assert client.get(f"/library/{other.pk}/").status_code == 404
    for row in ROWS:
        page = f"/admin/{row}/" if "/" in row else f"/admin/desk/people/{librarian.pk}/do/{row.removeprefix('desk: ')}/"
        assert client.get(page).status_code == 302, page


def test_every_role_needs_a_second_factor(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    librarian, own = make_user(), make_institution()
    own.library_managers.create(user=librarian)
    pages = {role: (make_user(groups=[role], is_staff=True), "/admin/") for role in HEADS}
    for user, page in [*pages.values(), (librarian, f"/library/{own.pk}/")]:
        client = signed_in(user)
        assert client.get(page, follow=True).redirect_chain[-1][0] == "/accounts/2fa/"
        set_up_totp(user)
        assert client.get(page).status_code == 200
        factor = Authenticator.objects.get(user=user)
        assert not SecondFactorAdapter().can_delete_authenticator(factor)


@pytest.mark.parametrize("role", list(ROLES))
def test_each_permission_of_a_role_exists_and_no_other_is_given(role: str) -> None:
    held = {f"{p.content_type.app_label}.{p.codename}" for p in Group.objects.get(name=role).permissions.all()}
    assert held == set(ROLES[role])


def test_money_and_publishing_are_apart() -> None:
    changes = {role: {name for name in names if ".view_" not in name} for role, names in ROLES.items()}
    assert {name.partition(".")[0] for name in changes["Editor"]} == {"journal"}
    assert not [name for name in changes["Support"] if "offer" in name or name.startswith(("journal.", "accounts."))]
    assert not [name for name in changes["Business"] if "entitlement" in name or name.startswith("journal.")]
    assert {name.partition(".")[0] for name in changes["Education"]} == {"cme"}
    assert not [name for name in ROLES["Business"] if "order" in name or "user" in name]
    code = ("auth.add_", "auth.change_", "auth.delete_", "procrastinate.", "contenttypes.", "sessions.")
    assert not [name for names in ROLES.values() for name in names if name.startswith(code)]


def test_making_the_groups_again_repairs_them_and_leaves_other_groups_alone() -> None:
    support, own = Group.objects.get(name="Support"), Group.objects.create(name="Interns")
    support.permissions.add(Permission.objects.get(codename="change_offer"))
    own.permissions.add(Permission.objects.get(codename="view_issue"))
    make_groups()
    assert "change_offer" not in support.permissions.values_list("codename", flat=True)
    assert own.permissions.count() == 1


def test_a_visitor_is_sent_to_the_readers_sign_in_and_back(visitor: Client) -> None:
    answer = visitor.get("/admin/journal/article/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/admin/journal/article/"


def test_a_reader_is_told_that_the_admin_is_for_staff(dan: object) -> None:
    answer = signed_in(dan).get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "dan@example.org" in text_of(answer)
    assert "is a reader's, not a staff member's" in text_of(answer)


def test_staff_without_a_role_are_told_so() -> None:
    assert "it has no role yet" in text_of(signed_in(make_user(is_staff=True)).get("/admin/"))


def test_the_desks_are_named_for_the_work(sam: Client) -> None:
    said = text_of(sam.get("/admin/"))
    assert said.index("Help a reader") < said.index("Behind the scenes")
    assert "Sign-in errors" in said
